"""What holds here, for now? Modes that follow the context: `no_grad()`, `detect_anomaly()`.

Read in this order: `blocks` are what `with` enters, and end wherever a Ctrl-C arrives; `dispatch`
says what a mode is, and lets those in force hear of what is computed; `tracking` and `anomalies`
are one mode each.

What must hold: a block counts for its own context alone, and no longer than it is entered; where
nobody is in a mode, the engine asks nobody. A new mode is a file with a class that has the hooks
of `Mode`, and a function that returns `active` of one.
"""

from autograd.modes.anomalies import detect_anomaly
from autograd.modes.dispatch import Mode as Mode
from autograd.modes.dispatch import active as active
from autograd.modes.dispatch import depth as depth
from autograd.modes.dispatch import differentiating as differentiating
from autograd.modes.dispatch import dispatcher as dispatcher
from autograd.modes.dispatch import observed as observed
from autograd.modes.dispatch import sweeping as sweeping
from autograd.modes.tracking import no_grad

__all__ = ["detect_anomaly", "no_grad"]
