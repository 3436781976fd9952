"""Recorded graphs node by node."""

from typing import Any

operations: tuple[str, ...]
interface: int
points: int

def run(
    table: bytes,
    codes: Any,
    kinds: Any,
    flat: Any,
    starts: Any,
    numbers: Any,
    pool: Any,
    widths: Any,
    room: Any,
    parameters: int,
    leaves: int,
    root: int,
    far: float,
    single: bool,
    noise: float,
    smallest: float,
    largest: float,
    seed: int,
    /,
) -> bytes | None: ...
def settle(kinds: Any, address: Any, values: Any, numbers: Any, /) -> None: ...
def sampled(
    address: Any,
    lanes: Any,
    active: Any,
    beside: Any,
    root: int,
    first: int,
    most: int,
    few: int,
    adjoints: int,
    /,
) -> tuple[bytes, bytes, list[int]]: ...
def compare(
    gradient: Any,
    items: Any,
    order: Any,
    values: Any,
    adjoints: Any,
    memories: tuple[Any, Any, Any, Any, Any],
    width: int,
    noise: float,
    smallest: float,
    clear: float,
    /,
) -> tuple[int, float, float] | None: ...
