"""A list of tokens with a place in it, and the brackets that belong together."""

from __future__ import annotations

from nn.notes.errors import Unreadable
from nn.notes.tokens import Token

END = Token("end", "", -1)
CLOSING = {"{": "}", "(": ")", "[": "]"}
DEEPEST = 40


class Stream:
    """Tokens to be read once from left to right; `depth` is how far brackets are nested."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it."""
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else END

    def take(self) -> Token:
        """Return the next token and go past it."""
        token = self.peek()
        self.at += 1
        return token

    def skip(self, *texts: str) -> bool:
        """Go past the next token if it is one of these; return whether it was."""
        if self.peek().kind != "end" and self.peek().text in texts:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Go past a token that must stand here."""
        if not self.skip(text):
            here = self.peek().text
            raise Unreadable(
                f"'{text}' expected" + (f" before '{here}'" if here else " at the end")
            )

    def group(self) -> list[Token]:
        """Return one token, what stands between braces, or a bracket, and go past it."""
        if self.peek().text == "{":
            close = matching(self.tokens, self.at)
            inner = self.tokens[self.at + 1 : close]
            self.at = close + 1
            return inner
        if self.peek().text in ("(", "["):  # the number of a layer, on one line
            start, close = self.at, matching(self.tokens, self.at)
            self.at = close + 1
            return self.tokens[start : self.at]
        token = self.take()
        if token.kind == "end":
            raise Unreadable("something is missing at the end")
        return [token]

    def deeper(self) -> None:
        """Count one bracket more. Raises Unreadable where there are too many."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable(f"nested more than {DEEPEST} deep")


def matching(tokens: list[Token], at: int) -> int:
    """Return where the bracket at a place is closed. Raises Unreadable where it is not."""
    opening, depth = tokens[at].text, 0
    closing = CLOSING[opening]
    for k in range(at, len(tokens)):
        depth += (tokens[k].text == opening) - (tokens[k].text == closing)
        if depth == 0:
            return k
    raise Unreadable(f"'{opening}' is not closed")


def balanced(tokens: list[Token]) -> list[tuple[Token, int]]:
    """Return the tokens, each with the depth of brackets around it."""
    depth, found = 0, []
    for token in tokens:
        depth -= token.text in CLOSING.values() and depth > 0
        found.append((token, depth))
        depth += token.text in CLOSING
    return found
