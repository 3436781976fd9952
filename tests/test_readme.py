"""The README: its examples print what it says, its commands are one line each."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def examples() -> list[doctest.DocTest]:
    """Return one test for each section, as if each were pasted after the ones before it."""
    text = re.sub(r"^```.*$", "", README, flags=re.MULTILINE)
    parser = doctest.DocTestParser()
    return [parser.get_doctest(text, {}, "README.md", "README.md", 0)]


@pytest.mark.parametrize("test", examples(), ids=lambda test: test.name)
def test_the_examples_print_what_the_readme_says(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(test.examples) > 5
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    runner.run(test, out=output.append)
    assert runner.failures == 0, "".join(output)


def test_the_first_two_command_blocks_are_one_line_each():
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    for block in blocks[:2]:
        assert block.count("\n") == 1
        assert "pip install -e" in block
    assert "-m demos" in blocks[0]
    assert "-m pytest" in blocks[1]


def test_the_pictures_of_the_readme_are_in_the_repository():
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)|<img src=\"([^\"]+)\"", README):
        assert (ROOT / "".join(name)).is_file(), name


NAMED = {  # what the paragraph on training lists, whole
    "Activations": [*nn.ACTIVATIONS],
    "Losses": [*nn.LOSSES],
    "Optimisers": [row.__name__ for row in nn.OPTIMIZERS.values()],
    "schedules": [*nn.optimizers.schedules.__all__],
    "Callbacks": ["EarlyStopping"],
}


@pytest.mark.parametrize("what", NAMED)
def test_the_readme_lists_every_name_that_can_be_given(what):
    (listed,) = re.findall(rf"{what}:? `([a-zA-Z_0-9\s]+)`", README)
    assert sorted(listed.split()) == sorted(NAMED[what])


def test_extras_named_in_error_messages_exist():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    folders = [Path(package.__file__).parent for package in (autograd, nn)]
    sources = [p for folder in folders for p in folder.rglob("*.py")]
    named = {x for p in sources for x in re.findall(r"whygrad\[(\w+)\]", p.read_text())}
    assert named
    assert named <= set(extras)
