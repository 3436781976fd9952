// Folding: a closed fold is one box, an open one a frame around its boxes; a leaf that is used far
// from where it stands has a chip there. What is shown is computed here, and drawn by `graph.js`.
const folds = data.folds.map((fold, k) => ({ ...fold, k, members: [...fold.boxes], depth: 1 }));
const foldOf = data.boxes.map(() => -1);
folds.forEach((fold) => {
  fold.boxes.forEach((box) => { foldOf[box] = fold.k; });
  if (fold.parent >= 0) fold.depth = folds[fold.parent].depth + 1;
});
[...folds].reverse().forEach((fold) => { if (fold.parent >= 0) folds[fold.parent].members.push(...fold.members); });
folds.forEach((fold) => {
  const inside = new Set(fold.members);
  fold.operations = data.operations.filter((box) => inside.has(box)).length;
  fold.outputs = fold.members.filter((box) => data.boxes[box].root || above[box].some((k) => !inside.has(edges[k].target)));
  fold.outgoing = fold.members.flatMap((box) => below[box]).filter((k) => !inside.has(edges[k].source));
});
const initially = folds.map((fold) => fold.closed);
const foldsAround = (box) => {  // the folds that a box is in, outermost first
  const found = [];
  for (let k = foldOf[box]; k >= 0; k = folds[k].parent) found.unshift(folds[k]);
  return found;
};
const hiddenIn = (box) => foldsAround(box).find((fold) => fold.closed) ?? null;
const isShown = (fold) => fold.parent < 0 || !ancestors(fold).some((one) => one.closed);
const ancestors = (fold) => (fold.parent < 0 ? [] : [...ancestors(folds[fold.parent]), folds[fold.parent]]);

// --- what is seen: boxes, closed folds, chips, and the arrows between them -----------------------
let seen = { nodes: [], arrows: [] };
const inOrder = (nodes, arrows) => {  // sources first; an arrow that closes a circle is left out
  const into = nodes.map(() => []), state_ = nodes.map(() => 0), order = [], back = new Set();
  arrows.forEach((arrow, a) => into[arrow.target].push(a));
  for (let start = 0; start < nodes.length; start += 1) {
    const stack = [[start, 0]];
    while (stack.length) {
      const top = stack.at(-1), [node, next] = top;
      if (next === 0 && state_[node]) { stack.pop(); continue; }
      state_[node] = 1;
      if (next === into[node].length) { state_[node] = 2; order.push(node); stack.pop(); continue; }
      top[1] += 1;
      const a = into[node][next], { source } = arrows[a];
      if (state_[source] === 1) back.add(a);
      else if (!state_[source]) stack.push([source, 0]);
    }
  }
  return { order, back };
};
const sight = () => {
  const nodes = [], place = new Map();
  const last = new Map();  // of a fold: it stands where its last box would
  data.boxes.forEach((box, k) => { const fold = hiddenIn(k); if (fold) last.set(fold, k); });
  data.boxes.forEach((box, k) => {
    const fold = hiddenIn(k), key = fold ? `f${fold.k}` : `n${k}`;
    if (fold && last.get(fold) !== k) return;
    place.set(key, nodes.length);
    nodes.push(fold ? { fold } : { box: k });
  });
  const nodeOf = (box) => { const fold = hiddenIn(box); return place.get(fold ? `f${fold.k}` : `n${box}`); };
  const at = data.boxes.map((_, k) => nodeOf(k));
  let arrows = [];
  const bundles = new Map();
  edges.forEach((edge, k) => {
    const [source, target] = [at[edge.source], at[edge.target]];
    if (source === target) return;
    if (nodes[source].fold || nodes[target].fold) {
      const key = `${source}>${target}`, bundle = bundles.get(key);
      if (bundle) return bundle.edges.push(k);
      bundles.set(key, { source, target, edges: [k], bundle: true });
      return arrows.push(bundles.get(key));
    }
    return arrows.push({ source, target, edges: [k], bundle: false });
  });
  const { order, back } = inOrder(nodes, arrows), number = [];
  order.forEach((node, k) => { number[node] = k; });
  const sorted = order.map((node) => nodes[node]);
  arrows = arrows.map((arrow, a) => ({ ...arrow, source: number[arrow.source], target: number[arrow.target], back: back.has(a) }));
  return withChips(sorted, arrows);
};
const withChips = (nodes, arrows) => {  // a leaf is shown again where it is used far from where it stands
  const ahead = arrows.filter((arrow) => !arrow.back);
  const ranks = ranksOf(nodes.length, ahead.map(({ source, target }) => [source, target]));
  const uses = nodes.map(() => []);
  ahead.forEach((arrow) => uses[arrow.source].push(arrow));
  const chips = [], before = nodes.map(() => []);
  nodes.forEach((node, n) => {
    if (node.fold || !data.boxes[node.box].leaf || data.boxes[node.box].kind === "constant") return;
    for (const arrow of uses[n]) {
      if (ranks[arrow.target] - ranks[n] < 2) continue;
      const chip = { chip: node.box, edges: arrow.edges };
      before[arrow.target].push([chip, arrow]);
      chips.push(chip);
    }
  });
  if (!chips.length) return { nodes, arrows };
  const all_ = [], place = new Map();  // chips stand before what they go into: the order is kept
  nodes.forEach((node, n) => {
    for (const [chip] of before[n]) { place.set(chip, all_.length); all_.push(chip); }
    place.set(node, all_.length);
    all_.push(node);
  });
  const chipOf = new Map(before.flat().map(([chip, arrow]) => [arrow, chip]));
  const rerouted = arrows.map((arrow) => ({
    ...arrow, source: place.get(chipOf.get(arrow) ?? nodes[arrow.source]), target: place.get(nodes[arrow.target]),
  }));
  return { nodes: all_, arrows: rerouted };
};

// --- opening and closing ------------------------------------------------------------------------
const setFold = (fold, closed) => {
  if (fold.closed === closed) return;
  fold.closed = closed;
  if (!closed) ancestors(fold).forEach((one) => { one.closed = false; });
};
const folded = (change, focusOn = null) => {  // change what is folded, and keep to what is looked at
  change();
  arrange();
  fitView("expression");
  go(state.step, { still: true });
  if (focusOn) foldElement(focusOn)?.focus();
};
const toggleFold = (fold) => folded(() => setFold(fold, !fold.closed), fold);
const changedFolds = () => folds.filter((fold) => fold.closed !== initially[fold.k]).map((fold) => fold.k);
const paintUnfold = () => {
  $("unfold").hidden = !folds.length || state.view !== "expression";
  $("unfold").setAttribute("aria-pressed", String(!folds.some((fold) => fold.closed)));
};
$("unfold").onclick = () => setAll(folds.some((fold) => fold.closed) ? false : null);
const setAll = (closed) => { if (graphSvg) folded(() => folds.forEach((fold) => setFold(fold, closed ?? initially[fold.k]))); };

// --- a closed fold in the pass ------------------------------------------------------------------
const sideOf = (step) => (forwards() ? forwardOrder : data.operations)[step - 1];
const foldAt = (step) => (step > 0 && state.by === "operation" ? hiddenIn(sideOf(step)) : null);
const stepOver = (direction) => {  // a closed fold is passed through at once
  let next = Math.max(0, Math.min(stepCount(), state.step + direction));
  if (state.view !== "expression" || state.by !== "operation") return next;
  const fold = direction > 0 ? foldAt(next) : foldAt(state.step);
  if (!fold) return next;
  if (direction > 0) while (next < stepCount() && foldAt(next + 1) === fold) next += 1;
  else while (next > 0 && foldAt(next) === fold) next -= 1;
  return next;
};
const foldedFlows = (fold, swept) => {  // what its operations have passed on to what lies outside
  const found = new Map();
  for (const k of fold.outgoing) {
    const edge = edges[k];
    if (edge.constant || !swept.done.has(edge.target)) continue;
    const known = found.get(edge.source) ?? { source: edge.source, sum: 0, count: 0 };
    known.sum += localOf(edge) * swept.totals[edge.target];
    known.count += 1;
    found.set(edge.source, known);
  }
  return [...found.values()];
};
