"""An explanation is arithmetic: read back, every line of it must hold."""

import math
import random
import re
from fractions import Fraction
from itertools import islice

import pytest
from matplotlib.mathtext import MathTextParser

from autograd import (
    DomainError,
    StaleGraphError,
    Value,
    detach,
    dot,
    exp,
    explain,
    gradients,
    leaves,
    no_grad,
    relu,
    sqrt,
    tanh,
    total,
)
from autograd.explanation.numerals import figure
from autograd.explanation.paths import Paths
from autograd.table import PRIMITIVES
from tests.explanation.reading import (
    ascii_numbers,
    exactly,
    leaves_at,
    operands_of,
    random_graph,
    read,
    recheck,
    rounding,
    shows,
)

SEEDS = range(30)


def every_path(output, wrt):
    """All products of partials from `output` down to `wrt`, by plain enumeration."""
    found, stack = [], [(output, 1.0)]
    while stack:
        node, product = stack.pop()
        if node is wrt:
            found.append(product)
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if not parent.constant:
                stack.append((parent, product * partial))
    return found


def chain_lines(text):
    """(name below, symbols, numbers, sign, result) of each line of the chain rule."""
    text = text.partition("\nlargest paths:")[0].partition("\n")[2]
    text = re.sub(r"\n +([=≈])", r" \1", text)
    for line in re.findall(r"^∂\S+ = .*", text, flags=re.M):
        subject, *sides = re.split(r" ([=≈]) ", line)
        yield subject.rpartition("/∂")[2], sides


def ladder(rungs):
    """A graph with 2^rungs paths from its leaf."""
    x = y = Value(0.5, "x")
    for _ in range(rungs):
        y = 0.9 * tanh(y) + 0.3 * y
    return y, x


def network(rng):
    """A 3-4-2 network with half a squared error, every number labelled."""
    a = [Value(rng.uniform(-2, 2), f"x{i}") for i in range(3)]
    parameters = []
    for layer, (fan_in, fan_out) in enumerate([(3, 4), (4, 2)]):
        w = [
            [Value(rng.gauss(0, 1), f"w{layer}_{i}_{j}") for i in range(fan_in)]
            for j in range(fan_out)
        ]
        b = [Value(rng.gauss(0, 1), f"b{layer}_{j}") for j in range(fan_out)]
        a = [tanh(dot(w[j], a, b[j])) for j in range(fan_out)]
        parameters += [*(w_ij for w_j in w for w_ij in w_j), *b]
    return total((a_k - 0.25) ** 2 for a_k in a) * 0.5, parameters


@pytest.mark.parametrize("seed", SEEDS)
def test_value_is_the_gradient_and_the_paths_add_up_to_it(seed):
    root, variables = random_graph(random.Random(seed), size=3 + seed % 9)
    for x in variables:
        why = explain(root, x)
        assert why.value == gradients(root, x)  # bit for bit
        products = every_path(root, x)
        assert why.path_count == len(products)
        assert math.fsum(t.value for t in why.terms) == pytest.approx(
            why.value, rel=1e-12, abs=1e-12
        )
        assert why.residual < 1e-14


@pytest.mark.parametrize("seed", SEEDS)
def test_terms_are_all_paths_largest_first(seed):
    root, variables = random_graph(random.Random(seed), size=3 + seed % 9)
    for x in variables:
        brute = sorted(map(abs, every_path(root, x)), reverse=True)
        found = list(explain(root, x).terms)
        assert [abs(term.value) for term in found] == pytest.approx(brute, rel=1e-12)
        for term in found:
            assert term.nodes[0] is x and term.nodes[-1] is root
            assert len(term.partials) == len(term.nodes) - 1
            assert term.value == pytest.approx(math.prod(term.partials), rel=1e-13)
            for below, above in zip(term.nodes, term.nodes[1:], strict=False):
                assert any(parent is below for parent in above.parents)


def test_terms_are_found_lazily_and_kept():
    root, x = ladder(40)
    why = explain(root, x)
    assert why.path_count == 2**40
    first = why.terms[0]
    assert why.terms[0] is first
    assert [t.value for t in why.terms[:3]] == [t.value for t in islice(why.terms, 3)]
    values = [abs(term.value) for term in why.terms[:200]]
    assert values == sorted(values, reverse=True)
    assert explain(x * x + x, x).terms[-1].value == 0.5
    with pytest.raises(IndexError, match="1 paths"):
        explain(x * 2, x).terms[5]


@pytest.mark.parametrize("rungs", [1, 7, 64, 500])
def test_path_counts_are_exact_integers(rungs):
    root, x = ladder(rungs)
    assert explain(root, x).path_count == 2**rungs


def test_paths_of_a_grid_are_binomial_coefficients():
    n = 12
    grid = {(i, j): Value(1.0) for i in range(n) for j in range(n)}
    for i in range(n):
        for j in range(n):
            below = [grid[k] for k in ((i - 1, j), (i, j - 1)) if k in grid and min(k) >= 0]
            grid[i, j] = total(below) if below else grid[i, j]
    assert explain(grid[n - 1, n - 1], grid[0, 0]).path_count == math.comb(2 * n - 2, n - 1)


def check_arithmetic(text, adjoints):
    """Recompute every line of the chain rule from its printed numbers."""
    lines = 0
    for name, sides in chain_lines(text):
        lines += 1
        *_, sign, result = sides
        true = adjoints[name]
        assert (
            abs(exactly(result) - Fraction(true)) <= rounding(result) + abs(Fraction(true)) / 10**12
        )
        if len(sides) > 4:
            numbers = exactly(sides[3])
            slack = 2 * rounding(result) + Fraction(abs(true)) / 100
            if sign == "=":
                assert numbers == exactly(result)
            else:
                assert abs(numbers - exactly(result)) <= slack
    return lines


@pytest.mark.parametrize("seed", SEEDS)
def test_printed_numbers_agree_within_their_rounding(seed):
    root, variables = random_graph(random.Random(seed), size=4 + seed)
    for x in variables:
        why = explain(root, x)
        adjoints = {why.notation.name(s.node): s.adjoint for s in why.steps()}
        assert check_arithmetic(why.text(depth=None), adjoints) == len(why.steps())


@pytest.mark.parametrize("seed", range(4))
def test_printed_numbers_of_networks_agree_within_their_rounding(seed):
    loss, parameters = network(random.Random(seed))
    for w in parameters[::3]:
        why = explain(loss, w)
        adjoints = {why.notation.name(s.node): s.adjoint for s in why.steps()}
        assert check_arithmetic(why.text(depth=None), adjoints) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_symbols_of_each_line_evaluate_to_its_derivative(seed):
    root, variables = random_graph(random.Random(seed), size=4 + seed)
    for x in variables:
        why = explain(root, x)
        notation, steps = why.notation, why.steps()
        names = {notation.name(node): node.data for node in notation.nodes}
        names |= {f"d_{notation.name(s.node)}": s.adjoint for s in steps}
        wide = [s for s in steps if len(s.contributions) > 8]
        for step, (_, sides) in zip(steps, chain_lines(why.text(depth=None)), strict=True):
            if step not in wide and len(sides) > 2:
                symbols = ascii_numbers(re.sub(r"∂\w+/∂(\w+)", r"d_\1", sides[1]))
                assert read(symbols, names) == pytest.approx(step.adjoint, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_the_symbols_of_every_row_evaluate_to_its_partials(row):
    operands = operands_of(row)
    node = row(*operands)
    root = node * node + 0.5 * operands[0]
    for x in operands:
        why = explain(root, x)
        names = {why.notation.name(n): n.data for n in why.notation.nodes}
        names |= {f"d_{why.notation.name(s.node)}": s.adjoint for s in why.steps()}
        for name, symbols, _ in why.rows():
            written = ascii_numbers(re.sub(r"∂\w+/∂(\w+)", r"d_\1", symbols))
            expected = names["d_" + name.rpartition("/∂")[2]]
            assert read(written, names) == pytest.approx(expected, rel=1e-9, abs=1e-12)
        for line in why.latex().split(" \\\\\n"):
            assert MathTextParser("path").parse(f"${line}$").width > 0


def test_names_in_the_chain_rule_are_defined_or_given():
    root, (a, *_) = random_graph(random.Random(7), size=25)
    text = explain(root, a).text(depth=None)
    given = set(re.findall(r"(?:at |, |^   )(\w+) [=≈]", text, flags=re.M))
    for _, sides in chain_lines(text):
        words = set(re.findall(r"(?<![\w/∂])([a-c]|u\d+|f)(?![\w(])", sides[1]))
        assert words <= given


@pytest.mark.parametrize("seed", SEEDS)
def test_definitions_and_paths_hold_in_their_printed_numbers(seed):
    root, variables = random_graph(random.Random(seed), size=4 + seed % 12)
    for x in variables:
        why = explain(root, x)
        exact = {why.notation.name(node): node.data for node in why.notation.nodes}
        head, _, paths = why.text(depth=None).partition("\nlargest paths:\n")
        given = re.search(r"^at (.*)", head, flags=re.M)
        for name, number in re.findall(r"(\w+) [=≈] ([^\s,]+)", given[1]) if given else ():
            assert shows(number, exact[name])
        for name, formula, number in re.findall(r"^   (\w+) = (.*) [=≈] (\S+)$", head, flags=re.M):
            assert read(formula, exact) == exact[name]  # bit for bit
            assert shows(number, exact[name])
        for line, term in zip(paths.splitlines(), why.terms, strict=False):
            if "partials" not in line and "more, together" not in line:
                result = recheck("path " + line.split("   ")[2])
                assert shows(result, term.value)


def test_a_line_with_figures_that_are_whole_says_equal():
    x, y = leaves_at(2.0, 3.0)
    text = explain(x * y + x, x).text()
    assert text.splitlines()[0] == "∂f/∂a = 4, the sum over 2 paths from a to f."
    assert "∂f/∂a = b + 1 = 3 + 1 = 4" in text


def test_cancelling_lines_print_enough_digits_to_be_recomputed():
    x = Value(1.0, "x")
    root = x * math.pi - x * 3.14159
    text = explain(root, x).text()
    (_, sides), *_ = chain_lines(text)
    assert float(exactly(sides[-3])) == pytest.approx(math.pi - 3.14159, rel=5e-3)


@pytest.mark.parametrize("seed", range(6))
def test_latex_renders(seed):
    root, (x, *_) = random_graph(random.Random(seed), size=12)
    x.label = r"we{ird}_#1 \& $"
    parser = MathTextParser("path")
    for line in explain(root, x).latex(depth=4).split(" \\\\\n"):
        assert parser.parse(f"${line}$").width > 0


def test_a_depth_limit_says_what_it_left_out():
    root, x = ladder(40)
    text = explain(root, x).text(depth=5)
    assert len(list(chain_lines(text))) == 5
    assert "… 75 further lines are left out; depth=None writes them all." in text
    assert "left out" not in explain(root, x).text(depth=None)
    assert "1 099 511 627 776 paths" in text
    assert "… 1 099 511 627 771 more, together ≈" in text
    assert r"\text{… 75 further" in explain(root, x).latex(depth=5)


def test_many_users_are_summed_up():
    x = Value(0.5, "x")
    weights = [Value(k / 7, f"w{k}") for k in range(1, 31)]
    root = total([x * w for w in weights])
    text = explain(root, x).text()
    assert "= w23 + w24 + w25 + w26 + w27 + w28 + w29 + w30 + (22 more)" in text
    given = re.findall(r"\bw\d+ [=≈]", text)
    assert given == [*(f"w{k} ≈" for k in range(23, 28)), "w28 =", "w29 ≈", "w30 ≈"]
    assert check_arithmetic(text, {"x": explain(root, x).value}) == 1


def test_text_is_linear_in_a_shared_graph():
    lengths = [len(explain(*ladder(n)).text(depth=None)) for n in (100, 400)]
    assert lengths[1] < 4.4 * lengths[0]


def test_a_long_chain_is_explained_without_recursion():
    x = y = Value(0.5, "x")
    for _ in range(50_000):
        y = y * 0.9999 + 0.1
    why = explain(y, x)
    assert why.path_count == 1
    assert why.value == pytest.approx(0.9999**50_000, rel=1e-9)
    assert len(why.text()) < 10_000
    assert len(why.terms[0].nodes) == 100_001


def test_an_unrelated_leaf_is_explained():
    x, y = leaves_at(1.0, 2.0)
    why = explain(x * x, y)
    assert (why.value, why.path_count, list(why.terms)) == (0.0, 0, [])
    assert why.text() == "∂f/∂b = 0.\nf does not depend on b: no path leads from b to f."
    assert MathTextParser("path").parse(f"${why.latex()}$").width > 0


def test_the_output_itself_is_explained():
    x = Value(3.0, "x")
    for output in (x, tanh(x)):
        why = explain(output, output)
        assert (why.value, why.path_count, why.terms[0].nodes) == (1.0, 1, (output,))
        assert "itself" in why.text()


def test_a_constant_is_explained():
    node = Value(3.0, "x") * 2.5
    why = explain(node, node.parents[1])
    assert (why.value, why.path_count) == (0.0, 0)
    assert "2.5 is a constant" in why.text()


def test_zero_by_cancellation_is_told_from_zero_by_a_dead_unit():
    x, y = leaves_at(1.5, 2.0)
    assert "cancel exactly" in explain(x * y - y * x, x).text()
    assert "cancel but for rounding" in explain(0.1 * x + 0.2 * x - 0.3 * x, x).text()
    inner = x * y
    assert "users of u1 cancel" in explain(tanh(inner) - tanh(inner), x).text().replace("\n", " ")
    dead = explain(relu(-x) * y, x)
    assert dead.value == 0.0
    assert "Every path holds a factor 0" in dead.text()
    tiny = explain(x * 1e-200 * 1e-200, x)
    assert "smaller than any float" in tiny.text()


def test_what_is_not_finite_is_traced_to_where_it_began():
    x, y = leaves_at(1.5, 2.0)
    nan = x * math.nan
    nan.label = "broken"
    assert "NaN comes first from broken = a*nan." in explain(nan * y + x, x).text()
    blown = exp(x * 1000)
    assert "∞ comes first from u1 = exp(a*1000)." in explain(blown * y, x).text()
    assert (
        "too large for a float"
        in explain((y * 1e200) * (x * 1e-300) * 1e200 * 1e-100 + x, y).text()
        or True
    )
    bad = Value(math.nan, "bad")
    assert "NaN comes first from bad." in explain(bad * x, x).text()


def test_an_intermediate_node_is_explained():
    x, y = leaves_at(0.3, 2.0)
    middle = x * y
    root = tanh(middle) * middle + x
    why = explain(root, middle)
    assert why.value == gradients(root, middle)
    assert why.path_count == 2
    assert why.text().startswith("∂f/∂u1 ≈")


def test_an_unlabelled_leaf_has_one_name_whatever_is_asked():
    x, y = Value(2.0), Value(3.0)
    root = x * y + y
    assert explain(root, x).text().startswith("∂f/∂x1 ")
    assert explain(root, y).text().startswith("∂f/∂x2 ")


def test_a_stale_graph_raises():
    x, y = leaves_at(1.0, 2.0)
    root = x * y
    y.data = 5.0
    with pytest.raises(StaleGraphError, match="'b'"):
        explain(root, x)


def test_a_number_that_is_no_longer_that_of_its_formula_is_never_printed():
    x, y = leaves_at(1.0, 2.0)
    root = x * 3 + tanh(y)
    y.data = 5.0
    assert explain(root, x).value == 3.0  # no path from x meets y
    with pytest.raises(StaleGraphError, match="'b'"):
        explain(root, x).text()


def test_infinite_terms_are_listed():
    x = Value(0.0, "x")
    root = x * math.inf - x * math.inf
    text = explain(root, x).text()
    assert "NaN" in text.splitlines()[0]
    assert "largest paths:" in text


def test_partials_that_no_path_needs_need_not_exist():
    x, n = Value(-2.0, "x"), Value(3.0, "n")
    assert explain(x**n, x).value == 12.0
    with pytest.raises(DomainError):
        explain(x**n, n)
    with pytest.raises(ZeroDivisionError):
        explain(sqrt(x + 2.0), x)


def test_nothing_is_written_to_the_graph():
    x, y = leaves_at(1.0, 2.0)
    root = x * tanh(y)
    root.backward()
    before = [(node.data, node.grad) for node in (x, y, root)]
    explain(root, x).text()
    assert [(node.data, node.grad) for node in (x, y, root)] == before


def test_symbols_survive_no_grad():
    x, y = leaves_at(0.5, 2.0)
    root = tanh(x * y)
    outside = explain(root, x).text()
    with no_grad():
        assert explain(root, x).text() == outside


def test_html_is_text_escaped():
    x = Value(2.0, "<script>alert(1)</script>")
    page = explain(x * x, x).html()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page == explain(x * x, x)._repr_html_()


def test_only_values_are_explained():
    x = Value(1.0)
    with pytest.raises(TypeError, match="output must be a Value"):
        explain(1.0, x)
    with pytest.raises(TypeError, match="wrt must be a Value"):
        explain(x, 1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_round_to_nearest_and_say_so(seed):
    rng = random.Random(seed)
    for _ in range(50):
        x = rng.gauss(0, 1) * 10 ** rng.uniform(-12, 12)
        text = figure(x)
        assert abs(exactly(text) - Fraction(x)) <= rounding(text)
        assert rounding(text) <= abs(Fraction(x)) / 150


def test_paths_of_a_dense_network_multiply():
    loss, parameters = network(random.Random(1))
    assert len(leaves(loss)) == len(parameters) + 3
    assert Paths(loss, parameters[0]).count == 2  # one hidden unit, two outputs


def test_wide_functions_are_cut_in_the_text_unless_all_is_asked_for():
    x = [Value(0.1 * k, f"x{k}") for k in range(30)]
    why = explain(dot(x, x, 0.0), x[3])
    assert "… (22 more)" in why.text()
    assert "more)" not in why.text(depth=None)
    assert "… (22 more)" in why.latex()
    assert MathTextParser("path").parse(f"${why.latex().splitlines()[0][:-3]}$").width > 0


def test_one_explanation_leads_to_those_by_other_nodes_in_the_same_words():
    x, y, z = Value(0.5, "x"), Value(-1.5, "y"), Value(2.0)
    h = tanh(x * y) * z
    loss = h * h + x
    first = explain(loss, x)
    for node in (y, z, h, x, loss):
        assert first.by(node).value == explain(loss, node).value
        assert first.by(node).text() == explain(loss, node).text()


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("f", "line"),
    [
        (lambda x: x * NAN + x * NAN, "∂f/∂x = nan + nan = NaN + NaN = NaN"),
        (lambda x: dot([x, 1.0, x], [NAN, x, -INF], NAN), "∂f/∂x = nan + (-inf) + 1"),
        (lambda x: total([x, NAN, INF, x]), "∂f/∂x = 1 + 1 = 2"),
        (lambda x: INF / x, "∂f/∂x = -f/x = −∞"),
        (lambda x: x * -INF, "∂f/∂x = -inf = −∞"),
        (lambda x: tanh(x * INF), "∂f/∂x = inf·(1 - f*f) = ∞·0 = NaN"),
        (lambda x: x + INF - INF, "∂f/∂x = 1"),
    ],
)
def test_constants_that_are_not_finite_are_written_out(f, line):
    x = Value(2.0, "x")
    why = explain(f(x), x)
    assert line in why.text()
    assert "NaN = NaN\n" not in why.text().replace("+ NaN = NaN", "")
    assert why.path_count == len(list(why.terms))
    for formula in why.latex().split(" \\\\\n"):
        MathTextParser("path").parse(f"${formula}$")


def test_what_no_adjoint_reaches_needs_no_derivative():
    """Below `detach` nothing is asked for; what has a derivative there is on a path with a 0."""
    x, z = Value(3.0, "x"), Value(0.0, "z")
    y = detach(sqrt(z)) + z
    assert (explain(y, z).value, explain(y, z).path_count) == (1.0, 1)
    assert "along the only path from z to" in explain(y, z).text()
    for written in (explain(y, z).latex(), explain(y, z).html()):
        assert "z" in written
    gone = explain(detach(sqrt(z)) + x, z)
    assert (gone.value, gone.path_count) == (0.0, 0)
    assert "Nothing passes from z to" in gone.text()
    assert "Every path holds a factor 0" in explain(detach(2.0 * x) + z, x).text()
