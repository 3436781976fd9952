"""The groups of a recording, as C finds them."""

from typing import Any

interface: int

def sums(flat: Any, bounds: Any, sorts: Any, once: Any, /) -> tuple[bytearray, ...]: ...
def collected(rows: Any, bounds: Any, left: Any, /, *more: Any) -> tuple[bytearray, ...]: ...
def matrix_of(rows: Any, left: Any, right: Any, count: int, /) -> tuple[int, int, int] | None: ...
def matrix_order(left: Any, right: Any, position: Any, count: int, /) -> bytearray | None: ...
def straightened(
    columns: list[Any], /
) -> tuple[tuple[int, ...], list[tuple[int, ...]], list[int]] | None: ...
def reached(flat: Any, bounds: Any, passes: Any, root: int, /) -> bytearray: ...
def share(pair_bounds: Any, left: Any, right: Any, kinds: Any, numbers: Any, /) -> bytearray: ...
def groups(
    flat: Any,
    bounds: Any,
    codes: Any,
    kinds: Any,
    lanes: Any,
    ways: Any,
    numbers: Any,
    owner: Any,
    row: Any,
    pair_bounds: Any,
    left: Any,
    right: Any,
    term_bounds: Any,
    terms: Any,
    reached: Any,
    /,
) -> tuple[bytearray, bytearray, bytearray, bytearray]: ...
