"""The derivation of one gradient of a network, told in layers, down to the loss.

The unit formulas are those of `autograd.explanation.network`, with the numbers of a probe; the loss
is explained by `autograd.explain`. Over a batch each gradient is a mean over the examples.
"""

from __future__ import annotations

import re
from operator import lt
from typing import Any, TypeAlias

from autograd import Value, explain
from autograd.explanation.network import GENERAL, Line, Network, formula_latex, largest
from autograd.explanation.notation import gathered
from autograd.explanation.numerals import figure, is_exact, latex_of
from autograd.text import Text, printed
from nn.probing.normalization import RULES, derivation_of_norm
from nn.probing.run import Run

PATHS = (  # layer counted from 0, letter, layer counted from 1, indices
    re.compile(r"layers\.(\d+)(?:\.([Wwb]))?()((?:\[\d+\])*)"),  # layers.0.W[1][0]
    re.compile(r"()([Wwbax]|inputs)(\d*)((?:\[\d+(?:,\s*\d+)?\])*)"),  # W1[1,0], x[1]
)
NORM = re.compile(r"(?:layers\.(\d+)\.norm\.(weight|bias)|([γβ])(\d*))\[(\d+)\]")
DERIVED = {"W": "weight", "b": "bias", "a": "activation"}  # methods of a network
Place: TypeAlias = tuple[str, int, tuple[int, ...]]  # W b a γ β, "" (a layer); number; indices
LARGEST = 6  # rows and columns of a matrix that are printed


class Derivation:
    """Lines of formulas and numbers, in text and in LaTeX; see `Probe.explain`."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self._lines = lines

    def text(self) -> str:
        """Return the derivation as text."""
        return Text("\n".join(text for text, _ in self._lines))

    def latex(self) -> str:
        r"""Return the derivation in LaTeX, one formula a line, with \\ between the lines."""
        return " \\\\\n".join(latex for _, latex in self._lines)

    def _repr_latex_(self) -> str:
        return gathered(self.latex())

    __repr__ = __str__ = printed(text)


def derivation(run: Run, target: Any) -> Derivation:
    """Return how the derivative by `target` comes about; see `Probe.explain`."""
    kind, layer, index = place = _located(run, target)
    if kind == "":
        return Derivation(_matrix_form(run, layer))
    if kind in RULES:
        found = derivation_of_norm(network_of(run), run.layers[layer - 1], kind, index[0])
        return Derivation([*found, *([] if run.batch else _loss(run))])
    if run.batch:
        return Derivation(_mean_over_examples(run, place))
    network = network_of(run)
    lines: list[Line] = getattr(network, DERIVED[kind])(layer, *index)
    rules = [GENERAL[kind], GENERAL["δ"], f"{GENERAL['output']} at the output"]
    general = [(rule, formula_latex(rule)) for rule in rules]
    written = [(line.text(), line.latex()) for line in lines]
    if kind != "a":
        written += _other_ways(lines[0], getattr(run.layers[layer - 1], f"d{kind}")[index])
    return Derivation([*general, *written, *_loss(run)])


def network_of(run: Run) -> Network:
    """Return the numbers of a run as derivations take them."""
    return Network(run.layers[0].inputs, run.layers)


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


def _mean_over_examples(run: Run, place: Place) -> list[tuple[str, str]]:
    """Return ∂C/∂W or ∂C/∂b as the mean over the examples, those that matter most written."""
    kind, layer, index = place
    here, network = run.layers[layer - 1], network_of(run)
    if kind == "a":
        raise ValueError(
            "over a batch an input has no single derivative; probe one example to explain "
            f"{network.name('a', layer, *index)}."
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
    here, m = run.layers[layer - 1], run.m
    network = network_of(run)
    W, b, delta, z, above = (network.name(letter, layer) for letter in "Wbδza")
    a, (fan_in, fan_out) = network.name("a", layer - 1), here.W.shape
    mean, total = ("1/m·", "1/m·Σ_x ") if run.batch else ("", "")
    upstream = f"∂c/∂{above}"
    if layer < len(run.layers):
        upstream = f"({network.name('δ', layer + 1)}·{network.name('W', layer + 1)}ᵀ)"
    slope, slopes, times = f"g'({z})", here.slope, " ⊙ "
    if here.slope.ndim > here.z.ndim:  # a softmax: every output depends on every z
        slope, slopes, times = f"∂{above}/∂{z}", here.slope.swapaxes(-1, -2), "·"
    shapes = f"   ({fan_in},{fan_out}) = ({fan_in},{m})·({m},{fan_out})"
    lines = [f"∂C/∂{W} = {mean}{a}ᵀ·{delta}", f"∂C/∂{b} = {total}{delta}"]
    lines.append(f"{delta} = {upstream}{times}{slope}")
    found = [(text + ("" if k else shapes), formula_latex(text)) for k, text in enumerate(lines)]
    shown = {a: here.inputs, delta: here.delta, f"∂C/∂{W}": here.dW, f"∂C/∂{b}": here.db}
    shown |= {upstream.strip("()"): here.da, slope: slopes}
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


def _located(run: Run, target: Any) -> Place:
    """Return what `target` names."""
    if isinstance(target, Value):
        names = {value: name for name, value in run.model.named_parameters()}
        target = names.get(target, target.label)
    if found := NORM.fullmatch(str(target)):
        by_path = found[2] is not None
        layer = int(found[1]) + 1 if by_path else int(found[4] or 1)
        kind = {"weight": "γ", "bias": "β"}[found[2]] if by_path else found[3]
        norm = run.layers[layer - 1].norm if 0 < layer <= len(run.layers) else None
        if norm and int(found[5]) < len(norm.weight):
            return kind, layer, (int(found[5]),)
    for match in filter(None, (path.fullmatch(str(target)) for path in PATHS)):
        place = _place(run, *match.groups(""))
        if _exists(run, *place):
            return place
    raise ValueError(
        "explain takes the path of a weight or bias ('layers.0.W[1][0]', 'layers.0.b[2]'), a "
        f"layer ('layers.0') or an input ('x[1]'); got {target!r}. "
        "Paths are those of named_parameters()."
    )


def _place(run: Run, below: str, letter: str, number: str, indices: str) -> Place:
    """Return a place in the notation of layers: a neuron's w[i] is W[i][0], x is a of layer 0."""
    index = tuple(map(int, re.findall(r"\d+", indices)))
    if letter in ("x", "inputs"):
        return "a", -1 if number else 0, index
    layer = int(number or -1) if not below else int(below) + 1
    if layer < 0 and letter != "a":
        layer = 1 if len(run.layers) == 1 else -1
    if letter == "w":
        return "W", layer, (*index, 0)
    if letter == "b":
        return "b", layer, index or (0,)
    return ("", layer, ()) if letter == "W" and len(index) < 2 else (letter, layer, index)


def _exists(run: Run, kind: str, number: int, index: tuple[int, ...]) -> bool:
    k = number - (kind != "a")  # a is what a layer is given, the others are its own
    if not 0 <= k < len(run.layers):
        return False
    W, b = run.layers[k].W, run.layers[k].b
    shape = {"a": W.shape[:1], "W": W.shape, "b": b.shape, "": ()}[kind]
    return len(index) == len(shape) and all(map(lt, index, shape))
