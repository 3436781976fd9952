"""The order in which the page walks back: layer by layer, then neuron by neuron.

Raw depth-first order jumps about. An operation comes once all its users have been, and of
those the one nearest to the root, in the layer and unit that is being worked on.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from autograd.drawing.graph.picture import GraphPicture
from autograd.engine import Value

Unit = tuple[int, int]  # layer from 1, unit from 0


class Steps(NamedTuple):
    """The boxes of operations in backward order, and where the units are in it."""

    operations: list[int]
    boxes: dict[Unit, int]  # the box of z of each unit
    counts: dict[Unit, int]  # how many operations until the unit's weights have gradients


def backward_steps(
    picture: GraphPicture, ys: Sequence[float], units: Sequence[Sequence[tuple[Value, Value]]]
) -> Steps:
    """Return the steps; `ys` are the rows of the boxes, which break ties from the top."""
    operands, users = _neighbours(picture)
    owners = _owners(picture, users, units)
    distances = _distances(picture, operands)
    operations = _ordered(picture, operands, users, owners, distances, ys)
    place = {box: k + 1 for k, box in enumerate(operations)}
    box_of = {value: box.key for value, box in zip(picture.values, picture.boxes, strict=True)}
    boxes = {
        (l, j): box_of[z]
        for l, layer in enumerate(units, start=1)
        for j, (z, _) in enumerate(layer)
        if z in box_of and picture.boxes[box_of[z]].kind == "node"
    }
    counts = {unit: place.get(box, 0) for unit, box in boxes.items()}
    for box, unit in enumerate(owners):
        if unit in counts and box in place and box <= boxes[unit]:  # the products below z
            counts[unit] = max(counts[unit], place[box])
    return Steps(operations, boxes, counts)


def _neighbours(picture: GraphPicture) -> tuple[list[list[int]], list[list[int]]]:
    operands: list[list[int]] = [[] for _ in picture.boxes]
    users: list[list[int]] = [[] for _ in picture.boxes]
    for edge in picture.edges:
        operands[edge.target].append(edge.source)
        users[edge.source].append(edge.target)
    return operands, users


def _owners(
    picture: GraphPicture, users: list[list[int]], units: Sequence[Sequence[tuple[Value, Value]]]
) -> list[Unit | None]:
    """Return the unit each box works for: that of its z and a, else that of its users."""
    known: dict[Value, Unit] = {}
    for l, layer in enumerate(units, start=1):
        for j, pair in enumerate(layer):
            known.update(dict.fromkeys(pair, (l, j)))
    owners: list[Unit | None] = [None] * len(picture.boxes)
    for box in reversed(picture.boxes):
        inherited = [unit for user in users[box.key] if (unit := owners[user]) is not None]
        own = known.get(picture.values[box.key]) if box.kind != "constant" else None
        owners[box.key] = own or min(inherited, default=None)
    return owners


def _distances(picture: GraphPicture, operands: list[list[int]]) -> list[int]:
    """Return the number of operations on the longest path from a root to each box."""
    distances = [0] * len(picture.boxes)
    for box in reversed(range(len(distances))):
        for operand in operands[box]:
            distances[operand] = max(distances[operand], distances[box] + 1)
    return distances


def _ordered(
    picture: GraphPicture,
    operands: list[list[int]],
    users: list[list[int]],
    owners: list[Unit | None],
    distances: list[int],
    ys: Sequence[float],
) -> list[int]:
    def urgency(box: int) -> tuple[float, int, int, float, int]:
        layer, j = owners[box] or (float("inf"), 0)
        return -layer, j, distances[box], ys[box], box

    waiting = [len(above) for above in users]
    ready = [urgency(box.key) for box in picture.boxes if not waiting[box.key]]
    heapq.heapify(ready)
    order = []
    while ready:
        box = heapq.heappop(ready)[-1]
        if picture.boxes[box].kind == "node":
            order.append(box)
        for operand in operands[box]:
            waiting[operand] -= 1
            if not waiting[operand]:
                heapq.heappush(ready, urgency(operand))
    return order
