"""Random programs: blocks of lines that a compiler may confuse, on random numbers.

Each block adds lines over nodes that exist already and leaves a list of results behind. Every
line is tried in floats on all rows first, and left out where it is not sound.
"""

from __future__ import annotations

from random import Random

from autograd.table import PRIMITIVES
from tests.fuzz.cases import CONSTANT, INPUT, PARAMETER, Case, Columns, Unsound, single
from tests.fuzz.forms import SUMS

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0)
EXPONENTS = (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, 2.5, -0.5)
ROOTS = (("sqrt",), ("pow", 0.5), ("pow", 0.25))
LANES = (1, 2, 2, 2, 3, 3, 4, 5, 8, 9, 17, 33)
UNARY = [name for name, row in PRIMITIVES.items() if row.arity == 1]
BINARY = ["add", "sub", "mul", "div", "atan2", "hypot", "direction", "maximum", "minimum"]
SMOOTH = ["sin", "tanh", "cos", "atan", "sigmoid", "erf", "softplus", "sin", "tanh"]


class Draft:
    """The lines so far, with their numbers; `pool` holds lists of results."""

    def __init__(self, seed):
        self.rng = rng = Random(seed)
        self.leaves, self.lines = [], []
        self.lanes = tuple(rng.choice(LANES) for _ in range(rng.choice((1, 2))))
        self.count = max(self.lanes)
        roles = [PARAMETER] * rng.randint(1, 9) + [INPUT] * rng.choice((0, 1, 1, 2, 3, 5))
        roles += [CONSTANT] * rng.choice((0, 0, 1, 2))
        columns = [self._leaf(role) for role in roles]
        sizes = [roles.count(role) for role in (PARAMETER, INPUT, CONSTANT)]
        ends = [sum(sizes[: k + 1]) for k in range(3)]
        self.pool = [[*range(end - n, end)] for n, end in zip(sizes, ends, strict=True) if n]
        self.integers = [*range(len(roles), len(roles) + 2)] if rng.random() < 0.2 else []
        columns += [self._index() for _ in self.integers]
        self.beside = Random(f"beside {seed}")  # of its own, so that seeds stay what they are
        self.zero = len(columns) if self.beside.random() < 0.15 else None
        if self.zero is not None:
            columns.append(self._leaf(self.beside.choice((PARAMETER, INPUT)), lambda: 0.0))
        self.columns = Columns(columns)

    def number(self):
        special = self.rng.random() < 0.1
        return self.rng.choice(SPECIAL) if special else single(self.rng.gauss(0, 0.8))

    def _leaf(self, role, draw=None):
        draw = draw or self.number
        numbers = [draw() for _ in range(self.count)] if role == INPUT else [draw()] * self.count
        self.leaves.append((role, numbers[0]))
        return numbers

    def _index(self):
        """A leaf that is a whole number below 3."""
        role = self.rng.choice((INPUT, CONSTANT))
        return self._leaf(role, lambda: float(self.rng.randrange(3)))

    def add(self, name, *groups):
        """Append a line and return its number, or None where it is not sound."""
        line = (name, *map(tuple, groups))
        try:
            self.columns.append_line(line)
        except Unsound:
            return None
        self.lines.append(line)
        return len(self.columns) - 1

    def node(self):
        recent = self.rng.random() < 0.5
        return self.rng.choice(self.pool[-1] if recent else self.rng.choice(self.pool))

    def operand(self):
        return self.node() if self.rng.random() < 0.93 else self.literal()

    def literal(self):
        return self.rng.choice((*SPECIAL, 0.25, 0.25, -1.5, 3.0))

    def apart(self):
        """The parameters and a list that is not: products without lanes in sums with lanes."""
        return self.pool[0], self.rng.choice(self.pool[1:] or self.pool)

    def vector(self, n=None, group=None):
        """Operands that lie together, or anywhere."""
        n, rng = n or self.rng.randint(1, 6), self.rng
        choice = rng.random() * (0.8 if group else 1.0)
        group = group or rng.choice(self.pool)
        if choice < 0.5:
            return [group[k % len(group)] for k in range(n)]
        if choice < 0.8:
            return [rng.choice(group) for _ in range(n)]
        return [self.operand() for _ in range(n)]

    def summed(self, left, right, terms=(), form=None):
        form = form or self.rng.choice(SUMS)
        if form == "dot":
            return self.add("dot", left, right, [*terms, 0.0][:1])
        return self.add(form, left, right, terms) if left or terms else None

    def keep(self, results):
        found = [x for x in results if x is not None]
        if found:
            self.pool.append(found)

    def case(self, ways, extras):
        """Return the program of what has been drawn."""
        rng, last = self.rng, self.pool[-1]
        parts = [x for group in self.pool[-3:] for x in group][-rng.choice((2, 5, 40)) :]
        ends = [("total", (), (), tuple(parts)), ("mean", tuple(parts))]
        ends += [("total", tuple(last), tuple(last), ()), ("dot", tuple(last), tuple(last), (0.0,))]
        lines = len(self.lines)
        loss = self.add(*rng.choice(ends))
        if loss is None:
            loss = next((x for x in reversed(last) if isinstance(x, int)), None)
        if loss is None:  # the last ones are numbers
            raise Unsound
        loss, roots = self._roots(loss)
        also = rng.sample(range(lines), min(lines, 2)) if rng.random() < 0.3 else ()
        inputs = [self.columns[k] for k, (role, _) in enumerate(self.leaves) if role == INPUT]
        rows = tuple(zip(*inputs, strict=True)) if inputs else ((),) * self.count
        also = *roots, *(len(self.leaves) + k for k in also)
        return Case(
            tuple(self.leaves), tuple(self.lines), loss, rows, self.lanes, ways, also, extras
        )

    def _roots(self, loss):
        """Add roots to the loss, and return it with that of 0, whose partial is infinite.

        It is to be read beside the loss, which has the same functions of other leaves.
        """
        if self.zero is None:
            return loss, ()
        rng, role = self.beside, self.leaves[self.zero][0]
        (name, *more), outer = rng.choice(ROOTS), rng.choice(SMOOTH)
        given = [k for k, (own, _) in enumerate(self.leaves) if own == role]
        found = [self.add(name, [k, *more]) for k in given if min(self.columns[k]) > 0.1]
        root = self.add(name, [self.zero, *more])
        if rng.random() < 0.5:
            *found, root = (x if x is None else self.add(outer, [x]) for x in (*found, root))
        terms = [loss, *(x for x in found if x is not None)]
        whole = self.add("total", (), (), terms)
        return (loss, ()) if None in (root, whole) else (whole, (root,))


def bags(draft, rng):
    """Sums of unequal length of products with few different factors."""
    n, form = rng.randint(2, 6), rng.choice((*SUMS, None))
    words, others = draft.vector(rng.randint(2, 5)), draft.vector(rng.randint(1, 3))
    bias = [draft.operand()] if rng.random() < 0.6 else []
    for _ in range(n):
        length = rng.randint(0 if bias and rng.random() < 0.2 else 1, 6)
        length = 66 if rng.random() < 0.01 else length  # where sums are read another way
        left = [rng.choice(words) for _ in range(length)]
        terms = [rng.choice(words) for _ in range(rng.choice((0, 0, 0, 1, 2)))]
        yield draft.summed(left, [rng.choice(others) for _ in left], bias + terms, form)


def pairs(draft, rng):
    """Sums of products of any two of a few leaves, on both sides of which they stand."""
    only, lanes = draft.apart() if rng.random() < 0.3 else (None, None)
    some = draft.vector(rng.randint(2, 6), only)
    other = some if rng.random() < 0.6 else draft.vector(rng.randint(1, 4), only)
    length = rng.randint(2, 5)
    for _ in range(rng.randint(1, 5)):
        length = length if rng.random() < 0.7 else rng.randint(1, 6)
        left, right = ([rng.choice(x) for _ in range(length)] for x in (some, other))
        if lanes:
            left, right = left + draft.vector(1, only), right + draft.vector(1, lanes)
        yield draft.summed(left, right, [draft.operand()] if rng.random() < 0.3 else [])


def layer(draft, rng):
    """A matrix times a vector, perhaps transposed, perhaps over several examples."""
    rows, columns = rng.choice((1, 2, 3, 4, 5, 9)), rng.choice((1, 2, 2, 3, 4, 5))
    only, other = draft.apart() if rng.random() < 0.3 else (None, None)
    flat, bias = draft.vector(rows * columns, only), draft.vector(rows, other)
    tied, turned = rng.random() < 0.3, rng.random() < 0.4
    form = rng.choice(SUMS)
    for _ in range(rng.choice((1, 1, 2, 3))):
        x = draft.vector(columns, only)
        out = []
        for i in range(rows):
            row = [flat[j * rows + i] if turned else flat[i * columns + j] for j in range(columns)]
            left, right = (x, row) if rng.random() < 0.1 else (row, x)
            out.append(draft.summed(left, right, bias[i : i + 1] if bias else [], form))
        yield from out
        if tied and None not in out:
            for j in range(columns):
                row = [flat[i * columns + j] for i in range(rows)]
                yield draft.summed(row, out, [], form)


def stencil(draft, rng):
    """A short kernel that slides along a vector, and perhaps around its end."""
    width, step = rng.randint(1, 3), rng.choice((1, 1, 2))
    kernel, x = draft.vector(width), draft.vector(rng.randint(width, 9))
    last = len(x) if rng.random() < 0.3 else len(x) - width + 1
    form, bias = rng.choice(SUMS), [draft.operand()] if rng.random() < 0.5 else []
    for i in range(0, last, step):
        yield draft.summed(kernel, [x[(i + k) % len(x)] for k in range(width)], bias, form)


def attention(draft, rng):
    """Places that look back at those up to them: the rows of a triangle."""
    places, d, form = rng.randint(3, 8), rng.choice((1, 2)), rng.choice(SUMS)
    name, size = rng.choice(SMOOTH), places * d
    q, k, v = ([draft.add(name, [x]) for x in draft.vector(size)] for _ in range(3))
    if None in q + k + v:
        return
    shares = rng.random() < 0.5
    for t in range(places):
        past = range(0, (t + 1) * d, d)
        scores = [draft.summed(q[t * d : t * d + d], k[u : u + d], [], form) for u in past]
        if shares and None not in scores:
            scores = [draft.add("softmax", scores, [float(u)]) for u in range(t + 1)]
        if None not in scores:
            yield from (draft.summed(scores, v[i : past.stop : d], [], form) for i in range(d))


def edges(draft, rng):
    """A row that steps on by its neighbours; its ends are held, numbers, copies or one-sided."""
    n, way = rng.randint(3, 12), rng.choice(("held", "numbers", "copies", "one-sided"))
    x, a, form, g = draft.vector(n), draft.node(), rng.choice(("own", *SUMS)), rng.choice(SMOOTH)
    ends = draft.literal(), draft.literal()
    for _ in range(rng.randint(2, 8)):
        wide = {"numbers": [ends[0], *x, ends[1]], "copies": [x[0], *x, x[-1]]}.get(way, x)
        y = [_stepped(draft, wide[i - 1 : i + 2], a, form, g) for i in range(1, len(wide) - 1)]
        if way == "held":
            y = [x[0], *y, x[-1]]
        elif way == "one-sided":
            y = [draft.add("mul", [a, x[0]]), *y, draft.add("add", x[-2:])]
        if None in y:
            return
        x = y
    yield from x


def _stepped(draft, three, a, form, g):
    """Return the next number of the middle of three."""
    if form != "own":
        found = draft.summed([0.25, 0.5, a], three, [], form)
    else:
        slope = draft.add("sub", three[::2])
        moved = None if slope is None else draft.add("mul", [a, slope])
        found = None if moved is None else draft.add("add", [three[1], moved])
    return None if found is None else draft.add(g, [found])


def triangle(draft, rng):
    """A lower triangle times a vector: row i has i products."""
    matrix, other = draft.apart()
    d, form, first = rng.randint(3, 12), rng.choice(SUMS), draft.vector(5, matrix)
    x = [draft.add("mul", [draft.vector(1, other)[0], 0.3 + k]) for k in range(d)]
    if None not in x:
        for i in range(1, d):
            row = [first[(i * i + k) % len(first)] for k in range(i)]
            yield draft.summed(row, x[:i], [x[i]], form)


def rows(draft, rng):
    """Functions of rows, of unequal length."""
    forms = ("softmax", "log_softmax", "logsumexp", "mean", "take", "taken")
    form, members = rng.choice(forms), None
    for _ in range(rng.randint(1, 5)):
        fixed = form in ("take", "taken") or rng.random() < 0.2
        members = members if members and rng.random() < 0.4 else draft.vector(3 if fixed else None)
        if form in ("take", "taken"):
            index = rng.choice(draft.integers) if draft.integers else float(rng.randrange(3))
            yield draft.add(form, members, [index])
        elif form in ("softmax", "log_softmax"):
            index = [float(rng.randrange(len(members))) for _ in range(rng.choice((1, 1, 2)))]
            for k in index:
                yield draft.add(form, members, [k])
        else:
            yield draft.add(form, members)


def sized(draft, x, domain, rng):
    """Bring an operand into a domain by a line or two, most of the time."""
    if domain.low < -1.0 or rng.random() < 0.2:
        return x
    if domain.high == 1.0:
        return draft.add("mul", [draft.add("tanh", [x]), 0.75])
    return draft.add("add", [draft.add("mul", [x, x]), 0.5 if domain.low < 1.0 else 1.5])


def elementwise(draft, rng):
    """One function of several nodes."""
    if rng.random() < 0.5:
        name = rng.choice(UNARY)
        for x in draft.vector():
            inside = sized(draft, x, PRIMITIVES[name].domain[0], rng)
            yield inside if inside is None else draft.add(name, [inside])
        return
    name, other = rng.choice(BINARY), draft.operand() if rng.random() < 0.4 else None
    for x in draft.vector():
        yield draft.add(name, [x, draft.operand() if other is None else other])


def choices(draft, rng):
    name = rng.choice(("maximum", "minimum", "where", "clip", "guard", "stopped"))
    arity = 3 if name in ("where", "clip") else 2
    fixed = [draft.operand() for _ in range(arity)]
    for x in draft.vector():
        others = fixed if rng.random() < 0.5 else [draft.operand() for _ in range(arity)]
        first = x if rng.random() < 0.8 else draft.literal()
        yield draft.add(name, [first, *others[1:]])


def powers(draft, rng):
    for x in draft.vector():
        exponent = rng.choice(EXPONENTS)
        base = (
            x
            if exponent in (0.0, 1.0, 2.0, 3.0)
            else sized(draft, x, PRIMITIVES["log"].domain[0], rng)
        )
        if base is not None:
            other = draft.node() if rng.random() < 0.15 else exponent
            yield draft.add("pow", [base, other])


def constants(draft, rng):
    """Products and sums with plain numbers, equal ones among them, as examples have."""
    numbers = [draft.literal() for _ in range(rng.randint(1, 3))]
    x = draft.vector()
    for _ in range(rng.randint(1, 4)):
        row = [rng.choice(numbers) for _ in x] if rng.random() < 0.8 else numbers[:1] * len(x)
        terms = [rng.choice(numbers)] if rng.random() < 0.3 else []
        yield draft.summed(*((row, x) if rng.random() < 0.5 else (x, row)), terms)


def time(draft, rng):
    """A state that goes through the same step again and again."""
    form, g = rng.choice(SUMS), rng.choice(SMOOTH)
    w, b, h = draft.vector(2), draft.operand(), draft.vector(rng.choice((1, 2)))
    u = draft.vector(40 if rng.random() < 0.1 else rng.randint(2, 12))
    for x in u:
        state = [draft.summed([w[0], w[1]], [a, x], [b], form) for a in h]
        if None in state:
            return
        h = [draft.add(g, [a]) for a in state]
        if None in h:
            return
    yield from h


def zeros(draft, rng):
    """The sign of a zero, which atan2 shows on the left of the plane."""
    for x in draft.vector(2):
        zero = draft.add("mul", [x, rng.choice((0.0, -0.0))])
        if zero is not None:
            yield draft.add("atan2", [zero, draft.add("sub", [-1.0, draft.add("mul", [x, x])])])


def noise(draft, rng):
    """Random numbers, as those of a dropout, each of a stream of its own."""
    for x in draft.vector():
        u = draft.add("noise", [float(len(draft.lines) + rng.randrange(100) * 1000)])
        if rng.random() < 0.5:  # a unit that is kept, or not
            kept = draft.add("heaviside", [draft.add("sub", [u, 0.25])])
            yield None if kept is None else draft.add("mul", [x, kept])
        else:
            yield draft.add(rng.choice(("mul", "add")), [x, u])


def own(draft, rng):
    """A row of one's own, which is composed of others."""
    for x in draft.vector():
        yield (
            draft.add("bent", [x])
            if rng.random() < 0.5
            else draft.add("leant", [x, draft.operand()])
        )


def weighted(draft, rng):
    """The weight of an example, or a share of it, times all there is."""
    inputs = [k for k, (role, _) in enumerate(draft.leaves) if role == INPUT]
    weight = rng.choice(inputs) if inputs else draft.literal()
    for x in draft.pool[-1]:
        yield draft.add("mul", [x, weight])


BLOCKS = [bags, bags, pairs, pairs, layer, layer, stencil, edges, triangle, attention, rows, rows,
          elementwise, elementwise, choices, powers, constants, time, noise, own,
          weighted]  # fmt: skip


def drawn(seed, ways, extras=(), blocks=BLOCKS):
    """Return the random program of a seed."""
    draft = Draft(seed)
    for _ in range(draft.rng.choice((1, 1, 2, 2, 3, 4))):
        results = list(draft.rng.choice(blocks)(draft, draft.rng))
        if draft.rng.random() < 0.5:
            name = draft.rng.choice(SMOOTH)
            results = [x if x is None else draft.add(name, [x]) for x in results]
        draft.keep(results)
        if len(draft.lines) > 60:
            break
    return draft.case(ways, extras)
