// The numbers of the network as they are now, and the derivation of each of its gradients.
const WIDEST = 8;  // terms of a sum that are written out
const given = data.network && (() => {
  const row = (list) => (list === null ? null : list.map(Number));
  const layers = data.network.layers.map((layer) => ({
    ...layer, W: layer.W.map(row), dW: layer.dW && layer.dW.map(row),
    ...Object.fromEntries(["b", "z", "a", "delta", "slope", "da", "db"].map((name) => [name, row(layer[name])])),
  }));
  return { ...data.network, layers, inputs: row(data.network.inputs),
           cost: data.network.cost === null ? null : Number(data.network.cost) };
})();
const places = data.places ?? null;
if (places) {
  places.inputs.forEach((k, i) => aliases.set(`a0[${i}]`, k));
  places.layers.forEach((layer, l) => {
    layer.W.forEach((row, i) => row.forEach((k, j) => aliases.set(`W${l + 1}[${i},${j}]`, k)));
    layer.b.forEach((k, j) => aliases.set(`b${l + 1}[${j}]`, k));
  });
}

const slopeOf = (z, a) => (z === a ? 1 : operands[a].length === 1 && operands[a][0] === z
  ? live.locals[offsets[a]] : null);
const networkNow = () => {
  if (!live.changed || !places) return given;
  const value = (k) => live.values[k], grad = (k) => live.grads[k];
  const layers = places.layers.map(({ W, b, z, a }, l) => {
    const slope = given.layers[l].slope && z.map((k, j) => slopeOf(k, a[j]));
    return {
      ...given.layers[l], W: W.map((row) => row.map(value)), dW: W.map((row) => row.map(grad)),
      b: b.map(value), db: b.map(grad), z: z.map(value), a: a.map(value), delta: z.map(grad),
      da: given.layers[l].da && a.map(grad), slope: slope && slope.every((x) => x !== null) ? slope : null,
    };
  });
  return { ...given, layers, inputs: places.inputs.map(value), cost: live.values[tape.root] };
};

const weightName = (layer, i, j) => `W${layer}[${i},${j}]`;
const parseWeight = (name) => {
  const match = /^W(\d*)\[(\d+),(\d+)\]$/.exec(name ?? "");
  if (!match || !given) return null;
  const [layer, i, j] = [Number(match[1] || 1), Number(match[2]), Number(match[3])];
  return given.layers[layer - 1]?.W[i]?.[j] === undefined ? null : { layer, i, j };
};
const aOf = (net, layer) => (layer === 0 ? net.inputs : net.layers[layer - 1].a);

// The largest terms of a sum, and the others as one number.
const largest = (terms) => {
  const sizes = terms.map((term) => Math.abs(term.reduce((a, b) => a * b, 1)));
  const rank = sizes.map((_, k) => k)
    .sort((a, b) => (Number.isNaN(sizes[b]) ? Infinity : sizes[b]) - (Number.isNaN(sizes[a]) ? Infinity : sizes[a]) || a - b);
  const kept = rank.slice(0, WIDEST).sort((a, b) => a - b), rest = rank.slice(WIDEST);
  const sum = rest.sort((a, b) => a - b)
    .reduce((total, k) => total + terms[k].reduce((a, b) => a * b, 1), 0);
  return rest.length ? [...kept.map((k) => terms[k]), [sum]] : kept.map((k) => terms[k]);
};
const steps = (head, numbers) => [head, ...numbers.split(/ (?=[=≈] )/)];
const lastSigned = (lines) => [...lines.slice(0, -1), signed(lines.at(-1))];

// How δ of a unit comes about, a line for each step.
const unitLines = (net, layer, j) => {
  const here = net.layers[layer - 1], name = `δ${layer}[${j}]`;
  if (here.delta === null) return [`${name} is not known`];
  const delta = here.delta[j];
  if (net.samples > 1) return [`${name}, ${net.note}: ∂C/∂b${layer}[${j}]`, signed(shown(delta))];
  const next = net.layers[layer];
  if (here.slope === null || (next && next.delta === null)) {
    return [`${name} = ∂C/∂z${layer}[${j}]`, signed(shown(delta))];
  }
  const slope = `g'(z${layer}[${j}])`;
  const lines = !here.formula ? [] : [
    `${slope} = ${here.formula.replaceAll("⟨=⟩", `a${layer}[${j}]`).replaceAll("⟨0⟩", `z${layer}[${j}]`)}`,
    shown(here.slope[j]),
  ];
  if (next) {
    const terms = next.W[j].map((w, k) => [w, next.delta[k]]);
    let formula = `${slope}·Σₖ W${layer + 1}[${j},k]·δ${layer + 1}[k]`;
    if (terms.length > WIDEST) formula += ` [the largest ${WIDEST}, and the sum of ${terms.length - WIDEST} more]`;
    const numbers = arithmetic(delta, largest(terms), [here.slope[j]]);
    return [...lines, ...lastSigned(steps(`${name} = ${formula}`, numbers))];
  }
  const formula = `${slope}·∂c/∂a${layer}[${j}]`;
  const terms = here.da === null ? [[delta]] : [[here.slope[j], here.da[j]]];
  return [...lines, ...lastSigned(steps(`${name} = ${formula}`, arithmetic(delta, terms)))];
};

// How ∂C/∂W_ij = a_i δ_j comes about, a line for each step.
const weightLines = (net, { layer, i, j }) => {
  const here = net.layers[layer - 1], name = `∂C/∂${weightName(layer, i, j)}`;
  if (here.dW === null) return [`${name} is not known`];
  const factors = `a${layer - 1}[${i}]·δ${layer}[${j}]`, gradient = here.dW[i][j];
  if (net.samples > 1) return [`${name} = ${factors}, ${net.note}`, signed(shown(gradient))];
  const a = aOf(net, layer - 1);
  if (a === null || here.delta === null) return [name, signed(shown(gradient))];
  const product = a[i] * here.delta[j];
  return lastSigned(steps(`${name} = ${factors}`, arithmetic(product, [[a[i], here.delta[j]]])));
};
const advice = (gradient) => (gradient === null || gradient === undefined || Number.isNaN(gradient) ? ""
  : gradient === 0 ? "A small step down the gradient leaves it."
  : `A small step down the gradient ${gradient > 0 ? "lowers" : "raises"} it.`);

// How a unit is computed: z = Σ a w + b, a = g(z).
const forwardLines = (net, layer, j) => {
  const here = net.layers[layer - 1], a = aOf(net, layer - 1);
  if (here.z === null || a === null || net.samples > 1) return [`z${layer}[${j}]`];
  const terms = largest(a.map((x, i) => [x, here.W[i][j]]));
  if (here.b) terms.push([here.b[j]]);
  const formula = `z${layer}[${j}] = Σᵢ a${layer - 1}[i]·W${layer}[i,${j}] + b${layer}[${j}]`;
  return [...steps(formula, arithmetic(here.z[j], terms)),
          `a${layer}[${j}] = ${here.activation || "g"}(z${layer}[${j}]) ${shown(here.a[j])}`];
};
