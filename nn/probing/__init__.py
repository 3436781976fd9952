"""Every z, a and δ of a network, next to the formulas by hand.

Read in this order: `formulas` states the formulas and measures differences; `graph` runs a model
node by node, `replay` by a program; `layer` holds what one layer found; `probing` is what people
hold, the `Probe`; `table`, `picture` and `derivation` show it.
"""

from nn.probing.batched import batch_picture
from nn.probing.probing import Probe, probe

__all__ = ["Probe", "batch_picture", "probe"]
