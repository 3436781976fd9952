"""Irregular graphs, scalar by scalar: a tape of operations that the compiled interpreter runs.

Read in this order: `writer` turns a recording into operations; `loops` finds those that repeat
in time; `code` packs them; `executor` runs them for each lane.
"""
