"""Numbers for people, and lines of arithmetic whose printed numbers agree with each other.

Three significant digits are shown, and trailing zeros only where something was rounded
away. `=` says that the printed numbers satisfy the line exactly, `≈` that they do within
their rounding. Factors get further digits until a reader with a calculator who rounds to
the printed digits arrives at the printed result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

DIGITS = 3
MORE_DIGITS = (3, 4, 5, 6, 7, 9, 12, 17)
LATEX = {
    "·": r" \cdot ",
    "⊙": r"\odot",
    "ᵀ": "^{T}",
    "Δ": r"\Delta ",
    "−": "-",
    "≈": r"\approx",
    "∞": r"\infty",
    "NaN": r"\mathrm{NaN}",
}


def figure(x: float, digits: int = DIGITS) -> str:
    """Return a number with its leading digits; a short one is printed whole.

    >>> figure(-1.2), figure(1 / 3), figure(-0.410417), figure(1.375), figure(2e-9)
    ('−1.2', '0.333', '−0.410', '1.375', '2e−9')
    """
    if math.isnan(x):
        return "NaN"
    if math.isinf(x) or x == 0.0:
        return "0" if x == 0.0 else "∞" if x > 0 else "−∞"
    if 1e3 <= abs(x) < 1e5:
        digits = max(digits, 4 if abs(x) < 1e4 else 5)
    text = f"{x:.{max(digits, 5)}g}"
    if not math.isclose(float(text), x, rel_tol=1e-14):
        text = f"{x:#.{digits}g}".removesuffix(".").replace(".e", "e")
    return re.sub(r"e([+-])0*", lambda e: "e" + e[1].strip("+"), text).replace("-", "−")


def reading(text: str) -> Fraction:
    """Return the number that a figure shows, exactly.

    >>> reading("−0.25")
    Fraction(-1, 4)
    """
    return Fraction(text.replace("−", "-"))


def is_exact(x: float) -> bool:
    """Return whether the figure of x shows all of it, but for rounding in the 15th digit."""
    return math.isfinite(x) and math.isclose(reading(figure(x)), x, rel_tol=1e-14)


def shown(x: float) -> str:
    """Return a figure behind the sign that says whether it is exact.

    >>> shown(0.5), shown(2 / 3)
    ('= 0.5', '≈ 0.667')
    """
    return f"{'=' if is_exact(x) or not math.isfinite(x) else '≈'} {figure(x)}"


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
    >>> arithmetic(0.342037, [[-0.651, -0.886003]], front=[0.593])
    '≈ 0.593·((−0.651)·(−0.886)) ≈ 0.342'
    """
    numbers = [value, *front, *(x for term in terms for x in term)]
    if not all(map(math.isfinite, numbers)):
        return f"= {_written(terms, front, DIGITS)} = {figure(value)}"
    for digits in MORE_DIGITS:
        again = _recomputed(terms, front, digits)
        if _agree(again, value, terms, front):
            break
    written = _written(terms, front, digits)
    if written == figure(value):
        return shown(value)
    whole = all(math.isclose(reading(figure(x, digits)), x, rel_tol=1e-14) for x in numbers[1:])
    equal = "=" if again == reading(figure(value)) else "≈"
    return f"{'=' if whole else '≈'} {written} {equal} {figure(value)}"


def latex_of(arithmetic: str) -> str:
    r"""Return figures and lines of arithmetic in LaTeX.

    >>> print(latex_of("≈ (−1.2)·3e−5"))
    \approx (-1.2) \cdot 3 \times 10^{-5}
    """
    latex = re.sub("|".join(LATEX), lambda match: LATEX[match[0]], arithmetic)
    return re.sub(r"e(-?\d+)", r" \\times 10^{\1}", latex)


def _recomputed(
    terms: Sequence[Sequence[float]], front: Sequence[float], digits: int
) -> Fraction | int:
    """Return what a reader gets from the printed numbers."""
    sums = [math.prod([reading(figure(x, digits)) for x in term]) for term in terms]
    return sum(sums) * math.prod([reading(figure(x, digits)) for x in front])


def _agree(
    again: Fraction | int, value: float, terms: Sequence[Sequence[float]], front: Sequence[float]
) -> bool:
    """Return whether a recomputed number rounds to the printed one, or both vanish."""
    scale = math.prod(map(abs, front)) * sum(abs(math.prod(term)) for term in terms)
    if abs(value) <= 1e-12 * scale:
        return abs(again - Fraction(value)) <= scale / 1000
    try:
        return f"{float(again):.{DIGITS}g}" == f"{value:.{DIGITS}g}"
    except OverflowError:
        return False


def _written(terms: Sequence[Sequence[float]], front: Sequence[float], digits: int) -> str:
    products: list[str] = []
    for term in terms:
        bare = len(term) == 1 and not products
        factors = [figure(x, digits) for x in term]
        products.append("·".join([f if bare or f[0] != "−" else f"({f})" for f in factors]))
    inner = " + ".join(products) or "0"
    outer = [f"({f})" if f[0] == "−" else f for f in (figure(x, digits) for x in front)]
    return "·".join([*outer, f"({inner})"]) if outer else inner
