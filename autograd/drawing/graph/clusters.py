"""The clusters of an expression, in the layout of our own, which does not know of them.

A group whose boxes lie apart from all others is one rounded rectangle. Where others lie
between them, each of its boxes gets a background of its own, with the name of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd.drawing import svg
from autograd.drawing.colours import Theme, clean
from autograd.drawing.graph.picture import GraphPicture

SIDE, TOP = 7.0, 19.0  # between a cluster and what is in it; the label stands above
Point = tuple[float, float]


class Cluster(NamedTuple):
    """The rectangle around the boxes of one group; `path` ends with its name."""

    path: tuple[str, ...]
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Cluster) -> bool:
        """Return whether two rectangles have a point in common."""
        return (
            self.left < other.right and other.left < self.right
            and self.top < other.bottom and other.top < self.bottom
        )  # fmt: skip


def clusters(
    picture: GraphPicture, centres: Sequence[Point], sizes: Sequence[Point]
) -> list[Cluster]:
    """Return the backgrounds: of groups that lie apart, outer first, then of single boxes."""
    boxes = [
        Cluster(box.group, x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for box, (x, y), (w, h) in zip(picture.boxes, centres, sizes, strict=True)
    ]
    paths = {box.path[:depth] for box in boxes for depth in range(1, len(box.path) + 1)}
    around = [_around(path, boxes, paths) for path in sorted(paths, key=lambda p: (len(p), p))]
    alone = [
        one
        for one in around
        if not any(one.meets(box) for box in boxes if not _within(box, one))
        and not any(one.meets(x) for x in around if not _within(x, one) and not _within(one, x))
    ]
    drawn = {one.path for one in alone}
    single = [box for box in boxes if box.path and box.path not in drawn]
    return [*alone, *(_around(box.path, [box], {box.path}) for box in single)]


def _within(inner: Cluster, outer: Cluster) -> bool:
    return inner.path[: len(outer.path)] == outer.path


def _around(
    path: tuple[str, ...], boxes: Sequence[Cluster], paths: set[tuple[str, ...]]
) -> Cluster:
    inside = [box for box in boxes if box.path[: len(path)] == path]
    levels = max(len(p) for p in paths if p[: len(path)] == path) - len(path) + 1
    return Cluster(
        path,
        min(box.left for box in inside) - SIDE * levels,
        min(box.top for box in inside) - TOP * levels,
        max(box.right for box in inside) + SIDE * levels,
        max(box.bottom for box in inside) + SIDE * levels,
    )


def cluster_svg(one: Cluster, drawn: Sequence[Cluster], theme: Theme) -> str:
    """Return a rounded background with the name of the cluster, and of those not drawn around."""
    around = [x for x in drawn if x.path != one.path and _within(one, x)]
    outer = max([len(x.path) for x in around], default=0)
    fill = theme.background if len(around) % 2 else theme.cluster
    width, height = one.right - one.left, one.bottom - one.top
    back = svg.element(
        "rect", x=one.left, y=one.top, width=width, height=height, rx=9, fill=fill,
        stroke=theme.ramp(0.0),
    )  # fmt: skip
    name = clean(" · ".join(reversed(one.path[outer:])), max(8, int(width / 5.5)))
    return svg.element(
        "g", back, svg.text(one.left + 8, one.top + 14, name, theme.muted, size=11),
        data_part="cluster",
    )  # fmt: skip
