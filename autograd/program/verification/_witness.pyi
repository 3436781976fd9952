"""Recorded graphs node by node."""

from typing import Any

operations: tuple[str, ...]
interface: int

def run(
    codes: bytes,
    kinds: Any,
    flat: Any,
    starts: Any,
    active: bytearray,
    values: Any,
    adjoints: Any,
    spoiled: Any,
    root: int,
    points: int,
    noise: float,
    smallest: float,
    largest: float,
    seed: int,
    /,
) -> None: ...
def compare(
    gradient: Any,
    items: Any,
    order: Any,
    values: Any,
    adjoints: Any,
    memories: tuple[Any, Any, Any, Any, Any],
    points: int,
    noise: float,
    smallest: float,
    clear: float,
    /,
) -> tuple[int, float, float] | None: ...
