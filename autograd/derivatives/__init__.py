"""How does a result change with its inputs? Derivatives of any order of any function.

Read in this order: `trees` takes nested arguments apart and builds results like them; `chain_rule`
sweeps a graph in either direction, with numbers or with nodes; `calls` hands a function fresh
leaves, so that derivatives nest; `sparsity` finds patterns and few sweeps for them; `kinds` says
what each derivative makes of such a call; `functional` holds `grad`, `jacobian`, `hessian` and the
others; `check` compares all of them with finite differences.

What must hold: a sweep keeps its adjoints to itself, local partials come from the rows of the
table alone, and a result has the structure of the argument. A new kind of derivative is an
entry of `kinds.KINDS`, and a function in `functional` with a name for it in `autograd`.
"""

from autograd.derivatives.check import *
from autograd.derivatives.functional import *
