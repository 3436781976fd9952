"""The native executor of programs."""

from typing import Any

operations: tuple[str, ...]
tile: str

class Replay:
    def __new__(
        cls,
        single: bool,
        lanes: int,
        buffers: tuple[Any, ...],
        tables: tuple[Any, ...],
        constants: Any,
        index: Any,
    ) -> Replay: ...
    def run(self, first: int, last: int) -> None: ...
