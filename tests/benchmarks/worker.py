"""One side of a contest: makes what it was named, then answers each line with a time in seconds.

That is the time of a run, unless the run returns a number of seconds itself.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module

from tests.benchmarks.harness import spent


def main() -> None:
    place, arguments = sys.argv[1], json.loads(sys.argv[2])
    module, function = place.split(":")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(*said: object) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    try:
        run, check = getattr(import_module(f"tests.benchmarks.{module}"), function)(*arguments)
    except ImportError as missing:
        answer(f"{missing.name or missing} is not installed", [])
        return
    answer("ready", list(map(float, check)))
    for line in sys.stdin:
        gc.collect()
        start = spent()
        own = run(int(line))
        answer("took", own if isinstance(own, float) else spent() - start)


if __name__ == "__main__":
    main()
