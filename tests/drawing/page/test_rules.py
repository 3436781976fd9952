"""The arithmetic of the page: every row of the table in JavaScript, beside Python."""

import json
import math
import random
from importlib.resources import files

import pytest

from autograd import Value
from autograd.drawing.page.literals import entry
from autograd.drawing.page.rules import Rules, elementary
from autograd.table import PRIMITIVES, primitive

INDEXED = ("softmax", "log_softmax", "take")
EVALUATE = """([rules, cases]) => cases.map(([place, x]) => {
  const numbers = x.map(Number), out = rules[place].forward(numbers);
  return [out, rules[place].partials(numbers, out), rules[place].textbook
    ? rules[place].textbook(numbers, out) : null].map((all) => JSON.stringify(all,
      (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x)));
})"""


def points(row, rng):
    """Return operands inside the domain, near its ends and far out."""
    if row.arity is None:
        count = 5
        for scale in (0.3, 3.0, 40.0):
            x = [rng.gauss(0, scale) for _ in range(count)]
            yield [*x[:-1], float(rng.randrange(count - 1))] if row.name in INDEXED else x
        return
    for k in range(40):
        yield [_within(domain, rng, k) for domain in row.domain]


def _within(domain, rng, k):
    low, high, _ = domain
    far = 10.0 ** rng.uniform(-3, 1.4 if k % 2 else 0.4)
    if math.isinf(low) and math.isinf(high):
        return rng.choice((-1, 1)) * far
    if math.isinf(high):
        return low + far
    return low + (high - low) * rng.uniform(0.001, 0.999)


def script(rules):
    source = files("autograd.drawing.page").joinpath("elementary.js").read_text(encoding="utf-8")
    return source + rules.script()


def close(found, expected):
    found = float(found)
    if math.isnan(expected) or math.isinf(expected):
        return str(found) == str(expected)
    return abs(found - expected) <= 1e-12 * max(abs(expected), 1e-300)


def test_every_row_is_in_javascript_what_it_is_in_python(browser):
    """Forward, local partials and textbook partials, to 1e-12 of each number."""
    rng, rules, cases = random.Random(7), Rules(), []
    for row in PRIMITIVES.values():
        for x in points(row, rng):
            try:
                out = row.forward(*x)
                partials = row.local(x, out, range(len(x)))
            except (ValueError, ZeroDivisionError):
                continue  # outside of the domain of the two operands together
            place = rules.index(row.name, len(x))
            assert place >= 0, (
                f"{row.name} cannot be computed in the page: say what it is composed of, "
                "or put it into elementary.js"
            )
            cases.append((place, row, x, out, partials))
    assert {row.name for _, row, *_ in cases} == set(PRIMITIVES)
    tab = browser.new_page()
    call = f"(cases) => {{ {script(rules)} return ({EVALUATE})([rules, cases]); }}"
    found = tab.evaluate(call, [[place, list(map(entry, x))] for place, _, x, *_ in cases])
    tab.close()
    wrong = []
    for (_, row, x, out, partials), (forward, locals_, _) in zip(cases, found, strict=True):
        numbers = [json.loads(forward), *json.loads(locals_)]
        for k, (here, there) in enumerate(zip(numbers, [out, *partials], strict=True)):
            if not close(here, float(there)):
                wrong.append((row.name, k, x, here, float(there)))
    assert wrong == []


def test_most_rows_are_made_from_the_table():
    """What Math lacks and other rows say is not written by hand."""
    ours = set(PRIMITIVES) - elementary()
    assert {"relu", "sigmoid", "softplus", "silu", "gelu", "elu", "clip", "sech"} <= ours


@pytest.fixture
def row():
    names = []

    def add(name, *rules, **options):
        names.append(name)
        return primitive(name, *rules, **options)

    yield add
    for name in names:
        del PRIMITIVES[name]
        delattr(Value, name)


def test_a_row_of_ones_own_is_computed_where_it_is_composed(row):
    row("cube", lambda x: x**3, lambda x, out: 3.0 * x * x, composed=lambda x: x * x * x)
    rules = Rules()
    assert rules.index("cube", 1) == 0
    assert "f.cube = (x0) =>" in rules.script()


def test_a_row_that_cannot_be_written_says_so(row):
    row("mystery", lambda x: x**3, lambda x, out: 3.0 * x * x)
    assert Rules().index("mystery", 1) == -1


def test_a_row_that_takes_the_name_of_ours_is_not_taken_for_it(monkeypatch):
    ours = PRIMITIVES["erf"]
    method = Value.erf
    primitive("erf", lambda x: 2.0 * x, lambda x, out: 2.0)
    try:
        assert Rules().index("erf", 1) == -1
    finally:
        PRIMITIVES["erf"], Value.erf = ours, method
