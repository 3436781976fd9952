"""`jit`: functions as people write them, recorded once for each structure and way, then replayed.

Read in this order: `arguments` takes a call apart into numbers, what is static, and the key of its
structure, `taking` sooner where it is plain; `traces` calls the function on nodes and keeps what it
did; `replay` runs a trace for many lanes and sees which decisions would come out otherwise;
`sweeps` say what is read from a replay, values or a gradient, `matrices` read Jacobians by rows or
columns, `sparse` those of few entries, `blocks` those of many parts of a few `forms`; `results`
puts numbers into the structure of results; `structures` holds the tree of the branches that a
function took, `store` the structures of its arguments; `function` is what people call. `kept` is
for sparse derivatives of functions that are not compiled.

What must hold: a call returns what the function returns node by node, whatever was recorded
before; what is not finite, or cannot be compiled, runs node by node. A new derivative is a sweep.
"""

from autograd.program.jitting.function import jit

__all__ = ["jit"]
