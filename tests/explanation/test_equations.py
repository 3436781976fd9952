"""Every equation that explanations print is worked out again, in all its forms, and counted."""

import re
from html import unescape

import pytest

from autograd import explain, gradients, topological
from autograd.drawing.graph import reading
from autograd.explanation.numerals import figure
from nn import MLP, probe
from tests.drawing.page.test_browser import formula as divided
from tests.drawing.page.test_browser import loop as unrolled
from tests.drawing.page.test_folds import loop, wide
from tests.drawing.page.test_live import classes, formula, recurrent
from tests.explanation.equations import SIGN, agrees, holds, joined
from tests.explanation.reading import exactly, read, rounding
from tests.explanation.test_explaining import network, random


def small():
    p = probe(MLP(2, [3, 1], activation="tanh", seed=3), [0.5, -1.2], [0.8], "half_squared_error")
    return p.root, p.drawing_options()["parameters"]


GRAPHS = {  # and at least how many equations their explanations print
    "formula": (formula, 45),
    "divided": (divided, 50),
    "recurrent": (recurrent, 100),
    "unrolled": (unrolled, 50),
    "classes": (classes, 90),
    "loop": (lambda: loop(8), 70),
    "wide sum": (lambda: wide(12), 130),
    "2-3-1": (small, 150),
    "3-4-2": (lambda: network(random.Random(0)), 340),
}


def numbers(root, text):
    """Return the numbers of all names in a text: of labels, and of what it defines."""
    known = {node.label: node.data for node in topological(root) if node.label}
    for name, written in re.findall(r"^   (\S+) = (.*?) [=≈] \S+$", text, flags=re.M):
        if name not in known:
            known[name] = evaluated(written, known)
    return known


def evaluated(symbols, known):
    """Return what symbols are; names that Python does not read are replaced by their numbers."""
    for name in sorted(known, key=len, reverse=True):
        if not name.isidentifier():
            symbols = symbols.replace(name, f"({known[name]!r})")
    return read(symbols.replace("·", "*").replace("−", "-"), known)


def slopes(root, leaves, text, known):
    """Return ∂root/∂ of all that a text derives, from its symbols, the last line first."""
    found = {}
    rows = [line for line in joined(text.splitlines()) if re.match(r"∂\S+ = ", line)]
    for line in reversed(rows):
        subject, _, symbols, *_ = SIGN.split(line)
        if " more)" in symbols:  # some of them are summed up
            node = next(x for x in leaves if subject.endswith(f"/∂{x.label}"))
            found[subject] = gradients(root, [node])[0]
        else:
            found[subject] = evaluated(symbols, known | found)
    for leaf, grad in zip(leaves, gradients(root, leaves), strict=True):
        for subject in [x for x in found if x.endswith(f"/∂{leaf.label}")]:
            assert found[subject] == pytest.approx(grad, rel=1e-9, abs=1e-12)
    return found


def equations(why, text):
    """Yield what a text states, one equation after the other."""
    paths, rest = iter(why.terms), why.value
    for line in joined(text.splitlines()):
        given = line.removeprefix("at ").rstrip(",").split(", ")
        if all(re.fullmatch(r"\S+ [=≈] \S+", part) for part in given):
            yield from given
        elif "→" in line and "   " in line:
            term = next(paths)
            rest -= term.value
            yield line.rpartition("   ")[2].removeprefix("≈ ").removeprefix("= "), term.value
        elif line.startswith("… ") and "together" in line:
            yield line.partition("together ")[2][2:], rest
        else:
            yield re.sub(r"(, along|, the sum over|\.$).*", "", line)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_printed_equation_holds_and_none_is_skipped(name):
    make, least = GRAPHS[name]
    root, leaves = make()
    seen = 0
    for leaf in leaves[:8]:
        why = explain(root, leaf)
        text = why.text(depth=None)
        known = numbers(root, text)
        known |= slopes(root, leaves, text, known)
        for one in equations(why, text):
            if isinstance(one, str):
                assert holds(one, known)
            else:
                result, value = one
                assert agrees(value, "≈", SIGN.split(result)[-1])
                if "partials" not in result and SIGN.search(result):
                    assert holds(f"product = {result}", {})
            seen += 1
    assert seen >= least


@pytest.mark.parametrize("name", GRAPHS)
def test_latex_and_html_have_the_numbers_of_the_text(name):
    root, leaves = GRAPHS[name][0]()
    for leaf in leaves[:4]:
        why = explain(root, leaf)
        rows = [(subject, symbols, shown) for subject, symbols, shown in why.rows(depth=None)]
        cells = re.findall(r"<td[^>]*><code>(.*?)</code></td>", why.html(depth=None))
        assert list(map(unescape, cells)) == [cell for row in rows for cell in row]
        lines = why.latex(depth=None).split(" \\\\\n")
        for (_, _, shown), line in zip(rows, lines[len(lines) - len(rows) :], strict=True):
            assert not shown or plain(line).endswith(shown)


def plain(latex):
    """Return the numbers of a line of LaTeX as text writes them."""
    text = latex.replace(r" \cdot ", "·").replace(r"\approx", "≈").replace("-", "−")
    return re.sub(r" \\times 10\^\{(.*?)\}", r"e\1", text)


@pytest.mark.parametrize("name", GRAPHS)
def test_contributions_in_pictures_are_local_partial_times_gradient(name):
    """By what is printed: within the roundings of both factors and of the product."""
    root, _ = GRAPHS[name][0]()
    root.backward()
    picture = reading.read([root], topological(root))
    seen = 0
    for edge in picture.edges:
        words = [text for text, _ in edge.words]
        if len(words) == 2:
            grad = figure(picture.boxes[edge.target].grad)
            assert possible(words[0].removeprefix("×"), grad, words[1].removeprefix("⇒ ")), words
            seen += 1
    assert seen or name == "wide sum"


def possible(local, grad, flow):
    """Return whether numbers that round to two figures have a product that rounds to the third."""
    (a, b), (c, d), (low, high) = (interval(text) for text in (local, grad, flow))
    products = [a * c, a * d, b * c, b * d]
    return min(products) <= high and low <= max(products)


def interval(text):
    bare = text.removeprefix("+")
    return exactly(bare) - rounding(bare), exactly(bare) + rounding(bare)
