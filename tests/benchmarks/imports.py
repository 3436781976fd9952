"""How long `import autograd` takes, beyond starting the interpreter, in CPU time."""

import resource
import statistics
import subprocess
import sys

ROUNDS = 15


def seconds(code: str) -> float:
    """Return the CPU time of an interpreter that runs some code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the least and the median of interleaved rounds, in milliseconds."""
    for code in ("import autograd", "import autograd, nn"):
        seconds(code)  # which writes what is compiled
        found = [1e3 * (seconds(code) - seconds("pass")) for _ in range(ROUNDS)]
        print(f"{code:20} least {min(found):.0f} ms, median {statistics.median(found):.0f} ms")


if __name__ == "__main__":
    main()
