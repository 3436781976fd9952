"""A formula, read back by another parser, gives the node's number again."""

import math
import random

import pytest
from matplotlib.mathtext import MathTextParser

import autograd
from autograd import Value, atan2, dot, expression, mean, tanh
from autograd.explanation.notation import Notation, atom, latex_name, numeral
from autograd.table import PRIMITIVES
from tests.explanation.reading import leaves_at, operands_of, random_graph, read


def reread(value, leaves):
    """Evaluate the text of an expression, its named parts first."""
    names = {leaf.label: leaf.data for leaf in leaves}
    formula, *parts = expression(value).text().splitlines()
    for part in reversed(parts):
        name, definition = part.removeprefix(" where").strip().split(" = ")
        names[name] = read(definition, names)
    return read(formula, names)


@pytest.mark.parametrize("seed", range(60))
def test_text_gives_the_number_again_bit_for_bit(seed):
    root, leaves = random_graph(random.Random(seed), size=4 + seed)
    assert reread(root, leaves) == root.data


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_zero_keeps_its_sign(zero):
    a = Value(-0.4, "a")
    for root in (atan2(zero, a), a - zero, dot([a, 1.0], [zero, a], zero)):
        assert reread(root, [a]) == root.data


def test_a_negative_zero_is_not_written_as_an_integer():
    assert expression(atan2(-0.0, Value(-0.4, "a"))).text() == "atan2(-0.0, a)"


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_every_row_of_the_table_is_written_and_read_back(row):
    operands = operands_of(row)
    node, a = row(*operands), operands[0]
    assert reread(node, operands) == node.data
    for wrapped in (node * 2 - a, 3 - node, -node, (node + 1.5) ** 2, node**2):
        assert reread(wrapped, operands) == wrapped.data


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_latex_of_every_row_renders(row):
    node = row(*operands_of(row))
    assert renders(expression(node).latex())
    assert renders(expression((node + 1e-7) ** 2 / -3.5).latex())


def renders(latex):
    parser = MathTextParser("path")
    return all(parser.parse(f"${line}$").width > 0 for line in latex.split(" \\\\\n"))


@pytest.mark.parametrize(
    ("build", "text", "latex"),
    [
        (lambda a, b, c: a - (b - c), "a - (b - c)", "a - (b - c)"),
        (lambda a, b, c: a - b - c, "a - b - c", "a - b - c"),
        (lambda a, b, c: (a + b) * c, "(a + b)*c", r"(a + b) \cdot c"),
        (lambda a, b, c: a + b * c, "a + b*c", r"a + b \cdot c"),
        (lambda a, b, c: a / (b / c), "a/(b/c)", r"\frac{a}{\frac{b}{c}}"),
        (lambda a, b, c: a / (b * c), "a/(b*c)", r"\frac{a}{b \cdot c}"),
        (lambda a, b, c: (a / b) ** c, "(a/b)**c", r"(\frac{a}{b})^{c}"),
        (lambda a, b, c: (a**b) ** c, "(a**b)**c", "(a^{b})^{c}"),
        (lambda a, b, c: a ** (b**c), "a**b**c", "a^{b^{c}}"),
        (lambda a, b, c: (-a) ** 2, "(-a)**2", "(-a)^{2}"),
        (lambda a, b, c: -(a**2), "-a**2", "-a^{2}"),
        (lambda a, b, c: a * -b, "a*(-b)", r"a \cdot (-b)"),
        (lambda a, b, c: -a * b, "-a*b", r"-a \cdot b"),
        (lambda a, b, c: c + -a * b, "c + (-a*b)", r"c + (-a \cdot b)"),
        (lambda a, b, c: a - -2.5, "a - (-2.5)", "a - (-2.5)"),
        (lambda a, b, c: a * 1e-7, "a*1e-07", r"a \cdot (1 \times 10^{-7})"),
        (lambda a, b, c: autograd.exp(a - b) ** c, "exp(a - b)**c", "(e^{a - b})^{c}"),
        (lambda a, b, c: dot((a, b), (c, -2.0), 0.0), "a*c + b*(-2)", r"a \cdot c + b \cdot (-2)"),
        (lambda a, b, c: c * dot((a,), (b,), c), "c*(a*b + c)", r"c \cdot (a \cdot b + c)"),
        (lambda a, b, c: mean((a, b - c)), "(a + (b - c))/2", r"\frac{a + (b - c)}{2}"),
    ],
)  # fmt: skip
def test_brackets_are_those_the_order_needs(build, text, latex):
    formula = expression(build(*leaves_at(1.5, 2.0, 0.5)))
    assert (formula.text(), formula.latex()) == (text, latex)


def test_shared_and_labelled_parts_are_named_once():
    a, b = leaves_at(2.0, 3.0)
    shared = a * b
    h = tanh(shared - 1)
    h.label = "h"
    loss = (h + shared) / shared
    loss.label = "loss"
    assert expression(loss).text().splitlines() == [
        "loss = (h + u1)/u1",
        " where h = tanh(u1 - 1)",
        "       u1 = a*b",
    ]


def test_names_are_stable_and_never_mean_two_nodes():
    first, second, third = Value(1.0, "w"), Value(2.0, "w"), Value(3.0)
    label_like_a_name = Value(4.0, "x1")
    root = first * second + third * label_like_a_name
    assert expression(root).text() == "w*w_2 + x2*x1"
    assert expression(root).text() == expression(root).text()
    notation = Notation(root)
    assert len({notation.name(leaf) for leaf in (first, second, third, label_like_a_name)}) == 4


@pytest.mark.parametrize(
    "label",
    ["a b", "x^2", r"\frac{", "100%", "a_b_c", "#1", "$x$", "a & b", "{}", "~", '"', "'", "`",
     "</script>", "line\nbreak", "\x00", "é", "x" * 10_000, "(a", "-1", "2", "\u202eabc", "a+b",
     "W[1][0]", "layers.0.W[1][0]", "sigma", "delta_3", "θ", ""],
)  # fmt: skip
def test_any_label_is_one_word_and_renders(label):
    x = Value(2.0, label)
    formula = expression(x * (x + 1))
    assert renders(formula.latex())
    assert "\n" not in formula.text()
    assert len(formula.text()) < 120
    name = atom(label) if label else "x1"
    assert formula.text() == f"{name}*({name} + 1)"


def test_labels_read_as_mathematics_where_they_are():
    latex = [latex_name(n) for n in ("x", "x1", "w_12", "alpha", "delta1[0]", "loss", "a_b")]
    assert latex[:5] == ["x", "x_{1}", "w_{12}", r"\alpha", r"\delta_{1}[0]"]
    assert latex[5:] == [r"\text{loss}", r"\text{a\_b}"]


def test_numbers_keep_every_digit():
    assert [numeral(x).text for x in (2.0, -0.5, 0.1, 1e-9)] == ["2", "-0.5", "0.1", "1e-09"]
    assert numeral(-math.inf, latex=True).text == r"-\infty"
    assert numeral(1e300, latex=True).text == r"1 \times 10^{300}"
    third = 1 / 3
    assert float(numeral(third).text) == third


def test_a_leaf_and_a_number_are_their_own_formulas():
    x = Value(3.0, "x")
    assert expression(x).text() == "x"
    assert expression(Value(3.0)).text() == "x1"
    assert expression((x + 2.5).parents[1]).text() == "2.5"
    with pytest.raises(TypeError, match="must be a Value"):
        expression(3.0)


def test_text_is_linear_in_the_graph_and_needs_no_recursion():
    x = y = Value(0.5, "x")
    lengths = {}
    for k in range(1, 20_001):
        y = (y + x) * 0.5
        if k in (5_000, 20_000):
            lengths[k] = len(expression(y).text())
    assert lengths[20_000] < 4.6 * lengths[5_000]
    doubled = Value(1.0, "x")
    for _ in range(60):
        doubled = doubled + doubled  # 2^60 paths
    assert expression(doubled).text().count("\n") == 59


def test_notebooks_see_latex():
    x = Value(1.0, "x")
    u = x * 2
    assert expression(x + 1)._repr_latex_() == "$$x + 1$$"
    assert expression(u + u)._repr_latex_() == (
        "$$\\begin{gathered}u_{1} + u_{1} \\\\\nu_{1} = x \\cdot 2\\end{gathered}$$"
    )


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "text", "latex"),
    [
        (("w_in", "win"), "w_in*win", r"\text{w\_in} \cdot \text{win}"),
        (("a_b", "ab"), "a_b*ab", r"\text{a\_b} \cdot \text{ab}"),
        (("loss_", "loss"), "loss_*loss", r"\text{loss\_} \cdot \text{loss}"),
        (("x1", "x_1"), "x1*x_1_2", r"x_{1} \cdot \text{x\_1\_2}"),  # one name in LaTeX
        (("w", "w"), "w*w_2", r"w \cdot w_{2}"),
        (("iota", "upsilon"), "iota*upsilon", r"\iota \cdot \upsilon"),
        (("Upsilon", "iota_1"), "Upsilon*iota_1", r"\Upsilon \cdot \iota_{1}"),
        (("upsilon[0]", "iotas"), "upsilon[0]*iotas", r"\upsilon[0] \cdot \text{iotas}"),
    ],
)
def test_two_labels_are_two_names(labels, text, latex):
    product = Value(2.0, labels[0]) * Value(3.0, labels[1])
    assert expression(product).text() == text
    assert expression(product).latex() == latex
    assert renders(latex)
