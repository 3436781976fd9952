// Numbers as pictures and explanations show them; `numerals.py` says how.
const figure = (x, digits = 3, signed = false) => {
  if (x === null || x === undefined) return "—";
  if (Number.isNaN(x)) return "NaN";
  const sign = x < 0 ? "−" : signed && x > 0 ? "+" : "";
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size === Infinity) return sign + "∞";
  const plain = size >= 1e-3 && size < 1e4;
  if (plain && size >= 1e3) digits = Math.max(digits, 4);
  const whole = Number(size.toPrecision(Math.max(digits, 5)));
  const exact = Math.abs(whole - size) <= 1e-14 * Math.max(whole, size);
  const text = plain ? (exact ? String(whole) : size.toPrecision(digits))
    : exact ? whole.toExponential() : size.toExponential(digits - 1);
  return sign + text.replace("e+", "e").replace("e-", "e−");
};
const fmt = (x, signed = false) => figure(x, 3, signed);
const reading = (text) => Number(text.replaceAll("−", "-").replace("+", ""));

// Whether printed numbers make `computed` exactly, or but for the rounding of what is printed.
const relation = (computed, printed) => {
  if (!Number.isFinite(computed)) return "=";
  return Math.abs(computed - reading(printed)) <= 1e-14 * Math.abs(computed) ? "=" : "≈";
};
const shown = (x) => `${relation(x, fmt(x))} ${fmt(x)}`;

// Factors with so many digits that who multiplies what is printed arrives at the printed product.
const product = (a, b, value) => {
  let factors, again;
  for (const digits of [3, 4, 5, 6, 7, 9, 12, 17]) {
    factors = [figure(a, digits), figure(b, digits)];
    again = Number.isFinite(value) ? reading(factors[0]) * reading(factors[1]) : value;
    if (!Number.isFinite(again) || again.toPrecision(3) === value.toPrecision(3)) break;
  }
  const [left, right] = factors.map((text) => (text[0] === "−" ? `(${text})` : text));
  return { left, right, sign: relation(again, fmt(value)) };
};

// A line of arithmetic, front · Σ Π terms = value, as explanations write it: `numerals.py`.
const bracketed = (text) => (text[0] === "−" ? `(${text})` : text);
const evaluated = ([front, ...terms]) => front.map(reading).reduce((a, b) => a * b, 1)
  * terms.map((term) => term.map(reading).reduce((a, b) => a * b, 1)).reduce((a, b) => a + b, 0);
const agree = (again, value, terms, front) => {
  const scale = front.reduce((a, b) => a * Math.abs(b), 1)
    * terms.reduce((sum, term) => sum + Math.abs(term.reduce((a, b) => a * b, 1)), 0);
  if (Math.abs(value) <= 1e-12 * scale) return Math.abs(again - value) <= scale / 1000;
  return again.toPrecision(3) === value.toPrecision(3);
};
const near = (a, b, relative, absolute = 0) =>
  Math.abs(a - b) <= Math.max(relative * Math.max(Math.abs(a), Math.abs(b)), absolute);
const arithmetic = (value, terms, front = []) => {
  const numbers = [value, ...front, ...terms.flat()];
  const finite = numbers.every(Number.isFinite);
  let figures, again;
  for (const digits of finite ? [3, 4, 5, 6, 7, 9, 12, 17] : [3]) {
    figures = [front, ...terms].map((factors) => factors.map((x) => figure(x, digits)));
    again = finite ? evaluated(figures) : value;
    if (!finite || agree(again, value, terms, front)) break;
  }
  const products = figures.slice(1).map((term, k) => term
    .map((text) => (term.length === 1 && k === 0 ? text : bracketed(text))).join("·"));
  const inner = products.join(" + ") || "0";
  const written = front.length ? [...figures[0].map(bracketed), `(${inner})`].join("·") : inner;
  const result = fmt(value);
  if (written === result) return shown(value);
  if (!finite) return `= ${written} = ${result}`;
  const whole = figures.flat().every((text, k) => near(reading(text), numbers[k + 1], 1e-14));
  const equal = near(again, reading(result), 1e-13, 1e-300);
  return `${whole ? "=" : "≈"} ${written} ${equal ? "=" : "≈"} ${result}`;
};
const signed = (text) => text.replace(/^([=≈]) (?=[\d∞])(?!0$)/, "$1 +");
