"""What does it look like? Pictures of graphs and networks, and a page that steps through a pass.

Read in this order: `colours` and `svg` are the palette and the pen, `subject` says what may be
drawn, `sources` where its nodes were made, `render` hands DOT to Graphviz. `graph` draws nodes,
`network` draws units and layers, `page` is a page in which every number is alive, and `notebook`
makes a widget of it. `levels` registers what there is to choose from; `drawing` is what people
hold, the `Drawing`.

What must hold: every number is written by one function, the same as in explanations; every label
is escaped; pictures of one graph are equal byte by byte. A new picture is a class with the methods
of `levels.Picture` and an entry in `levels.DETAIL`, whose name `draw(level=…)` then takes.
"""

from autograd.drawing.drawing import Drawing, draw
from autograd.drawing.network.picture import LayerPicture, NetworkPicture
from autograd.drawing.page.page import Page, step_through
from autograd.drawing.notebook import widget

__all__ = ["Drawing", "LayerPicture", "NetworkPicture", "Page", "draw", "step_through", "widget"]
