// A large network with one unit in focus: its inputs as an image, the terms of its sum by size, the
// strongest ways on to the cost, and the outputs beside what they should be.
const focusView = document.querySelector("#view-focus svg");
const focus = { layer: 1, j: 0, group: null };
const draw = (parent, tag, attributes, text = "") => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
};
const say = (parent, x, y, text, options = {}) => draw(parent, "text",
  { x, y, fill: `var(--${options.tone ?? "text"})`, "font-size": options.size ?? 12,
    "text-anchor": options.anchor ?? "start", "font-weight": options.bold ? "bold" : "normal" }, text);
const sides = (count) => {  // of the rectangle that so many numbers make: a square image, if they do
  const side = Math.sqrt(count);
  return Number.isInteger(side) && count > 8 ? [side, side] : count > 24 ? [8, Math.ceil(count / 8)] : [1, count];
};
const cells = (parent, left, top, numbers, size, { name, press, line } = {}) => {
  const [columns] = sides(numbers.length), most = largestOf(numbers);
  numbers.forEach((x, k) => {
    const cell = draw(parent, "rect", { x: left + (k % columns) * size, y: top + Math.floor(k / columns) * size,
      width: size - 1, height: size - 1, fill: ramp(share(x, most)),
      ...(line ? { stroke: line(k), "stroke-width": 1.5 } : {}) });
    draw(cell, "title", {}, `${name ? name(k) : k} = ${x}`);
    if (press) { cell.setAttribute("class", "pick"); cell.onclick = () => press(k); }
  });
};
const strip = (count, size) => sides(count)[0] * size;
const below_ = (count, size) => 36 + sides(count)[1] * size;
const ranked = (terms, most) => {
  const whole = terms.reduce((sum, term) => sum + Math.abs(term.value), 0);
  return [...terms].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, most)
    .map((term) => ({ ...term, part: whole ? Math.abs(term.value) / whole : 0 }));
};
const bars = (parent, left, top, title, terms) => {
  say(parent, left, top, title, { bold: true });
  terms.forEach(({ words, value, part, name }, k) => {
    const y = top + 22 + 22 * k;
    const row = draw(parent, "g", { class: "pick" });
    draw(row, "rect", { x: left, y: y - 13, width: Math.max(1, 150 * part), height: 16, rx: 3, fill: ramp(Math.sign(value) * 0.45) });
    say(row, left + 4, y, words, { size: 11 });
    say(row, left + 226, y, fmt(value, true), { anchor: "end", tone: tone(value), bold: true });
    say(row, left + 266, y, `${Math.round(100 * part)} %`, { anchor: "end", tone: "muted", size: 11 });
    if (name) row.onclick = () => pin(name);
  });
};

const probabilities = (net) => {  // what the loss makes of the last layer
  const a = net.layers.at(-1).a;
  if (a === null || net.samples > 1) return null;
  if (net.loss === "cross_entropy") return a.map((_, j) => f.softmax([...a, j]));
  return net.loss === "binary_cross_entropy" ? a.map((x) => 1 / (1 + Math.exp(-x))) : null;
};
const NARROW = 640;  // pixels of a window in which one thing stands below the other
const isNarrow = () => frame().width < NARROW;
const drawOutputs = (group, left, net) => {
  const last = net.layers.length, { a, delta } = net.layers.at(-1), p = probabilities(net);
  const most = 12, shownHere = p ?? a ?? [];
  say(group, left, 24, p ? "outputs p, and p − y = δ" : "outputs a, and δ", { bold: true });
  shownHere.slice(0, most).forEach((x, j) => {
    const y = 48 + 24 * j, wide = p ? x : Math.abs(share(x, largestOf(shownHere)));
    const row = draw(group, "g", { class: "pick" });
    row.onclick = () => { Object.assign(focus, { layer: last, j }); paintFocus(); };
    say(row, left, y, String(j), { tone: "muted" });
    draw(row, "rect", { x: left + 24, y: y - 13, width: 96, height: 16, rx: 3, fill: "var(--cluster)" });
    draw(row, "rect", { x: left + 24, y: y - 13, width: Math.max(0.5, 96 * wide), height: 16, rx: 3, fill: "var(--r26)" });
    say(row, left + 178, y, fmt(x), { anchor: "end" });
    if (delta) say(row, left + 250, y, fmt(delta[j], true), { anchor: "end", tone: tone(delta[j]), bold: true });
  });
  if (shownHere.length > most) say(group, left, 48 + 24 * most, `… ${shownHere.length - most} more`, { tone: "muted" });
};
const drawLayers = (group, net) => {
  let x = 24;
  const inputs = net.inputs ?? new Array(net.layers[0].W.length).fill(0);
  const size = Math.max(4, Math.min(24, 200 / Math.ceil(Math.sqrt(inputs.length))));
  say(group, x, 24, `input · ${inputs.length}`, { bold: true });
  cells(group, x, 36, inputs, size, {
    name: (i) => `a0[${i}]`, press: places && net.samples === 1 ? (i) => pin(nameOfPlace.get(places.inputs[i])) : null,
  });
  x += Math.max(strip(inputs.length, size), 110) + 30;
  net.layers.slice(0, -1).forEach((layer, l) => {
    const a = layer.a ?? layer.W[0].map(() => 0);
    say(group, x, 24, `layer ${l + 1} · ${a.length}`, { bold: true });
    cells(group, x, 36, a, 22, {
      name: (j) => `a${l + 1}[${j}]`, press: (j) => { Object.assign(focus, { layer: l + 1, j }); paintFocus(); },
      line: (j) => (focus.layer === l + 1 && focus.j === j ? "var(--active_line)" : layer.delta ? `var(--${tone(layer.delta[j])})` : "none"),
    });
    x += Math.max(strip(a.length, 22), 100) + 30;
  });
  const low = Math.max(below_(inputs.length, size), ...net.layers.slice(0, -1).map((layer) => below_(layer.W[0].length, 22)));
  const outputs = 48 + 24 * Math.min(net.layers.at(-1).W[0].length, 13);
  if (!isNarrow()) { drawOutputs(group, Math.max(x, 640), net); return Math.max(low, outputs); }
  drawOutputs(draw(group, "g", { transform: `translate(0 ${low + 24})` }), 24, net);
  return low + 24 + outputs;
};
const drawUnit = (group, net, top) => {
  const { layer, j } = focus, here = net.layers[layer - 1], a = aOf(net, layer - 1), next = net.layers[layer];
  const w = here.W.map((row) => row[j]), dw = here.dW && here.dW.map((row) => row[j]);
  const narrow = isNarrow();
  const size = Math.max(4, Math.min(20, 150 / Math.ceil(Math.sqrt(w.length))));
  draw(group, "path", { d: `M24 ${top - 28}H${narrow ? 440 : 916}`, stroke: "var(--constant_line)" });
  const numbers = here.z ? `: z ${shown(here.z[j])}, a ${shown(here.a[j])}, δ ${here.delta ? shown(here.delta[j]) : "—"}` : "";
  say(group, 24, top - 6, `unit ${j} of layer ${layer}${numbers}`, { bold: true, size: narrow ? 12 : 14 });
  const pick = (i) => pin(weightName(layer, i, j)), wide = Math.max(strip(w.length, size), 60) + 22;
  say(group, 24, top + 18, `W${layer}[i,${j}]`, { tone: "muted" });
  cells(group, 24, top + 28, w, size, { name: (i) => weightName(layer, i, j), press: pick });
  if (dw) {
    say(group, 24 + wide, top + 18, "∂C/∂W", { tone: "muted" });
    cells(group, 24 + wide, top + 28, dw, size, { name: (i) => `∂C/∂${weightName(layer, i, j)}`, press: pick });
  }
  const left = narrow ? 24 : Math.max(34 + 2 * wide, 250), first = narrow ? below_(w.length, size) + 24 : 0;
  if (a && net.samples === 1) {
    bars(group, left, top + 18 + first, `the largest terms of z${layer}[${j}]`, ranked(w.map((x, i) => ({
      words: `a${layer - 1}[${i}]·${weightName(layer, i, j)}`, value: a[i] * x, name: weightName(layer, i, j) })), 8));
  }
  if (next && next.delta && net.samples === 1) {
    bars(group, narrow ? 24 : left + 290, top + 18 + (narrow ? first + 220 : 0), `the strongest ways of a${layer}[${j}] to C`, ranked(next.W[j].map((x, k) => ({
      words: `${weightName(layer + 1, j, k)}·δ${layer + 1}[${k}]`, value: x * next.delta[k], name: weightName(layer + 1, j, k) })), 8));
  }
};
const makeRoom = ({ x, y, width, height }) => {  // all of it is in the picture, which does not shrink from step to step
  const one = cameras.get("focus"), narrow = isNarrow(), same = focus.narrow === narrow;
  const whole_ = { x: 0, y: 0, width: Math.max(x + width + 24, narrow ? 380 : 640, same ? one.whole.width : 0),
                   height: Math.max(y + height + 16, same ? one.whole.height : 0) };
  focus.narrow = narrow;
  if (same && whole_.width === one.whole.width && whole_.height === one.whole.height) return;
  one.whole = whole_;
  heighten();
  fitView("focus");
};
const paintFocus = () => {
  if (!focusView || state.view !== "focus") return;
  const current = currentUnit(), weight = parseWeight(state.pinned);
  if (current && state.step !== focus.step) Object.assign(focus, current);
  else if (weight && state.pinned !== focus.pinned) Object.assign(focus, { layer: weight.layer, j: weight.j });
  Object.assign(focus, { step: state.step, pinned: state.pinned });
  const net = networkNow(), group = document.createElementNS("http://www.w3.org/2000/svg", "g");
  const low = drawLayers(group, net);
  drawUnit(draw(group, "g", { class: state.step ? "active" : "" }), net, low + 52);
  focusView.replaceChildren(group);
  makeRoom(group.getBBox());
};
