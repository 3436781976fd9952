"""The derivation of one gradient of a network, told in layers, down to the loss.

The unit formulas are those of `autograd.explanation.network`, with the numbers of a probe; the loss
is explained by `autograd.explain`. Over a batch each gradient is a mean over the examples.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from autograd import Value, explain
from autograd.explanation.network import GENERAL, Line, Network, formula_latex, largest
from autograd.explanation.notation import gathered
from autograd.explanation.numerals import figure, is_exact, latex_of

if TYPE_CHECKING:
    from nn.probing.run import Run

PATHS = (
    re.compile(r"(?:layers\.(?P<layer>\d+)\.)?(?P<kind>[Wwb])(?P<index>(?:\[\d+\])*)"),
    re.compile(r"(?P<kind>[Wba])(?P<number>\d+)(?P<index>\[\d+(?:,\s*\d+)?\])"),
    re.compile(r"(?P<kind>x|inputs)(?P<index>\[\d+\])"),
    re.compile(r"layers\.(?P<layer>\d+)(?P<kind>)(?P<index>)"),
)
LARGEST = 6  # rows and columns of a matrix that are printed


class Derivation:
    """Lines of formulas and numbers, in text and in LaTeX; see `Probe.explain`."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self._lines = lines

    def text(self) -> str:
        """Return the derivation as text."""
        return "\n".join(text for text, _ in self._lines)

    def latex(self) -> str:
        r"""Return the derivation in LaTeX, one formula a line, with \\ between the lines."""
        return " \\\\\n".join(latex for _, latex in self._lines)

    def _repr_latex_(self) -> str:
        return gathered(self.latex())

    __repr__ = __str__ = text


def derivation(run: Run, target: Any) -> Derivation:
    """Return how the derivative by `target` comes about; see `Probe.explain`."""
    kind, layer, index = _located(run, target)
    if kind == "":
        return Derivation(_matrix_form(run, layer))
    if run.batch:
        return Derivation(_mean_over_examples(run, kind, layer, index))
    network = Network(run.layers[0].inputs, run.layers)
    if kind == "W":
        lines = network.weight(layer, *index)
    elif kind == "b":
        lines = network.bias(layer, *index)
    else:
        lines = network.activation(layer, *index)
    rules = [GENERAL[kind], GENERAL["δ"], f"{GENERAL['output']} at the output"]
    general = [(rule, formula_latex(rule)) for rule in rules]
    written = [(line.text(), line.latex()) for line in lines]
    if kind != "a":
        whole = float(getattr(run.layers[layer - 1], f"d{kind}")[index])
        written += _other_ways(lines[0], whole)
    return Derivation([*general, *written, *_loss(run)])


def _other_ways(line: Line, whole: float) -> list[tuple[str, str]]:
    """Return a sentence for a parameter that is tied, or in a penalty."""
    if not abs(whole - line.value) > 1e-9 * abs(whole):
        return []
    words = f"that is {figure(line.value)} of {figure(whole)}: it acts on c in other ways too"
    return [(words, rf"\text{{{words}}}")]


def _loss(run: Run) -> list[tuple[str, str]]:
    """Return c as a formula, and ∂c/∂a for each output."""
    formulas: dict[str, str] = {}
    rows: dict[str, str] = {}
    first, *others = run.layers[-1].nodes.a[:LARGEST]
    loss = explain(run.root, first)
    for why in (loss, *map(loss.by, others)):
        formulas |= zip(why.formulas(), why.formulas(latex=True), strict=True)
        for row, latex in zip(why.rows(), why.rows(latex=True), strict=True):
            name, symbols, numbers = (part.rstrip() for part in row)
            rows[f"{name} = {symbols} {numbers}".rstrip()] = "{} = {} {}".format(*latex)
    return [*formulas.items(), *rows.items()]


def _mean_over_examples(
    run: Run, kind: str, layer: int, index: tuple[int, ...]
) -> list[tuple[str, str]]:
    """Return ∂C/∂W or ∂C/∂b as the mean over the examples, those that matter most written."""
    here, network = run.layers[layer - 1], Network(run.layers[0].inputs, run.layers)
    if kind == "a":
        raise ValueError(
            "over a batch an input has no single derivative; probe one example to explain "
            f"{network.name('a', layer - 1, *index)}."
        )
    factors, value = [here.delta[:, index[-1]].tolist()], float(here.db[index[-1]])
    name = network.name("δ", layer, index[-1])
    if kind == "W":
        factors, value = [here.inputs[:, index[0]].tolist(), *factors], float(here.dW[index])
        name = f"{network.name('a', layer - 1, index[0])}·{name}"
    m, subject = run.m, f"∂C/∂{network.name(kind, layer, *index)}"
    terms, _ = largest([list(term) for term in zip(*factors, strict=True)])
    line = Line(subject, f"1/m·Σ_x {name}", value, terms, [1 / m])
    words = f"the mean over {m} examples; probe one of them to see how its δ comes about"
    return [(line.text(), line.latex()), (words, rf"\text{{{words.replace('δ', 'delta')}}}")]


def _matrix_form(run: Run, layer: int) -> list[tuple[str, str]]:
    """Return the gradients of a whole layer as products of matrices, with their numbers."""
    here, last = run.layers[layer - 1], len(run.layers)
    network = Network(run.layers[0].inputs, run.layers)
    W, a, delta, z, b = (
        network.name(letter, layer - (letter == "a")) for letter in ("W", "a", "δ", "z", "b")
    )
    mean = "1/m·" if run.batch else ""
    m = run.m
    fan_in, fan_out = here.W.shape
    lines = [
        (f"∂C/∂{W} = {mean}{a}ᵀ·{delta}", f"({fan_in},{fan_out}) = ({fan_in},{m})·({m},{fan_out})"),
        (f"∂C/∂{b} = {mean}Σ_x {delta}" if run.batch else f"∂C/∂{b} = {delta}", ""),
    ]
    above = network.name("a", layer)
    upstream = f"∂c/∂{above}"
    if layer < last:
        upstream = f"({network.name('δ', layer + 1)}·{network.name('W', layer + 1)}ᵀ)"
    slope, slopes, times = f"g'({z})", here.slope, " ⊙ "
    if here.slope.ndim > here.z.ndim:  # a softmax: every output depends on every z
        slope, slopes, times = f"∂{above}/∂{z}", here.slope.swapaxes(-1, -2), "·"
    lines.append((f"{delta} = {upstream}{times}{slope}", ""))
    shown = {a: here.inputs, delta: here.delta, f"∂C/∂{W}": here.dW, f"∂C/∂{b}": here.db}
    shown |= {upstream.strip("()"): here.da, slope: slopes}
    found = [(f"{text}   {shape}".rstrip(), formula_latex(text)) for text, shape in lines]
    for name, numbers in shown.items():
        text = _array(numbers)
        found.append((f"   {name} {text}", f"{formula_latex(name)} {latex_of(text)}"))
    return found


def _array(numbers: Any) -> str:
    """Return an array as nested brackets, with the sign of exactness; large ones cut."""
    exact = all(map(is_exact, numbers.ravel().tolist()))
    return f"{'=' if exact else '≈'} {_nested(numbers.tolist())}"


def _nested(numbers: Any) -> str:
    if not isinstance(numbers, list):
        return figure(numbers)
    more = ["…"] * (len(numbers) > LARGEST)
    return f"[{', '.join([*map(_nested, numbers[:LARGEST]), *more])}]"


def _located(run: Run, target: Any) -> tuple[str, int, tuple[int, ...]]:
    """Return what `target` names: "W", "b", "a" or "" (a layer), the layer's number, indices."""
    if isinstance(target, Value):
        names = {value: name for name, value in run.model.named_parameters()}
        target = names.get(target, target.label)
    for path in PATHS:
        match = path.fullmatch(str(target))
        if match and (len(run.layers) == 1 or match.groupdict().get("layer", "") is not None):
            found = match.groupdict()
            index = tuple(map(int, re.findall(r"\d+", found["index"])))
            number = int(found.get("number") or int(found.get("layer") or 0) + 1)
            kind, number, index = _normal(found["kind"], number, index)
            if _exists(run, kind, number, index):
                return kind, number, index
    raise ValueError(
        "explain takes the path of a weight or bias ('layers.0.W[1][0]', 'layers.0.b[2]'), a "
        f"layer ('layers.0') or an input ('x[1]'); got {target!r}. "
        "Paths are those of named_parameters()."
    )


def _normal(kind: str, number: int, index: tuple[int, ...]) -> tuple[str, int, tuple[int, ...]]:
    """Return a place in the notation of layers: a neuron's w[i] is W[i][0], x is a of layer 0."""
    if kind in ("x", "inputs"):
        return "a", 0, index
    if kind == "w":
        return "W", number, (*index, 0)
    if kind in "Wb" and len(index) < 1 + (kind == "W"):
        return (kind, number, (0,)) if kind == "b" else ("", number, ())
    return kind, number, index


def _exists(run: Run, kind: str, number: int, index: tuple[int, ...]) -> bool:
    if kind == "a":
        sizes = [len(run.layers[0].W), *(layer.W.shape[1] for layer in run.layers[:-1])]
        return 0 <= number < len(sizes) and index[0] < sizes[number]
    if not 1 <= number <= len(run.layers):
        return False
    shape = {"W": run.layers[number - 1].W.shape, "b": run.layers[number - 1].b.shape, "": ()}
    return len(index) == len(shape[kind]) and all(
        k < n for k, n in zip(index, shape[kind], strict=True)
    )
