// Where the pass stands: what has been computed, and what has flowed back so far.
const views = all(".view").map((view) => view.id.slice(5));
const state = {
  view: ["neurons", "focus"].find((name) => views.includes(name)) ?? views[0], by: "", pass: "backward", step: 0,
  pinned: null, hovered: null, timer: 0, naming: 0, training: 0, nudge: null,
};
const hasGraph = data.operations.length > 0;
const hasUnits = data.units.length > 0;
state.by = hasUnits ? "neuron" : "operation";
if (!hasUnits) state.view = "expression";
const tone = (x) => (x > 0 ? "positive" : x < 0 ? "negative" : "muted");

// --- the graph ------------------------------------------------------------------------
const edges = data.edges.map(([source, target, local, slot]) =>
  ({ source, target, slot, constant: local === null, engine: Number(local) }));
const below = data.boxes.map(() => []);
const above = data.boxes.map(() => []);
edges.forEach((edge, k) => { below[edge.target].push(k); above[edge.source].push(k); });
const boxElements = data.boxes.map((_, k) => $("n" + k));
const edgeElements = edges.map((_, k) => $("e" + k));
const rootBox = data.boxes.findIndex((box) => box.root);
const forwardOrder = data.boxes.flatMap((box, k) => (box.leaf ? [] : [k]));

const numbersNow = () => (live.changed ? live : engine);
const valueOf = (box) => {
  const k = data.boxes[box].node;
  return k === null || k === undefined ? null : numbersNow().values[k];
};
const localOf = (edge) => {
  if (!live.changed || edge.slot < 0) return edge.engine;
  const k = data.boxes[edge.target].node;
  return k === null ? edge.engine : live.locals[offsets[k] + edge.slot];
};
const gradOf = (box, sum) => {  // of a box whose users have all passed on what they have
  const k = data.boxes[box].node;
  return k === null || k === undefined ? sum : numbersNow().grads[k];
};

// Walk the first `count` operations back; return totals, and the last one's contributions.
const sweep = (count) => {
  const totals = data.boxes.map((box) => (box.root ? 1 : null));
  const waiting = above.map((users) => users.length);
  const done = new Set();
  let passed = [];
  for (const box of data.operations.slice(0, count)) {
    done.add(box);
    passed = [];
    for (const k of below[box]) {
      const edge = edges[k];
      waiting[edge.source] -= 1;
      if (edge.constant) continue;
      const local = localOf(edge), already = totals[edge.source];
      const contribution = local * totals[box];
      totals[edge.source] = (already ?? 0) + contribution;
      if (!waiting[edge.source] && !data.boxes[edge.source].root) {
        totals[edge.source] = gradOf(edge.source, totals[edge.source]);
      }
      passed.push({ edge: k, source: edge.source, local, upstream: totals[box], contribution,
                    already, total: totals[edge.source] });
    }
  }
  const complete = (box) => data.boxes[box].root || above[box].every((k) => done.has(edges[k].target));
  return { totals, done, passed, complete, active: count ? data.operations[count - 1] : null };
};

// --- where the pass stands --------------------------------------------------------------
const forwards = () => state.pass === "forward";
const stepCount = () => (state.by === "neuron" ? data.units.length : data.operations.length);
const operationsDone = () => {
  if (forwards()) return 0;
  if (state.by === "operation") return state.step;
  if (!hasGraph || !state.step) return 0;
  return state.step === data.units.length
    ? data.operations.length : data.units[state.step - 1].operations;
};
const reachedUnits = (swept) => new Set(forwards() ? [] : data.units.filter((unit, k) =>
  state.by === "neuron" ? k < state.step
    : unit.box === null ? state.step === stepCount()
    : swept.complete(unit.box) && swept.totals[unit.box] !== null,
).map((unit) => unit.layer + "," + unit.j));

const unitsForward = [...data.units].sort((a, b) => a.layer - b.layer || a.j - b.j);
const currentUnit = () => {
  if (state.by !== "neuron" || !state.step) return null;
  return (forwards() ? unitsForward : data.units)[state.step - 1];
};
const activeBox = (swept) => {
  if (!forwards()) return swept.active;
  if (state.by === "neuron") return currentUnit()?.box ?? null;
  return state.step ? forwardOrder[state.step - 1] : null;
};
// What has been computed: all of it, unless the page is walking forward.
const computedBoxes = () => {
  if (!forwards()) return null;
  if (state.by === "operation") return new Set(forwardOrder.slice(0, state.step));
  const last = currentUnit()?.box ?? -1;
  return new Set(forwardOrder.filter((box) => box <= last || state.step === stepCount()));
};
const computedUnits = () => {
  if (!forwards()) return null;
  if (state.by === "neuron") {
    return new Set(unitsForward.slice(0, state.step).map((unit) => unit.layer + "," + unit.j));
  }
  const boxes = computedBoxes();
  return new Set(data.units.filter((unit) => unit.box === null || boxes.has(unit.box))
    .map((unit) => unit.layer + "," + unit.j));
};
