"""What runs a program: a folder for each way.

`interface` says what every executor must do, and `registry` lists them in the order of
preference. Two of them share `matrices`, where the numbers of matrix instructions lie. `numpy/`
is the one to read first, and is always there; `native/` gives the same instructions to the
compiled interpreter; `tape/` runs irregular graphs on it, scalar by scalar. `jax/` is no executor:
it writes a program as a function of JAX, which then belongs to JAX.

To add one, make a folder beside these with a class that has what `interface.Executor` asks for,
name the folder in the list of packages in pyproject.toml, and enter in `registry.WAYS`, before
"numpy", how it is assembled and whether it is available:

* One for matrix instructions takes (instructions, memory, ends); `matrices.assemble` does the
  rest. It goes through three kinds of instructions, whose meaning `compiler/instructions` says,
  and raises NotImplementedError as it is made where a step is unknown to it.
* Any other writes its own `assemble(plan, dtype)`, as `tape/executor` does: what it compiles
  from a plan it gets by `plan.made(...)`, once for all programs of a structure.

`NumpyUpdate(memory)` applies optimisers' rules for any executor whose numbers are NumPy arrays:
`Program.train` then trains with it. All executors answer to the same tests, those in tests/program,
which take every name of the registry.
"""
