"""The name that somebody meant who wrote another."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a question after the name that was meant, or nothing.

    >>> nearest("sigmiod", ["tanh", "sigmoid"]), nearest("x", ["tanh"])
    (" did you mean 'sigmoid'?", '')
    """

    def distance(other: str) -> tuple[int, int]:
        return slips(name, other), abs(len(other) - len(name))

    best = min(get_close_matches(name, list(names), n=5), key=distance, default="")
    return f" did you mean {best!r}?" if best else ""


def slips(name: str, other: str) -> int:
    """Return how many letters are missing, too many or wrong, or have changed places with the next.

    Source: Damerau 1964, as the optimal string alignment of Oommen & Loke 1997.

    >>> slips("tanhh", "tanh"), slips("tanhh", "atanh"), slips("tahn", "tanh")
    (1, 2, 1)
    """
    rows = [list(range(len(other) + 1))]  # of the first i letters to the first j
    for i, letter in enumerate(name):
        row, above = [i + 1], rows[i]
        for j, wanted in enumerate(other):
            counts = [above[j + 1] + 1, row[j] + 1, above[j] + (letter != wanted)]
            if i and j and name[i - 1 : i + 1] == wanted + other[j - 1]:
                counts.append(rows[i - 1][j - 1] + 1)
            row.append(min(counts))
        rows.append(row)
    return rows[-1][-1]
