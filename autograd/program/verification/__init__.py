"""No program is trusted: a new structure is tried beside its nodes before anybody gets a number.

Compiling rewrites a graph, and a mistake there is a wrong number without an error. So the first
program of a structure runs once at a few points around the recorded one, with no guards, on 1, 2
and 3 lanes and one more than the widest tile, beside an interpreter that has nothing in common
with it. The memory for this is full of NaN, or has the numbers of another trial: who reads what
nobody wrote is found. Read in this order:

* `points` says where a program is tried; `witness` what its nodes say there, and with how much
  doubt: what cancels may differ in its last digits, `within` somebody's own row too.
* `comparison` runs the program there and finds the first number that differs; `consistency`
  says of one that does whether its numbers follow from one another all the same.
* `trial` takes another way where one is wrong, and says so once; the last resort is `eager`.
* `rehearsal` does the same for the steps of a training.

What must hold: a right program is never accused, a wrong one is never used, and a program of a
known structure costs nothing. A point at which some number is not finite says nothing, and
neither does a recording with an operation that the witness has not heard of: a new piece of
`compiler/pieces` is entered in c/witness and, where nothing is compiled, in `eager`.
"""
