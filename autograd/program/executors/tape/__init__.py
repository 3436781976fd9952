"""Irregular graphs, scalar by scalar: a tape of operations that the compiled interpreter runs.

Read in this order: `irregular` tells which graphs are run so; `writer` turns a recording into
operations, most of them by `templates`, which C follows; `loops` finds those that repeat in time;
`code` packs them; `executor` runs them for each lane.
"""
