// A picture larger than its window: fit, zoom, pan, a small map; what a step speaks of is in view.
const canvas = $("canvas");
const cameras = new Map();  // view → { svg, whole, box }: what is there, and what is looked at
const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
for (const view of views) {
  const svg = document.querySelector(`#view-${view} svg`);
  if (!svg) continue;
  const whole = { x: 0, y: 0, width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };
  svg.setAttribute("preserveAspectRatio", "xMidYMid meet");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", view);
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  cameras.set(view, { svg, whole, box: null });
}
const camera = () => cameras.get(state.view);
const frame = () => ({ width: Math.max(canvas.clientWidth, 1), height: Math.max(canvas.clientHeight, 1) });
const scaleOf = ({ box }) => frame().width / box.width;
const shaped = (box) => {  // of the shape of the window, around the same middle
  const { width, height } = frame();
  const scale = Math.min(width / box.width, height / box.height);
  const [w, h] = [width / scale, height / scale];
  return { x: box.x + (box.width - w) / 2, y: box.y + (box.height - h) / 2, width: w, height: h };
};
const look_at = (view, box) => {
  const one = cameras.get(view);
  one.box = box;
  one.svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  paintMap();
};
const fit = () => fitView(state.view);
const fitView = (view) => {
  const one = cameras.get(view);
  const { width } = frame(), room = { ...one.whole };
  if (room.width < width / 1.6) {  // a small picture is not blown up
    room.x -= (width / 1.6 - room.width) / 2;
    room.width = width / 1.6;
  }
  const box = shaped(room);
  if (box.height > room.height) box.y = room.y - Math.min(12, (box.height - room.height) / 2);
  one.fitted = true;
  look_at(view, box);
};
const zoomAt = (factor, x, y) => {  // around a point of the window
  const one = camera(), { box, whole } = one;
  const most = frame().width / 20, least = Math.max(whole.width, whole.height) * 4;
  const width = Math.max(Math.min(most, whole.width), Math.min(least, box.width / factor));
  const by = width / box.width;
  const [px, py] = [box.x + (x / frame().width) * box.width, box.y + (y / frame().height) * box.height];
  one.fitted = false;
  look_at(state.view, { x: px - (px - box.x) * by, y: py - (py - box.y) * by, width, height: box.height * by });
};
const hold = (factor) => {  // who makes it smaller wants to see the whole
  camera().held = factor < 1;
  zoom(factor);
};
const zoom = (factor) => zoomAt(factor, frame().width / 2, frame().height / 2);
const pan = (dx, dy) => {
  const one = camera(), scale = scaleOf(one);
  one.fitted = false;
  look_at(state.view, { ...one.box, x: one.box.x - dx / scale, y: one.box.y - dy / scale });
};
const PHONE = 760;  // pixels of a window, as in page.css
const LEAST = 0.6, READABLE = 0.85, ROOM = 14;  // scales: too small to read, and made readable; a margin in pixels
const spanOf = (elements) => elements.map((element) => element.getBoundingClientRect()).filter((one) => one.width > 0)
  .reduce((all_, one) => ({ left: Math.min(all_.left, one.left), top: Math.min(all_.top, one.top),
    right: Math.max(all_.right, one.right), bottom: Math.max(all_.bottom, one.bottom) }),
  { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity });
const follow = (elements) => {  // move as little as shows all of them with some room, the first readable
  const [first] = elements.filter(Boolean);
  if (!first) return;
  if (scaleOf(camera()) < LEAST && !camera().held) zoom(READABLE / scaleOf(camera()));
  const here = canvas.getBoundingClientRect(), there = spanOf(elements.filter(Boolean));
  const [wide, high] = [there.right - there.left, there.bottom - there.top];
  const shrink = Math.min((here.width - 2 * ROOM) / wide, (here.height - 2 * ROOM) / high);
  if (shrink < 1) { zoom(shrink); return centre(spanOf(elements.filter(Boolean)), here); }
  const shift = (low, high_, from, to) => (low < from + ROOM ? from + ROOM - low : high_ > to - ROOM ? to - ROOM - high_ : 0);
  const out = there.left < here.left || there.right > here.right || there.top < here.top || there.bottom > here.bottom;
  const [dx, dy] = [shift(there.left, there.right, here.left, here.right), shift(there.top, there.bottom, here.top, here.bottom)];
  if (out && (dx || dy)) pan(dx, dy);
};
const centre = (there, here) => pan((here.left + here.right - there.left - there.right) / 2, (here.top + here.bottom - there.top - there.bottom) / 2);
const paper = { theme: null, box: null };  // printed is the whole picture, in the light theme
const heighten = () => {  // on a phone the view of one unit is as tall as it has to be, and the page scrolls
  const { width, height } = camera().whole, tall = state.view === "focus" && window.innerWidth <= PHONE;
  canvas.parentElement.style.height = tall ? `${Math.ceil((height / width) * window.innerWidth)}px` : "";
  canvas.style.touchAction = tall ? "pan-y" : "";
};
const resize = () => {
  const one = camera();
  if (!one || paper.theme) return;
  if (state.view === "expression" && one.box) { arrange(); paintEdges(); paint(); drawMap(); }
  if (one.fitted || !one.box) return fit();
  look_at(state.view, shaped(one.box));
};
new ResizeObserver(resize).observe(canvas);
window.addEventListener("beforeprint", () => {
  const root = document.documentElement, one = camera();
  Object.assign(paper, { theme: root.dataset.theme, box: one.box });
  root.dataset.theme = "light";
  one.svg.setAttribute("viewBox", `0 0 ${one.whole.width} ${one.whole.height}`);
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = paper.theme;
  paper.theme = null;
  look_at(state.view, paper.box);
});

// --- fingers, mouse and wheel ---------------------------------------------------------------
const pointers = new Map();
let pinch = 0;
const local = (event) => {
  const { left, top } = canvas.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
};
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomAt(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 240), ...local(event));
}, { passive: false });
canvas.addEventListener("dblclick", () => { camera().held = true; fit(); });
canvas.addEventListener("pointerdown", (event) => {
  if (event.target.closest("#map")) return;
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
});
window.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before || dragging) return;
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  if (pointers.size === 2) {
    const [a, b] = [...pointers.values()];
    const apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
    const { left, top } = canvas.getBoundingClientRect();
    if (pinch) zoomAt(apart / pinch, (a[0] + b[0]) / 2 - left, (a[1] + b[1]) / 2 - top);
    pinch = apart;
  } else if (pointers.size === 1) {
    pan(event.clientX - before[0], event.clientY - before[1]);
  }
});
for (const end of ["pointerup", "pointercancel"]) {
  window.addEventListener(end, (event) => { pointers.delete(event.pointerId); pinch = 0; });
}

// --- the map ----------------------------------------------------------------------------------
const map = $("map");
const SVG = "http://www.w3.org/2000/svg";
const drawMap = () => {  // boxes as they stand, once for each view
  map.replaceChildren();
  const one = camera();
  map.setAttribute("viewBox", `0 0 ${one.whole.width} ${one.whole.height}`);
  for (const rect of one.svg.querySelectorAll('[data-part="box"] > rect, [data-part="fold"] > rect, [data-part="unit"] > rect, [data-part="cell"] > rect:first-of-type')) {
    if (!rect.getClientRects().length) continue;
    const [a, b] = [rect.getBBox(), rect.getCTM().inverse ? rect.transform.baseVal : null];
    const matrix = one.svg.getScreenCTM().inverse().multiply(rect.getScreenCTM());
    const small = document.createElementNS(SVG, "rect");
    for (const [name, value] of [["x", a.x + matrix.e], ["y", a.y + matrix.f], ["width", a.width], ["height", a.height]]) {
      small.setAttribute(name, value);
    }
    small.setAttribute("class", "spot");
    map.append(small);
    if (b === null || map.childElementCount > 1500) break;
  }
  const seen = document.createElementNS(SVG, "rect");
  seen.setAttribute("class", "seen");
  map.append(seen);
};
const paintMap = () => {
  const one = camera(), seen = map.lastElementChild;
  if (!one || !one.box || !seen) return;
  const { box, whole } = one;
  for (const name of ["x", "y", "width", "height"]) seen.setAttribute(name, box[name]);
  seen.setAttribute("stroke-width", whole.width / 90);
  map.classList.toggle("needless", box.width >= whole.width - 1 && box.height >= whole.height - 1);
};
const goOnMap = (event) => {
  if (!event.buttons) return;
  const { left, top, width, height } = map.getBoundingClientRect(), one = camera();
  const scale = Math.min(width / one.whole.width, height / one.whole.height);
  const x = (event.clientX - left - (width - one.whole.width * scale) / 2) / scale;
  const y = (event.clientY - top - (height - one.whole.height * scale) / 2) / scale;
  one.fitted = false;
  look_at(state.view, { ...one.box, x: x - one.box.width / 2, y: y - one.box.height / 2 });
};
map.addEventListener("pointerdown", goOnMap);
map.addEventListener("pointermove", goOnMap);
