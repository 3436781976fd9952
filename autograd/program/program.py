"""`Program`: a recorded scalar graph replayed over a batch as matrix instructions.

The graph of one example is recorded, re-rolled and laid out once, or finds that done where
another program had the same structure; each call then runs the instructions for all m examples
together, and any recorded node can be read afterwards. One lock belongs to each program: calls
from several threads follow one another.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any

from autograd.engine import Value, read, write
from autograd.program import arguments, failures, portions
from autograd.program.compiler.instructions import Instruction
from autograd.program.compiler.layout import Array
from autograd.program.compiler.recording import Recording
from autograd.program.describe import Description, describe
from autograd.program.executors.jax.function import to_jax
from autograd.program.executors.jax.returning import from_jax
from autograd.program.lock import Lock
from autograd.program.machine import Machine
from autograd.program.pytorch import to_torch
from autograd.program.reading import loose
from autograd.program.spelling import listing
from autograd.program.training import Trainer

DTYPES = ("float64", "float32")


class Program:
    """A loss of one example, compiled to run on m examples at once.

    `loss` is the root of the graph, `inputs` the leaves that change from example to example
    (targets too), `parameters` the leaves to differentiate by; other leaves are constants.
    `executor` is the name of a registered one ("native", "numpy") or "auto", which takes the
    first that is there and can run the program; `also` names nodes to be read that the loss does
    not use, such as further outputs of a model. Calling it returns the mean cost and its
    gradient.

    >>> import numpy as np
    >>> from autograd import Value
    >>> x, y, w, b = (Value(0.0, name) for name in "xywb")
    >>> program = Program((w * x + b - y) ** 2, inputs=[x, y], parameters=[w, b])
    >>> program(np.array([[1.0, 2.0], [2.0, 4.0]]))
    (10.0, array([-10.,  -6.]))
    >>> program.adjoint(b)  # ∂C/∂b; a node that an input reaches has one number an example
    -6.0
    """

    def __init__(
        self,
        loss: Value,
        *,
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        dtype: str = "float64",
        executor: str = "auto",
        also: Sequence[Value] = (),
    ) -> None:
        if loss.__class__ is not Value:
            raise TypeError(f"loss must be a Value, the root of a graph; got {loss!r}.")
        if dtype not in DTYPES:
            raise ValueError(f"dtype is one of {', '.join(DTYPES)}; got {dtype!r}.")
        self._lock = Lock()
        leaves = arguments.several("inputs", inputs), arguments.several("parameters", parameters)
        nodes = arguments.several("also", also)
        self._warned = False  # that the executor does not do all by itself
        self._trainer: Trainer | None = None  # of the last training, which may go on
        self._machine = Machine(loss, *leaves, nodes, executor, dtype)

    @property
    def loss(self) -> Value:
        """The root of the graph."""
        return self._machine.loss

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The leaves that the columns of X replace, in order."""
        return self._machine.inputs

    @property
    def parameters(self) -> tuple[Value, ...]:
        """The leaves that the gradient is by, in order."""
        return self._machine.parameters

    @property
    def recording(self) -> Recording:
        """The graph as columns."""
        return self._machine.recording

    @property
    def dtype(self) -> str:
        """The floating-point type of every number inside: "float64" or "float32"."""
        return self._machine.dtype

    @property
    def executor(self) -> str:
        """The name of the executor that runs the program: "native", "numpy" or one you added."""
        return self._machine.executor.name

    @property
    def node_count(self) -> int:
        """The number of scalar nodes recorded for one example."""
        return self.recording.values

    @property
    def instructions(self) -> list[Instruction]:
        """The instructions inside, forward and then backward; `listing()` is for everybody."""
        return [*self._machine.instructions.forward, *self._machine.instructions.backward]

    def __repr__(self) -> str:
        return (
            f"Program({self.node_count} nodes, {len(self.instructions)} instructions, "
            f"{len(self.inputs)} inputs, {len(self.parameters)} parameters, "
            f"dtype={self.dtype!r}, executor={self.executor!r})"
        )

    def __call__(self, X: Any) -> tuple[float, Array]:
        """Return the mean cost over the rows of X, (m, inputs), and its gradient, (parameters,).

        Raises ValueError for another shape, and the error of an eager run, which names the
        node, where the cost or the gradient is not finite.
        """
        examples = arguments.rows(X, len(self.inputs), self._machine.memory.dtype)
        with self._lock.once():
            return self._run(examples)

    def derivatives(self, parameters: Any, X: Any) -> tuple[float, Array, Array]:
        """Return C, ∂C/∂parameters, (parameters,), and ∂C/∂X, (m, inputs), at these parameters.

        The program keeps them. Raises the errors of a call.
        """
        machine = self._machine
        examples = arguments.rows(X, len(self.inputs), machine.memory.dtype)
        with self._lock.once():
            machine.weights = arguments.row(parameters)
            cost, gradient = self._run(examples, whole=True)
            slopes = list(map(machine.reader.adjoint, self._numbers(self.inputs)))
            return cost, gradient, machine.reader.columns(slopes) / len(examples)

    to_torch, to_jax, from_jax, listing = to_torch, to_jax, from_jax, listing

    def at(self, parameters: Sequence[float]) -> tuple[float, list[float]]:
        """Return cost and gradient of a program without inputs at these parameters."""
        with self._lock.once():
            self._machine.weights = parameters
            cost, gradient = self._run(self._machine.np.empty((1, 0), self.dtype))
        return cost, gradient.tolist()

    def outputs(self, parameters: Sequence[float], nodes: Sequence[Value]) -> list[float]:
        """Return the values of nodes at these parameters, without a backward pass."""
        machine = self._machine
        with self._lock.once():
            machine.weights = parameters
            example = machine.noise.beside(machine.np.empty((1, 0), self.dtype))
            found = list(map(methodcaller("item"), self._values(example, nodes)))
            if not all(map(math.isfinite, found)):
                failures.trace(machine, example)
        return found

    def forward(self, X: Any, nodes: Sequence[Value]) -> Array:
        """Return the values of nodes for the rows of X, (m, len(nodes)), without a backward pass.

        Raises the errors of a call.
        """
        machine = self._machine
        rows = arguments.rows(X, len(self.inputs), machine.memory.dtype)
        with self._lock.once():
            examples = machine.noise.beside(rows)
            numbers = arguments.numbers(nodes, self.recording.ids)
            found = portions.values(machine, examples, numbers)
            if not machine.np.isfinite(found).all():
                failures.trace(machine, examples)
        return found

    def value(self, node: Value) -> Any:
        """Return the values of a recorded node: (m,), or a float where no input reaches it."""
        with self._lock.once():
            return loose(self._machine.reader.value(self._number(node)))

    def adjoint(self, node: Value) -> Any:
        """Return ∂c/∂node for each example, (m,); ∂C/∂node where no input reaches the node."""
        with self._lock.once():
            return loose(self._machine.reader.adjoint(self._number(node)))

    def read_values(self, nodes: Sequence[Value]) -> Array:
        """Return the values of nodes as columns, (m, len(nodes))."""
        reader = self._machine.reader
        with self._lock.once():
            return reader.columns(reader.values(self._numbers(nodes)))

    def read_adjoints(self, nodes: Sequence[Value]) -> Array:
        """Return the adjoints of nodes as columns, (m, len(nodes))."""
        reader = self._machine.reader
        with self._lock.once():
            return reader.columns(list(map(reader.adjoint, self._numbers(nodes))))

    def train(
        self, X: Any, optimizer: Any, steps: int, batch_size: int | None = None, *,
        nodes: Sequence[Value] = (), record: Callable[[Array, float], Any] | None = None,
    ) -> Array:  # fmt: skip
        """Take `steps` steps of an optimiser; return the mean cost before each, (steps,).

        `optimizer` is any object with `rule(w, g, state, step)` → (w, state), of one
        parameter. Each step uses all rows of X, or the next `batch_size` of them (the last
        batch of a pass may be smaller). Parameters stay in the program:
        `store_parameters()` writes them to their Values. A cost or gradient that is not
        finite raises as a call does, with the parameters as before that step. So does a
        parameter or a state of the optimiser that a step made infinite. NumPy applies a rule
        that is too large for the native executor, with a warning; executor="native" raises
        NotImplementedError.
        """
        examples = arguments.rows(X, len(self.inputs), self._machine.memory.dtype)
        steps = arguments.count("steps", steps, 0)
        size = len(examples) if batch_size is None else arguments.count("batch_size", batch_size, 1)
        with self._lock.once():
            trainer, self._trainer = self._trainer, None
            known = arguments.numbers(nodes, self.recording.ids) if nodes else []
            if record or trainer is None or not trainer.goes_on(optimizer):
                trainer = Trainer(self._machine, optimizer, known, record)
            costs = trainer.run(examples, steps, size)
            self._trainer = None if record else trainer
        if trainer.too_large and not self._warned:
            self._warned = True
            warnings.warn(
                f"the rule of {type(optimizer).__name__} is too large for the {self.executor} "
                "executor: NumPy applies it, which takes longer.",
                RuntimeWarning,
                stacklevel=2,
            )
        return costs

    def describe(self) -> Description:
        """Return the matrix formulas that were recovered, with shapes and counts."""
        return describe(self.recording, self._machine.placement)

    def load_parameters(self) -> None:
        """Take the numbers of the parameters from their Values."""
        with self._lock.once():
            numbers = self._machine.np.empty(len(self.parameters))
            read(self.parameters, numbers)
            self._machine.weights = numbers

    def store_parameters(self) -> None:
        """Write the numbers of the parameters to their Values."""
        with self._lock.once():
            numbers = self._machine.weights
        write(self.parameters, numbers.astype(float, copy=False))

    def snapshot(self) -> Array:
        """Return the numbers of the parameters, for `restore`, in an order of the program's own."""
        with self._lock.once():
            return self._machine.memory.room.values[False].copy()

    def restore(self, snapshot: Array) -> None:
        """Let the parameters have the numbers again that they had at a `snapshot`."""
        with self._lock.once():
            self._machine.current = False
            self._machine.memory.room.values[False][:] = snapshot

    # --- inside the lock -----------------------------------------------------------------

    def _run(self, examples: Array, whole: bool = False) -> tuple[float, Array]:
        machine = self._machine
        examples = machine.noise.beside(examples)
        cost = portions.evaluated(machine, examples, whole=whole)
        gradient = machine.np.array(machine.slopes())
        if machine.memory.room.lanes != len(examples):
            machine.passed = examples, cost, gradient.copy()
        machine.current = True
        return cost, gradient

    def _values(self, examples: Array, nodes: Sequence[Value]) -> list[Array]:
        """Return the values of nodes after a forward pass: lanes, or one number."""
        machine, numbers = self._machine, arguments.numbers(nodes, self.recording.ids)
        with machine.np.errstate(all="ignore"):
            machine.forward(examples)
        failures.check_guards(machine, examples)
        return machine.reader.values(numbers)

    def _number(self, node: Value) -> int:
        return self._numbers([node])[0]

    def _numbers(self, nodes: Sequence[Value]) -> list[int]:
        """Return the numbers of nodes that are to be read now."""
        found = arguments.numbers(nodes, self.recording.ids)
        if not self._machine.current:
            raise RuntimeError(
                "numbers are those of the last call; none was made yet, or it failed, or "
                "parameters changed since. Call program(X) first."
            )
        portions.recall(self._machine)
        return found
