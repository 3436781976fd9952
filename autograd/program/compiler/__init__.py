"""From a scalar graph to matrix instructions: record, re-roll, lay out, emit.

Read in this order: `recording` lists the nodes of one example as `columns`, functions of many
operands taken `apart` into `pieces` that exist only in programs, and has its `refusals`; `sums`
finds the canonical sums in it and `reroll` the groups of equal work, `levels` joins those of
neighbours that the edge of a stencil makes unequal; `layout` gives every node an address, so that
operands lie in straight lines, which `accesses` finds and the `ordering` of nodes makes, and says
what `work` each group does; `steps` holds elementwise formulas; `instructions` are what there is to
run; `emit` writes them, forward and back, and `adjoints` knows what they have written; `merging`
makes one of what repeats from step to step, where `spans` say that it can, `strips` a few of a long
list. What C does of all this is `compiled`.

What must hold: every recorded node can be read, also one that was absorbed into a sum, and the
order of instructions is an order of the graph. Nothing here knows an executor.
"""
