() => {  // texts whose contrast with what they stand on is below 4.5 : 1, by the WCAG's formula
  const channel = (x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const paper = numbers(getComputedStyle(document.body).backgroundColor);
  const over = (top, alpha, under) => top.slice(0, 3).map((x, k) => x * alpha + under[k] * (1 - alpha));
  const solid = (element, property, under) => {
    const style = getComputedStyle(element), colour = numbers(style[property]);
    let alpha = colour[3] ?? 1;
    if (property === "fill") alpha *= Number(style.fillOpacity);
    for (let at = element; at && at !== document.body; at = at.parentElement) alpha *= Number(getComputedStyle(at).opacity);
    return over(colour, alpha, under);
  };
  return [...document.querySelectorAll(".view:not([hidden]) text")].filter((text) => text.textContent.trim()
      && getComputedStyle(text).visibility === "visible" && text.getClientRects().length).map((text) => {
    const box = text.getBoundingClientRect();
    const below = [...text.parentElement.querySelectorAll(":scope > rect")].filter((rect) => {
      const one = rect.getBoundingClientRect();
      return getComputedStyle(rect).fill !== "none" && one.left < box.right - 1 && box.left + 1 < one.right
        && one.top < box.bottom - 1 && box.top + 1 < one.bottom; }).slice(-1);
    const grounds = below.length ? below.map((rect) => solid(rect, "fill", paper)) : [paper];
    return [text.textContent, Math.min(...grounds.map((under) => {
      const [a, b] = [light(solid(text, "fill", under)), light(under)].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05); }))];
  }).filter(([, contrast]) => contrast < 4.5);
}
