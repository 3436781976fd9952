"""What each letter stands for in notes on networks, and what may stand as an index.

A letter with several meanings takes the first that the conventions of the notes do not rule out.
"""

from __future__ import annotations

KINDS = {
    **dict.fromkeys("zZsuv", "z"), "net": "z",
    **dict.fromkeys("aAhHoO", "a"), "ŷ": "ŷ",
    **dict.fromkeys("xX", "x"), **dict.fromkeys("yYtT", "y"),
    **dict.fromkeys("wWθΘ", "W"), **dict.fromkeys("bB", "b"),
    "δ": "delta", **dict.fromkeys("CcJELℓe", "c"),
}  # fmt: skip
RATES = "ηαε"
FUNCTIONS = "σgfφψhSG"
COUNTS = "mNnM"
SIZES = "nNdKsHp"
STEPS = ("t", "τ", "n")  # in brackets behind a letter, or below or above a weight
UNIT_INDICES = set("hoijklmnpqrsuvℓαβνμJIK")
EXAMPLE_NAMES = set("ixntpsqμkj")  # in brackets above, beside or without the number of a layer
LAYERS = set("lℓLkrnpqhiHNMKd")
NAMED = {
    "exp": "exp", "log": "log", "ln": "log", "tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu",
    "softmax": "softmax", "sin": "sin", "cos": "cos", "logistic": "sigmoid", "softplus": "softplus",
}  # fmt: skip
