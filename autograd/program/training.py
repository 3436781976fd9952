"""Training inside a program: steps over batches, and an optimiser's rule over all parameters.

Where a rule or a schedule looks at the number of the step (`0.1 if step < 100 else 0.01`) it is
read again for each step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd import errors
from autograd.program import failures, portions
from autograd.program.batches import batches_of
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.steps import Expression
from autograd.program.executors.interface import Update
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.machine import Machine
from autograd.program.memory import Table, all_finite, stretch
from autograd.program.rules import Looked, moved_leaves, rule_expression
from autograd.program.verification.points import WIDEST
from autograd.program.verification.rehearsal import Rehearsal, replacement

TOLD = 3  # the number of the step that is rehearsed, if a rule does not look at it
DRAWN = 1 << 20  # random numbers drawn at a time, as far as one step does not need more


class Trainer:
    """One run of `Program.train`.

    `optimiser` applies the rule: the executor's own, or NumPy where that one cannot. `record` is
    called before each update, with the values of `numbers` and the scale of the gradients.
    """

    def __init__(
        self, machine: Machine, optimizer: Any, numbers: Sequence[int] = (), record: Any = None
    ) -> None:
        self.numbers, self.record = numbers, record
        self.np, self.machine, self.optimizer = machine.np, machine, optimizer
        self.noise = machine.noise
        self.leaves, places = moved_leaves(machine.parameters, optimizer), machine.places
        if self.leaves != machine.parameters:
            ids = machine.recording.ids
            places = machine.placement.address[[ids[leaf] for leaf in self.leaves]]
        self.order = self.np.argsort(places)
        self.places = places[self.order]
        self.stretch = stretch(self.np, self.places)
        self.slots = getattr(optimizer, "slots", 0)
        self.clip_norm: Any = getattr(optimizer, "clip_norm", None)
        self.taken = self.np.array([int(getattr(optimizer, "steps", 0))])
        self.by_step = self.too_large = False
        self.table: Table | None = None  # what the optimiser has of the last run
        self.optimiser = machine.executor.optimiser
        machine.release()
        self._install(self.done + 1)
        self.optimiser.state[: self.slots] = self._state()
        self.given, self.setting = getattr(optimizer, "parameters", None), _setting(optimizer)
        watched = self.by_step or machine.guards or self.clip_norm is not None or record
        whole = self.optimiser is machine.executor.optimiser and not watched
        self.loop = machine.executor.train if whole else None
        self.rehearsed, self.whole = False, True  # whether the rows of a step pass all at once

    @property
    def done(self) -> int:
        """How many steps the optimiser has taken, those before this run too."""
        return int(self.taken[0])

    def goes_on(self, optimizer: Any) -> bool:
        """Take up an optimiser again; whether this is the one that was here last, as it was then.

        What its rule depends on it tells by its `setting`; without one nobody knows.
        """
        if self.setting is None or self.by_step or optimizer is not self.optimizer:
            return False
        if (self.given, self.setting) != (optimizer.parameters, _setting(optimizer)):
            return False
        if optimizer.table is not self.table:
            self.machine.release()
            self.optimiser.state[: self.slots] = self._state()
            self.taken[0] = optimizer.steps
        return True

    def run(self, examples: Array, steps: int, batch_size: int) -> Array:
        """Take the steps; return the mean cost before each of them."""
        if not self.rehearsed:
            self._rehearse(examples[: min(batch_size, WIDEST[self.machine.dtype])])
        costs = self.np.empty(steps)
        self._lend()
        try:
            self._all(examples, batches_of(len(examples), steps, batch_size), costs)
            if not all_finite(self.np, self.machine.memory.room.values[False][self.stretch]):
                self._forget_infinities()
                failures.require_finite(self.machine, examples[:0])
            self._require_finite_state()
        finally:
            try:
                self._return_state()
            except BaseException:  # it came when all steps were done
                self._return_state()
                raise
        return costs

    def _lend(self) -> None:
        """Let the optimiser have the state and the count of steps that the program goes on with.

        Whatever cuts the run short, they are those of the steps that were taken.
        """
        machine = self.machine
        if machine.lent and machine.lent.shared:
            machine.release()
        if hasattr(self.optimizer, "table"):
            machine.lent = machine.lent or Table(self.optimiser, self.slots, self.order, self.taken)
            self.optimizer.table = self.table = machine.lent

    def _rehearse(self, examples: Array) -> None:
        """Let steps be taken in a way that is right, as found out with these examples."""
        rows, step = self.noise.beside(examples, self.done), self.done + 1 if self.by_step else TOLD
        asked = Rehearsal(
            self.machine.dtype, self.update, self.optimizer.rule, step, rows, loop=bool(self.loop)
        )
        other = replacement(self.machine.known, self.machine.executor, self.optimiser, asked)
        if other:
            self.optimiser, self.loop = other, None
        self.rehearsed = True

    def _all(self, examples: Array, batches: Iterator[tuple[list[int], int]], costs: Array) -> None:
        """Take the steps of all batches, in a loop that no `finally` or `with` is directly around.

        Python 3.13 passes over their ends if Ctrl-C arrives as such a loop jumps back.
        """
        before = self.done
        for starts, size in batches:
            at = self.done - before
            self._steps(examples, starts, size, costs[at : at + len(starts)])
            done = self.done - before - at
            if done < len(starts):
                failed = examples[starts[done] : starts[done] + size]
                failures.trace(self.machine, self.noise.beside(failed, self.done), starts[done])

    def _steps(self, examples: Array, starts: list[int], size: int, costs: Array) -> None:
        """Take steps over batches of one size, up to one that fails; count them in `done`."""
        self.whole = bool(self.record) or portions.rows_at_a_time(self.machine, size) == size
        if self.whole:
            self.machine.resize(size)
        if self.loop and self.whole and not self.noise.nodes:
            self._run(examples, starts, size, costs)
            return
        with self.np.errstate(all="ignore"):  # infinities are looked for after each step
            if self.noise.nodes:
                self._drawn(examples, starts, size, costs)
            else:
                self._run(examples, starts, size, costs)

    def _drawn(self, examples: Array, starts: list[int], size: int, costs: Array) -> None:
        """Take steps whose random numbers are drawn as columns beside the examples."""
        each = size * len(self.noise.nodes)
        portion = max(1, DRAWN // each) if self.loop and self.whole else 1
        for k in range(0, len(starts), portion):
            some, done = starts[k : k + portion], self.done
            batches = [examples[first : first + size] for first in some]
            drawn = [self.noise.beside(x, call) for call, x in enumerate(batches, done)]
            places = [n * size for n in range(len(some))]
            rows = self.np.vstack(drawn)
            self._run(rows, places, size, costs[k : k + portion], some[0])
            if self.done - done < len(some):
                return

    def _run(
        self, examples: Array, starts: list[int], size: int, costs: Array, row: int = 0
    ) -> None:
        """Take steps over these rows, of which the first is number `row` of X."""
        if self.loop and self.whole:
            first = self.np.array(starts, dtype=self.np.int64)
            self.loop(examples, first, costs, self.taken, self.done + 1)
        else:
            self._one_by_one(examples, starts, size, costs, row)

    def _one_by_one(
        self, examples: Array, starts: list[int], size: int, costs: Array, row: int
    ) -> None:
        machine = self.machine
        for k, start in enumerate(starts):
            rows, anew = examples[start : start + size], k == 0 or start != starts[k - 1]
            costs[k] = cost = self._evaluated(rows, row + start, anew)
            gradient = machine.memory.room.adjoints[False][: len(machine.parameters)]
            if not (math.isfinite(cost) and all_finite(self.np, gradient)):
                return
            if self.by_step:
                self._install(self.done + 1)
            scale = 1.0 if self.clip_norm is None else self._scale(gradient[self.places])
            if self.record:
                self.record(machine.reader.columns(machine.reader.values(self.numbers)), scale)
            self._update(scale)

    def _evaluated(self, rows: Array, first: int, anew: bool) -> float:
        """Compute cost and gradient for rows, the first of which is number `first` of X."""
        machine, executor = self.machine, self.machine.executor
        if not self.whole:
            return portions.evaluated(machine, rows, first)
        if anew:
            executor.load(rows)
        executor.forward()
        if machine.guards:
            failures.check_guards(machine, rows, first)
        executor.backward()
        return machine.cost()

    def _update(self, scale: float) -> None:
        """Apply the rule and count it: an interrupt on the way leaves all as before."""
        if self.optimiser.undisturbed:
            return self.optimiser.update(self.done + 1, scale, self.taken)
        values, state = self.machine.memory.room.values[False], self.optimiser.state
        before = values.copy(), state.copy(), self.done
        try:
            self.optimiser.update(self.done + 1, scale, self.taken)
        except BaseException:
            values[:], state[:], self.taken[0] = before
            raise

    def _scale(self, g: Array) -> float:
        """Return by what to multiply a gradient whose norm is to be at most `clip_norm`."""
        largest = float(abs(g).max()) or 1.0  # whose square need not be finite
        norm = largest * math.sqrt(float(self.np.square(g / largest).sum()))
        return 1.0 if norm <= self.clip_norm else self.clip_norm / norm

    def _install(self, step: int) -> None:
        """Install the rule, as it is at a step where it looks at the number of the step."""
        self.update = update = Update(self._expression(step), self.slots, self.places)
        try:
            self.optimiser.install(update)
        except NotImplementedError:  # too large for the executor's own
            if self.machine.choice != "auto":
                raise
            state, self.too_large = self.optimiser.state.copy(), True
            self.optimiser = NumpyUpdate(self.machine.memory)
            self.optimiser.install(update)
            if state.shape == self.optimiser.state.shape:
                self.optimiser.state[:] = state
            if self.table:
                self.table.source = self.optimiser, self.taken

    def _expression(self, step: int) -> Expression:
        """Read the rule; with the step as a source, if the rule does not look at it."""
        try:
            return rule_expression(self.optimizer, self.slots, step if self.by_step else None)
        except (Looked, TypeError, NotImplementedError) as cause:
            if not self.by_step:
                self.by_step = True
                return self._expression(step)
            if isinstance(cause, Looked):
                raise errors.FrozenBranchError(
                    f"{cause}: an optimiser's rule is read once for all parameters; it looked at "
                    "the number of w, g or its state. Use where, maximum or clip instead."
                ) from None
            raise

    def _state(self) -> Array:
        """Return what the optimiser has as its state, (slots, parameters), in order of places."""
        if (table := getattr(self.optimizer, "table", None)) is not None:
            return table.by_parameter()[:, self.order]
        shape = (len(self.leaves), self.slots)
        state = getattr(self.optimizer, "state", None) if self.slots else None
        if state is None:
            return self.np.zeros(shape[::-1])
        return self.np.array(state, dtype=float).reshape(shape)[self.order].T

    def _require_finite_state(self) -> None:
        """Raise AnomalyError where the optimiser would remember an infinity for ever."""
        state = self.optimiser.state[: self.slots]
        if not all_finite(self.np, state):
            wrong = self.np.argwhere(~self.np.isfinite(state.T))
            self._forget_infinities()
            leaf = self.leaves[self.order[wrong[0][0]]]
            raise errors.AnomalyError(
                f"the state of an optimiser must be finite; a gradient made that of "
                f"{errors.where(leaf)} infinite. Scale the loss or the data, or clip the gradients."
            )

    def _forget_infinities(self) -> None:
        """Let the state of a parameter begin anew for which it is not finite."""
        state = self.optimiser.state[: self.slots]
        state[:, ~self.np.isfinite(state).all(axis=0)] = 0.0

    def _return_state(self) -> None:
        """Tell an optimiser, which has no table, its state and its steps."""
        if hasattr(self.optimizer, "table"):
            return
        if self.slots and hasattr(self.optimizer, "state"):
            table = Table(self.optimiser, self.slots, self.order, self.taken)
            self.optimizer.state = table.tuples()
        if hasattr(self.optimizer, "steps"):
            self.optimizer.steps = self.done


def _setting(optimizer: Any) -> Any:
    """Return what the rule of an optimiser depends on, None where it does not tell."""
    fixed = isinstance(getattr(optimizer, "parameters", None), tuple)
    return getattr(optimizer, "setting", None) if fixed else None
