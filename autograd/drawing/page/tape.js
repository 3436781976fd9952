// A graph that is computed in the page: forward from its leaves, back from its root.
const tape = data.tape;
const nodes = tape ? tape.nodes : [];
const engine = {
  values: Float64Array.from(tape ? tape.data : [], Number),
  grads: Float64Array.from(tape ? tape.grads : [], Number),
};
const computed = nodes.flatMap((node, k) => (node ? [k] : []));
const operands = nodes.map((node) => (node ? node.slice(1) : []));
const inputs = operands.map((places) => new Array(places.length));
const offsets = [];
let partialCount = 0;
for (const places of operands) { offsets.push(partialCount); partialCount += places.length; }
const ruleOf = nodes.map((node) => (node && node[0] >= 0 ? rules[node[0]] : null));
const frozen = new Map(tape ? Object.entries(tape.partials)
  .map(([place, partials]) => [Number(place), partials.map(Number)]) : []);
const rows = tape && tape.rows && tape.rows.length > 1
  ? tape.rows.map((row) => Float64Array.from(row, Number)) : null;
const unreached = new Set(tape ? tape.unreached : []);  // nothing passes on any way there
const varying = new Set(rows ? tape.varying : []);

const live = {
  changed: false,  // until then every number is the engine's
  values: engine.values.slice(),
  grads: engine.grads.slice(),
  locals: new Float64Array(partialCount),
};

const gather = (k, values) => {
  const x = inputs[k], places = operands[k];
  for (let i = 0; i < places.length; i += 1) x[i] = values[places[i]];
  return x;
};
const forward = (values) => {
  for (const k of computed) if (ruleOf[k]) values[k] = ruleOf[k].forward(gather(k, values));
};
const backward = (values, grads, locals) => {
  grads.fill(0);
  grads[tape.root] = 1;
  for (let at = computed.length - 1; at >= 0; at -= 1) {
    const k = computed[at], places = operands[k], adjoint = grads[k];
    const partials = ruleOf[k] ? ruleOf[k].partials(gather(k, values), values[k]) : frozen.get(k);
    for (let i = 0; i < places.length; i += 1) {
      locals[offsets[k] + i] = partials[i];
      if (!unreached.has(k)) grads[places[i]] += partials[i] * adjoint;
    }
  }
};
const place = (row, values) => tape.varying.forEach((leaf, k) => { values[leaf] = row[k]; });

// The mean over the examples: of every number and of every gradient.
const mean = (values, grads, locals) => {
  const sums = { values: new Float64Array(values.length), grads: new Float64Array(values.length) };
  for (const row of rows) {
    place(row, values);
    forward(values);
    backward(values, grads, locals);
    for (let k = 0; k < values.length; k += 1) {
      sums.values[k] += values[k];
      sums.grads[k] += grads[k];
    }
  }
  for (let k = 0; k < values.length; k += 1) {
    if (nodes[k] || varying.has(k)) values[k] = sums.values[k] / rows.length;
    grads[k] = sums.grads[k] / rows.length;
  }
  grads[tape.root] = 1;
};
const compute = () => {
  live.changed = true;
  if (rows) return mean(live.values, live.grads, live.locals);
  forward(live.values);
  backward(live.values, live.grads, live.locals);
};
const costAt = (leaf, number) => {  // C where one leaf has another number
  const values = live.values.slice();
  values[leaf] = number;
  if (!rows) { forward(values); return values[tape.root]; }
  let sum = 0;
  for (const row of rows) { place(row, values); forward(values); sum += values[tape.root]; }
  return sum / rows.length;
};
const restore = () => {
  live.values.set(engine.values);
  live.grads.set(engine.grads);
  live.changed = false;
};

// --- the numbers that have names ------------------------------------------------------
const named = new Map(tape ? Object.entries(tape.names) : []);  // name → place
const nameOfPlace = new Map([...named].map(([name, k]) => [k, name]));
const aliases = new Map();  // W1[1,0] for a weight that has another label
const learning = tape ? tape.learn : [];
const isLeaf = (k) => !nodes[k];
const indexed = new Set(tape ? tape.indexed : []);
const wholes = new Map();  // leaves that are an index → how many there are to choose from
for (const k of computed) {
  const last = operands[k].at(-1);
  if (indexed.has(k) && isLeaf(last)) wholes.set(last, operands[k].length - 1);
}
const placeOf = (name) => {
  const k = named.get(name) ?? aliases.get(name);
  if (k === undefined) throw new Error(`no number is called ${name}; there are ${[...named.keys()].slice(0, 12).join(", ")} …`);
  return k;
};
const canChange = (k) => k !== undefined && isLeaf(k) && !varying.has(k);
const within = (k, x) => (wholes.has(k) ? Math.max(0, Math.min(wholes.get(k) - 1, Math.round(x))) : x);
const change = (k, number) => {
  if (!canChange(k)) throw new Error(`${nameOfPlace.get(k)} is computed, or differs from example to example; change a leaf`);
  live.values[k] = within(k, number);
  compute();
};
const descend = (eta) => {
  if (!live.changed) compute();
  for (const k of learning) live.values[k] -= eta * live.grads[k];
  compute();
};
