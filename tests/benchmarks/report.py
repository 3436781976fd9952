"""What contests found, as a table of Markdown and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.harness import Found


def table(found: Sequence[Found], rounds: int, lines: Sequence[str]) -> str:
    """Return the Markdown of all contests."""
    text = ["# Benchmarks", "", *[f"{line}  " for line in lines]]
    text += [f"Processor time, median and least of {rounds} rounds; ratios are to the first side,"]
    text += ["round by round. Sides that do not agree with the first are said to disagree."]
    text += ["", "| contest | side | median | least | ratio |", "|---|---|---:|---:|---:|"]
    for one in found:
        text += [
            f"| {one.contest.title} | {name} | {amount(median)} | {amount(least)} | {ratio:.3g} × |"
            for name, median, least, ratio in one.rows()
        ]
        text += [f"| {one.contest.title} | {n} | {why} | | |" for n, why in one.missing.items()]
        text += [f"| {one.contest.title} | DISAGREES | {wrong} | | |" for wrong in one.wrong]
    return "\n".join(text) + "\n"


def amount(microseconds: float) -> str:
    """Return a time with its unit, three digits.

    >>> amount(0.0123), amount(12.34), amount(56789.0)
    ('12.3 ns', '12.3 µs', '56.8 ms')
    """
    number, unit = microseconds, "µs"
    if microseconds < 1.0:
        number, unit = 1e3 * microseconds, "ns"
    elif microseconds >= 1e3:
        number, unit = microseconds / 1e3, "ms"
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def plot(found: Sequence[Found], path: Path) -> None:
    """Draw the contests as bars and the curves as lines, to a file."""
    from matplotlib.figure import Figure

    bars = [x for x in found if x.times and not x.contest.curve]
    curves = [x for x in found if x.times and x.contest.curve]
    height = 0.25 * sum(len(x.times) + 1 for x in bars) + 1
    figure = Figure(figsize=(11, max(height, 4)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    labels, at = [], 0
    for one in bars:
        for k, (name, median, least, _) in enumerate(one.rows()):
            left.barh(at, median, color="#3a6ea5" if k == 0 else "#b0b7bf")
            left.plot([least, least], [at - 0.4, at + 0.4], color="black", linewidth=0.8)
            labels.append((at, f"{one.contest.title}: {name}"))
            at += 1
        at += 1
    left.set_yticks([k for k, _ in labels], [text for _, text in labels], fontsize=6)
    left.set(xscale="log", xlabel="µs (a bar: the median, a line: the least)")
    left.invert_yaxis()
    for one in curves:
        sizes = [float(name) for name in one.times]
        right.plot(sizes, [row[1] for row in one.rows()], marker="o", label=one.contest.title)
    right.set(xscale="log", yscale="log", xlabel="size", ylabel="µs for each")
    if curves:
        right.legend(fontsize=7, frameon=False)
    figure.savefig(path)
