"""What do people hand in? Everything that comes from outside is checked here, once.

Read in this order: `hints` says what famous libraries call a thing that has another name here;
`names` finds functions by name; `tables` reads numbers, examples and tables of any library;
`sequences` are examples that are no rows of one table.

What must hold: whatever does not fit is refused before anything is computed, in words that say
where it stands, what it is and what would fit. Whether data fits a model and a loss is the matter
of `nn/data.py`.
"""

from nn.arguments.names import by_name as by_name
from nn.arguments.names import named as named
from nn.arguments.tables import Array as Array
from nn.arguments.tables import count as count
from nn.arguments.tables import flat as flat
from nn.arguments.tables import floats as floats
from nn.arguments.tables import listed as listed
from nn.arguments.tables import number_of as number_of
from nn.arguments.tables import several as several
from nn.arguments.tables import table as table
