"""Steps down the mean loss of a batch: node by node, or by a program of one example."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from autograd import Program, Value, at_call, errors, gradients, mean, topological
from nn.arguments import Array, number_of, several
from nn.losses import Loss
from nn.modes import in_mode
from nn.optimizers import Optimizer
from nn.recording import NOT_FINITE, recorded
from nn.tracing import Trace

# What `fit` goes through again step by step, beside a number that is not finite: an optimiser's
# rule that cannot be recorded.
REFUSED = (NotImplementedError, errors.FrozenBranchError, TypeError)


Batches = Sequence[Sequence[int]]  # of one epoch: rows


class Steps(ABC):
    """Takes the steps of a training, and measures a model on data."""

    trace: Trace | None

    def epoch(self, batches: Batches) -> list[float]:
        """Take a step on the rows of each batch; return the mean loss before each."""
        with self.kept():
            return [self.step(batch) for batch in batches]

    def epochs(self, batches: Batches, count: int) -> list[list[float]]:
        """Go so many times through the same batches; return what `epoch` does, for each time."""
        return [self.epoch(batches) for _ in range(count)]

    def kept(self) -> AbstractContextManager[None]:
        """Return a context in which the trace, if there is one, keeps an epoch."""
        return self.trace.epoch() if self.trace else nullcontext()

    @abstractmethod
    def settle(self) -> None:
        """Let the Values of the parameters have the numbers of the last step."""

    @abstractmethod
    def step(self, batch: Sequence[int]) -> float:
        """Take a step on the rows of one batch; return their mean loss before it."""

    @abstractmethod
    def measure(self, X: Array, y: Array) -> tuple[Array, float]:
        """Return the outputs for these examples, (m, fan_out), and their mean loss."""


class NodeByNode(Steps):
    """Takes a step by building the graph of a batch and walking it back."""

    def __init__(
        self, model: Any, X: Array, y: Array, loss: Loss, optimizer: Optimizer,
        trace: Trace | None = None,
    ) -> None:  # fmt: skip
        self.model, self.loss, self.optimizer, self.X, self.y = model, loss, optimizer, X, y
        self.trace = trace

    def step(self, batch: Sequence[int]) -> float:
        """Take a step on the rows of one batch; return their mean loss before it."""
        with in_mode(training=True):
            _, C = self.forward(self.X[batch], self.y[batch])
        self.optimizer.zero_grad()
        C.backward()
        if self.trace:
            self._keep(self.trace, C, batch)
        self.optimizer.step()
        return C.data

    def _keep(self, trace: Trace, C: Value, batch: Sequence[int]) -> None:
        """Keep the part of each example, by walking back its own loss."""
        import numpy as np

        parts = np.array([gradients(c, trace.leaves) for c in C.parents])
        scale = self.optimizer.scale([leaf.grad for leaf in self.optimizer.parameters])
        trace.add(batch, parts, trace.numbers(), scale)

    def settle(self) -> None:
        """Do nothing: steps change the Values themselves."""

    def measure(self, X: Array, y: Array) -> tuple[Array, float]:
        """Return the outputs for these examples, (m, fan_out), and their mean loss."""
        import numpy as np

        with in_mode(training=False):
            outputs, C = self.forward(X, y)
        return np.array([[number_of(a) for a in several(row)] for row in outputs]), C.data

    def forward(self, X: Array, y: Array) -> tuple[list[Any], Value]:
        """Return the outputs for these examples and their mean loss, which must be finite."""
        outputs = [self._called(k, x) for k, x in enumerate(X.tolist())]
        C: Value = mean([self.loss(a, t) for a, t in zip(outputs, y.tolist(), strict=True)])
        if not math.isfinite(C.data):
            raise _not_finite(C)
        return outputs, C

    def _called(self, k: int, x: list[float]) -> Any:
        """Return the outputs for example k of a batch, with the masks of this step."""
        with at_call(self.optimizer.steps, k):
            return self.model(x)


class Compiled(Steps):
    """Takes a step by replaying the graph of one example over the rows of a batch.

    After an epoch the Values of the parameters wait for `settle`: until then their numbers are
    those of the program alone.
    """

    def __init__(
        self, model: Any, X: Array, y: Array, loss: Loss, optimizer: Optimizer,
        trace: Trace | None = None, dtype: str = "float64", shape: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        import numpy as np

        self.record = partial(recorded, model, X, y, loss, shape)
        with in_mode(training=True) as mode, at_call(0):
            one = self.record()
        if getattr(one.c, "op", "") in ("", "detach"):
            raise ValueError(
                f"the loss must depend on the parameters of the model; got {one.c!r}, which nothing"
                " computed. Train outside of no_grad(), and compute with the Values themselves."
            )
        self.dtype, self.asked = dtype, mode.asked  # whether anything depends on the mode
        self.outputs, self.trace = one.outputs, trace
        self.parts = one.parts(trace.leaves) if trace else []
        self.program = one.program(optimizer.parameters, dtype, self.parts)
        self.optimizer, self.rows = optimizer, np.column_stack([X, y])
        self.rest: tuple[Program, list[Value]] | tuple[()] = ()
        self.one_by_one = False  # whether the optimiser's rule was refused
        self.ahead = False  # whether the Values wait

    def epoch(self, batches: Batches) -> list[float]:
        """Take a step on the rows of each batch; return the mean loss before each.

        An epoch that fails is gone through again step by step, to end before the step that did.
        """
        return self.epochs(batches, 1)[0]

    def epochs(self, batches: Batches, count: int) -> list[list[float]]:
        """Do so several times, in one call of the program; one by one where that fails."""
        optimizer, refusal = self.optimizer, None
        snapshot = self._loaded()
        before = optimizer.kept, optimizer.steps
        try:
            costs = [] if self.one_by_one else self._trained(batches, count)
            if costs:
                return [costs[k : k + len(batches)] for k in range(0, len(costs), len(batches))]
        except KeyboardInterrupt:
            self.ahead = True
            raise
        except NOT_FINITE:
            pass  # the steps below name the batch
        except REFUSED as cause:
            refusal = cause
        except BaseException:
            optimizer.kept, optimizer.steps = before
            self.program.restore(snapshot)
            raise
        optimizer.kept, optimizer.steps = before
        self.program.restore(snapshot)
        self.settle()
        if count > 1 and not refusal:
            return super().epochs(batches, count)
        found = [super().epoch(batches)]
        if refusal:
            self._say(refusal)
        return found + super().epochs(batches, count - 1)

    def settle(self) -> None:
        """Let the Values of the parameters have the numbers of the last step."""
        if self.ahead:
            self.program.store_parameters()
            self.ahead = False

    def step(self, batch: Sequence[int]) -> float:
        """Take a step on the rows of one batch; return their mean loss before it."""
        with at_call(self.optimizer.steps):
            C, gradient = self.program(self.rows[batch])
        numbers = gradient.tolist()
        if self.trace:
            parts, scale = self.program.read_values(self.parts), self.optimizer.scale(numbers)
            self.trace.add(batch, parts, self.trace.numbers(), scale)
        self.optimizer.update(numbers)
        self.program.load_parameters()
        return C

    def measure(self, X: Array, y: Array) -> tuple[Array, float]:
        """Return the outputs for these examples, (m, fan_out), and their mean loss."""
        import numpy as np

        program, outputs = self._resting()
        found = program.forward(np.column_stack([X, y]), [*outputs, program.loss])
        return found[:, :-1], float(found[:, -1].mean())

    def _resting(self) -> tuple[Program, list[Value]]:
        """Return the program of a model that does not train, and its outputs."""
        if not self.asked:
            return self.program, self.outputs
        if not self.rest:
            with in_mode(training=False):
                one = self.record()
            self.rest = one.program(self.optimizer.parameters, self.dtype), one.outputs
        self.settle()
        self.rest[0].load_parameters()
        return self.rest

    def _trained(self, batches: Batches, count: int) -> list[float]:
        """Take all steps inside the program, `count` times; return the mean loss before each."""
        rows, size = self.rows, len(batches[0])
        if not isinstance(batches[0], range):  # of all rows
            rows = rows[[k for batch in batches for k in batch]]
        options: dict[str, Any] = {}
        if self.trace:
            nodes = [*self.parts, *self.trace.leaves]
            options = {"nodes": nodes, "record": self.trace.recorder(batches)}
        steps = len(batches) * count
        with self.kept():
            with self.optimizer.awake() as optimizer:
                costs = self.program.train(rows, optimizer, steps, size, **options)
            self.ahead = True
            if self.trace:
                self.settle()  # it looks at the weights after each epoch
        found: list[float] = costs.tolist()
        return found

    def _loaded(self) -> Array:
        """Return a snapshot of the parameters, those of the Values if these do not wait."""
        if not self.ahead:  # a callback may have changed them
            self.program.load_parameters()
        snapshot: Array = self.program.snapshot()
        return snapshot

    def _say(self, refusal: Exception) -> None:
        """Warn, once, that the steps are slow and why."""
        self.one_by_one = True
        warnings.warn(
            f"the rule of {self.optimizer!r} is applied parameter by parameter, which is slow: it "
            f"cannot be compiled ({type(refusal).__name__}: {refusal}).",
            RuntimeWarning,
            stacklevel=7,  # whoever called fit
        )


def _not_finite(cost: Value) -> errors.AnomalyError:
    """Return the error that names the first node of a graph that is not finite."""
    bad = next(node for node in topological(cost) if not math.isfinite(node.data))
    operands = [f"{x.label or x.op or 'constant'} = {x.data:g}" for x in bad.parents[:4]]
    operands += ["…"] * (len(bad.parents) > 4)
    name = f"{bad.op}({', '.join(operands)})" if bad.op else f"leaf {bad.label!r}"
    return errors.AnomalyError(
        f"the mean loss of a batch is {cost.data}: the first node that is not finite is "
        f"{name} = {bad.data}. The parameters are as before this step; lower the learning "
        "rate, clip the gradients, or scale the data."
    )
