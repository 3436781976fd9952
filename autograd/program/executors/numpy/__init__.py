"""The instructions through NumPy: the readable reference, always available.

Read in this order: `views` finds arrays for accesses; `maps`, `products` and `rows` turn the
three kinds of instructions into calls, `masked` those that are matrices with gaps; `operations` are
the ufuncs behind them; `executor` makes the calls; `update` applies an optimiser's rule and trains.
"""
