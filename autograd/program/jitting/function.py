"""`jit`: a function that is recorded once for each structure of its arguments, then replayed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from autograd.derivatives.functional import (
    hessian,
    jacobian,
    jvp,
    matching,
    value_and_grad,
    vjp,
)
from autograd.derivatives.kinds import Compiled, Step, derived, steps_of
from autograd.derivatives.trees import leaves
from autograd.engine import Value
from autograd.errors import FrozenBranchError, received, short
from autograd.modes import observed
from autograd.program.jitting.arguments import Arguments, number_of_rows, rows_of, with_arrays
from autograd.program.jitting.store import Store
from autograd.program.jitting.structures import EndlessLoopError, Structure
from autograd.program.jitting.traces import Chain
from autograd.reductions import dot

CACHE = 32


def jit(f: Any = None, *, static: Any = (), cache: int = CACHE) -> Any:
    """Return `f` compiled: the first call of a structure records, later ones replay.

    `f` takes nested lists, tuples, dicts or arrays of numbers and returns one number or
    several. `static` names arguments that hold no numbers (a count, a text, None, a model); the
    object of a method is one by itself. It is a decorator with and without brackets.

    All derivatives of a compiled function are compiled as well, `grad(jit(f))`, `hessian(jit(f))`,
    `vjp(jit(f), x)`, and so is `jit(grad(f))`; `jit(f).value_and_grad(*args)` is
    `value_and_grad(jit(f))(*args)`, and `jit(f).map(X)` stacks f of each row of X.

    A call returns what `f` returns node by node. Values and gradients are compiled by the first
    call of a structure, matrices by the second. Where Python decides otherwise inside of `f`, that
    branch is recorded too, up to 32 of them. Called with a Value it runs node by node, so that no
    gradient is lost. Values that `f` holds by itself, such as the weights of a model, count with
    the numbers they have at the time of the call; plain numbers are those of the recording. At most
    `cache` structures are kept.

    >>> from autograd import jit
    >>> energy = jit(lambda v: 0.5 * sum(a * a for a in v))
    >>> energy([3.0, 4.0])
    12.5
    >>> energy.value_and_grad([6.0, 8.0])
    (50.0, [6.0, 8.0])
    >>> @jit(static="n")
    ... def power(x, n):
    ...     return x**n
    >>> power(-3.0, 2), power.value_and_grad(-3.0, 2)
    (9.0, (9.0, -6.0))
    """
    if f is None:
        return partial(jit, static=static, cache=cache)
    if isinstance(f, Jit):
        return f
    if not callable(f):
        raise TypeError(f"jit takes a function; got {received(f)}.")
    base, chain = steps_of(f)
    return Jit(Store(base, static, cache), chain)


class Jit(Compiled):
    """A compiled function, or a derivative of one: `chain` says which."""

    def __init__(self, store: Store, chain: Chain = (), first: tuple[Any, ...] = ()) -> None:
        self.store, self.chain, self.first = store, chain, first
        self._derivatives: dict[tuple[str, Any], Jit] = {}
        self._is_method = False
        if store.origin is None and not first:
            store.origin = self
        update_wrapper(self, store.f, updated=())
        for step in chain:
            self._be_called(step)

    @property
    def eager(self) -> Callable[..., Any]:
        """The same function, node by node."""
        f: Callable[..., Any] = partial(self.store.f, *self.first) if self.first else self.store.f
        for step in self.chain:
            f = derived(f, step)
        return f

    def _be_called(self, step: Step) -> None:
        """Take the name of a derivative."""
        name = f"{step.kind}({getattr(self, '__name__', type(self.store.f).__name__)})"
        self.__doc__ = f"Return {name} by argument {step.argnums}, compiled."
        self.__name__ = self.__qualname__ = name

    def _twin(self, **changed: Any) -> Jit:
        """Return the same function with another chain, or of another object."""
        twin = object.__new__(Jit)
        twin.__dict__ = {**self.__dict__, **changed, "_derivatives": {}}
        return twin

    def __repr__(self) -> str:
        return f"jit({getattr(self, '__qualname__', short(self.store.f))})"

    def __get__(self, instance: Any, owner: Any = None) -> Jit:
        """Return the method of an object, as a function of the other arguments."""
        return self if instance is None else self._twin(first=(instance, *self.first))

    def __set_name__(self, owner: type, name: str) -> None:
        """Hear that this is a method, so that a call through the class names the object first."""
        self._is_method = True

    def __reduce__(self) -> Any:
        """Pickle by name what a module holds, and others by what they are made of."""
        name = getattr(self, "__qualname__", "")
        here: Any = sys.modules.get(getattr(self, "__module__", ""))
        for part in name.split("."):
            here = getattr(here, part, None)
        if here is self:
            return name
        store = self.store
        made_of: Any = (store.f, store.static, store.cache)
        if store.origin is not None and store.origin is not self:
            made_of = store.origin
        return _restored, (made_of, self.chain, self.first)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return f(*args, **named) as numbers, in the structure that f returns."""
        if self._is_method and not self.first:
            return self.__get__(args[0])(*args[1:], **named)
        arguments = self.store.signature.apart(self.first, args, named)
        try:
            numbers = arguments.numbers()
        except TypeError:
            known = with_arrays(args, named)
            if known is None:
                raise
            return self(*known[0], **known[1])
        if numbers is None or self.chain in self.store.refused:
            return self.eager(*args, **named)
        try:
            if observed() and self._known(arguments.key, Structure.holds, arguments, numbers):
                return self.eager(*arguments.as_values(numbers), **named)
            sweep, found = self._known(arguments.key, Structure.answer, arguments, numbers)
        except _REFUSED as reason:
            self._require_another_way(reason)
            return self.eager(*args, **named)
        return sweep.finished(found)

    def map(self, *args: Any, **named: Any) -> Any:
        """Return the results for all rows of the arguments, stacked; `named` ones stay the same.

        `jit(f).map(X)` is f(X[0]), f(X[1]), … as one array, all rows in one pass; so are values
        and gradients, `value_and_grad(jit(f)).map(X)`, and Jacobians.

        >>> import numpy as np
        >>> from autograd import grad, jit
        >>> grad(jit(lambda x: x[0] * x[1])).map(np.array([[2.0, 3.0], [4.0, 5.0]]))
        array([[3., 2.],
               [5., 4.]])
        """
        import numpy as np

        columns = [rows_of(x) for x in args]
        rows = number_of_rows([tree for tree, _ in columns])

        def row(k: int) -> Arguments:
            one = tuple(tree[k] for tree, _ in columns)
            return self.store.signature.apart(self.first, one, named)

        shared = self.store.signature.apart(self.first, (), named).numbers()
        if shared is None:
            raise TypeError("map takes numbers; got Values by name. Call f on each row.")
        parts = [*(numbers for _, numbers in columns), np.tile(shared, (rows, 1))]
        sweep, found = self._known(row(0).key, Structure.map, row, np.hstack(parts))
        return sweep.stacked(found)

    def _known(self, key: Any, ask: Callable[..., Any], *question: Any) -> Any:
        """Ask the structure of a key, which is kept once something was recorded of it."""
        known = self.store.structure(key)
        structure = known or Structure(self.store.f)
        found = ask(structure, self.chain, *question)
        if known is None:
            self.store.keep(key, structure)
        return found

    def _require_another_way(self, reason: Exception) -> None:
        """Say once why it runs node by node; raise where numbers that f reads would be frozen."""
        frozen = isinstance(reason, FrozenBranchError)
        if isinstance(reason, EndlessLoopError) or (frozen and not self.chain):
            raise reason
        if not self.store.refused:
            warnings.warn(
                f"{self!r} runs node by node, for it cannot be compiled: {reason}",
                RuntimeWarning,
                stacklevel=3,
            )
        self.store.refused.add(self.chain)

    # --- derivatives ---------------------------------------------------------------------

    def derived(self, step: Step) -> Jit:
        """Return a derivative, which shares all that was recorded."""
        found = self._derivatives.get(step)
        if found is None:
            found = self._twin(chain=(*self.chain, step))
            found._be_called(step)
            self._derivatives[step] = found
        return found

    def value_and_grad(self, *args: Any, argnums: Any = 0, **named: Any) -> Any:
        """Return (f(*args), ∂f/∂argument); `argnums` is one position or several."""
        plain = argnums.__class__ is int or argnums.__class__ is tuple
        known = self._derivatives.get(("value_and_grad", argnums)) if plain else None
        return (known or value_and_grad(self, argnums))(*args, **named)

    def jacobian(self, *args: Any, argnums: Any = 0, sparse: bool = False, **named: Any) -> Any:
        """Return ∂f/∂argument for an f of any results."""
        return jacobian(self, argnums, sparse=sparse)(*args, **named)

    def hessian(self, *args: Any, argnums: Any = 0, sparse: bool = False, **named: Any) -> Any:
        """Return ∂²f/∂argument²."""
        return hessian(self, argnums, sparse=sparse)(*args, **named)

    def hvp(self, x: Any, v: Any) -> Any:
        """Return the product of the Hessian of f at x with v: the gradient of v·∇f."""
        free = self._twin(first=())

        def slope(*parts: Any) -> Any:
            *first, at, along = parts
            return jvp(free._of(first), (at,), (along,))[1]

        return self._companion("hvp", slope, (Step("grad"),))(x, v)

    def jvp(self, primals: Any, tangents: Any) -> tuple[Any, Any]:
        """Return (f(*primals), J · tangents)."""
        free = self._twin(first=())

        def along(*parts: Any) -> Any:
            *first, at, directions = parts
            return jvp(free._of(first), at, directions)

        found: tuple[Any, Any] = self._companion("jvp", along)(primals, tangents)
        return found

    def vjp(self, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """Return (f(*primals), pullback)."""
        value, free = self(*primals), self._twin(first=())
        outputs = leaves(value)

        def weighted(*parts: Any) -> Any:
            *first, at, weights = parts
            return dot(leaves(free._of(first)(*at)), leaves(weights))

        def pullback(cotangent: Any) -> tuple[Any, ...]:
            if Value in map(type, matching("cotangent", cotangent, outputs)):
                return vjp(self.eager, *primals)[1](cotangent)
            found = self._companion("vjp", weighted, (Step("grad"),))(primals, cotangent)
            return tuple(found)

        return value, pullback

    def _of(self, first: Any) -> Callable[..., Any]:
        """Return the function node by node, of an object where it is a method."""
        return self._twin(first=tuple(first)).eager

    def _companion(self, kind: str, f: Callable[..., Any], chain: Chain = ()) -> Jit:
        return Jit(self.store.companion((kind, self.chain), f), chain, self.first)


_REFUSED = (FrozenBranchError, NotImplementedError)


def _restored(made_of: Any, chain: Chain, first: tuple[Any, ...]) -> Jit:
    """Return a function that was pickled or copied, of another one or with nothing recorded."""
    store = made_of.store if isinstance(made_of, Jit) else Store(*made_of)
    return Jit(store, chain, first)
