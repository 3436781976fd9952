"""Contests: who takes how long for the same, each side in a process of its own, taking turns.

A side is a function of its own module, `make(*arguments)` → (run, check): `run(times)` does the
work so many times, and `check` is a list of numbers that all sides of a contest must agree on. A
round asks each side once, and it is processor time that counts; the table has the median and the
least of all rounds, and the median of the ratios round by round to the first side, which cancels
what slows all of them down.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUIET = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PEERS = ("numpy", "torch", "jax", "casadi", "micrograd", "scipy")


@dataclass(frozen=True)
class Side:
    """One way: `make` is "module:function" of this folder; `times` a round does it."""

    name: str
    make: str
    arguments: tuple[Any, ...] = ()
    times: int = 1
    per: float = 1.0  # what one time counts as: nodes, rows


@dataclass(frozen=True)
class Contest:
    """Sides that do the same; `close` is how near their checks are to those of the first."""

    title: str
    sides: tuple[Side, ...]
    unit: str = "step"
    close: float = 1e-9
    curve: str = ""  # of which plot it is a line, its sides being sizes


@dataclass
class Found:
    """The microseconds of each round, by side, and what went wrong."""

    contest: Contest
    times: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def rows(self) -> list[tuple[str, float, float, float]]:
        """Return name, median, least and ratio to the first side, of each that took part."""
        first = next(iter(self.times.values()), [])
        return [
            (
                name, statistics.median(column), min(column),
                statistics.median(a / b for a, b in zip(column, first, strict=True)),
            )
            for name, column in self.times.items()
        ]  # fmt: skip


class Worker:
    """A process that answers with the microseconds of one time."""

    def __init__(self, side: Side) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.worker", side.make]
        self.process = subprocess.Popen(
            [*command, json.dumps(side.arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, cwd=ROOT, env={**os.environ, **dict.fromkeys(QUIET, "1")},
        )  # fmt: skip
        self.side, (self.said, self.check) = side, self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else ("it ended without a word", [])

    def microseconds(self) -> float:
        """Let it run; return how long one time took."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self.side.times}\n")
        self.process.stdin.flush()
        _, seconds = self._answer()
        return float(1e6 * seconds / self.side.times / self.side.per)

    def end(self) -> None:
        """Let it go."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def held(contest: Contest, rounds: int) -> Found:
    """Hold a contest; sides that are missing, or say something else, do not take part."""
    found = Found(contest)
    workers = [Worker(side) for side in contest.sides]
    ready = [worker for worker in workers if worker.said == "ready"]
    found.missing = {x.side.name: x.said for x in workers if x.said != "ready"}
    for worker in ready[1:]:
        if not agree(ready[0].check, worker.check, contest.close):
            found.wrong.append(f"{worker.side.name}: {worker.check} for {ready[0].check}")
    for worker in ready:
        worker.microseconds()  # which warms up
    for _ in range(rounds):
        for worker in ready:
            found.times.setdefault(worker.side.name, []).append(worker.microseconds())
    for worker in workers:
        worker.end()
    return found


def spent() -> float:
    """Return the seconds that this process and those it ran had a processor."""
    try:
        import resource
    except ImportError:
        return time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def agree(expected: list[float], numbers: list[float], close: float) -> bool:
    """Whether numbers are those expected, as far as both sides tell any.

    >>> agree([1.0, 2.0], [1.0 + 1e-12, 2.0], 1e-9), agree([1.0], [1.1], 1e-9)
    (True, False)
    """
    scale = max(map(abs, [*expected, 1e-300]))
    pairs = zip(expected, numbers, strict=False)
    return all(abs(a - b) <= close * scale for a, b in pairs)


def machine() -> list[str]:
    """Return what this machine is, in lines."""
    names = [platform.processor() or platform.machine()]
    if (cpus := Path("/proc/cpuinfo")).exists():
        lines = [
            x.split(":")[1].strip() for x in cpus.read_text().splitlines() if "model name" in x
        ]
        names = lines[:1] or names
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    here = f"{names[0]}, {os.cpu_count()} CPUs, {platform.system()}, load {load} at the start"
    return [here, f"Python {platform.python_version()}, {', '.join(map(version, PEERS))}"]


def version(name: str) -> str:
    """Return a package with its version, or that it is missing.

    >>> version("surely_not_there")
    'surely_not_there missing'
    """
    from importlib import metadata

    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} missing"
