"""Formulas as tokens: LaTeX commands, Unicode and plain words become one alphabet.

A token is a letter, a number, a sign, a word, or one of the separators that end a formula. Scripts
keep their braces; what only changes the look of a formula is dropped.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from nn.notes.errors import Unreadable

MOST_TOKENS = 4000  # of one formula
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "θ", "kappa": "κ", "lambda": "λ",
    "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "varphi": "φ", "psi": "ψ", "chi": "χ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "Sigma": "Σ", "ell": "ℓ", "nabla": "∇", "partial": "∂",
    "upsilon": "υ",
}  # fmt: skip
SIGNS = {
    "sum": "Σ", "cdot": "·", "times": "×", "odot": "⊙", "circ": "⊙", "otimes": "⊗", "ast": "*",
    "star": "*", "bullet": "·", "top": "⊤", "intercal": "⊤", "prime": "'", "leftarrow": "←",
    "gets": "←", "equiv": "=", "coloneqq": "=", "triangleq": "=", "doteq": "=", "sim": "=",
    "approx": "≈", "in": "∈", "to": "→", "rightarrow": "→", "Rightarrow": "⇒", "implies": "⇒",
    "Longrightarrow": "⇒", "therefore": "⇒", "because": "⇒", "iff": "⇒", "Leftrightarrow": "⇒",
    "longrightarrow": "→", "mapsto": "→", "|": "‖", "Vert": "‖", "lVert": "‖", "rVert": "‖",
    "vert": "|", "lvert": "|", "rvert": "|", "mid": "|", "lbrace": "(", "rbrace": ")", "{": "(",
    "}": ")", "lbrack": "[", "rbrack": "]", "neq": "≠", "le": "≤", "leq": "≤", "ge": "≥",
    "geq": "≥", "dots": "…", "ldots": "…", "cdots": "…", "vdots": "…", "propto": "∝",
    "colon": ":", "langle": "⟨", "rangle": "⟩", "dagger": "⊤", "infty": "∞", "cup": "∪",
    "quad": ";", "qquad": ";", "hfill": ";", "forall": ";", "lt": "<", "gt": ">", "int": "∫",
    "prod": "∏", "setminus": "∖", "neg": "¬", "ne": "≠",
}  # fmt: skip
LOOKS_TEXT = """
! , / : ; < > Big Bigg Biggl Biggr Bigl Bigr Large bar bf big bigg biggl biggr bigl bigr
bm bold boldsymbol boxed cal centering displaystyle fbox hline hphantom hspace* it large
left left. limits mathbb mathbf mathbin mathcal mathclose mathit mathop mathopen mathrel
mathord mathrm mathscr mathsf mathstrut mathtt mbox middle noindent nolimits nonumber
normalsize notag onedot overline overrightarrow phantom pmb qed right right. rm scriptscriptstyle
scriptstyle small smash strut symbf textstyle tilde underline vec vphantom widetilde
"""
LOOKS = frozenset(LOOKS_TEXT.split())
NAMES_TEXT = """
cos diag exp ln log logistic max mean min relu sigmoid sin softmax softplus sqrt sum tanh
tr
"""
NAMES = frozenset(NAMES_TEXT.split())
WORDS = ("net", "relu", "softmax", "sigmoid", "prev", "next", "dot", "multiply")
PLAIN = {
    **{name: sign for name, sign in GREEK.items() if len(name) > 2}, "sum": "Σ", "grad": "∇",
    "yhat": "ŷ", "y_hat": "ŷ", "odot": "⊙", "lr": "η", "del": "∂",
}  # fmt: skip
SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀˡᴸⁱʲᵏⁿᵐˣ", "0123456789+-()TlLijknmx")
SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ᵢⱼₖₗₘₙₚₛₜₓ", "0123456789+-()ijklmnpstx")
SAME = {
    "−": "-", "–": "-", "∑": "Σ", "′": "'", "’": "'", "∗": "*", "⋅": "·", "•": "·", "∘": "⊙",
    "⨀": "⊙", "⟵": "←", "≡": "=", "≔": "=", "∥": "‖", "ϵ": "ε", "ϕ": "φ", "𝜕": "∂", "∆": "Δ",
    "ᵗ": "⊤", "⟹": "⇒", "⟶": "→", "½": "½", "∼": "=", "~": " ", "ς": "σ", "ℒ": "L", "←": "←",
}  # fmt: skip
ONES = re.compile(r"\\(?:mathbf|mathbb|boldsymbol|bm|pmb|vec)\s*(?:[1𝟙](?!\d)|\{\s*[1𝟙]\s*\})")
SCAN = re.compile(
    r"\\([A-Za-z]+)\*?|\\(.)|([0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+\b)?|\.[0-9]+)|([A-Za-z][A-Za-z]*)|(:=|<-|=>|->|\|\||\.T\b|\*\*)|(\S)",
    re.DOTALL,
)


class Token(NamedTuple):
    """A kind (letter, number, sign, word, text) and what it says, and where it starts."""

    kind: str
    text: str
    place: int


def normal(text: str) -> str:
    """Return text of the same meaning in fewer characters: scripts, letters of mathematics.

    >>> normal("aˡ⁻¹ ∑ᵢ 𝐖")
    'a^{l-1} Σ_{i} W'
    """
    text = re.sub(r"[⁰¹²³⁴-⁹⁺⁻⁽⁾ᵀˡᴸⁱʲᵏⁿᵐˣ]+", lambda s: "^{" + s[0].translate(SUPER) + "}", text)
    text = re.sub(r"[₀-₉₊₋₍₎ᵢⱼₖₗₘₙₚₛₜₓ]+", lambda s: "_{" + s[0].translate(SUB) + "}", text)
    text = "".join(c if c in SAME or c in "ŷ½𝟙" else _plain_letter(c) for c in text)
    for old, new in SAME.items():
        text = text.replace(old, new)
    text = re.sub(r"\.\.+", "…", text)
    for _ in range(2):  # \boldsymbol{\mathbf{1}}
        text = ONES.sub("𝟙", text)
    return text.replace("y\u0302", "ŷ").replace("Y\u0302", "ŷ").replace("Ŷ", "ŷ")


def _plain_letter(c: str) -> str:
    """Return a bold or italic letter of mathematics as the plain one."""
    return unicodedata.normalize("NFKC", c) if "\U0001d400" <= c <= "\U0001d7ff" else c


def tokens_of(text: str, latex: bool) -> list[Token]:
    """Return the tokens of one formula or row. Raises Unreadable where it is far too long."""
    found: list[Token] = []
    for match in SCAN.finditer(normal(text)):
        command, escaped, number, letters, pair, sign = match.groups()
        place = match.start()
        if command or escaped:
            found += _command(command or escaped, place)
        elif number:
            close = found and found[-1].kind == "letter" and found[-1].place + 1 == place
            if close and not latex:  # w1 is w_1
                found.append(Token("sign", "_", place))
            found.append(Token("number", number, place))
        elif letters:
            found += _letters(letters, place, latex, found)
        elif pair:
            same = {":=": "=", "<-": "←", "=>": "⇒", "->": "→", "||": "‖", ".T": "⊤", "**": "^"}
            found.append(Token("sign", same[pair], place))
        elif sign not in "&$":
            letter = sign == "𝟙" or (sign.isalpha() and sign != "Σ")
            found.append(Token("letter" if letter else "sign", sign, place))
        if len(found) > MOST_TOKENS:
            raise Unreadable(f"longer than {MOST_TOKENS} tokens")
    return found


def _command(name: str, place: int) -> list[Token]:
    if name in GREEK:
        kind = "sign" if name in ("partial", "nabla", "Sigma") else "letter"
        return [Token(kind, GREEK[name], place)]
    if name in SIGNS:
        return [Token("sign", SIGNS[name], place)]
    if name in LOOKS or name.isspace():
        return []
    if name in NAMES:
        return [Token("word", name, place)]
    return [Token("command", name, place)]


def _letters(letters: str, place: int, latex: bool, before: list[Token]) -> list[Token]:
    """Return a run of letters: a known word, one script, or letters side by side."""
    script = bool(before) and before[-1].text in ("_", "^")
    if letters in NAMES or letters.lower() in WORDS or (script and letters in ("in", "out")):
        return [Token("word", letters, place)]
    if letters == "dnet":
        return [Token("letter", "d", place), Token("word", "net", place + 1)]
    if not latex and letters in PLAIN:
        sign = PLAIN[letters]
        return [Token("letter" if sign.isalpha() and sign not in "Σ" else "sign", sign, place)]
    every = [Token("letter", c, place + k) for k, c in enumerate(letters)]
    if script and not latex and len(letters) > 1:
        return [Token("sign", "{", place), *every, Token("sign", "}", place)]
    if len(letters) > 2 and not script:
        return [Token("word", letters, place)]
    return every
