"""What of a graph the page folds into one box until somebody opens it: groups, loops and sums.

Folds nest: a group may lie in a group, and have sums and loops in it. The page draws a box for
each closed one, and a frame around the boxes of each open one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.drawing.colours import clean
from autograd.drawing.graph.picture import Edge, GraphPicture
from autograd.drawing.graph.reading import SUMS

WIDEST_SUM = 8  # operands that are shown; of more, the first few, and the others in one box
FEWEST_PASSES, LONGEST_PASS = 6, 240  # of a loop that is folded, in operations
MOST_SHOWN, MOST_ARROWS = 60, 120  # boxes and arrows at first, where groups can be closed

Pass = tuple[int, int, int]  # where the passes of a loop begin, their length, how many there are


class Fold(NamedTuple):
    """Boxes that can be shown as one; `parent` is the fold it lies in, -1 for none."""

    kind: str  # "group", "sum" or "loop"
    name: str
    parent: int
    depth: int


def folds_of(picture: GraphPicture) -> list[dict[str, Any]]:
    """Return the folds of a graph: kind, name, parent, own boxes, and whether it is closed."""
    folding = _Folding(picture)
    folding.groups()
    folding.loops()
    folding.sums()
    boxes: list[list[int]] = [[] for _ in folding.folds]
    for box, fold in enumerate(folding.inner):
        if fold >= 0:
            boxes[fold].append(box)
    closed = folding.closed()
    return [
        {"kind": one.kind, "name": one.name, "parent": one.parent, "boxes": own, "closed": shut}
        for one, own, shut in zip(folding.folds, boxes, closed, strict=True)
    ]


class _Folding:
    """The folds found so far, and in which of them each box is."""

    def __init__(self, picture: GraphPicture) -> None:
        self.boxes, self.values = picture.boxes, picture.values
        self.folds: list[Fold] = []
        self.inner = [-1] * len(self.boxes)
        self.users: list[list[int]] = [[] for _ in self.boxes]
        self.into: list[list[Edge]] = [[] for _ in self.boxes]
        for edge in picture.edges:
            self.users[edge.source].append(edge.target)
            self.into[edge.target].append(edge)

    def _add(self, kind: str, name: str, members: Iterable[int], parent: int) -> None:
        depth = self.folds[parent].depth + 1 if parent >= 0 else 1
        for box in members:
            self.inner[box] = len(self.folds)
        self.folds.append(Fold(kind, clean(name, 60), parent, depth))

    def groups(self) -> None:
        """Fold what has a name, with the parameters and constants that nothing else uses."""
        paths = [box.group for box in self.boxes]
        for box in reversed(self.boxes):
            if box.kind in ("parameter", "constant") and not box.group and self.users[box.key]:
                paths[box.key] = _shared([paths[user] for user in self.users[box.key]])
        numbers: dict[tuple[str, ...], int] = {(): -1}
        for path in sorted({one[:k] for one in paths for k in range(1, len(one) + 1)}):
            members = [k for k, other in enumerate(paths) if other[: len(path)] == path]
            if len(members) > 1:
                numbers[path] = len(self.folds)
                self._add("group", path[-1], members, numbers.get(path[:-1], -1))

    def sums(self) -> None:
        """Fold all but the first operands of a wide sum, with what nothing else needs."""
        for box in reversed(self.boxes):
            edges = self.into[box.key]
            if box.kind != "node" or self.values[box.key].op not in SUMS:
                continue
            pairs = (len(edges) - 1) // 2 if self.values[box.key].op == "dot" else 0
            most = WIDEST_SUM // 2 if pairs else WIDEST_SUM - 1
            terms = pairs or len(edges)
            if terms <= WIDEST_SUM:
                continue
            rest = {edge.source for edge in edges[most:terms]}
            rest |= {edge.source for edge in edges[pairs + most : 2 * pairs]}
            members = self._needed_by(box.key, rest - {edge.source for edge in edges[:most]})
            if len(members & rest) > 1:
                words = f"… {terms - most} more" + (" pairs" if pairs else "")
                self._add("sum", words, members, self.inner[box.key])

    def _needed_by(self, target: int, seeds: set[int]) -> set[int]:
        """Return the seeds and what is above them, but for what others than the target need."""
        found: set[int] = set()
        for box in range(target - 1, -1, -1):
            users = self.users[box]
            if (
                (box in seeds or not found.isdisjoint(users))
                and all(user in found or user == target for user in users)
                and self.inner[box] == self.inner[target]
                and not self.boxes[box].root
            ):
                found.add(box)
        return found

    def loops(self) -> None:
        """Fold the passes of loops but for the first and the last, with what they alone need."""
        for region in sorted(set(self.inner)):
            nodes = [
                box.key
                for box in self.boxes
                if box.kind == "node" and self.inner[box.key] == region
            ]
            place = {box: k for k, box in enumerate(nodes)}
            signs = [self._sign(box, place) for box in nodes]
            for start, length, count in _repeats(signs):
                one = signs[start + length : start + 2 * length]
                if not any(back > k for k, sign in enumerate(one) for back in sign[1:]):
                    continue  # no pass needs the one before
                inside = nodes[start + length : start + length * (count - 1)]
                members = set(inside)
                members |= {
                    box.key
                    for box in self.boxes
                    if box.kind != "node" and self.inner[box.key] == region
                    and self.users[box.key] and members.issuperset(self.users[box.key])
                }  # fmt: skip
                self._add("loop", f"… {count - 2} more passes", members, region)

    def _sign(self, box: int, place: dict[int, int]) -> tuple[Any, ...]:
        """Return what an operation does, and how far before it its operands were computed."""
        back = [
            place[box] - place[edge.source] if edge.source in place else 0
            for edge in self.into[box]
        ]
        return self.boxes[box].symbol, *back

    def closed(self) -> list[bool]:
        """Return which folds are closed at first: sums and loops, and groups of a large graph."""
        depths = [one.depth for one in self.folds if one.kind == "group"]
        for depth in range(max(depths, default=0) + 1, 0, -1):
            closed = [one.kind != "group" or one.depth >= depth for one in self.folds]
            boxes, arrows = self._shown(closed)
            if (boxes <= MOST_SHOWN and arrows <= MOST_ARROWS) or depth == 1:
                return closed
        return []

    def _shown(self, closed: Sequence[bool]) -> tuple[int, int]:
        """Return how many boxes and arrows are seen, a closed fold being one box."""
        seen = []
        for box, fold in enumerate(self.inner):
            shown = (box, -1)
            while fold >= 0:
                shown = (-1, fold) if closed[fold] else shown
                fold = self.folds[fold].parent
            seen.append(shown)
        arrows = {
            (seen[source], seen[target])
            for source, targets in enumerate(self.users)
            for target in targets
            if seen[source] != seen[target]
        }
        return len(set(seen)), len(arrows)


def _shared(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the path that all paths begin with."""
    common = paths[0]
    for path in paths[1:]:
        same = [a == b for a, b in zip(common, path, strict=False)]
        common = common[: same.index(False) if False in same else len(same)]
    return common


def _repeats(signs: Sequence[Any]) -> Iterator[Pass]:
    """Yield the loops in a row of operations, the longest first, and then in what is left.

    >>> list(_repeats("abc" + "xy" * 7 + "z"))
    [(3, 2, 7)]
    """
    parts = [(0, len(signs))]
    while parts:
        low, high = parts.pop()
        covered, length, end = _longest(signs[low:high])
        if covered:
            start, end = low + end - covered, low + end
            yield start, length, covered // length
            parts += [(end, high), (low, start)]


def _longest(signs: Sequence[Any]) -> Pass:
    """Return how many operations the longest loop has, the length of its passes, and its end."""
    best = (0, 0, 0)
    for length in range(1, min(LONGEST_PASS, len(signs) // FEWEST_PASSES) + 1):
        run = 0
        for k in range(length, len(signs) + 1):
            if k < len(signs) and signs[k] == signs[k - length]:
                run += 1
                continue
            count = run // length + 1
            if run and count >= FEWEST_PASSES and length * count > WIDEST_SUM:
                best = max(best, (length * count, -length, k))
            run = 0
    return best[0], -best[1], best[2]
