"""Methods of SciPy that take all examples at once: L-BFGS and Levenberg-Marquardt.

They choose their steps by themselves, so an epoch is one of their iterations, and a training ends
where they find no better point.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autograd import Program, Value, gradients
from nn.arguments import Array, number_of, several
from nn.freezing import frozen
from nn.losses import half_squared_error, mean_squared_error, squared_error
from nn.recording import NOT_FINITE, recorded
from nn.training.steps import Compiled, NodeByNode, Steps

CLOSE = 1e-12  # relative, where the squares stop getting less
SQUARES = (half_squared_error, squared_error, mean_squared_error)

Ended = Callable[[float], bool]  # takes the cost before an iteration; whether to end the training


class _Enough(Exception):
    """The epochs are over, or a callback ended the training."""


class Minimizer(ABC):
    """What the methods share: the weights as one vector, and where the last iteration left it."""

    def __init__(self, steps: Steps, parameters: Sequence[Value], ended: Ended, left: int) -> None:
        still = frozen()
        self.steps, self.ended, self.left = steps, ended, left
        self.all, self.free = list(parameters), [p for p in parameters if p not in still]
        self.best: list[float] = [p.data for p in self.free]

    @abstractmethod
    def run(self) -> None:
        """Minimise the mean loss; leave the weights where the last iteration did."""

    def put(self, x: Any) -> None:
        """Let the weights have these numbers."""
        for leaf, number in zip(self.free, x, strict=True):
            leaf.data = float(number)

    def reached(self, x: Any, cost: float) -> None:
        """Keep the weights of an iteration that began at a cost. Raises _Enough at the end."""
        self.best = list(map(float, x))
        self.put(self.best)
        if isinstance(self.steps, Compiled):
            self.steps.program.load_parameters()
        self.left -= 1
        if self.ended(cost) or self.left <= 0:
            raise _Enough

    def minimized(self, method: Callable[[], Any]) -> None:
        """Run a method of SciPy to its end, and put the weights where it left them."""
        try:
            method()
        except _Enough:
            pass
        finally:
            self.put(self.best)


class LBFGS(Minimizer):
    """Quasi-Newton steps from a memory of ten gradients. Source: Byrd, Lu, Nocedal & Zhu 1995."""

    def run(self) -> None:
        """Minimise the mean loss; leave the weights where the last iteration did."""
        optimize, self.costs = _scipy(), dict[bytes, float]()
        start = self.evaluated(self.best)[0]

        def iteration(x: Array) -> None:
            nonlocal start
            before, start = start, self.costs.get(x.tobytes(), start)
            self.reached(x, before)

        self.minimized(
            lambda: optimize.minimize(
                self.tried, self.best, jac=True, method="L-BFGS-B", callback=iteration,
                options={"maxiter": self.left, "maxfun": 20 * self.left + 20},
            )
        )  # fmt: skip

    def tried(self, x: Array) -> tuple[float, Array]:
        """Return cost and gradient of a point that may be too far: infinity where it is."""
        import numpy as np

        try:
            cost, gradient = self.evaluated(x)
        except NOT_FINITE:
            return math.inf, np.zeros(len(x))
        self.costs = {x.tobytes(): cost}
        return cost, gradient

    def evaluated(self, x: Any) -> tuple[float, Array]:
        """Return the mean loss of all examples at these weights, and its gradient."""
        import numpy as np

        self.put(x)
        steps = self.steps
        if isinstance(steps, Compiled):
            steps.program.load_parameters()
            cost, gradient = steps.program(steps.rows)
            place = {leaf: k for k, leaf in enumerate(self.all)}
            return cost, gradient[[place[leaf] for leaf in self.free]].astype(float)
        assert isinstance(steps, NodeByNode)
        _, C = steps.forward(steps.X, steps.y)
        return C.data, np.array(gradients(C, self.free))


class LevenbergMarquardt(Minimizer):
    """Damped Gauss-Newton steps on the residuals of a loss that is a sum of squares.

    With fewer residuals than weights the steps are those of a trust region instead.
    Sources: Marquardt 1963; MINPACK's lmder; Branch, Coleman & Li 1999.
    """

    def __init__(self, model: Any, X: Array, y: Array, weights: Array, *shared: Any) -> None:
        super().__init__(*shared)
        self.model, self.X, self.y = model, X, y.reshape(len(X), -1)
        self.weights = weights  # of each example's squares: C = ½ Σ weight (a - y)²
        self.outputs: list[Program] = []
        if isinstance(self.steps, Compiled):
            leaves = _output_leaves(model, X)
            self.outputs = [
                Program(a, inputs=[*leaves.leaves, *self.free], parameters=[])
                for a in leaves.outputs
            ]

    def run(self) -> None:
        """Minimise the mean loss; leave the weights where the last iteration did."""
        optimize, begun = _scipy(), False
        method = "lm" if self.y.size >= len(self.free) else "trf"
        cost = 0.0

        def jacobian(x: Array) -> Any:
            nonlocal begun, cost
            if begun:
                self.reached(x, cost)
            begun, cost = True, 0.5 * float((self.residuals(x) ** 2).sum())
            return self.jacobian(x)

        def whole() -> None:
            options = dict.fromkeys(("ftol", "xtol", "gtol"), CLOSE) | {"method": method}
            found = optimize.least_squares(self.residuals, self.best, jac=jacobian, **options)
            if list(found.x) != self.best:
                self.reached(found.x, cost)

        self.minimized(whole)

    def residuals(self, x: Any) -> Any:
        """Return √weight (a - y) of every example and output, (m n,)."""
        import numpy as np

        self.put(x)
        if self.outputs:
            rows = self._rows(x)
            columns = [program.forward(rows, [program.loss]) for program in self.outputs]
            found = np.column_stack(columns)
        else:
            found = np.array(
                [[number_of(a) for a in several(self.model(row))] for row in self.X.tolist()]
            )
        return (np.sqrt(self.weights)[:, None] * (found - self.y)).ravel()

    def jacobian(self, x: Any) -> Any:
        """Return the derivative of every residual by every weight, (m n, weights)."""
        import numpy as np

        self.put(x)
        if self.outputs:
            rows, found = self._rows(x), []
            for program in self.outputs:
                program(rows)
                found.append(program.read_adjoints(self.free))
            slopes = np.stack(found, axis=1)
        else:
            slopes = np.array([
                [gradients(a, self.free) for a in several(self.model(row))]
                for row in self.X.tolist()
            ])  # fmt: skip
        return (np.sqrt(self.weights)[:, None, None] * slopes).reshape(-1, len(self.free))

    def _rows(self, x: Array) -> Array:
        import numpy as np

        return np.hstack([self.X, np.broadcast_to(x, (len(self.X), len(self.free)))])


METHODS = {"lbfgs": LBFGS, "lm": LevenbergMarquardt}


def method_of(optimizer: Any, lr: Any, trace: Any) -> str:
    """Return the name of a method of SciPy, or "" for an optimiser of ours.

    Raises ValueError for what such a method does not take.
    """
    if not isinstance(optimizer, str) or optimizer.lower() not in METHODS:
        return ""
    if lr is not None or trace not in (None, False):
        given = f"lr={lr!r}" if lr is not None else f"trace={trace!r}"
        raise ValueError(f"{optimizer!r} chooses its steps by itself; got {given}. Leave it out.")
    return optimizer.lower()


def minimizer(
    name: str, model: Any, data: tuple[Array, Array], loss: Any, weights: Array | None
) -> Callable[..., Minimizer]:
    """Return what makes the method of a name from steps, parameters, a function and a count.

    Raises ValueError where it does not fit the loss.
    """
    import numpy as np

    X, y = data
    if not isinstance(X, np.ndarray):
        raise ValueError(f"{name!r} takes rows of one length. Try optimizer='adam'.")
    if name == "lbfgs":
        return LBFGS
    if loss not in SQUARES:
        raise ValueError(
            "'lm' needs a loss that is a sum of squares: "
            f"{', '.join(f.__name__ for f in SQUARES)}; got {getattr(loss, '__name__', loss)!r}. "
            "Try optimizer='lbfgs'."
        )
    share = {half_squared_error: 1.0, squared_error: 2.0, mean_squared_error: 2.0 * len(y) / y.size}
    of_each = np.full(len(X), share[loss] / len(X)) * (1.0 if weights is None else weights)
    return partial(LevenbergMarquardt, model, X, y, of_each)


def _output_leaves(model: Any, X: Array) -> Any:
    """Return the recorded graph of one example, without a loss."""
    import numpy as np

    return recorded(model, X, np.zeros((len(X), 0)), lambda outputs, target: several(outputs)[0])


def _scipy() -> Any:
    try:
        from scipy import optimize
    except ImportError:
        raise ImportError(
            "the methods 'lbfgs' and 'lm' are SciPy's: python -m pip install scipy"
        ) from None
    return optimize
