// The expression as it is folded now: where boxes, chips and arrows go, and what they look like.
const graphSvg = document.querySelector("#view-expression svg");
const PORT = 14, EDGE = 16, LABELLED = 150, HEAD = 18;
const layer = (name) => graphSvg && draw(graphSvg, "g", { id: name });
const [frames, arrowLayer, labelLayer, boxLayer] = ["frames", "arrows", "labels", "boxes"].map(layer);
const shapes = [];  // of each box: its parts, and how wide its left cell is
if (graphSvg) {
  graphSvg.querySelectorAll('[data-part="cluster"], [data-part="edge-label"], svg > text').forEach((old) => old.remove());
  data.boxes.forEach((box, k) => {
    const element = boxElements[k], rect = element.querySelector("rect"), cell = element.querySelector("path");
    const texts = [...element.querySelectorAll("text")], start = Number(rect.getAttribute("x"));
    shapes[k] = { element, rect, cell, texts, left: cell ? Number(/^M([-\d.]+)/.exec(cell.getAttribute("d"))[1]) - start : 0 };
    boxLayer.append(element);
    if (box.leaf && box.kind !== "constant" && above[k].length > 1) {
      element.querySelector("title").textContent += `, used in ${above[k].length} places`;
    }
  });
  edgeElements.forEach((element) => arrowLayer.append(element));
  graphSvg.querySelector(":scope > g:not([id])")?.remove();
}
const set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, typeof value === "number" ? Number(value.toFixed(1)) : value);
};
const wideText = (text, size = 12) => [...text].length * size * 0.62;

// --- the boxes ----------------------------------------------------------------------------------
const CHIP = 24;
const naturalSize = (node) => {
  if (node.fold) return [Math.max(wideText(node.fold.name) * 1.1 + 44, 150), 50];
  if (node.chip !== undefined) return [wideText(boxName(node.chip)) + 24, CHIP];
  const box = data.boxes[node.box];
  return [box.wide, box.kind === "constant" ? CHIP : 42];
};
const placeBox = (k, [x, y], [width, height]) => {
  const { rect, cell, texts, left } = shapes[k], [x0, y0] = [x - width / 2, y - height / 2];
  set(rect, { x: x0, y: y0, width, height });
  if (cell) set(cell, { d: `M${(x0 + left).toFixed(1)} ${y0.toFixed(1)}v${height.toFixed(1)}` });
  if (data.boxes[k].kind === "constant") return set(texts[0], { x: x0 + 8, y: y0 + height / 2 + 4 });
  const [name, value, word, grad] = texts.slice(-4);
  if (cell) set(texts[0], { x: x0 + left / 2, y: y + 5 });
  for (const text of [name, word]) set(text, { x: x0 + left + 8 });
  for (const text of [value, grad]) set(text, { x: x0 + width - 8 });
  for (const text of [name, value]) set(text, { y: y - 4 });
  return [word, grad].forEach((text) => set(text, { y: y + 13 }));
};
const asButton = (element, label, act) => {
  set(element, { tabindex: "0", role: "button", "aria-label": label });
  element.onclick = (event) => { event.stopPropagation(); act(); };
  element.onkeydown = (event) => {
    if (!["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
};
const cross = (x, y, open) => `M${x - 4} ${y}h8${open ? "" : `M${x} ${y - 4}v8`}`;
const drawFold = (fold, [x, y], [width, height]) => {
  const group = draw(boxLayer, "g", { "data-part": "fold", "data-fold": fold.k, class: "made pick" });
  const [x0, y0] = [x - width / 2, y - height / 2];
  draw(group, "title", {}, `${fold.name}: ${fold.members.length} boxes, click to open`);
  for (const shift of [4, 0]) draw(group, "rect", { x: x0 + shift, y: y0 - shift, width: width - 4, height: height - 2, rx: 7, fill: "var(--cluster)", stroke: "var(--node_line)" });
  draw(group, "path", { d: cross(x0 + 16, y0 + 17, false), stroke: "var(--text)", "stroke-width": 1.5 });
  say(group, x0 + 28, y0 + 21, fold.name, { bold: true });
  const words = fold.kind === "loop" || fold.kind === "group" ? `${fold.operations} operation${fold.operations === 1 ? "" : "s"}` : `${fold.members.length} boxes`;
  const note = say(group, x0 + 10, y0 + 40, words, { tone: "muted", size: 11 });
  note.dataset.words = words;
  const told = say(group, x0 + width - 12, y0 + 40, "", { anchor: "end", bold: true, size: 11 });
  told.dataset.part = "fold-number";
  asButton(group, `${fold.name} ${words}`, () => toggleFold(fold));
  group.querySelectorAll("text").forEach((text) => text.after(" "));  // words apart, for readers
  group.setAttribute("aria-expanded", "false");
  fold.element = group;
};
const drawChip = (node, [x, y], [width, height]) => {
  const group = draw(boxLayer, "g", { "data-part": "chip", "data-of": node.chip, class: "made pick" });
  draw(group, "title", {}, `${boxName(node.chip)}, the same as above: used in ${above[node.chip].length} places`);
  draw(group, "rect", { x: x - width / 2, y: y - height / 2, width, height, rx: height / 2, fill: `var(--${data.boxes[node.chip].kind}_fill)`, stroke: `var(--${data.boxes[node.chip].kind}_line)`, "stroke-dasharray": "3 2" });
  say(group, x, y + 4, boxName(node.chip), { anchor: "middle", bold: true });
  const name = nameOfPlace.get(data.boxes[node.chip].node);
  if (name !== undefined) {
    group.onmouseenter = () => hover(name);
    group.onmouseleave = () => hover(null);
    group.onclick = () => { if (!state.dragged) pin(name); state.dragged = false; };
    grab(group, name);
  }
  node.element = group;
};

// --- the frames of open folds -------------------------------------------------------------------
const extentOf = (indices, spots, sizes) => indices.reduce((all_, n) => {
  const [[x, y], [w, h]] = [spots[n], sizes[n]];
  return [Math.min(all_[0], x - w / 2), Math.min(all_[1], y - h / 2), Math.max(all_[2], x + w / 2), Math.max(all_[3], y + h / 2)];
}, [Infinity, Infinity, -Infinity, -Infinity]);
const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const foldOfNode = (node) => (node.fold ? node.fold.parent : node.chip === undefined ? foldOf[node.box]
  : hiddenIn(edges[node.edges[0]].target)?.parent ?? foldOf[edges[node.edges[0]].target]);
const isWithin = (k, fold) => { for (let at = k; at >= 0; at = folds[at].parent) if (at === fold.k) return true; return false; };
const AROUND = [7, HEAD, 7, 7];  // of a frame: left, top with its name, right, bottom
const drawFrames = ({ centres: spots, sizes, frames: laid }) => {
  const open = folds.filter((fold) => !fold.closed && isShown(fold)).sort((a, b) => a.depth - b.depth);
  const deepest = Math.max(0, ...open.map((fold) => fold.depth));
  const known = [];
  for (const fold of open) {
    const inside = seen.nodes.map((_, n) => n).filter((n) => isWithin(foldOfNode(seen.nodes[n]), fold));
    if (!inside.length) continue;
    const ready = laid?.find(({ id }) => id === fold.k);
    if (ready) { known.push({ fold, apart: true, box: ready.at }); continue; }
    const levels = laid ? 1 : deepest - fold.depth + 1, [l, t, r, b] = extentOf(inside, spots, sizes);
    const box = [l - 7 * levels, t - HEAD * levels, r + 7 * levels, b + 7 * levels], within = new Set(inside);
    const apart = seen.nodes.every((_, n) => within.has(n) || !meets(box, extentOf([n], spots, sizes)))
      && known.every((one) => isWithin(fold.k, one.fold) || !one.apart || !meets(box, one.box));
    const shown_ = inside.find((n) => seen.nodes[n].box !== undefined && !data.boxes[seen.nodes[n].box].leaf) ?? inside[0];
    const first = extentOf([shown_], spots, sizes);
    known.push({ fold, apart, inside, box: apart ? box : [first[0] - 7, first[1] - HEAD * levels, first[2] + 7, first[3] + 7] });
  }
  for (const { fold, apart, inside, box: [l, t, r, b] } of known) {
    for (const n of apart ? [] : inside) {  // others lie between its boxes: each is marked by itself
      const [x0, y0, x1, y1] = extentOf([n], spots, sizes);
      draw(frames, "rect", { x: x0 - 5, y: y0 - 5, width: x1 - x0 + 10, height: y1 - y0 + 10, rx: 9, fill: "var(--cluster)", stroke: "var(--constant_line)", "stroke-dasharray": "3 3", class: "made", "data-mark": fold.k });
    }
    if (apart) {
      draw(frames, "rect", { x: l, y: t, width: r - l, height: b - t, rx: 9, fill: fold.depth % 2 ? "var(--cluster)" : "var(--background)", stroke: "var(--constant_line)", "stroke-opacity": 0.5, class: "made", "data-frame": fold.k });
    }
    const head = draw(boxLayer, "g", { "data-part": "header", "data-fold": fold.k, class: "made pick" });
    const room = Math.max(40, r - l - 30), name = wideText(fold.name, 11) > room ? `${fold.name.slice(0, Math.max(3, Math.floor(room / 7)))}…` : fold.name;
    draw(head, "rect", { x: l + 4, y: t + 2, width: wideText(name, 11) + 26, height: 14, rx: 4, fill: "var(--cluster)" });
    draw(head, "path", { d: cross(l + 13, t + 9, true), stroke: "var(--muted)", "stroke-width": 1.5 });
    say(head, l + 22, t + 13, name, { tone: "muted", size: 11 });
    asButton(head, name === fold.name ? name : `${name} ${fold.name}`, () => toggleFold(fold));
    head.setAttribute("aria-expanded", "true");
    fold.element = head;
  }
  return known.map((one) => one.box);
};
const foldElement = (fold) => fold.element;

// --- the arrows -----------------------------------------------------------------------------------
const curve = (points, vertical) => points.slice(1).reduce((path, [x1, y1], k) => {
  const [x0, y0] = points[k], middle = vertical ? (y0 + y1) / 2 : (x0 + x1) / 2;
  const [a, b] = vertical ? [[x0, middle], [x1, middle]] : [[middle, y0], [middle, y1]];
  return `${path}C${[...a, ...b, x1, y1].map((x) => x.toFixed(1)).join(" ")}`;
}, `M${points[0].map((x) => x.toFixed(1)).join(" ")}`);
const cornered = (points) => points.slice(1).reduce((path, [x, y]) => `${path}L${x.toFixed(1)} ${y.toFixed(1)}`,
  `M${points[0].map((x) => x.toFixed(1)).join(" ")}`);
const isShared = (k) => above[edges[k].source].length > 1;
const wordsOf = (arrow) => {  // what stands on an arrow: the local partial, the contribution
  const [k] = arrow.edges;
  if (edges[k].constant) return [];
  if (arrow.edges.length > 1) return ["flow"];
  return isShared(k) ? ["local", "flow"] : edges[k].engine === 1 ? [] : ["local"];
};
const labelWidth = (arrow) => wordsOf(arrow).reduce((sum) => sum + 54, 0);
const arrowElement = (arrow) => {
  if (arrow.edges.length === 1) return edgeElements[arrow.edges[0]];
  const group = draw(arrowLayer, "g", { "data-part": "edge", class: "made" });
  draw(group, "title", {}, " ");
  draw(group, "path", { fill: "none" });
  draw(group, "path", {});
  return group;
};
const labelled = (arrow, on) => {  // labels lie over all arrows
  const words = on ? wordsOf(arrow) : [];
  arrow.label = words.length ? draw(labelLayer, "g", { "data-part": "edge-label", class: "made" }) : null;
  if (!words.length) return;
  draw(arrow.label, "rect", { height: 13, fill: "var(--background)" });
  for (const part of words) draw(arrow.label, "text", { "font-size": 10.5, "data-part": part });
};
const drawArrow = (arrow, points, port, lift, vertical) => {
  const { element } = arrow, [x, y] = points.at(-1), [shaft, head] = element.querySelectorAll("path");
  const rect = arrow.label?.querySelector("rect"), texts = [...arrow.label?.querySelectorAll("text") ?? []];
  const wide = labelWidth(arrow), height = PORT * port + lift;
  const straight = rect ? (vertical ? height + PORT + 8 : wide + 16) : 5;
  const joint = vertical ? [x, y - straight] : [x - straight, y];
  const start = arrow.turned ? cornered([...points.slice(0, -1), joint]) : curve([...points.slice(0, -1), joint], vertical);
  set(shaft, { d: start + (vertical ? `V${(y - 5).toFixed(1)}` : `H${(x - 5).toFixed(1)}`), "stroke-linejoin": "round" });
  set(head, { d: vertical ? `M${x.toFixed(1)} ${y.toFixed(1)}l-3.5 -7h7z` : `M${x.toFixed(1)} ${y.toFixed(1)}l-7 -3.5v7z` });
  if (!rect) return;
  const side = vertical && texts.length === 2 ? Math.sign(port - (arrow.crowd - 1) / 2) * (wide / 2 - 16) : 0;
  const [middle, base] = vertical ? [x + side, y - height - 10] : [x - 12 - wide / 2, y + 4];
  set(rect, { x: middle - wide / 2, y: base - 10, width: wide });
  const spots = texts.length === 2 ? [[-5, "end"], [0, "start"]] : [[0, "middle"]];
  texts.forEach((text, k) => set(text, { x: middle + spots[k][0], y: base, "text-anchor": spots[k][1] }));
};

// --- all of it --------------------------------------------------------------------------------------
const planned = (vertical, labels, apart) => {
  const { nodes, arrows } = seen, room = nodes.map(() => 0), counts = nodes.map(() => 0);
  const lifts = nodes.map((node) => (!apart && foldOfNode(node) >= 0 ? HEAD * folds[foldOfNode(node)].depth : 0));
  arrows.forEach((arrow) => {
    counts[arrow.target] += 1;
    if (labels) room[arrow.target] = Math.max(room[arrow.target], vertical ? PORT * counts[arrow.target] + lifts[arrow.target] : labelWidth(arrow));
  });
  const sizes = nodes.map((node, n) => {
    const [w, h] = naturalSize(node), needed = labels ? counts[n] * PORT + 6 : 0;
    return vertical ? [Math.max(w, needed), h] : [w, Math.max(h, needed)];
  });
  const ends = arrows.filter((arrow) => !arrow.back).map(({ source, target }) => [source, target]);
  const deepest = apart ? 0 : Math.max(0, ...folds.filter((fold) => !fold.closed).map((fold) => fold.depth));
  const gap = [Math.max(56, 14 * deepest + 30), deepest ? 24 + 22 * deepest : 14];
  const { width, height } = frame();
  const paths = nodes.map((node) => { const k = foldOfNode(node); return k < 0 ? [] : [...ancestors(folds[k]), folds[k]].map((fold) => fold.k); });
  const found_ = laidOut(sizes, ends, { paths, gap: vertical ? [gap[1] + 46, gap[0] - 32] : gap, room, vertical, pad: apart ? AROUND : null, frame: { width: width - 2 * EDGE, height: height - 2 * EDGE } });
  return { ...found_, sizes, lifts, vertical, scale: scaleIn({ width, height }, found_.width + 2 * EDGE, found_.height + 2 * EDGE) };
};
const COST_OF_FRAMES = 0.6;  // how much smaller a picture may be for its groups to lie apart
const liking = (plan) => (plan.turned.length ? plan.scale / 1.35 : plan.scale);  // rows are a last resort
const arrange = () => {
  if (!graphSvg) return;
  seen = sight();
  const labels = seen.nodes.length <= LABELLED;
  const best = (apart) => { const across = planned(false, labels, apart), down = planned(true, labels, apart); return liking(down) > liking(across) * 1.02 ? down : across; };
  const grouped = labels && folds.some((fold) => !fold.closed && isShown(fold)), apart = grouped ? best(true) : null;
  const plain = apart && apart.scale > LEAST ? null : best(false);
  const plan = apart && (!plain || liking(apart) > COST_OF_FRAMES * liking(plain)) ? apart : plain;
  graphSvg.querySelectorAll(".made").forEach((old) => old.remove());
  folds.forEach((fold) => { fold.element = null; });
  boxElements.forEach((element) => { element.style.display = "none"; });
  edgeElements.forEach((element) => { element.style.display = "none"; });
  seen.nodes.forEach((node, n) => {
    const [spot, size] = [plan.centres[n], plan.sizes[n]];
    if (node.fold) return drawFold(node.fold, spot, size);
    if (node.chip !== undefined) return drawChip(node, spot, size);
    boxElements[node.box].style.display = "";
    return placeBox(node.box, spot, size);
  });
  drawArrows(plan, labels);
  const boxes = drawFrames(plan);
  const left = Math.min(0, ...boxes.map((box) => box[0])), top = Math.min(0, ...boxes.map((box) => box[1]));
  const right = Math.max(plan.width, ...boxes.map((box) => box[2])), bottom = Math.max(plan.height, ...boxes.map((box) => box[3]));
  const whole = { x: 0, y: 0, width: right - left + 2 * EDGE, height: bottom - top + 2 * EDGE };
  for (const group of [frames, arrowLayer, labelLayer, boxLayer]) group.setAttribute("transform", `translate(${EDGE - left} ${EDGE - top})`);
  set(graphSvg.querySelector(":scope > rect"), { width: whole.width, height: whole.height });
  cameras.get("expression").whole = whole;
  drawn.length = grads.length = 0;
  document.body.dataset.way = plan.vertical ? "down" : "across";
};
const drawArrows = (plan, labels) => {
  const arriving = seen.nodes.map(() => []), axis = plan.vertical ? 0 : 1;
  let bend = 0;
  for (const arrow of seen.arrows) {
    const index = arrow.back ? -1 : bend;
    if (!arrow.back) bend += 1;
    arrow.bends = index < 0 ? [] : plan.bends[index];
    arrow.turned = index >= 0 && Boolean(plan.turned[index]);
    arrow.element = arrowElement(arrow);
    arrow.element.style.display = "";
    labelled(arrow, labels);
    arriving[arrow.target].push(arrow);
  }
  arriving.forEach((arrows, n) => {
    const [[x, y], [width, height]] = [plan.centres[n], plan.sizes[n]];
    const step = Math.min(PORT, (plan.sizes[n][axis] - 14) / Math.max(1, arrows.length - 1));
    const from = (arrow) => (arrow.bends.length && !arrow.turned ? arrow.bends.at(-1) : plan.centres[arrow.source])[axis];
    arrows.sort((a, b) => from(a) - from(b));
    arrows.forEach((arrow, port) => {
      const shift = (port - (arrows.length - 1) / 2) * step;
      const end = plan.vertical ? [x + shift, y - height / 2] : [x - width / 2, y + shift];
      const [[left, top], [wide, high]] = [plan.centres[arrow.source], plan.sizes[arrow.source]];
      const start = plan.vertical ? [left, top + high / 2] : [left + wide / 2, top];
      const bends = arrow.bends.map(([a, b]) => [a ?? end[0], b ?? end[1]]);
      Object.assign(arrow, { height: PORT * port + plan.lifts[n], crowd: arrows.length });
      drawArrow(arrow, [start, ...bends, end], port, plan.lifts[n], plan.vertical);
    });
  });
};
