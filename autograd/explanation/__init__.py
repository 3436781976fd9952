"""Why is this gradient so? Terms, numbers, words and LaTeX for any node of a graph.

Read in this order: `numerals` writes numbers and products that can be checked by eye; `notation`
writes the formula of a node; `paths` finds the terms of a derivative, largest first; `chain`
holds the steps of the chain rule, without words; `remarks` says what a reader may stumble over;
`wording` turns steps into text and LaTeX; `explaining` is what people hold, `Explanation` and
`Expression`; `symbolic` hands a formula to SymPy. Beside them stand `slips`, the table of the
slips that people make, `comparison`, which says where a derivation by hand goes wrong, and
`network`, the formulas of backpropagation as lines.

What must hold: shared nodes are named once, so that text stays linear in the graph, and printed
factors agree with printed products within their rounding.
"""

from autograd.explanation.comparison import compare
from autograd.explanation.explaining import Explanation, explain, expression

__all__ = ["Explanation", "compare", "explain", "expression"]
