// What the page shows, and what its reader does. Text is always set as text.
// --- elements; text is always set as text -------------------------------------------
const make = (tag, text = "", name = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
};
const line = (...parts) => {
  const p = make("p");
  p.append(...parts);
  return p;
};
const card = (...lines) => {
  const div = make("div", "", "card");
  div.append(...lines);
  return div;
};
const show = (x) => make("span", fmt(x, true), tone(x));
const toggle = (element, name, on) => element && element.classList.toggle(name, Boolean(on));

// --- drawing ----------------------------------------------------------------------------
const paintGraph = (swept) => {
  const touched = new Set(state.by === "operation" ? swept.passed.map((one) => one.source) : []);
  boxElements.forEach((element, k) => {
    if (!element) return;
    const total = swept.totals[k];
    const grad = element.querySelector('[data-part="grad"]');
    toggle(element, "off", total === null && grad);
    toggle(element, "active", k === swept.active);
    toggle(element, "touched", touched.has(k));
    if (grad) {
      grad.textContent = fmt(total, true);
      grad.setAttribute("fill", `var(--${total ? tone(total) : "muted"})`);
      element.dataset.total = String(total);
    }
  });
  edges.forEach((edge, k) => {
    toggle(edgeElements[k], "off", !swept.done.has(edge.target) && edge.local !== null);
    toggle(edgeElements[k], "active", edge.target === swept.active);
  });
};
const parts = all('[data-part="unit"],[data-part="weight"],[data-part="cell"],[data-part="delta"]');
const weightOf = (element) => [element.dataset.layer, element.dataset.i, element.dataset.j].join(",");
const paintNetwork = (reached) => {
  const current = state.by === "neuron" && state.step ? data.units[state.step - 1] : null;
  const done = data.units.every((unit) => reached.has(unit.layer + "," + unit.j));
  const chosen = state.hovered ?? state.pinned;
  for (const element of parts) {
    const { part, layer, i, j } = element.dataset;
    const on = j === undefined ? done : reached.has(layer + "," + j);
    toggle(element, "off", !on);
    if (part === "unit") {
      toggle(element, "active", current && current.layer === +layer && current.j === +j);
      const delta = element.querySelector('[data-part="unit-delta"]');
      delta.dataset.final ??= delta.textContent;
      delta.textContent = on ? delta.dataset.final : "—";
    } else if (i !== undefined) {
      toggle(element, "chosen", chosen !== null && weightOf(element) === chosen);
    }
  }
};

// --- the panel ---------------------------------------------------------------------------
const nameOf = (box) => data.boxes[box].name;
const operationStep = (swept) => {
  const root = data.boxes.findIndex((box) => box.root);
  if (swept.active === null) {
    return [line("The pass starts at ", make("bdi", nameOf(root)), ": its gradient by itself is ",
                 make("b", "1"), ".")];
  }
  const box = data.boxes[swept.active];
  const head = line(make("b", ""), make("span", ` (${box.symbol})`, "muted"), " has grad ",
                    show(swept.totals[swept.active]), " and passes it on:");
  head.firstChild.append(make("bdi", box.name));
  return [head, ...swept.passed.map((one) => {
    const { left, right, sign } = product(one.local, one.upstream, one.contribution);
    const sum = line(`${left} `, make("span", "local", "muted"), ` × ${right} ${sign} `,
                     show(one.contribution));
    const lines = [line(make("bdi", nameOf(one.source))), sum];
    lines[0].firstChild.style.fontWeight = "700";
    if (one.already !== null) {
      const printed = reading(fmt(one.already)) + reading(fmt(one.contribution));
      const rounded = Number.isFinite(one.total) && relation(printed, fmt(one.total)) === "≈";
      lines.push(line(make("span", "already ", "muted"), fmt(one.already, true),
                      make("span", `, so total ${rounded ? "≈ " : ""}`, "muted"), show(one.total)));
    }
    return card(...lines);
  })];
};
const result = (text) => {  // "= +0.342": the number in the colour of its sign
  const sign = /^[=≈] [+−]/.test(text) ? (text[2] === "+" ? "positive" : "negative") : "";
  return sign ? [text.slice(0, 2), make("span", text.slice(2), sign)] : [text];
};
const derivation = (lines) => card(...lines.filter(Boolean).map((text, k) =>
  (k === lines.length - 1 ? line(...result(text)) : line(text))));
const inOneLine = (lines) => line(lines.slice(0, -1).join(" ") + " ", ...result(lines.at(-1)));
const neuronStep = () => {
  if (!state.step) return [line("The pass starts at the cost: ∂C/∂C = 1. The next step takes it to the last layer.")];
  const unit = data.units[state.step - 1];
  const parts = [line(make("b", `Unit ${unit.j} of layer ${unit.layer}`)), derivation(unit.lines)];
  const layer = data.weights[unit.layer - 1];
  if (layer) {
    const most = 8;
    const lines = layer.slice(0, most).map((row) => inOneLine(row[unit.j].slice(1, -1)));
    if (unit.inputs > most) lines.push(line(make("span", `… ${unit.inputs - most} more`, "muted")));
    parts.push(line("and so its weights have"), card(...lines));
  }
  return parts;
};
const paintStep = (swept) => {
  const body = state.by === "operation" ? operationStep(swept) : neuronStep();
  $("step").replaceChildren(make("h2", `Step ${state.step} of ${stepCount()}`), ...body);
};
const paintWeight = (reached) => {
  const chosen = state.hovered ?? state.pinned;
  $("choice").value = state.pinned ?? "";
  if (chosen === null) {
    $("weight").replaceChildren(line(make("span", "Point at a weight, Tab to it, or choose it here; a click or Enter pins it.", "muted")));
    return;
  }
  const [layer, i, j] = chosen.split(",").map(Number);
  const [value, ...lines] = data.weights[layer - 1][i][j];
  const advice = lines.pop();
  const unit = data.units.find((one) => one.layer === layer && one.j === j);
  const head = line(make("b", `W${layer}[${i},${j}]`), ` ${shown(Number(value))}`,
                    make("span", `, unit ${i} → unit ${j}${state.pinned === chosen ? ", pinned" : ""}`, "muted"));
  const body = reached.has(layer + "," + j)
    ? [derivation(unit.lines), derivation(lines), line(make("span", advice, "muted"))]
    : [card(line(lines[0]), line(make("span", `not reached yet: the pass has not come to δ${layer}[${j}]`, "muted")))];
  $("weight").replaceChildren(head, ...body);
};

const paint = () => {
  const swept = sweep(operationsDone());
  const reached = reachedUnits(swept);
  if (hasGraph) paintGraph(swept);
  if (hasUnits) paintNetwork(reached);
  paintStep(swept);
  if (data.weights.length) paintWeight(reached);
  const count = stepCount();
  $("slider").max = count;
  $("slider").value = state.step;
  $("slider").setAttribute("aria-valuetext", `step ${state.step} of ${count}`);
  $("count").textContent = `${state.step} / ${count}`;
  $("first").disabled = $("back").disabled = state.step === 0;
  $("last").disabled = $("forward").disabled = state.step === count;
  document.body.dataset.step = state.step;
  follow(swept);
};
const follow = (swept) => {
  const root = data.boxes.findIndex((box) => box.root);
  const active = state.view === "expression" ? boxElements[swept.active ?? root]
    : document.querySelector(".view:not([hidden]) .active");
  const pane = document.querySelector("main");
  if (!active) return;
  const [box, frame] = [active.getBoundingClientRect(), pane.getBoundingClientRect()];
  const room = 60;
  if (box.left < frame.left + room) pane.scrollLeft += box.left - frame.left - room * 3;
  if (box.right > frame.right - room) pane.scrollLeft += box.right - frame.right + room * 3;
  if (box.top < frame.top) pane.scrollTop += box.top - frame.top - room;
  if (box.bottom > frame.bottom) pane.scrollTop += box.bottom - frame.bottom + room;
};

// --- what the reader does -------------------------------------------------------------------
const stop = () => { clearInterval(state.timer); state.timer = 0; $("play").setAttribute("aria-pressed", "false"); };
const go = (step) => { state.step = Math.max(0, Math.min(stepCount(), step)); paint(); };
const play = () => {
  if (state.timer) return stop();
  if (state.step === stepCount()) state.step = 0;
  $("play").setAttribute("aria-pressed", "true");
  state.timer = setInterval(() => {
    go(state.step + 1);
    if (state.step === stepCount()) stop();
  }, 900);
};
const look = (view) => {
  state.view = view;
  $("zoom").hidden = view !== "expression";
  views.forEach((name) => { $("view-" + name).hidden = name !== view; });
  all("#views button").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.view === view)));
  paint();
};
const stepBy = (by) => {
  const operations = operationsDone();
  const units = reachedUnits(sweep(operations)).size;
  state.by = by;
  state.step = by === "operation" ? operations : units;
  go(state.step);
};
const pin = (weight) => { state.pinned = state.pinned === weight ? null : weight; paint(); };

const titles = { expression: "Expression", neurons: "Neurons", layers: "Layers" };
for (const view of ["neurons", "layers", "expression"].filter((name) => views.includes(name))) {
  const button = make("button", titles[view]);
  button.type = "button";
  button.dataset.view = view;
  button.onclick = () => look(view);
  $("views").append(button);
}
$("by").value = state.by;
$("by-label").hidden = !(hasGraph && hasUnits);
$("by").onchange = (event) => { stop(); stepBy(event.target.value); };
$("first").onclick = () => { stop(); go(0); };
$("back").onclick = () => { stop(); go(state.step - 1); };
$("forward").onclick = () => { stop(); go(state.step + 1); };
$("last").onclick = () => { stop(); go(Infinity); };
$("play").onclick = play;
$("slider").oninput = (event) => { stop(); go(Number(event.target.value)); };
const zoom = (factor) => {  // of the expression, which can be much larger than the window
  state.zoom = Math.max(0.1, Math.min(3, state.zoom * factor));
  const svg = document.querySelector("#view-expression svg");
  if (svg) svg.style.width = svg.width.baseVal.value * state.zoom + "px";
  paint();
};
$("smaller").onclick = () => zoom(1 / 1.25);
$("larger").onclick = () => zoom(1.25);
$("theme").onclick = () => {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
};

for (const svg of all("#view-neurons svg, #view-layers svg")) {  // fit, but stay legible
  const width = svg.width.baseVal.value;
  svg.style.minWidth = 0.8 * width + "px";
  svg.style.width = `min(100%, ${1.4 * width}px)`;
}
const weights = parts.filter((element) => element.dataset.i !== undefined && data.weights.length);
for (const element of weights) {
  const weight = weightOf(element);
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  const [layer, i, j] = weight.split(",");
  element.setAttribute("aria-label", `weight W${layer}[${i},${j}]`);
  const path = element.querySelector("path");
  if (path) {
    const hit = path.cloneNode();
    for (const name of ["stroke", "stroke-width", "stroke-opacity"]) hit.removeAttribute(name);
    hit.setAttribute("class", "hit");
    element.append(hit);
  }
  element.onmouseenter = element.onfocus = () => { state.hovered = weight; paint(); };
  element.onmouseleave = element.onblur = () => { state.hovered = null; paint(); };
  element.onclick = () => pin(weight);
}
data.weights.forEach((layer, l) => layer.forEach((row, i) => row.forEach((_, j) => {
  const option = make("option", `W${l + 1}[${i},${j}]`);
  option.value = [l + 1, i, j].join(",");
  $("choice").append(option);
})));
$("weight-section").hidden = !data.weights.length;
$("choice").onchange = (event) => { state.pinned = event.target.value || null; paint(); };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const tag = event.target.tagName;
  if (tag === "SELECT" || (event.key === " " && tag === "BUTTON")) return;
  const weight = event.target.closest && event.target.closest("[data-i]");
  const act = {
    "+": () => zoom(1.25), "-": () => zoom(1 / 1.25),
    ArrowRight: () => go(state.step + 1), ArrowLeft: () => go(state.step - 1),
    Home: () => go(0), End: () => go(Infinity), " ": play,
    Enter: weight ? () => pin(weightOf(weight)) : null,
    Escape: () => { state.pinned = null; paint(); },
  }[event.key];
  if (!act || (event.key === "Enter" && tag === "BUTTON")) return;
  event.preventDefault();
  if (event.key !== " ") stop();
  act();
});
look(state.view);
