"""A program as a pure function of JAX: compiled for GPUs and TPUs, differentiated, shared out.

Read in this order: `operations` are the scalar operations as functions of arrays, differentiated
as the table says; `buffers` hold an example's numbers by their addresses; `matrices` goes through
the forward instructions (`compiler/instructions`) of one example; `serial` writes an irregular
graph node by node, what repeats in time as a scan; `layers` finds the array of each layer among the
parameters; `function` puts them together, and maps over the rows of X; `returning` brings arrays
that JAX trained back into the Values.

What must hold: the function keeps nothing and reads nothing but its arguments, so that jit, grad,
vmap, export and sharding apply; its derivatives of any order are those of the table, to the digits.
JAX is imported by whoever calls `to_jax`, and by nobody else.
"""
