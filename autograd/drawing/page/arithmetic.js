// What the page knows and computes: locals come from the engine, the script multiplies and adds.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const views = all(".view").map((view) => view.id.slice(5));
const state = { view: views.includes("neurons") ? "neurons" : views[0], by: "", step: 0,
                zoom: 1, pinned: null, hovered: null, timer: 0 };
const hasGraph = data.operations.length > 0;
const hasUnits = data.units.length > 0;
state.by = hasUnits ? "neuron" : "operation";
if (!hasUnits) state.view = "expression";

const tone = (x) => (x > 0 ? "positive" : x < 0 ? "negative" : "muted");

// --- the graph ------------------------------------------------------------------------
const edges = data.edges.map(([source, target, local]) =>
  ({ source, target, local: local === null ? null : Number(local) }));
const below = data.boxes.map(() => []);
const above = data.boxes.map(() => []);
edges.forEach((edge, k) => { below[edge.target].push(k); above[edge.source].push(k); });
const boxElements = data.boxes.map((_, k) => $("n" + k));
const edgeElements = edges.map((_, k) => $("e" + k));

// Walk the first `count` operations back; return totals, and the last one's contributions.
const sweep = (count) => {
  const totals = data.boxes.map((box) => (box.root ? 1 : null));
  const done = new Set();
  let passed = [];
  for (const box of data.operations.slice(0, count)) {
    done.add(box);
    passed = [];
    for (const k of below[box]) {
      const { source, local } = edges[k];
      if (local === null) continue;
      const already = totals[source];
      const contribution = local * totals[box];
      totals[source] = (already ?? 0) + contribution;
      passed.push({ edge: k, source, local, upstream: totals[box], contribution, already,
                    total: totals[source] });
    }
  }
  const complete = (box) => data.boxes[box].root || above[box].every((k) => done.has(edges[k].target));
  return { totals, done, passed, complete, active: count ? data.operations[count - 1] : null };
};

// --- where the pass stands --------------------------------------------------------------
const stepCount = () => (state.by === "neuron" ? data.units.length : data.operations.length);
const operationsDone = () => {
  if (state.by === "operation") return state.step;
  if (!hasGraph || !state.step) return 0;
  return state.step === data.units.length
    ? data.operations.length : data.units[state.step - 1].operations;
};
const reachedUnits = (swept) => new Set(data.units.filter((unit, k) =>
  state.by === "neuron" ? k < state.step
    : unit.box === null ? state.step === stepCount()
    : swept.complete(unit.box) && swept.totals[unit.box] !== null,
).map((unit) => unit.layer + "," + unit.j));
