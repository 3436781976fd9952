"""Walks over a computation graph: order, leaves, depth, counts. None of them recurses.

The order itself comes from the implementation of `Value`; the rest is built on it.
"""

from __future__ import annotations

from collections import Counter

from autograd.engine import Value, topological

__all__ = ["depth", "leaves", "op_counts", "topological"]


def leaves(root: Value) -> list[Value]:
    """Return the leaves that `root` depends on, each once, in the order they are met.

    Constants are not among them.

    >>> from autograd import Value
    >>> x, y = Value(1.0, "x"), Value(2.0, "y")
    >>> [leaf.label for leaf in leaves(x * y + 2 * x)]
    ['x', 'y']
    """
    return [node for node in topological(root) if not node.op and not node.constant]


def depth(root: Value) -> int:
    """Return the number of operations on the longest path from a leaf to `root`.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> depth((x + x) * x)
    2
    """
    level: dict[Value, int] = {}
    for node in topological(root):
        below = [level[x] for x in node.operands if x.__class__ is Value]
        level[node] = 1 + max(below, default=0) if node.op else 0
    return level[root]


def op_counts(root: Value) -> Counter[str]:
    """Return how often each primitive was used below and in `root`.

    >>> from autograd import Value
    >>> x = Value(1.0)
    >>> op_counts((x + x) * x + 1)
    Counter({'add': 2, 'mul': 1})
    """
    return Counter(node.op for node in topological(root) if node.op)
