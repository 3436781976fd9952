// The pictures: what they show of the pass, and of numbers that have changed.
const toggle = (element, name, on) => element && element.classList.toggle(name, Boolean(on));
const written = new WeakMap();  // element → its text: reading it back from the page is slow
const write = (element, text) => {
  if (!element || written.get(element) === text) return;
  written.set(element, text);
  element.textContent = text;
  const room = Number(element.dataset.room);
  element.removeAttribute("textLength");
  if (room && text.length * 6 > room && element.getComputedTextLength() > room) {
    element.setAttribute("textLength", room);  // a number that needs more room is drawn narrower
    element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
};
const tint = (element, number) =>
  element && element.setAttribute("fill", `var(--${number ? tone(number) : "muted"})`);
const found = new WeakMap();  // element → its parts by name
const inside = (element, part) => {
  if (!element) return null;
  let parts = found.get(element);
  if (!parts) {
    parts = new Map([...element.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
    parts.set("title", element.querySelector("title"));
    parts.set("paths", [...element.querySelectorAll("path")]);
    found.set(element, parts);
  }
  return parts.get(part) ?? null;
};
const SHADES = 16;
const shade = (share) => SHADES + Math.sign(share) * Math.round(Math.min(Math.abs(share), 1) * SHADES);
const ramp = (share) => (Number.isNaN(share) ? "var(--muted)" : `var(--r${shade(share)})`);
const ink = (share) => (Number.isNaN(share) ? "var(--text)" : `var(--k${shade(share)})`);
const largestOf = (numbers) => numbers.reduce((most, x) =>
  (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
const share = (x, most) => (most && !Number.isNaN(x) ? Math.max(-1, Math.min(1, x / most)) : 0);

// --- the graph ----------------------------------------------------------------------------
const whole = tape ? null : sweep(Infinity);  // where nothing is computed here
const gradAfter = (box) => gradOf(box, whole ? whole.totals[box] : null);
const flowOf = (k) => {  // what flows back through an arrow; null where nothing does
  const grad = gradAfter(edges[k].target);
  return edges[k].constant || grad === null ? null : localOf(edges[k]) * grad;
};
const drawn = [];  // what each arrow was last drawn with
const paintEdges = () => {
  const flows = seen.arrows.map((arrow) => {
    const known = arrow.edges.map(flowOf).filter((flow) => flow !== null);
    return known.length ? known.reduce((a, b) => a + b) : null;
  });
  const widest = largestOf(flows.filter((flow) => flow !== null));
  seen.arrows.forEach((arrow, n) => {
    const { element } = arrow, flow = flows[n], local_now = localOf(edges[arrow.edges[0]]);
    const key = `${flow} ${local_now} ${widest}`;
    if (drawn[n] === key) return;
    drawn[n] = key;
    const [shaft, head] = inside(element, "paths");
    const colour = flow === null ? "var(--constant_line)" : `var(--${tone(flow)})`;
    shaft.setAttribute("stroke", colour);
    head.setAttribute("fill", colour);
    const thick = flow && Number.isFinite(flow) && widest;
    shaft.setAttribute("stroke-width", thick ? 0.9 + 2.3 * Math.sqrt(Math.abs(flow) / widest) : 1);
    const [local, contribution] = [inside(arrow.label, "local"), inside(arrow.label, "flow")];
    if (local) { write(local, `×${fmt(local_now)}`); tint(local, local_now); }
    if (contribution) { write(contribution, `⇒ ${fmt(flow, true)}`); tint(contribution, flow); }
    if (arrow.edges.length > 1) write(inside(element, "title"), `${arrow.edges.length} arrows together, contribution ${flow}`);
  });
};
const grads = [];  // what each box was last drawn with
const paintBox = (k, swept, known, marks) => {
  const element = boxElements[k], grad = inside(element, "grad"), total = forwards() ? null : swept.totals[k];
  toggle(element, "off", forwards() ? !known : total === null && grad);
  toggle(element, "active", marks.active === k);
  toggle(element, "touched", marks.touched.has(k));
  toggle(element, "frozen", data.boxes[k].node !== null && frozen.has(data.boxes[k].node));
  toggle(element, "chosen", marks.chosen !== null && data.boxes[k].leaf && nameOfPlace.get(data.boxes[k].node) === marks.chosen);
  const value = valueOf(k);
  if (value !== null) write(inside(element, "data"), known ? fmt(value) : "—");
  if (!grad) return;
  write(grad, fmt(total, true));
  if (grads[k] === total) return;
  grads[k] = total;
  tint(grad, total);
  element.dataset.total = String(total);
};
const paintFold = (fold, swept, done, marks) => {
  const reached = forwards() ? fold.members.some((box) => done.has(box)) : fold.outputs.some((box) => swept.totals[box] !== null);
  toggle(fold.element, "off", !reached);
  toggle(fold.element, "active", marks.active !== null && hiddenIn(marks.active) === fold);
  toggle(fold.element, "touched", fold.outputs.some((box) => marks.touched.has(box)));
  const values = fold.outputs.map(valueOf), told = inside(fold.element, "fold-number");
  const sum = values.includes(null) || (fold.kind !== "sum" && values.length > 1) ? null : values.reduce((a, b) => a + b, 0);
  write(told, sum === null ? "" : values.length > 1 ? `Σ ${fmt(sum)}` : fmt(sum));
  const label = [...fold.element.querySelectorAll("text")].map((text) => text.textContent).join(" ").trim();
  if (fold.element.getAttribute("aria-label") !== label) fold.element.setAttribute("aria-label", label);
};
const paintGraph = (swept) => {
  const active = activeBox(swept), done = computedBoxes();
  const touched = new Set(state.by !== "operation" ? []
    : forwards() ? (active === null ? [] : below[active].map((k) => edges[k].source))
    : swept.passed.map((one) => one.source));
  const marks = { active, touched, chosen: state.hovered ?? state.pinned };
  for (const node of seen.nodes) {
    if (node.fold) paintFold(node.fold, swept, done, marks);
    else if (node.chip === undefined) paintBox(node.box, swept, done === null || data.boxes[node.box].leaf || done.has(node.box), marks);
  }
  const isActive = (box) => active !== null && (box === active || (hiddenIn(active) !== null && hiddenIn(active) === hiddenIn(box)));
  for (const arrow of seen.arrows) {
    const targets = arrow.edges.map((k) => edges[k].target);
    const on = targets.some((target) => (forwards() ? done.has(target) : swept.done.has(target))) || arrow.edges.every((k) => edges[k].constant && !forwards());
    for (const element of [arrow.element, arrow.label]) {
      toggle(element, "off", !on);
      toggle(element, "active", targets.some(isActive));
    }
    const chip = seen.nodes[arrow.source];
    if (chip.chip === undefined) continue;
    toggle(chip.element, "off", !on && !forwards());
    toggle(chip.element, "touched", targets.some(isActive));
    toggle(chip.element, "chosen", marks.chosen !== null && nameOfPlace.get(data.boxes[chip.chip].node) === marks.chosen);
  }
};
// Tooltips have all digits; they are written when somebody points.
document.addEventListener("pointerover", (event) => {
  const element = live.changed && event.target.closest && event.target.closest('[data-part="box"],[data-part="edge"]');
  const title = inside(element || null, "title");
  if (!title) return;
  const k = Number(element.id.slice(1));
  if (element.dataset.part === "edge") {
    if (element.id && !edges[k].constant) title.textContent = `local partial ${localOf(edges[k])}, contribution ${flowOf(k)}`;
  } else if (valueOf(k) !== null) {
    title.textContent = `${data.boxes[k].name} = ${valueOf(k)}, grad = ${gradOf(k, null)}`;
  }
});

// --- the network --------------------------------------------------------------------------
const parts = all('[data-part="unit"],[data-part="weight"],[data-part="cell"],[data-part="delta"],[data-part="a"]');
const nameOf = ({ layer, i, j }) => (i !== undefined && j !== undefined ? weightName(layer, i, j) : null);
const paintNetwork = (reached) => {
  const current = currentUnit(), computed = computedUnits(), net = networkNow();
  const done = !forwards() && data.units.every((unit) => reached.has(unit.layer + "," + unit.j));
  const chosen = state.hovered ?? state.pinned;
  for (const element of parts) {
    const { part, layer, i, j } = element.dataset;
    const unit = layer + "," + j;
    if (part === "a") continue;
    const on = j === undefined ? done : reached.has(unit);
    toggle(element, "off", !on);
    toggle(element, "active", part !== "weight" && current && current.layer === +layer && j !== undefined && current.j === +j);
    if (part === "unit") {
      const here = net.layers[layer - 1], known = computed === null || computed.has(unit);
      toggle(element, "waiting", !known);
      const number = (row) => (row === null ? null : row[j]);
      write(inside(element, "unit-z"), known ? fmt(number(here.z)) : "—");
      write(inside(element, "unit-a"), known ? fmt(number(here.a)) : "—");
      const delta = inside(element, "unit-delta");
      write(delta, on ? fmt(number(here.delta), true) : "—");
      tint(delta, number(here.delta));
    } else if (i !== undefined) {
      toggle(element, "chosen", chosen !== null && nameOf(element.dataset) === chosen);
    }
  }
};
const paintWeights = (net) => {  // their colours and widths, after numbers have changed
  const steepest = net.layers.map((layer) => layer.dW && largestOf(layer.dW.flat()));
  const heaviest = net.layers.map((layer) => largestOf(layer.W.flat()));
  for (const element of parts) {
    const { part, layer, i, j } = element.dataset;
    const here = net.layers[layer - 1];
    if (part === "unit") {
      const delta = here.delta && here.delta[j];
      element.firstElementChild.nextElementSibling.setAttribute("stroke", `var(--${delta ? tone(delta) : "node_line"})`);
      const swatch = inside(element, "swatch"), a = here.a && here.a[j];
      if (swatch) swatch.setAttribute("fill", ramp(a === null ? 0 : (a / (1 + Math.abs(a))) * 1.5));
    } else if (part === "weight") {
      const dw = here.dW ? here.dW[i][j] : null, part_of = share(dw ?? 0, steepest[layer - 1]);
      const line = element.querySelector("path");
      if (dw !== null) line.setAttribute("stroke", ramp(part_of));
      if (dw !== null) line.setAttribute("stroke-opacity", 0.18 + 0.82 * Math.abs(part_of) ** 0.6);
      const [thin, wide] = inside(element, "dw") ? [1, 4.2] : line.dataset.wide ? [1, 4.2] : [0.5, 3];
      line.setAttribute("stroke-width", thin + wide * Math.abs(share(here.W[i][j], heaviest[layer - 1])));
      const label = inside(element, "dw");
      if (label) { write(label, fmt(dw, true)); tint(label, dw); }
      element.querySelector("title").textContent = `${weightName(layer, i, j)} = ${here.W[i][j]}, ∂C/∂W = ${dw}`;
    } else if (i !== undefined || j !== undefined) {
      paintCell(element, part, Number(layer), i, j, net);
    }
  }
  const inputCards = net.inputs && places ? net.inputs.map((_, i) => $(`u0-${i}`)) : [];
  inputCards.forEach((card, i) => write(inside(card, "input"), fmt(net.inputs[i])));
  write(inside($("cost"), "cost"), fmt(net.cost));
};
const paintCell = (element, part, layer, i, j, net) => {
  const here = net.layers[layer - 1];
  const row = part === "a" ? aOf(net, layer - 1) : part === "delta" ? here.delta : null;
  const number = row ? row[i ?? j] : here.dW && here.dW[i] ? here.dW[i][j] : null;
  if (number === null || number === undefined) return;
  const part_of = share(number, largestOf(row ?? here.dW.flat()));
  element.querySelector("rect").setAttribute("fill", ramp(part_of));
  const text = element.querySelector("text");
  if (!text) return;
  text.setAttribute("fill", ink(part_of));
  write(text, text.dataset.part === "number" ? fmt(number, true) : number > 0 ? "+" : number < 0 ? "−" : "");
};
