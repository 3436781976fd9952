"""The C extensions; everything else about the project is in pyproject.toml.

WHYGRAD_PURE=1 leaves them out: the wheel is then one for every platform, py3-none-any. The code is
GNU C: gcc, clang and zig take it, Microsoft's compiler does not. On Windows it is therefore built
by the compiler that CC names, else by zig (`pip install ziglang`), else by gcc; with none of them
the package is the pure one.
"""

import logging
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

C = Path("autograd", "c")
STRICT = ["-std=c11", "-O3", "-g1", "-ffp-contract=off"]  # a + b * c is rounded twice
LOOSE = [*STRICT, "-fno-math-errno", "-fno-trapping-math"]  # nobody asks for flags of the processor
TARGETS = {"win-amd64": "x86_64-windows-gnu", "win-arm64": "aarch64-windows-gnu"}


def compiler_for_windows() -> list[str]:
    """Return the command of a compiler of GNU C; [] if there is none."""
    if "CC" in os.environ:
        return shlex.split(os.environ["CC"])
    if find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    return ["gcc"] if shutil.which("gcc") else []


class BuildAtOnce(build_ext):
    """Compiles the C files of all extensions side by side, as many as there are cores."""

    def build_extension(self, ext: Extension) -> None:
        if self.plat_name in TARGETS:
            self._build_for_windows(ext)
        else:
            super().build_extension(ext)

    def _build_for_windows(self, ext: Extension) -> None:
        """Build with one command, beside which some compilers leave files of their own."""
        compiler, output = compiler_for_windows(), Path(self.get_ext_fullpath(ext.name))
        zig = ["-target", TARGETS[self.plat_name]]
        compiler += zig if "ziglang" in compiler else ["-static-libgcc"]
        built = Path(self.build_temp, ext.name, output.name)
        for path in (built, output):
            path.parent.mkdir(parents=True, exist_ok=True)
        folders = [f"-I{path}" for path in self.include_dirs]
        folders += [f"-L{path}" for path in self.library_dirs]
        python = f"-lpython{sys.version_info.major}{sys.version_info.minor}{sys.abiflags}"
        command = [
            *compiler, "-shared", *ext.extra_compile_args, "-g0", *folders, *ext.sources, python,
            "-o", str(built),
        ]  # fmt: skip
        self.announce(shlex.join(command), logging.INFO)
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CompileError(str(error)) from error
        shutil.copy2(built, output)

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
    extension("autograd.program.compiler._grouping", "grouping", STRICT),
    extension("autograd.program.verification._witness", "witness", LOOSE),
    extension("autograd.program.executors.native._replay", "replay", LOOSE),
]
PURE = os.environ.get("WHYGRAD_PURE") == "1" or (os.name == "nt" and not compiler_for_windows())
setup(
    cmdclass={"build_ext": BuildAtOnce},
    ext_modules=[] if PURE else EXTENSIONS,
)
