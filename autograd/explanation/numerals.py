"""Numbers for people, and lines of arithmetic whose printed numbers agree with each other.

Three significant digits are shown, and trailing zeros only where something was rounded
away. `=` says that the printed numbers satisfy the line exactly, `≈` that they do within
their rounding. Factors get further digits until a reader with a calculator who rounds to
the printed digits arrives at the printed result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

DIGITS = 3
MINUS = "\u2212"
UNKNOWN = "—"
MORE_DIGITS = (3, 4, 5, 6, 7, 9, 12, 17)
LATEX = {
    "·": r" \cdot ", "⊙": r"\odot", "ᵀ": "^{T}", "Δ": r"\Delta ", "−": "-",
    "≈": r"\approx", "∞": r"\infty", "NaN": r"\mathrm{NaN}",
}  # fmt: skip


def figure(x: float | None, digits: int = DIGITS, *, signed: bool = False) -> str:
    """Return a number with its leading digits; a short one is printed whole.

    Outside 1e-3 … 1e4 it is scientific. A gradient is `signed`: a positive one gets its +, an
    unknown one (None) is a dash. The page's `numbers.js` says the same.

    >>> figure(-1.2), figure(1 / 3), figure(-0.410417), figure(1.375), figure(2e-9)
    ('−1.2', '0.333', '−0.410', '1.375', '2e−9')
    >>> figure(0.5, signed=True), figure(12340.0), figure(2 / 3e5), figure(None)
    ('+0.5', '1.234e4', '6.67e−6', '—')
    """
    if x is None:
        return UNKNOWN
    if math.isnan(x):
        return "NaN"
    if x == 0.0:
        return "0"
    plain = 1e-3 <= abs(x) < 1e4
    if plain and abs(x) >= 1e3:
        digits = max(digits, 4)
    text = f"{x:.{max(digits, 5)}g}" if plain else f"{x:.{max(digits, 5) - 1}e}"
    if math.isfinite(x) and not _tells(text, x):
        text = f"{x:#.{digits}g}".removesuffix(".") if plain else f"{x:.{digits - 1}e}"
    elif not plain:
        text = re.sub(r"\.?0*e", "e", text)
    text = re.sub(r"e([+-])0*", lambda e: "e" + e[1].strip("+"), text).replace("inf", "∞")
    return ("+" if signed and x > 0 else "") + text.replace("-", MINUS)


def reading(text: str) -> Fraction:
    """Return the number that a figure shows, exactly.

    >>> reading("−0.25")
    Fraction(-1, 4)
    """
    return Fraction(text.replace("−", "-"))


def is_exact(x: float) -> bool:
    """Return whether the figure of x shows all of it, but for rounding in the 15th digit."""
    return math.isfinite(x) and _tells(figure(x), x)


def _float(text: str) -> float:
    return float(text.replace("−", "-"))


def shown(x: float, *, signed: bool = False) -> str:
    """Return a figure behind the sign that says whether it is exact.

    >>> shown(0.5), shown(2 / 3)
    ('= 0.5', '≈ 0.667')
    """
    sign = "=" if is_exact(x) or not math.isfinite(x) else "≈"
    return f"{sign} {figure(x, signed=signed)}"


def counted(number: int) -> str:
    """Return a count in groups of three digits, or its order of magnitude.

    >>> counted(2**40), counted(2**4000)
    ('1 099 511 627 776', 'about 10^1204')
    """
    if number < 10**18:
        return f"{number:,}".replace(",", " ")
    return f"about 10^{math.floor(math.log10(number))}"


def arithmetic(value: float, terms: Sequence[Sequence[float]], front: Sequence[float] = ()) -> str:
    """Return the line `= front·(Σ Π terms) = value`, with `≈` where digits were left out.

    >>> arithmetic(6.0, [[2.0, 3.0]]), arithmetic(-0.410417, [[-1.2, 0.342014]])
    ('= 2·3 = 6', '≈ (−1.2)·0.342 ≈ −0.410')
    >>> arithmetic(math.inf, [[math.inf]]), arithmetic(math.nan, [[math.inf, 0.0]])
    ('= ∞', '= ∞·0 = NaN')
    >>> arithmetic(0.342037, [[-0.651, -0.886003]], front=[0.593])
    '≈ 0.593·((−0.651)·(−0.886)) ≈ 0.342'
    """
    numbers = [value, *front, *(x for term in terms for x in term)]
    finite = all(map(math.isfinite, numbers))
    for digits in MORE_DIGITS if finite else (DIGITS,):
        figures = [[figure(x, digits) for x in factors] for factors in (front, *terms)]
        again = _evaluated(figures, _float) if finite else value
        if _agree(again, value, terms, front):
            break
    written, result = _written(figures), figure(value)
    if written == result:
        return shown(value)
    if not finite:
        return f"= {written} = {result}"
    texts = [text for factors in figures for text in factors]
    whole = all(map(_tells, texts, numbers[1:]))
    equal = math.isclose(again, _float(result), rel_tol=1e-9, abs_tol=1e-12)
    equal = equal and _evaluated(figures, reading) == reading(result)
    return f"{'=' if whole else '≈'} {written} {'=' if equal else '≈'} {result}"


def latex_of(arithmetic: str) -> str:
    r"""Return figures and lines of arithmetic in LaTeX.

    >>> print(latex_of("≈ (−1.2)·3e−5"))
    \approx (-1.2) \cdot 3 \times 10^{-5}
    """
    latex = re.sub("|".join(LATEX), lambda match: LATEX[match[0]], arithmetic)
    return re.sub(r"e(-?\d+)", r" \\times 10^{\1}", latex)


def _tells(text: str, x: float) -> bool:
    """Return whether a figure is all of a number, but for rounding in the 15th digit."""
    return math.isclose(_float(text), x, rel_tol=1e-14)


def _evaluated(figures: list[list[str]], read: Callable[[str], Any]) -> Any:
    """Return what a reader gets from the printed numbers: front · Σ Π terms."""
    front, *terms = figures
    return math.prod(map(read, front)) * sum(math.prod(map(read, term)) for term in terms)


def _agree(
    again: float, value: float, terms: Sequence[Sequence[float]], front: Sequence[float]
) -> bool:
    """Return whether a recomputed number rounds to the printed one, or both vanish."""
    scale = math.prod(map(abs, front)) * sum(abs(math.prod(term)) for term in terms)
    if abs(value) <= 1e-12 * scale:
        return abs(again - value) <= scale / 1000
    return f"{again:.{DIGITS}g}" == f"{value:.{DIGITS}g}"


def _written(figures: list[list[str]]) -> str:
    products: list[str] = []
    front, *terms = figures
    for term in terms:
        bare = len(term) == 1 and not products
        products.append("·".join([f if bare or f[0] != "−" else f"({f})" for f in term]))
    inner = " + ".join(products) or "0"
    outer = [f"({f})" if f[0] == "−" else f for f in front]
    return "·".join([*outer, f"({inner})"]) if outer else inner
