"""What stands above and below a letter: layer, units, example, transpose, prime, power."""

from __future__ import annotations

from dataclasses import dataclass, field

from nn.notes.errors import Unreadable
from nn.notes.letters import EXAMPLE_NAMES, LAYERS, STEPS, UNIT_INDICES
from nn.notes.syntax import Layer
from nn.notes.tokens import Token

PASSING = ("new", "old", "neu", "alt", "updated")  # of a parameter before and after a step


@dataclass
class Scripts:
    """All that was written above and below one letter."""

    layer: Layer | None = None
    units: tuple[str, ...] = ()
    example: str = ""
    transposed: bool = False
    primes: int = 0
    power: list[Token] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    digits: tuple[str, ...] = ()
    step: str = ""
    star: bool = False

    @property
    def numbered(self) -> Layer | None:
        """The layer that is written, or the number below as one."""
        return self.layer or (Layer("", int(self.digits[0])) if self.digits else None)

    @property
    def empty(self) -> bool:
        """Whether nothing but primes was written."""
        return not (self.layer or self.units or self.example or self.words or self.digits)


def superscript(tokens: list[Token], scripts: Scripts, function: bool, known: set[str]) -> None:
    """Read what stands above a letter into `scripts`; `known` are the letters of layers."""
    texts = [token.text for token in tokens if token.text not in ("{", "}", "⟨", "⟩")]
    k = 0
    while k < len(texts):
        text = texts[k]
        if text == "⊤" or (text == "T" and texts[k + 1 : k + 2] not in (["-"], ["+"])):
            scripts.transposed = True
        elif text == "'":
            scripts.primes += 1
        elif text in ("(", "["):
            close = {"(": ")", "[": "]"}[text]
            if close not in texts[k:]:
                raise Unreadable(f"'{text}' above a letter is not closed")
            end = texts.index(close, k)
            inner = texts[k + 1 : end]  # in square brackets no letter is an example
            _number(inner, scripts, text, known | set(inner) if text == "[" else known)
            k = end
        elif text == "*":
            scripts.star = True
        elif text not in (",", ";", "^") and text not in PASSING:
            end = k + 1
            while end < len(texts) and texts[end] not in (",", "(", "[", "⊤", "'", "T", "^"):
                end += 1
            _number(texts[k:end], scripts, "", known)
            k = end - 1
        k += 1


def _number(texts: list[str], scripts: Scripts, bracket: str, known: set[str]) -> None:
    """Read one number of a layer or name of an example."""
    texts = [t for t in texts if t not in ("{", "}") and t not in PASSING]
    if not texts or texts == ["+"]:
        return None
    if "," in texts:
        at = texts.index(",")
        _number(texts[:at], scripts, bracket, known)
        return _number(texts[at + 1 :], scripts, bracket, known)
    if texts in (["prev"], ["next"]):
        scripts.layer = Layer("l", -1 if texts == ["prev"] else 1)
        return None
    if texts[:3] == ["n", "_", "l"]:  # the number of layers, and so the last one
        texts = ["L", *texts[3:]]
    single = texts[0] if len(texts) == 1 else ""
    is_example = (
        single in EXAMPLE_NAMES and single not in known and (bracket == "(" or single in "ix")
    )
    if is_example and not scripts.example:
        scripts.example = single
        return None
    layer = layer_of(texts)
    if layer is None:
        raise Unreadable(f"what is '{''.join(texts)}' above a letter?")
    if layer.symbol in STEPS[:2]:
        scripts.step = "".join(texts)
        return None
    if scripts.layer and layer != scripts.layer:
        raise Unreadable(f"what is '{''.join(texts)}' above a letter? A step in time is not read")
    scripts.layer = layer
    return None


def layer_of(texts: list[str]) -> Layer | None:
    """Return the layer that a few tokens name: l, L - 1, 2, or None.

    >>> layer_of(["l", "+", "1"])
    Layer(symbol='l', offset=1, said='')
    """
    if not texts or len(texts) not in (1, 3):
        return None
    symbol, offset = texts[0].replace("ℓ", "l"), 0
    if len(texts) == 3:
        if texts[1] not in "+-" or not texts[2].isdecimal() or len(texts[2]) > 3:
            return None
        offset = int(texts[1] + texts[2])
    if symbol.isdecimal() and len(symbol) < 4:
        return Layer("", int(symbol) + offset)
    return Layer(symbol, offset) if symbol in LAYERS | set(STEPS) else None


def subscript(tokens: list[Token], scripts: Scripts, known: set[str]) -> None:
    """Read what stands below a letter into `scripts`."""
    texts = [t.text for t in tokens if t.text not in ("{", "}") and t.text not in PASSING]
    if texts and texts[0] in ("(", "["):
        texts = [t for t in texts if t not in "()[]"]
    words = [t.text for t in tokens if t.kind in ("word", "command") and t.text not in PASSING]
    if texts[-1:] == [","]:
        texts = texts[:-1]
    layer = layer_of(texts)
    if words in (["prev"], ["next"]):
        scripts.layer = Layer("l", -1 if words == ["prev"] else 1)
    elif words:
        scripts.words += words
    elif layer and layer.symbol in STEPS[:2]:
        scripts.step = "".join(texts)
    elif texts and all(text.isdecimal() for text in texts if text != ","):
        scripts.digits = tuple(text for text in texts if text != ",")
    elif layer and (layer.symbol in ("l", "L") or texts[0] in known or layer.offset):
        scripts.layer = scripts.layer or layer
    elif texts == ["x"] or texts == ["0"]:
        scripts.example = texts[0]
    else:
        units = tuple(t for t in texts if t not in (",", "'"))
        strange = [u for u in units if u not in UNIT_INDICES and not u.isdecimal()]
        if strange:
            raise Unreadable(f"'{strange[0]}' below a letter is no index of units that is known")
        scripts.units = units
