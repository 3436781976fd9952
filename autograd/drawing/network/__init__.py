"""A network as units and weights, or as layers and matrices.

Read in this order: `picture` holds what a drawing knows, `architecture` reads it from a model;
`cards` places units and `neurons` draws them, `layers` draws matrices, `legend` what their colours
say; `dot` hands it to Graphviz, `table` writes it as text.
"""
