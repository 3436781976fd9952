// Changing numbers: drag, type or nudge a leaf; take steps down the gradient; answer scripts.
let dragging = null;  // the leaf that a pointer is turning
const etaNow = () => {
  const eta = reading($("eta").value);
  return Number.isFinite(eta) ? eta : 0.1;
};
const trace = [];  // C after each step
const unitOf = (k) => (wholes.has(k) ? 1 : 10 ** Math.floor(Math.log10(Math.max(Math.abs(live.values[k]), 0.1)) - 1));

const refresh = () => {  // all that shows a number
  const net = given && networkNow();
  if (hasGraph) paintEdges();
  if (given && places) paintWeights(net);
  document.body.dataset.changed = live.changed;
  paint();
  paintPlane();
};
const setNumber = (k, number) => {
  change(k, number);
  state.nudge = null;
  refresh();
};
const turn = (k, h) => {  // by h; what C made of it stands beside the derivative
  const [before, C, slope] = [live.values[k], numbersNow().values[tape.root], numbersNow().grads[k]];
  change(k, before + h);
  const step = live.values[k] - before;
  const found = step ? (live.values[tape.root] - C) / step : NaN;
  state.nudge = { k, h: step, found, slope };
  refresh();
  return found;
};
const stepDown = (eta) => {
  shownEpoch.at = null;
  descend(eta);
  trace.push(live.values[tape.root]);
  state.nudge = null;
};
const reset = () => {
  stopTraining();
  restore();
  trace.length = 0;
  shownEpoch.at = null;
  state.nudge = null;
  refresh();
};
const stopTraining = () => {
  cancelAnimationFrame(state.training);
  state.training = 0;
  $("train").setAttribute("aria-pressed", "false");
};
const train = () => {
  if (state.training) return stopTraining();
  $("train").setAttribute("aria-pressed", "true");
  const frameOfTraining = () => {
    const start = performance.now();
    do stepDown(etaNow()); while (performance.now() - start < 12 && trace.length % 10);
    refresh();
    state.training = Number.isFinite(live.values[tape.root]) ? requestAnimationFrame(frameOfTraining) : 0;
    if (!state.training) stopTraining();
  };
  state.training = requestAnimationFrame(frameOfTraining);
};

// --- what the panel shows of it ---------------------------------------------------------------
const paintKnob = (name, k) => {
  const turnable = tape && canChange(k);
  $("knob").hidden = !turnable;
  $("slope").replaceChildren();
  if (!turnable) return;
  if (document.activeElement !== $("value")) $("value").value = String(numbersNow().values[k]);
  const slope = numbersNow().grads[k];
  const lines = [line(make("span", `∂C/∂${name} `, "muted"), relation(slope, fmt(slope)), " ", show(slope))];
  if (state.nudge && state.nudge.k === k) {
    const { h, found, slope: before } = state.nudge;
    lines.push(line(make("span", `ΔC/Δ${name} `, "muted"), "≈ ", show(found),
                    make("span", ` for Δ = ${fmt(h, true)}, where ∂C/∂${name} was `, "muted"), show(before)));
  }
  $("slope").append(...lines);
  if (!dragging && document.activeElement !== $("dial")) {
    const [value, room] = [numbersNow().values[k], Math.max(1, Math.abs(numbersNow().values[k]))];
    Object.assign($("dial"), wholes.has(k) ? { min: 0, max: wholes.get(k) - 1, step: 1 }
      : { min: value - room, max: value + room, step: room / 200 });
    $("dial").value = value;
  }
};
const paintLearning = () => {
  if (!tape) return;
  const C = numbersNow().values[tape.root];
  const root = nameOfPlace.get(tape.root) ?? "C";
  $("cost-now").replaceChildren(line(make("b", root), ` ${shown(C)}`,
    make("span", rows ? `, mean over ${rows.length} examples` : "", "muted"),
    make("span", trace.length ? `, after ${trace.length} step${trace.length === 1 ? "" : "s"}` : "", "muted")));
  $("whose").textContent = live.changed ? "Numbers are computed in this page." : "Every number is the engine's.";
  $("reset").disabled = !live.changed;
  const shownOf = trace.filter(Number.isFinite).slice(-200);
  const most = Math.max(...shownOf, 1e-300), least = Math.min(...shownOf, most);
  $("trace").setAttribute("d", shownOf.length < 2 ? "" : "M" + shownOf.map((c, t) =>
    `${(4 + (t / (shownOf.length - 1)) * 292).toFixed(1)} ${(36 - ((c - least) / (most - least || 1)) * 32).toFixed(1)}`).join("L"));
};
const nameFrozen = () => {
  const stuck = tape ? tape.frozen : [];
  $("frozen").hidden = !stuck.length;
  $("frozen").textContent = `Frozen at the engine's number: ${stuck.join(", ")}. A row is computed here if `
    + "it is composed of others (composed=…).";
};

// --- the reader ----------------------------------------------------------------------------------
const chosenPlace = () => (state.pinned === null ? undefined : named.get(state.pinned) ?? aliases.get(state.pinned));
const turnChosen = (sign, event) => {
  const k = chosenPlace();
  if (!canChange(k)) return;
  const before = live.values[k], after = before + sign * unitOf(k) * (event.shiftKey ? 10 : 1);
  turn(k, Number(after.toPrecision(12)) - before);
};
$("less").onclick = (event) => turnChosen(-1, event);
$("more").onclick = (event) => turnChosen(1, event);
$("dial").oninput = (event) => setNumber(chosenPlace(), Number(event.target.value));
$("value").onchange = (event) => {
  const number = reading(event.target.value);
  if (!Number.isNaN(number)) setNumber(chosenPlace(), number);
};
$("value").onkeydown = (event) => {
  const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!sign) return;
  event.preventDefault();
  turnChosen(sign, event);
  $("value").value = String(live.values[chosenPlace()]);
};
$("descend").onclick = () => { stepDown(etaNow()); refresh(); };
$("train").onclick = train;
$("reset").onclick = reset;
const grab = (element, name) => {  // a leaf that a pointer drags up or to the right grows
  const k = named.get(name) ?? aliases.get(name);
  if (!tape || !canChange(k)) return;
  element.classList.add("turnable");
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = { k, x: event.clientX, y: event.clientY, from: live.values[k], unit: unitOf(k), moved: false };
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!dragging || dragging.k !== k) return;
    const far = event.clientX - dragging.x - (event.clientY - dragging.y);
    dragging.moved ||= Math.abs(far) > 4;
    if (!dragging.moved) return;
    if (state.pinned !== name) state.pinned = name;
    setNumber(k, Number((dragging.from + Math.round(far / 4) * dragging.unit).toPrecision(12)));
  });
  element.addEventListener("pointerup", () => { state.dragged = dragging?.moved; dragging = null; });
  element.addEventListener("pointercancel", () => { dragging = null; });
};

// --- scripts, tests and widgets use the words of the page ------------------------------------------
window.whygrad = {
  numbers: () => Object.fromEntries([...named].map(([name, k]) =>
    [name, { data: numbersNow().values[k], grad: numbersNow().grads[k] }])),
  set: (name, number) => setNumber(placeOf(name), Number(number)),
  nudge: (name, h) => turn(placeOf(name), Number(h)),
  step: (eta) => { stepDown(eta ?? etaNow()); refresh(); return live.values[tape.root]; },
  reset,
  go: (step) => { stop(); go(Number(step)); },
  unfold: () => setAll(false),
  fold: () => setAll(null),
};
