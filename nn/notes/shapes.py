"""Whether what is said of a letter's shape is so: W ∈ R^{n_l × n_{l-1}}, db → (n^l, m)."""

from __future__ import annotations

import re

from nn.notes.chains import RULES
from nn.notes.claims import Claim
from nn.notes.context import Context, Readings
from nn.notes.conventions import Convention
from nn.notes.errors import Meaningless, OutOfRange, Unreadable
from nn.notes.evaluation import evaluated
from nn.notes.scripts import layer_of
from nn.notes.syntax import Quantity
from nn.notes.tensors import as_scalar
from nn.notes.worlds import World, Worlds

SIZE = re.compile(r"(?:n|N|d|s|m|h|K)[_^]\{?[\[(]?([^\])}]*)[\])]?\}?")


def shape_holds(claim: Claim, convention: Convention, worlds: Worlds) -> bool:
    """Return whether a letter has the shape that is claimed, at every layer."""
    world = worlds.world(0, convention.setting)
    assert claim.link is not None
    letter = claim.link.left
    assert isinstance(letter, Quantity)
    found = [_at(letter, claim.shape, layer, convention, world) for layer in range(world.depth + 1)]
    known = [pair for pair in found if pair]
    return bool(known) and all(said == real for said, real in known)


def real_shape(claim: Claim, convention: Convention, worlds: Worlds) -> str:
    """Return the shape that a letter has in the convention of the notes, in words."""
    assert claim.link is not None and isinstance(claim.link.left, Quantity)
    letter = claim.link.left
    if letter.kind == "c":
        return "it is a number"
    at = letter.layer.name if letter.layer else "l"
    if letter.kind.endswith("W"):
        pair = [f"n_{at}", "units of the layer below"]
        pair = pair if convention.order == "target" else pair[::-1]
    else:
        many = "m" if convention.batch and letter.kind != "b" and letter.kind != "db" else "1"
        pair = [f"n_{at}", many] if convention.vectors == "columns" else [many, f"n_{at}"]
    return f"it is ({pair[0]}, {pair[1]})"


def _at(
    letter: Quantity, shape: tuple[str, ...], layer: int, convention: Convention, world: World
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the shape that is said and the real one in one layer; None where there is none."""
    at = Context(world, convention, {"l": layer}, RULES, Readings())
    try:
        term = as_scalar(evaluated(letter, at))
        said = tuple(_size(text, at) for text in shape)
    except OutOfRange:
        return None
    except (Meaningless, Unreadable, KeyError):
        return (0, 0), (1, 1)
    return said, term.shape if term.is_matrix else (1, 1)


def _size(text: str, at: Context) -> int:
    text = text.replace("{", "").replace("}", "") if text.strip("{}").isdecimal() else text
    if text.isdecimal():
        return int(text)
    if text in ("m", "N", "M"):
        return at.world.m
    match = SIZE.fullmatch(text)
    layer = layer_of(re.findall(r"\d+|[^\s\d]", match[1])) if match else None
    if layer is None:
        raise Unreadable(f"what is {text}?")
    number = at.number(layer)
    at.world.require(("n", number))
    return at.world.sizes[number]
