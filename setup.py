"""The C extensions; everything else about the project is in pyproject.toml.

WHYGRAD_PURE=1 leaves them out: the wheel is then one for every platform, py3-none-any.
"""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

C = Path("autograd", "c")
STRICT = ["-std=c11", "-O3", "-g1", "-ffp-contract=off"]  # a + b * c is rounded twice


class BuildAtOnce(build_ext):
    """Compiles the C files of all extensions side by side, as many as there are cores."""

    def build_extensions(self) -> None:
        workers = os.cpu_count() or 1
        self.parallel = self.parallel or len(self.extensions)
        compile_in_turn = self.compiler.compile
        with ThreadPoolExecutor(workers) as pool:

            def compile_at_once(sources: list[str], **options: Any) -> list[str]:
                count = f"{len(sources)} C file{'s' * (len(sources) > 1)}"
                self.announce(f"compiling {count}, {workers} at a time", logging.INFO)
                each = pool.map(lambda source: compile_in_turn([source], **options), sources)
                return list(chain.from_iterable(each))

            self.compiler.compile = compile_at_once
            super().build_extensions()


def extension(name: str, folder: str, flags: list[str]) -> Extension:
    """Return an extension of all sources in a folder; one that cannot be built is left out."""
    headers = [*C.glob("*.h"), *(C / folder).glob("*.h")]
    return Extension(
        name,
        sources=sorted(map(str, (C / folder).glob("*.c"))),
        depends=sorted(map(str, headers)),
        extra_compile_args=flags,
        optional=True,
    )


EXTENSIONS = [
    extension("autograd._value", "value", STRICT),
    extension("autograd.program.verification._witness", "witness", STRICT),
    extension(
        "autograd.program.executors.native._replay",
        "replay",
        [*STRICT, "-fno-math-errno", "-fno-trapping-math"],
    ),
]
setup(
    cmdclass={"build_ext": BuildAtOnce},
    ext_modules=[] if os.environ.get("WHYGRAD_PURE") == "1" else EXTENSIONS,
)
