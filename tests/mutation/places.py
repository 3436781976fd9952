"""Places of a source that can be changed a little, and what it reads like then."""

from __future__ import annotations

import ast
from dataclasses import dataclass

OTHERS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
EFFECTS = (ast.Assign, ast.AugAssign, ast.Delete, ast.Raise)


@dataclass(frozen=True)
class Place:
    """The `number`-th node of a tree, the line it is on, and how it is changed."""

    number: int
    line: int
    what: str


def places(source):
    """Return all places of a source, types and texts left out."""
    tree = ast.parse(source)
    passive = _passive(tree)
    return [
        Place(k, node.lineno, what)
        for k, node in enumerate(ast.walk(tree))
        if getattr(node, "lineno", 0) and node not in passive
        for what in _changes(node)
    ]


def changed(source, place):
    """Return the source with a change."""
    tree = ast.parse(source)
    for k, node in enumerate(ast.walk(tree)):
        if k == place.number:
            tree = _Replace(node, _CHANGES[place.what.split(":")[0]](node)).visit(tree)
            break
    return ast.unparse(ast.fix_missing_locations(tree))


def _passive(tree):
    """Return the nodes that nothing depends on while it runs: annotations, imports, names."""
    found = set()
    for node in ast.walk(tree):
        inner = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.Import | ast.ImportFrom):
            inner.append(node)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("__all__", "T"):
            inner.append(node)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            inner.append(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("cast", "TypeVar"):
            inner.append(node)
        for top in filter(None, inner):
            found |= set(ast.walk(top))
    return found


def _changes(node):
    """Yield what can be changed about a node."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in OTHERS:
        yield f"operator: {ast.unparse(node)[:60]}"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHERS:
        yield f"comparison: {ast.unparse(node)[:60]}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"sign: {ast.unparse(node)[:60]}"
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield f"constant: {node.value!r}"
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"condition: {ast.unparse(node.test)[:60]}"
    if isinstance(node, ast.Call) and len(node.args) > 1 and not _starred(node):
        yield f"arguments: {ast.unparse(node)[:60]}"
    if isinstance(node, EFFECTS) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield)
    ):
        yield f"statement: {ast.unparse(node)[:60]}"


def _starred(node):
    return any(isinstance(x, ast.Starred) for x in node.args[:2])


def _operator(node):
    node.op = OTHERS[type(node.op)]()
    return node


def _comparison(node):
    node.ops[0] = OTHERS[type(node.ops[0])]()
    return node


def _constant(node):
    node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    return node


def _condition(node):
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return node


def _arguments(node):
    node.args[:2] = node.args[1::-1]
    return node


_CHANGES = {
    "operator": _operator, "comparison": _comparison, "sign": lambda node: node.operand,
    "constant": _constant, "condition": _condition, "arguments": _arguments,
    "statement": lambda node: ast.Pass(),
}  # fmt: skip


class _Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)
