// The functions that everything is made of: those of Math, and those that it lacks. What the
// table of primitives says of the others is written by `rules.py`, in terms of these.
const HALF_SQRT_PI = Math.sqrt(Math.PI) / 2;

// e^(-x²) by the first half of the digits of x, so that a rounded square loses none of the tail.
const bell = (x) => {
  const half = Math.fround(x);
  return Math.exp(-half * half) * Math.exp((half - x) * (half + x));
};
// 2/√π e^(-x²) Σ (2x²)ⁿ x / (2n+1)!!, whose terms have one sign (Abramowitz and Stegun 7.1.6).
const erfSeries = (x) => {
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (bell(x) / HALF_SQRT_PI) * sum;
};
// e^(-x²)/√π 1/(x + ½/(x + 1/(x + 3/2/(x + …)))), for x from 2 (Abramowitz and Stegun 7.1.14).
const erfcFraction = (x) => {
  let fraction = 0;
  for (let n = 160; n > 0; n -= 1) fraction = n / 2 / (x + fraction);
  return bell(x) / (2 * HALF_SQRT_PI) / (x + fraction);
};

const shifted = (values) => {  // e^(x - largest), which cannot overflow
  const peak = values.reduce((a, b) => (b > a ? b : a));
  return [peak, values.map((x) => (x === peak ? 1 : Math.exp(x - peak)))];
};
const logOfSum = (exponentials) => {  // of which the largest is 1
  const rest = [...exponentials];
  rest.splice(rest.indexOf(1), 1);
  return Math.log1p(f.total(rest));
};
// Output k of the generator SplitMix64 that starts at a state, as `autograd/rows/noise.py` has it.
const splitMix = (state, k) => {
  const word = (x) => BigInt.asUintN(64, x);
  let z = word(state + (k + 1n) * 0x9E3779B97F4A7C15n);
  z = word((z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n);
  z = word((z ^ (z >> 27n)) * 0x94D049BB133111EBn);
  return z ^ (z >> 31n);
};
const split = (x) => [x.slice(0, -1), x[x.length - 1]];

const f = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  neg: (x) => -x,
  pow: (x, n) => (x === 1 ? 1 : Math.pow(x, n)),
  abs: Math.abs,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  hypot: Math.hypot,
  exp2: (x) => 2 ** x,
  cbrt: Math.cbrt,
  logaddexp: (x, y) => (x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))),
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  rint: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  fmod: (x, y) => x % y,
  mod: (x, y) => x % y + (x % y !== 0 && x % y < 0 !== y < 0 ? y : 0),
  floordiv: (x, y) => {
    const quotient = (x - f.mod(x, y)) / y, whole = Math.floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
  },
  copysign: (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x)),
  sign: Math.sign,
  detach: (x) => x,
  heaviside: (x) => (x > 0 ? 1 : x <= 0 ? 0 : NaN),
  maximum: (x, y) => (x >= y || Number.isNaN(x) ? x : y),
  minimum: (x, y) => (x <= y || Number.isNaN(x) ? x : y),
  where: (condition, x, y) => (condition !== 0 ? x : y),
  direction: (x, y) => {
    const largest = Math.max(Math.abs(x), Math.abs(y));
    if (largest === 0) return 0;
    if (largest === Infinity) return Math.abs(x) === Infinity ? NaN : 0;
    return x / largest / Math.hypot(x / largest, y / largest);
  },
  erf: (x) => (Math.abs(x) < 2 ? erfSeries(x) : Math.sign(x) * (1 - erfcFraction(Math.abs(x)))),
  erfc: (x) => (x < -2 ? 2 - erfcFraction(-x) : x < 2 ? 1 - erfSeries(x) : erfcFraction(x)),
  uniform_noise: (...place) => {
    if (!place.every(Number.isFinite)) return NaN;
    const [stream, call, example] = place.map((x) => BigInt(Math.trunc(x)));
    return Number(splitMix(splitMix(stream, call), example) >> 11n) * 2 ** -53;
  },
  total: (x) => {
    let sum = 0;
    for (let k = 0; k < x.length; k += 1) sum += x[k];
    return sum;
  },
  mean: (x) => f.total(x) / x.length,
  dot: (x) => {
    const n = (x.length - 1) / 2;
    let sum = 0;
    for (let k = 0; k < n; k += 1) sum += x[k] * x[n + k];
    return sum + x[2 * n];
  },
  logsumexp: (x) => {
    const [peak, exponentials] = shifted(x);
    return peak + logOfSum(exponentials);
  },
  softmax: (x) => {
    const [values, index] = split(x);
    const exponentials = shifted(values)[1];
    return exponentials[index] / f.total(exponentials);
  },
  log_softmax: (x) => {
    const [values, index] = split(x);
    const [peak, exponentials] = shifted(values);
    return (values[index] === peak ? 0 : values[index] - peak) - logOfSum(exponentials);
  },
  take: (x) => x[x[x.length - 1]],
};
