"""A graph of nodes as boxes and arrows.

Read in this order: `names` says what a node is called; `walks` which nodes are shown; `picture`
holds what a drawing of them knows, `reading` reads it from Values; `legend` says what its signs
and colours mean; `dot` hands it to Graphviz, `layered` and `clusters` lay it out here, `boxes`
draws it as SVG, and `table` as text.
"""
