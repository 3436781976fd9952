"""The C extensions; everything else about the project is in pyproject.toml."""

from pathlib import Path

from setuptools import Extension, setup

C = Path("autograd", "c")
STRICT = ["-O3", "-ffp-contract=off"]  # a + b * c is rounded twice, as Python does it


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


setup(
    ext_modules=[
        extension("autograd._value", "value", STRICT),
        extension(
            "autograd.program.executors.native._replay",
            "replay",
            [*STRICT, "-fno-math-errno", "-fno-trapping-math"],
        ),
    ]
)
