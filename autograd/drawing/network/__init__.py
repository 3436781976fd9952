"""A network as units and weights, or as layers and matrices.

Read in this order: `picture` holds what a drawing knows; `neurons` draws units, `layers` matrices,
`legend` what their colours say; `dot` hands it to Graphviz, or to a table of text; `derivation`
writes the formulas beside it.
"""
