// Buttons, keys, and the beginning.
const MOST_READ = 300;  // names that are kept up to date while numbers change; of more, when they rest
const REST = 200;  // milliseconds
const elementsOf = new Map();  // name → where it stands in the pictures
const paint = () => {
  const swept = sweep(operationsDone());
  const reached = reachedUnits(swept);
  if (hasGraph) paintGraph(swept);
  if (hasUnits) paintNetwork(reached);
  paintFocus();
  paintStep(swept);
  paintChosen(reached);
  paintLearning();
  paintFilm();
  paintUnfold();
  const count = stepCount();
  $("slider").max = count;
  $("slider").value = state.step;
  $("slider").setAttribute("aria-valuetext", `step ${state.step} of ${count}`);
  $("count").textContent = `${state.step} / ${count}`;
  $("first").disabled = $("back").disabled = state.step === 0;
  $("last").disabled = $("forward").disabled = state.step === count;
  document.body.dataset.step = state.step;
  document.body.dataset.pass = state.pass;
  tellNumbers();
  clearTimeout(state.naming);
  if (elementsOf.size <= MOST_READ || !live.changed) nameForReaders();
  else state.naming = setTimeout(nameForReaders, REST);
  return swept;
};
const hover = (name) => {  // a glance at a number: only what shows it is painted
  state.hovered = name;
  const swept = sweep(operationsDone());
  paintChosen(reachedUnits(swept));
  const chosen = state.hovered ?? state.pinned;
  all(".chosen").forEach((element) => toggle(element, "chosen", false));
  (elementsOf.get(chosen) ?? []).forEach((element) => toggle(element, "chosen", true));
  const box = boxOfPlace.get(named.get(chosen) ?? aliases.get(chosen));
  if (box !== undefined) shownAs(box).forEach((element) => toggle(element, "chosen", true));
};
const stop = () => { clearInterval(state.timer); state.timer = 0; $("play").setAttribute("aria-pressed", "false"); };
const go = (step, { still: stays } = {}) => {
  state.step = Math.max(0, Math.min(stepCount(), step));
  const swept = paint();
  if (!stays && state.view === "expression") follow(spokenOf(activeBox(swept)));
  else if (!stays) follow(all(".view:not([hidden]) .active"));
  tellAddress();
};
const play = () => {
  if (state.timer) return stop();
  if (state.step === stepCount()) state.step = 0;
  $("play").setAttribute("aria-pressed", "true");
  state.timer = setInterval(() => {
    if (state.step < stepCount()) go(stepOver(1));
    else if (forwards()) passBy("backward");  // values have come to the right: δ goes to the left
    if (state.step === stepCount() && !forwards()) stop();
  }, 900 / Number($("speed").value));
};
const look = (view) => {
  state.view = view;
  views.forEach((name) => { $("view-" + name).hidden = name !== view; });
  all("#views button").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.view === view)));
  if (view === "expression" && !camera().box) { arrange(); paintEdges(); }
  heighten();
  if (!camera().box) fit();
  drawMap();
  paintMap();
  go(state.step);
};
const stepBy = (by) => {
  const operations = operationsDone();
  const units = reachedUnits(sweep(operations)).size;
  state.by = by;
  state.step = forwards() ? 0 : by === "operation" ? operations : units;
  go(state.step);
};
const passBy = (pass) => { state.pass = pass; $("pass").value = pass; go(0); };
const pin = (name) => { state.pinned = state.pinned === name ? null : name; state.nudge = null; paint(); if (film) paintPlane(); tellAddress(); };

const titles = { focus: "Focus", expression: "Expression", neurons: "Neurons", layers: "Layers" };
for (const view of ["focus", "neurons", "layers", "expression"].filter((name) => views.includes(name))) {
  const button = make("button", titles[view]);
  button.type = "button";
  button.dataset.view = view;
  button.onclick = () => look(view);
  $("views").append(button);
}
$("by-label").hidden = !(hasGraph && hasUnits);
$("by").onchange = (event) => { stop(); stepBy(event.target.value); };
$("pass").onchange = (event) => { stop(); passBy(event.target.value); };
$("first").onclick = () => { stop(); go(0); };
$("back").onclick = () => { stop(); go(stepOver(-1)); };
$("forward").onclick = () => { stop(); go(stepOver(1)); };
$("last").onclick = () => { stop(); go(Infinity); };
$("play").onclick = play;
$("speed").onchange = () => { if (state.timer) { stop(); play(); } };
$("slider").oninput = (event) => { stop(); go(Number(event.target.value)); };
$("smaller").onclick = () => hold(1 / 1.25);
$("larger").onclick = () => hold(1.25);
$("fit").onclick = () => { camera().held = true; fit(); };
$("theme").onclick = () => {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  paintPlane();
};

// --- numbers in the pictures can be pointed at, focused, pinned and turned ------------------------
const reachable = (element, name, stopHere) => {
  if (!elementsOf.has(name)) elementsOf.set(name, []);
  elementsOf.get(name).push(element);
  element.dataset.name = name;
  element.setAttribute("tabindex", stopHere ? "0" : "-1");
  element.setAttribute("role", "button");
  element.querySelectorAll("text").forEach((text) => text.after(" "));  // words apart, for readers
  element.onmouseenter = element.onfocus = () => hover(name);
  element.onmouseleave = element.onblur = () => hover(null);
  element.onclick = () => { if (!state.dragged) pin(name); state.dragged = false; };
  grab(element, name);
};
const called = new WeakMap();
const nameForReaders = () => {  // what a screen reader says: the name, and what stands there now
  for (const [name, elements] of elementsOf) {
    for (const element of elements) {
      const texts = [...element.querySelectorAll("text")].map((text) => text.textContent).join(" ");
      const label = texts.includes(name) ? texts : `${element.dataset.i ? "weight " : ""}${name} ${texts}`.trim();
      if (called.get(element) === label) continue;
      called.set(element, label);
      element.setAttribute("aria-label", label);
    }
  }
};
const CROWD = 64;  // weights of a layer that are a stop of the Tab key each; of more, one alone
const stops = new Map();
for (const element of parts) {
  const name = nameOf(element.dataset);
  if (name === null || element.dataset.part === "unit") continue;
  const layer = element.dataset.part + element.dataset.layer, count = stops.get(layer) ?? 0;
  stops.set(layer, count + 1);
  const path = element.querySelector("path");
  if (path) {
    const hit = path.cloneNode();
    for (const attribute of ["stroke", "stroke-width", "stroke-opacity"]) hit.removeAttribute(attribute);
    hit.setAttribute("class", "hit");
    element.append(hit);
  }
  const { W } = given.layers[element.dataset.layer - 1];
  reachable(element, name, W.length * W[0].length <= CROWD || count === 0);
}
data.boxes.forEach((box, k) => {
  if (box.leaf && nameOfPlace.has(box.node) && boxElements[k]) {
    reachable(boxElements[k], nameOfPlace.get(box.node), true);
  }
});
if (places && given.inputs) {
  given.inputs.forEach((_, i) => { const card = $(`u0-${i}`); if (card) reachable(card, nameOfPlace.get(places.inputs[i]), true); });
}
const names = new Set(named.keys());
if (!tape && given) given.layers.forEach((layer, l) => layer.W.forEach((row, i) => row.forEach((_, j) => names.add(weightName(l + 1, i, j)))));
for (const name of [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
  const option = make("option");
  option.value = name;
  $("names").append(option);
}
$("choice").onchange = (event) => {
  const name = event.target.value.trim();
  state.pinned = isKnown(name) ? name : null;
  paint();
  if (film) paintPlane();
  tellAddress();
};
const neighbour = (element, key) => {  // the weight beside this one in the matrix of a large layer
  const { part, layer, i, j } = element.dataset;
  const [di, dj] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  return document.querySelector(`.view:not([hidden]) [data-part="${part}"][data-layer="${layer}"][data-i="${+i + di}"][data-j="${+j + dj}"]`);
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const tag = event.target.tagName, element = event.target.closest && event.target.closest("[data-name]");
  if (["SELECT", "TEXTAREA"].includes(tag) || (tag === "INPUT" && event.target.type !== "range")) return;
  if ([" ", "Enter"].includes(event.key) && tag === "BUTTON") return;
  if (tag === "INPUT" && event.target.id !== "slider" && /^(Arrow|Home|End)/.test(event.key)) return;  // they turn it
  const crowd = element && element.dataset.i && given.layers[element.dataset.layer - 1].W.flat().length > CROWD;
  const nudge = (sign) => () => {
    const k = named.get(element.dataset.name) ?? aliases.get(element.dataset.name);
    if (canChange(k)) { state.pinned = element.dataset.name; turnChosen(sign, event); }
  };
  const act = crowd && event.key.startsWith("Arrow") ? () => neighbour(element, event.key)?.focus() : {
    "+": () => hold(1.25), "-": () => hold(1 / 1.25), "0": $("fit").onclick,
    ArrowRight: () => go(stepOver(1)), ArrowLeft: () => go(stepOver(-1)),
    ArrowUp: element ? nudge(1) : null, ArrowDown: element ? nudge(-1) : null,
    Home: () => go(0), End: () => go(Infinity), " ": play,
    Enter: element ? () => pin(element.dataset.name) : null,
    Escape: () => { state.pinned = null; paint(); tellAddress(); },
  }[event.key];
  if (!act) return;
  event.preventDefault();
  if (event.key !== " ") stop();
  act();
});

$("learn").hidden = $("knob").hidden = !tape;
$("leaf-section").hidden = !names.size;
nameFrozen();
readAddress();
$("by").value = state.by;
$("pass").value = state.pass;
document.body.dataset.changed = "false";
look(state.view);
paintPlane();
