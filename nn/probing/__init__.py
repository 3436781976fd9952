"""Every z, a and δ of a network, next to the formulas by hand.

Read in this order: `formulas` states the formulas and measures differences, `normalization` those
of a `LayerNorm`; `examples` is what is probed; `graph` runs a model node by node, `replay` by a
program; `layer` holds what one layer found, `run` what the whole model did; `table`, `picture` and
`derivation` show a run; `probing` is what people hold, the `Probe`; `film` keeps a run of each
epoch of a training.
"""

from nn.probing.film import Film
from nn.probing.picture import batch_picture
from nn.probing.probing import Probe, probe

__all__ = ["Film", "Probe", "batch_picture", "probe"]
