"""What else is there beside the elementary functions? More rows of the table, a subject a file.

Read in this order: `activations` are the rows that networks use, and `shares` softmax and its
like; `normal` those about the normal
distribution, `inverses` of sine, tangent and their like; `scales` changes a scale, `rounding`
rounds, divides with a remainder and asks questions; `noise` draws random numbers as a function of
where they stand; `arrays` lets NumPy's functions find the rows where they meet a Value.

What must hold: a row keeps its digits over the whole range of its operands, in its value and both
derivatives; it says what it is `composed` of where NumPy or C have no function of that name. A
new one is a row with its name in the `__all__` of its file; what a row may say is in `table.py`.
"""

from autograd.rows import arrays as arrays
from autograd.rows.activations import *
from autograd.rows.inverses import *
from autograd.rows.noise import *
from autograd.rows.normal import *
from autograd.rows.rounding import *
from autograd.rows.scales import *
from autograd.rows.shares import *
