"""The numbers of one example by their addresses, as arrays of JAX that are never written to.

A buffer is a row of pieces, each an array for consecutive addresses: what an instruction stores
becomes a piece of its own, so that a layer's numbers stay one array, and what reads them all reads
that array, not a gather from something larger.
"""

from __future__ import annotations

from typing import Any

Array = Any
FEW = 4  # slices that are joined; a gather does better for more


class Buffer:
    """Pieces by the address they start at; while it is `held` it passes no gradient on."""

    def __init__(self, dtype: Any) -> None:
        self.dtype, self.held = dtype, False
        self.pieces: dict[int, Array] = {}

    def read(self, addresses: Array) -> Array:
        """Return the numbers at a NumPy array of addresses, in its shape."""
        from jax import lax

        start, piece = self._covering(addresses)
        piece = lax.stop_gradient(piece) if self.held else piece
        return taken(piece, addresses - start)

    def store(self, addresses: Array, numbers: Array) -> None:
        """Let these numbers, of the same shape, stand at the addresses from now on."""
        flat = addresses.ravel()
        whole = (flat[1:] == flat[:-1] + 1).all()
        first, last = int(flat.min()), int(flat.max())
        if whole and not any(s <= last and first < s + len(p) for s, p in self.pieces.items()):
            self.pieces[first] = numbers.reshape(-1)
            return
        start, piece = self._covering(addresses)
        self.pieces[start] = piece.at[addresses - start].set(numbers)

    def add(self, addresses: Array, numbers: Array) -> None:
        """Add numbers to those at the addresses; one that comes twice receives both."""
        start, piece = self._covering(addresses)
        whole = addresses.size == len(piece) and (addresses.ravel()[1:] > addresses.ravel()[:-1])
        if whole is not False and whole.all():
            self.pieces[start] = piece + numbers.reshape(-1)
        else:
            self.pieces[start] = piece.at[addresses - start].add(numbers)

    def _covering(self, addresses: Array) -> tuple[int, Array]:
        """Return the piece that has these addresses, joined of several where it must be."""
        import jax.numpy as jnp

        first, last = int(addresses.min()), int(addresses.max()) + 1
        met = sorted(s for s, p in self.pieces.items() if s < last and first < s + len(p))
        if len(met) == 1 and met[0] <= first and last <= met[0] + len(self.pieces[met[0]]):
            return met[0], self.pieces[met[0]]
        parts, at = [], min([first, *met])
        start = at
        for s in met:
            parts += [jnp.zeros(s - at, self.dtype), self.pieces[s]]  # what nobody wrote yet
            at = s + len(self.pieces[s])
        parts.append(jnp.zeros(max(last - at, 0), self.dtype))
        piece = jnp.concatenate(parts)
        for s in met:
            del self.pieces[s]
        self.pieces[start] = piece
        return start, piece


def taken(piece: Array, places: Array) -> Array:
    """Return piece[places]: by a reshape, by slices or a turn where that does it."""
    import jax.numpy as jnp
    import numpy as np

    flat = places.ravel()
    if places.ndim == 2 and not _consecutive(flat) and _consecutive(places.T.ravel()):
        return taken(piece, np.ascontiguousarray(places.T)).T
    if _consecutive(flat):
        first, last = int(flat[0]), int(flat[-1]) + 1
        whole = piece if last - first == len(piece) else piece[first:last]
        return whole.reshape(places.shape)
    runs = np.split(flat, np.flatnonzero(flat[1:] != flat[:-1] + 1) + 1)
    if len(runs) > FEW:
        return piece[places]
    return jnp.concatenate([piece[run[0] : run[-1] + 1] for run in runs]).reshape(places.shape)


def _consecutive(flat: Array) -> bool:
    return bool((flat[1:] == flat[:-1] + 1).all())
