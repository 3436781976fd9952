"""The native executor of programs."""

from typing import Any, final

operations: tuple[str, ...]
tile: str
interface: int
scratch: int

def flips(
    shared: Any, lanes_of: Any, plain: Any, decisions: Any, flips: Any, lanes: int, single: bool, /
) -> bool: ...
def placed(code: Any, firsts: Any, mends: Any, stretches: Any, single: bool, /) -> bytes: ...
def run_tape(code: Any, mends: Any, stretches: Any, numbers: Any, single: bool, /) -> None: ...
def run_form(
    code: Any, firsts: Any, mends: Any, stretches: Any, numbers: Any, single: bool, /
) -> None: ...
def signatures(code: Any, /) -> bytearray: ...
def widen(hashes: Any, width: int, factor: int, /) -> None: ...
def repeats(code: Any, period: int, least: int, /) -> list[tuple[int, int]]: ...
def levels(flat: Any, starts: Any, kinds: bytes, once: Any, /) -> int: ...
def write_tape(
    flat: Any,
    starts: Any,
    which: Any,
    words: Any,
    codes: Any,
    leaves: int,
    root: int,
    slots: int,
    zero: int,
    constants: int,
    temporaries: int,
    reached: Any,
    /,
) -> tuple[bytes, bytes, bytes, bytes, bytes, int] | None: ...

@final
class Replay:
    def __new__(
        cls,
        single: bool,
        lanes: int,
        buffers: tuple[Any, ...],
        tables: tuple[Any, ...],
        constants: Any,
        index: Any,
        scratch: Any,
        /,
    ) -> Replay: ...
    def load(self, rows: Any, places: Any, /) -> None: ...
    def train(
        self,
        rows: Any,
        places: Any,
        starts: Any,
        costs: Any,
        taken: Any,
        root_buffer: int,
        root: int,
        parameters: int,
        counter: int,
        step: int,
        /,
    ) -> None: ...
    def evaluate(
        self, rows: Any, places: Any, root_buffer: int, root: int, parameters: int, /
    ) -> float: ...
    def run(self, first: int, last: int, /) -> None: ...
