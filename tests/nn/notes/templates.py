"""Right formulas in the notations of textbooks, and the same with a slip of the pen in each.

A template is written once, in letters whose looks a notation decides. Every slip is written out by
hand beside the right formula: that it is wrong is mathematics and not what the checker says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

GREEK = {"δ": r"\delta", "η": r"\eta", "σ": r"\sigma", "Σ": r"\sum", "∂": r"\partial"}


@dataclass(frozen=True)
class Notation:
    """How formulas look: LaTeX or plain, layers as ^l, ^(l), ^[l] or none, which index first."""

    latex: bool
    brackets: str  # "", "()", "[]", or "none" where no layers are written
    order: str = "target"
    vectors: str = "columns"
    first: int = 0
    leaving: bool = False
    g: str = "σ"

    def sign(self, text: str) -> str:
        return GREEK.get(text, text) if self.latex else text

    def script(self, letter: str, units: str = "", off: int = 0, symbol: str = "l") -> str:
        below = f"_{{{units}}}" if units and self.latex else f"_{units}" if units else ""
        if self.brackets == "none":
            return self.sign(letter) + below
        number = symbol + (f"{off:+d}" if off else "")
        opening, closing = self.brackets or ("", "")
        return f"{self.sign(letter)}{below}^{{{opening}{number}{closing}}}"

    def a(self, units: str = "", off: int = 0, symbol: str = "l") -> str:
        return self.script("a", units, off, symbol)

    def z(self, units: str = "", off: int = 0, symbol: str = "l") -> str:
        return self.script("z", units, off, symbol)

    def d(self, units: str = "", off: int = 0, symbol: str = "l") -> str:
        return self.script("δ", units, off, symbol)

    def b(self, units: str = "", off: int = 0) -> str:
        return self.script("b", units, off - self.leaving)

    def w(self, source: str, target: str, off: int = 0, symbol: str = "l") -> str:
        """The weight into layer l + off."""
        units = source + target if self.order == "source" else target + source
        return self.script("W", units, off - self.leaving, symbol)

    def slope(self, units: str, off: int = 0, symbol: str = "l", prime: str = "'") -> str:
        return f"{self.sign(self.g)}{prime}({self.z(units, off, symbol)})"

    def by(self, of: str, by: str) -> str:
        sign = self.sign("∂")
        return rf"\frac{{{sign} {of}}}{{{sign} {by}}}" if self.latex else f"∂{of}/∂{by}"

    def total(self, index: str) -> str:
        return rf"\sum_{{{index}}} " if self.latex else f"Σ_{index} "

    @property
    def times(self) -> str:
        return r" \odot " if self.latex else " ⊙ "

    @property
    def half(self) -> str:
        return r"\frac{1}{2} " if self.latex else "½ "

    @property
    def eta(self) -> str:
        return self.sign("η")

    def wrapped(self, formula: str) -> str:
        return f"${formula}$" if self.latex else formula


@dataclass(frozen=True)
class Written:
    """One formula of a notation, its name, and the same with slips, by the kind of slip."""

    name: str
    right: str
    wrong: dict[str, str] = field(default_factory=dict)


Template = Callable[[Notation], Written]


def indexed(n: Notation) -> list[Written]:
    """Return the per-index formulas, with their slips."""
    a, z, d, b, w, g = n.a, n.z, n.d, n.b, n.w, n.slope
    T, below = n.total, -1
    layered = n.brackets != "none"
    net = f"{z('j')} = "
    hidden = f"{d('j')} = "
    found = [
        Written("z", f"{net}{T('i')}{w('i', 'j')} {a('i', below)} + {b('j')}", {
            "indices": f"{net}{T('i')}{w('j', 'i')} {a('i', below)} + {b('j')}",
            "sign": f"{net}{T('i')}{w('i', 'j')} {a('i', below)} - {b('j')}",
            "a for z": f"{net}{T('i')}{w('i', 'j')} {z('i', below)} + {b('j')}",
            "factor dropped": f"{net}{T('i')}{w('i', 'j')} + {b('j')}",
        }),
        Written("a", f"{a('j')} = {g('j', prime='')}", {
            "g' for g": f"{a('j')} = {g('j')}",
            "sign": f"{a('j')} = -{g('j', prime='')}",
        }),
        Written("δ is", f"{hidden}{n.by('C', z('j'))}", {
            "sign": f"{hidden}-{n.by('C', z('j'))}",
            "a for z": f"{hidden}{n.by('C', a('j'))}",
        }),
        Written("δ", f"{hidden}{g('j')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}", {
            "indices": f"{hidden}{g('j')} {T('k')}{w('k', 'j', 1)} {d('k', 1)}",
            "slope dropped": f"{hidden}{T('k')}{w('j', 'k', 1)} {d('k', 1)}",
            "g for g'": f"{hidden}{g('j', prime='')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}",
            "a for g'": f"{hidden}{a('j')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}",
            "factor dropped": f"{hidden}{g('j')} {T('k')}{w('j', 'k', 1)}",
            "factor added": f"{hidden}{a('j')} {g('j')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}",
            "sign": f"{hidden}-{g('j')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}",
            "number": f"{hidden}2 {g('j')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}",
        }),
        Written("dW", f"{n.by('C', w('i', 'j'))} = {a('i', below)} {d('j')}", {
            "indices": f"{n.by('C', w('i', 'j'))} = {a('j', below)} {d('i')}",
            "slope added": f"{n.by('C', w('i', 'j'))} = {a('i', below)} {d('j')} {g('j')}",
            "factor dropped": f"{n.by('C', w('i', 'j'))} = {d('j')}",
            "a for z": f"{n.by('C', w('i', 'j'))} = {z('i', below)} {d('j')}",
            "sign": f"{n.by('C', w('i', 'j'))} = -{a('i', below)} {d('j')}",
            "number": f"{n.by('C', w('i', 'j'))} = {n.half}{a('i', below)} {d('j')}",
        }),
        Written("db", f"{n.by('C', b('j'))} = {d('j')}", {
            "factor added": f"{n.by('C', b('j'))} = {a('j')} {d('j')}",
            "sign": f"{n.by('C', b('j'))} = -{d('j')}",
            "slope added": f"{n.by('C', b('j'))} = {d('j')} {g('j')}",
        }),
        Written("da", f"{n.by('C', a('j'))} = {T('k')}{w('j', 'k', 1)} {d('k', 1)}", {
            "indices": f"{n.by('C', a('j'))} = {T('k')}{w('k', 'j', 1)} {d('k', 1)}",
            "slope added": f"{n.by('C', a('j'))} = {g('j')} {T('k')}{w('j', 'k', 1)} {d('k', 1)}",
            "sign": f"{n.by('C', a('j'))} = -{T('k')}{w('j', 'k', 1)} {d('k', 1)}",
        }),
        Written("chain", f"{hidden}{n.by('C', a('j'))} {g('j')}", {
            "slope dropped": f"{hidden}{n.by('C', a('j'))}",
            "a for g'": f"{hidden}{n.by('C', a('j'))} {a('j')}",
            "g for g'": f"{hidden}{n.by('C', a('j'))} {g('j', prime='')}",
            "sign": f"{hidden}-{n.by('C', a('j'))} {g('j')}",
        }),
        Written("dz/da", f"{n.by(z('j'), a('i', below))} = {w('i', 'j')}", {
            "indices": f"{n.by(z('j'), a('i', below))} = {w('j', 'i')}",
            "sign": f"{n.by(z('j'), a('i', below))} = -{w('i', 'j')}",
        }),
        Written("da/dz", f"{n.by(a('j'), z('j'))} = {g('j')}", {
            "g for g'": f"{n.by(a('j'), z('j'))} = {g('j', prime='')}",
            "a for g'": f"{n.by(a('j'), z('j'))} = {a('j')}",
        }),
        Written("dz/dW", f"{n.by(z('j'), w('i', 'j'))} = {a('i', below)}", {
            "a for z": f"{n.by(z('j'), w('i', 'j'))} = {z('i', below)}",
            "number": f"{n.by(z('j'), w('i', 'j'))} = 2 {a('i', below)}",
        }),
        Written("dz/dz", f"{n.by(z('k', 1), z('j'))} = {w('j', 'k', 1)} {g('j')}", {
            "indices": f"{n.by(z('k', 1), z('j'))} = {w('k', 'j', 1)} {g('j')}",
            "slope dropped": f"{n.by(z('k', 1), z('j'))} = {w('j', 'k', 1)}",
            "a for g'": f"{n.by(z('k', 1), z('j'))} = {w('j', 'k', 1)} {a('j')}",
        }),
        Written("step", f"{w('i', 'j')} ← {w('i', 'j')} - {n.eta} {a('i', below)} {d('j')}", {
            "indices": f"{w('i', 'j')} ← {w('i', 'j')} - {n.eta} {a('j', below)} {d('i')}",
            "sign": f"{w('i', 'j')} ← {w('i', 'j')} + {n.eta} {a('i', below)} {d('j')}",
            "factor dropped": f"{w('i', 'j')} ← {w('i', 'j')} - {n.eta} {d('j')}",
            "number": f"{w('i', 'j')} ← {w('i', 'j')} - {n.half}{n.eta} {a('i', below)} {d('j')}",
        }),
    ]  # fmt: skip
    return found + (_with_layers(n) if layered else [])


def _with_layers(n: Notation) -> list[Written]:
    """Return formulas and slips that need the number of a layer."""
    a, z, d, w, g, T = n.a, n.z, n.d, n.w, n.slope, n.total
    hidden, last = f"{d('j')} = ", f"{d('j', symbol='L')} = "
    y, end = "y_j", "L"
    return [
        Written("δ by layers", f"{hidden}{T('k')}{d('k', 1)} {w('j', 'k', 1)} {g('j')}", {
            "layer of W": f"{hidden}{T('k')}{d('k', 1)} {w('j', 'k')} {g('j')}",
            "layer of δ": f"{hidden}{T('k')}{d('k')} {w('j', 'k', 1)} {g('j')}",
            "layer of g'": f"{hidden}{T('k')}{d('k', 1)} {w('j', 'k', 1)} {g('j', 1)}",
            "index of g'": f"{hidden}{T('k')}{d('k', 1)} {w('j', 'k', 1)} {g('k', 1)}",
            "L for l": f"{d('j', symbol=end)} = {T('k')}{d('k', 1, end)} "
                       f"{w('j', 'k', 1, end)} {g('j', symbol=end)}",
        }),
        Written("dW by layers", f"{n.by('C', w('i', 'j'))} = {d('j')} {a('i', -1)}", {
            "layer of a": f"{n.by('C', w('i', 'j'))} = {d('j')} {a('i')}",
            "layer of δ": f"{n.by('C', w('i', 'j'))} = {d('j', 1)} {a('i', -1)}",
        }),
        Written("error", f"{n.by('C', a('j', symbol=end))} = {a('j', symbol=end)} - {y}", {
            "sign": f"{n.by('C', a('j', symbol=end))} = {y} - {a('j', symbol=end)}",
            "l for L": f"{n.by('C', a('j'))} = {a('j')} - {y}",
            "number": f"{n.by('C', a('j', symbol=end))} = 2 ({a('j', symbol=end)} - {y})",
        }),
        Written("δ at the output", f"{last}({a('j', symbol=end)} - {y}) {g('j', symbol=end)}", {
            "slope dropped": f"{last}{a('j', symbol=end)} - {y}",
            "sign": f"{last}({y} - {a('j', symbol=end)}) {g('j', symbol=end)}",
            "a for g'": f"{last}({a('j', symbol=end)} - {y}) {a('j', symbol=end)}",
            "l for L": f"{hidden}({a('j')} - {y}) {g('j')}",
            "number": f"{last}2 ({a('j', symbol=end)} - {y}) {g('j', symbol=end)}",
            "a for z": f"{last}({z('j', symbol=end)} - {y}) {g('j', symbol=end)}",
        }),
    ]  # fmt: skip


def matrices(n: Notation) -> list[Written]:
    """Return the formulas of one example as a column or a row, with their slips."""
    a, z, d, T = n.a(off=-1), n.z(), n.d(), n.script
    W, up = T("W", off=-n.leaving), T("W", off=1 - n.leaving)
    down = T("W", off=-1 - n.leaving)
    b, above, slope = n.b(), n.d(off=1), n.slope("")
    columns, target = n.vectors == "columns", n.order == "target"
    t = "({})^T".format
    straight = columns == target  # W is written as it is in z = W a or z = a W
    net = _times(W if straight else t(W), a, columns)
    back = _times(t(up) if straight else up, above, columns)
    flipped = _times(up if straight else t(up), above, columns)
    outer = f"{d} {t(a)}" if columns else f"{t(d)} {a}"
    outer = outer if target else (f"{a} {t(d)}" if columns else f"{t(a)} {d}")
    dW = n.by("C", W)
    return [
        Written("z", f"{z} = {net} + {b}", {
            "transpose": f"{z} = {_times(t(W) if straight else W, a, columns)} + {b}",
            "sign": f"{z} = {net} - {b}",
            "order": f"{z} = {_times(W if straight else t(W), a, not columns)} + {b}",
        }),
        Written("a", f"{n.a()} = {n.slope('', prime='')}", {"g' for g": f"{n.a()} = {slope}"}),
        Written("δ", f"{d} = ({back}){n.times}{slope}", {
            "transpose": f"{d} = ({flipped}){n.times}{slope}",
            "slope dropped": f"{d} = {back}",
            "g for g'": f"{d} = ({back}){n.times}{n.slope('', prime='')}",
            "a for g'": f"{d} = ({back}){n.times}{n.a()}",
            "layer of W": f"{d} = ({back.replace(up, W)}){n.times}{slope}",
            "layer of δ": f"{d} = ({back.replace(above, d)}){n.times}{slope}",
            "layer of g'": f"{d} = ({back}){n.times}{n.slope('', 1)}",
            "sign": f"{d} = -({back}){n.times}{slope}",
        }),
        Written("dW", f"{dW} = {outer}", {
            "order": f"{dW} = {' '.join(outer.rsplit(' ', 1)[::-1])}",
            "layer of a": f"{dW} = {outer.replace(a, n.a())}",
            "layer of δ": f"{dW} = {outer.replace(d, above)}",
            "sign": f"{dW} = -{outer}",
            "number": f"{dW} = 2 {outer}",
            "layer down": f"{n.by('C', down)} = {outer}",
        }),
        Written("db", f"{n.by('C', b)} = {d}", {
            "sign": f"{n.by('C', b)} = -{d}",
            "layer of δ": f"{n.by('C', b)} = {above}",
            "slope added": f"{n.by('C', b)} = {d}{n.times}{slope}",
        }),
        Written("chain", f"{d} = {n.by('C', n.a())}{n.times}{slope}", {
            "slope dropped": f"{d} = {n.by('C', n.a())}",
            "a for g'": f"{d} = {n.by('C', n.a())}{n.times}{n.a()}",
        }),
        Written("error", f"{n.by('C', n.a(symbol='L'))} = {n.a(symbol='L')} - y", {
            "sign": f"{n.by('C', n.a(symbol='L'))} = y - {n.a(symbol='L')}",
            "l for L": f"{n.by('C', n.a())} = {n.a()} - y",
        }),
        Written("step", f"{W} ← {W} - {n.eta} {outer}", {
            "sign": f"{W} ← {W} + {n.eta} {outer}",
            "layer of a": f"{W} ← {W} - {n.eta} {outer.replace(a, n.a())}",
            "order": f"{W} ← {W} - {n.eta} {' '.join(outer.rsplit(' ', 1)[::-1])}",
        }),
    ]  # fmt: skip


def _times(W: str, a: str, columns: bool) -> str:
    return f"{W} {a}" if columns else f"{a} {W}"


def batches(n: Notation, small: bool) -> list[Written]:
    """Return the formulas of whole batches as columns; dZ holds the 1/m where it is `small`."""
    s, t = n.script, "({})^T".format
    A, W, dZ, dW, db = s("A", off=-1), s("W"), s("dZ"), s("dW"), s("db")
    up, above = s("W", off=1), s("dZ", off=1)
    slope = f"{n.g}'({s('Z')})"
    slope = rf"\sigma'({s('Z')})" if n.latex else slope
    mean = "" if small else (r"\frac{1}{m} " if n.latex else "1/m ")
    columns = n.vectors == "columns"
    net = f"{W} {A}" if columns else f"{A} {t(W)}" if n.order == "target" else f"{A} {W}"
    if columns:
        outer, back = f"{dZ} {t(A)}", f"{t(up)} {above}"
    elif n.order == "target":
        outer, back = f"{t(dZ)} {A}", f"{above} {up}"
    else:
        outer, back = f"{t(A)} {dZ}", f"{above} {t(up)}"
    total = (r"\sum " if n.latex else "Σ ") + dZ
    wrong_mean = (r"\frac{1}{m} " if n.latex else "1/m ") if small else ""
    return [
        Written("Z", f"{s('Z')} = {net} + {s('b')}", {"sign": f"{s('Z')} = {net} - {s('b')}"}),
        Written("dW", f"{dW} = {mean}{outer}", {
            "number": f"{dW} = {wrong_mean}{outer}",
            "layer of a": f"{dW} = {mean}{outer.replace(A, s('A'))}",
            "sign": f"{dW} = -{mean}{outer}",
            "order": f"{dW} = {mean}{' '.join(outer.rsplit(' ', 1)[::-1])}",
        }),
        Written("db", f"{db} = {mean}{total}", {
            "sign": f"{db} = -{mean}{total}",
            "number": f"{db} = {wrong_mean}{total}",
        }),
        Written("dZ", f"{dZ} = {back}{n.times}{slope}", {
            "slope dropped": f"{dZ} = {back}",
            "layer of W": f"{dZ} = {back.replace(up, W)}{n.times}{slope}",
            "layer of δ": f"{dZ} = {back.replace(above, dZ)}{n.times}{slope}",
            "sign": f"{dZ} = -({back}){n.times}{slope}",
            "a for g'": f"{dZ} = {back}{n.times}{s('A')}",
        }),
        Written("dZ by dA", f"{dZ} = {s('dA')}{n.times}{slope}", {
            "slope dropped": f"{dZ} = {s('dA')}",
        }),
        Written("step", f"{W} = {W} - {n.eta} {dW}", {"sign": f"{W} = {W} + {n.eta} {dW}"}),
    ]  # fmt: skip


@dataclass(frozen=True)
class Notes:
    """A notation's name, the lines that say what C is, and its formulas."""

    name: str
    notation: Notation
    preamble: tuple[str, ...]
    formulas: list[Written]

    def text(self) -> str:
        n = self.notation
        return "\n\n".join(
            n.wrapped(f) for f in (*self.preamble, *(w.right for w in self.formulas))
        )


def all_notes() -> Iterator[Notes]:
    """Yield notes in every notation."""
    for latex, brackets, order in product(
        (True, False), ("none", "", "()", "[]"), ("source", "target")
    ):
        n = Notation(latex, brackets, order)
        name = f"{order} first, layers {brackets or '^l'}, {'LaTeX' if latex else 'plain'}"
        layers = "" if brackets == "none" else n.a("j", symbol="L")
        C = (f"C = {n.half}{n.total('j')}({layers} - y_j)^2",) if layers else ()
        yield Notes(name, n, C, indexed(n))
    for latex, brackets in ((True, "()"), (False, "()")):
        n = Notation(latex, brackets, "target", leaving=True)
        C = (f"C = {n.half}{n.total('j')}({n.a('j', symbol='L')} - y_j)^2",)
        yield Notes(f"W leaves its layer, {latex}", n, C, indexed(n))
    for latex, brackets, vectors, order in product(
        (True, False), ("", "()", "[]"), ("columns", "rows"), ("source", "target")
    ):
        n = Notation(latex, brackets, order, vectors)
        bar = r"\|" if latex else "‖"
        C = (f"C = {n.half}{bar}{n.a(symbol='L')} - y{bar}^2",)
        yield Notes(f"{vectors}, {order} first, {brackets or '^l'}, {latex}", n, C, matrices(n))
    for latex, small, (vectors, order) in product(
        (True, False),
        (True, False),
        (("columns", "target"), ("rows", "source"), ("rows", "target")),
    ):
        n = Notation(latex, "[]", order, vectors)
        yield Notes(
            f"batches, {vectors}, {order} first, 1/m in dZ: {small}, {latex}",
            n,
            (),
            batches(n, small),
        )
