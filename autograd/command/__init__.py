"""The command line: a formula and its numbers in, the value, every derivative and why out.

Read in this order: `formula` reads text, by a list of what is allowed, into a function of numbers,
and never runs any of it; `nearest` finds the name that was meant; `answer` holds what is found for
such a formula and says it as text, LaTeX or JSON; `line` reads the arguments and speaks to the
shell. `magic` is for notebooks: it needs IPython, and is loaded by `%load_ext autograd` alone.

What must hold: what the shell hands in is data, bounded in size and depth; whatever is wrong with
it is said in one line, with exit code 2.

To allow a function of numbers, add its row to the table of primitives; one of lists has an entry
in `LISTS` of `formula`.
"""

from autograd.command.line import main

__all__ = ["main"]
