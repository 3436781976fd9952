"""Five lectures on backpropagation, each as its own notation writes it, held against autodiff.

One module a lecture: its arrays and its algorithm in plain Python or NumPy, its formulas as
claims, and its slips as formulas that fail beside the correction that holds. Nothing on the
hand side knows of automatic differentiation; the other side is a probe of an `nn.MLP`.
"""

from demos.lectures import note_0, note_1, note_2, note_3, note_4, worked_numbers
from demos.lectures.claims import Claim, Slip

NOTES = (note_0, note_1, note_2, note_3, note_4)

__all__ = ["NOTES", "Claim", "Slip", "worked_numbers"]
