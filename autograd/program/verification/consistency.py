"""Whether the numbers of a program follow from one another, node by node.

What a thousand chaotic steps compute depends on the last digit of the first: two right programs
differ there as much as any two numbers. Still each number is what its operation makes of the
operands that this program has, and each adjoint is what its users give back. A program of which
all that holds is right, however far it is from another.
"""

from __future__ import annotations

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import COMPUTED, Recording
from autograd.program.reading import Reader
from autograd.program.verification import eager

CLEAR = 8.0  # times the noise
MOST = 1 << 17  # numbers that are looked at: some seconds
SAMPLE = 1 << 11  # nodes, of more nodes, beside those that are the first to be far off
USERS = 64  # that give back to a node, beyond which its adjoint is not looked at then
DIFFERENCES = ("add", "sub", "shifted")  # their operands may be far larger than they are


class Numbers:
    """What a run of so many lanes left: values and adjoints, (nodes, lanes).

    A node that no input reaches has the same numbers in all lanes; its adjoint is their mean.
    `noise` is what a number may be off, as a part of what it is made of. `received` is what the
    adjoint of a node should be, once all its users were looked at.
    """

    def __init__(self, recording: Recording, reader: Reader, lanes: int, noise: float) -> None:
        import numpy as np

        self.np, self.recording, self.noise = np, recording, noise
        self.needed = eager.differentiable(recording)
        self.shared = ~np.frombuffer(recording.lanes, bool)
        self.values = np.empty((len(recording), lanes))
        self.adjoints, self.received, self.sizes = (np.zeros_like(self.values) for _ in range(3))
        for node, numbers in enumerate(reader.values(range(len(recording)))):
            self.values[node] = numbers
            if self.needed[node]:
                self.adjoints[node] = reader.adjoint(node)
        self.received[recording.root] = self.needed[recording.root]
        lengths = np.diff(recording.starts, append=len(recording.flat))
        self.users = np.repeat(np.arange(len(recording)), lengths)  # of the nodes in `flat`

    def follow(self, values: Array, adjoints: Array) -> bool:
        """Whether all numbers follow from those beside them.

        Of many only a sample is looked at, and those that are the first to be far from what the
        witness says: what is wrong begins somewhere.
        """
        np, count, users, flat = self.np, len(self.recording), self.users, self.recording.flat
        nodes = targets = np.arange(count)
        most = MOST // self.values.shape[1]
        if count > most:
            ours = self._first(self.values, values, flat, users)
            theirs = self._first(self.adjoints, self._means(adjoints), users, flat)
            nodes = np.concatenate([nodes[:: count // SAMPLE], ours, theirs])
            targets = nodes[np.bincount(flat, minlength=count)[nodes] <= USERS]
            if len(nodes) > most:
                return False
        looked = np.union1d(nodes, users[np.isin(flat, targets)])
        kinds = np.frombuffer(self.recording.kinds, np.uint8)
        computed = looked[kinds[looked] == COMPUTED].tolist()
        return all(map(self._follows, computed)) and self._are_received(targets)

    def _first(self, found: Array, said: Array, sources: Array, targets: Array) -> Array:
        """Return the nodes that are off, of which nothing is that they are made of.

        A number of node `targets[k]` is made of that of `sources[k]`.
        """
        np = self.np
        off = ~(abs(found - said) <= CLEAR * self.noise * abs(said)).all(axis=1)
        reached = np.bincount(targets, off[sources], len(off)) > 0
        return np.flatnonzero(off & ~reached)

    def _means(self, adjoints: Array) -> Array:
        """Return the same adjoints, where no input reaches a node their means."""
        found = adjoints.copy()
        found[self.shared] = found[self.shared].mean(axis=1, keepdims=True)
        return found

    def _follows(self, node: int) -> bool:
        """Whether a value follows from its operands; give them their parts of its adjoint."""
        recording, operands = self.recording, self.recording.operands[node]
        operation, numbers = recording.operations[node], self.values[[*operands]]
        expected, scale = eager.computed(recording, operation, numbers)
        size = abs(numbers).sum(axis=0) if operation in DIFFERENCES else abs(scale)
        slots = [k for k, x in enumerate(operands) if self.needed[x]]
        if self.needed[node] and recording.reached[node] and slots:
            partials = eager.partials(recording, node, self.values, slots)
            size = size + abs(partials * numbers[slots]).sum(axis=0)
            self._give([operands[k] for k in slots], partials * self.adjoints[node])
        found = self.values[node]
        return bool(((found == expected) | (abs(found - expected) <= self.noise * size)).all())

    def _give(self, targets: list[int], terms: Array) -> None:
        self.np.add.at(self.received, targets, terms)
        self.np.add.at(self.sizes, targets, abs(terms))

    def _are_received(self, targets: Array) -> bool:
        """Whether the adjoints of some nodes are what was given back."""
        received, sizes = self._means(self.received)[targets], self._means(self.sizes)[targets]
        off = abs(self.adjoints[targets] - received)
        return bool((off <= self.noise * (sizes + abs(received))).all())
