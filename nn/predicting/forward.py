"""The outputs of a model for many rows: node by node, or by a program that the model keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import ref

from autograd import Value
from autograd.modes.dispatch import dispatcher
from autograd.program.forward import Course, Forward
from nn.arguments import Array, flat, number_of
from nn.arguments.sequences import Sequences, Shape
from nn.data import function_of, output_form
from nn.modes import in_mode
from nn.predicting.known import Watched, is_known

ROWS = 256  # go node by node before a program is made, which takes about as long
FEW = 4  # rows of a model that must be looked at again: to call it on each is as quick
SHAPES = 8  # whose programs are kept
# What a model that is no composition of autograd's functions does with nodes.
REFUSED = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, NotImplementedError,
           RuntimeError)  # fmt: skip


class Forwards:
    """The forward passes of one model, for each shape of example; copies begin anew."""

    def __init__(self, model: Any = None) -> None:
        self.model = ref(model) if model is not None else lambda: None
        self.passes: dict[Shape, _Pass] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Forwards, ()

    def of(self, shape: Shape) -> _Pass:
        """Return the pass for examples of a shape; that of the oldest is forgotten."""
        if shape not in self.passes:
            for old in list(self.passes)[: max(0, len(self.passes) - SHAPES + 1)]:
                self.passes.pop(old, None)
            self.passes.setdefault(shape, _Pass(shape))
        return self.passes[shape]


def forwards_of(model: Any) -> Forwards:
    """Return what is kept with a model."""
    found = vars(model).get("_forward")
    if found is None or found.model() is not model:
        found = vars(model)["_forward"] = Forwards(model)
    return found  # type: ignore[no-any-return]


def node_by_node(model: Any, rows: Any) -> Array:
    """Return the outputs for these rows, (m, outputs), each by a call of the model."""
    import numpy as np

    with in_mode(training=False):
        return np.array([list(map(number_of, flat(model(row)))) for row in rows.tolist()])


def outputs_of(
    model: Any, modules: Callable[[], Iterable[Any]], rows: Any, least: int = ROWS
) -> Array:
    """Return the outputs for a table or `Sequences`, compiled where that can be and is worth it.

    That is once `least` rows of a shape were asked for. `modules` finds the modules of the model,
    whose attributes are put back where a recording changed them. Within `recording`, `no_grad` and
    other modes each row is a call of the model.
    """
    import numpy as np

    if dispatcher.modes():
        return node_by_node(model, rows)
    known = forwards_of(model)
    if not isinstance(rows, Sequences):
        return known.of(rows.shape[1:]).outputs(model, modules, rows, rows, least)
    found: list[Any] = [None] * len(rows)
    for shape, places in rows.by_shape().items():
        part = known.of(shape).outputs(model, modules, rows[places], rows.flat(places), least)
        for place, row in zip(places, part, strict=True):
            found[place] = row
    return np.array(found)


def squash_of(model: Any, rows: Any) -> str:
    """Return the name of the function that makes all outputs, "" where there is none."""
    part = forwards_of(model).passes.get(rows.shape[1:]) if hasattr(rows, "shape") else None
    if part is not None and part.forward is not None:
        return function_of(part.forward.course.outputs)
    return output_form(model, rows[[0]].tolist()[0])[1]


class _Pass:
    """The forward pass of a model for examples of one shape: `seen` rows of it so far."""

    def __init__(self, shape: Shape) -> None:
        self.shape, self.seen, self.refused = shape, 0, False
        self.forward: Forward | None = None
        self.watched: Watched | None = None  # None of a model that must be looked at again

    def outputs(self, model: Any, modules: Any, rows: Any, table: Array, least: int) -> Array:
        """Return the outputs for rows as the model takes them, and as those of a table, (m, n)."""
        forward = None if self.refused else self._ready(model, modules, table, least)
        if forward is None:
            return node_by_node(model, rows)
        found: Array
        found, right = forward(table)
        if not right.all():
            wrong = [k for k, fine in enumerate(right.tolist()) if not fine]
            found[wrong] = node_by_node(model, rows[wrong])
        return found

    def _ready(self, model: Any, modules: Any, table: Array, least: int) -> Forward | None:
        """Return what runs the model as it is now; None where each row is to be a call."""
        self.seen += len(table)
        forward, watched = self.forward, self.watched
        if forward is not None and watched is not None:
            if all(attributes.get(name) is x for attributes, name, x in watched):
                return forward
        elif forward is not None and len(table) <= FEW:
            return None
        elif forward is not None and self._still(model, forward.course):
            return forward
        if forward is not None:  # the model is another one by now
            self.forward, self.seen = None, len(table)
        return self._made(model, modules, table[0]) if self.seen >= least else None

    def _still(self, model: Any, course: Course) -> bool:
        """Whether the model does with the nodes of a course what it did."""
        try:
            return self._course(model, course.inputs).is_as(course)
        except REFUSED:
            return False

    def _made(self, model: Any, modules: Any, row: Array) -> Forward | None:
        """Record the model and compile it; None, for good, where that cannot be."""
        before = [(vars(module), vars(module).copy()) for module in modules()]
        inputs = [Value(x, f"x[{k}]") for k, x in enumerate(row.ravel().tolist())]
        watched: Watched = []
        try:
            course = self._course(model, inputs)
            forward = Forward(course) if self._still(model, course) else None
        except REFUSED:
            forward = None
        finally:
            moved = [pair for pair in before if not _restored(*pair)]
        self.watched = watched if is_known(model, watched) else None
        self.forward, self.refused = (forward, False) if forward and not moved else (None, True)
        return self.forward

    def _course(self, model: Any, inputs: Iterable[Value]) -> Course:
        """Call the model on nodes, nested as its examples are."""

        def called(nodes: list[Value]) -> list[Any]:
            import numpy as np

            nested = nodes if len(self.shape) == 1 else np.array(nodes).reshape(self.shape).tolist()
            return flat(model(nested))

        with in_mode(training=False):
            return Course(called, list(inputs))


def _restored(attributes: dict[str, Any], before: dict[str, Any]) -> bool:
    """Let attributes be what they were; return whether they are, but for those of `forward`."""
    names = {*attributes, *before} - {"_training", "_forward"}
    if all(attributes.get(name) is before.get(name) for name in names):
        return True
    kept = {name: attributes[name] for name in ("_training", "_forward") if name in attributes}
    attributes.clear()
    attributes.update(before | kept)
    return False
