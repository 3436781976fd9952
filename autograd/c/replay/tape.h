/* Writing a tape: what executors/tape/writer.py does node by node, for operations that are written
 * as their templates say. Both write the same words.
 *
 * A template: kind, circular (1 sine, 2 cosine), differentiable, back, sources, forward, then one
 * word for each of three operands. Those of a `GIVEN_BACK` are 0 to add and 1 to subtract;
 * those of `RULES_BACK` and `forward` are places of further words, 0 for none:
 * a rule is the number of its sources, each (an operand from 0 on, -1 the node, -2 its adjoint),
 * and the place of its expression; an expression the number of its sources and of its constants,
 * these, the number of its steps, each (operation or -1, register, operands, a, b, c, circular,
 * whether it is a product), and the register of its result. */

enum { ELEMENTWISE_NODE, DOT_NODE, TOTAL_NODE };
enum { RULES_BACK, PRODUCTS_BACK, TOTAL_BACK, GIVEN_BACK };
enum { T_KIND, T_CIRCULAR, T_DIFFERENTIABLE, T_BACK, T_SOURCES, T_FORWARD, T_SLOTS };
enum { STEP_WORDS = 8, TAPE_REGISTERS = 256 };
enum { C_ADD, C_COPY, C_CIRCULAR, C_ACCUMULATE, C_SUBTRACT, C_MULTIPLY, C_FIRST }; /* + C_FIRST */

typedef struct {
    Columns columns;
    const int32_t *which, *words, *codes; /* the template of each node, -1 for a leaf */
    const uint8_t *reached;               /* by an adjoint of the root */
    int64_t length, leaves, root, slots, zero, constants, temporaries;
    uint32_t *out;
    int64_t used, room;
    int64_t *adjoints, *circular[2], *constant, *temporary, *uses;
    uint8_t *differentiable, *received;
    int status; /* 1: a word that is not there, or an operation; 2: no memory */
} TapeOut;

static int64_t word_of(TapeOut *w, int64_t at)
{
    if (at >= 0 && at < w->length)
        return w->words[at];
    w->status |= 1;
    return 0;
}

static void put(TapeOut *w, int64_t code, int64_t result, int64_t a, int64_t b, int64_t c)
{
    if (code < 0 || w->status) {
        w->status |= 1;
        return;
    }
    if (w->used + 4 > w->room) {
        int64_t room = 2 * w->room + 1024;
        uint32_t *more = PyMem_RawRealloc(w->out, (size_t)room * sizeof *more);
        if (!more) {
            w->status |= 2;
            return;
        }
        w->out = more;
        w->room = room;
    }
    uint32_t *to = w->out + w->used;
    to[0] = (uint32_t)(code | result << 8);
    to[1] = (uint32_t)a;
    to[2] = (uint32_t)b;
    to[3] = (uint32_t)c;
    w->used += 4;
}

static int64_t slot_of(TapeOut *w, int64_t *known, int64_t count, int64_t k)
{
    if (k < 0 || k >= count) {
        w->status |= 1;
        return 0;
    }
    if (known[k] < 0)
        known[k] = w->slots++;
    return known[k];
}

/* Write an expression, its last step to `result`; without one (-1) a last product is left to be
 * multiplied. Returns how many slots were found: one, or the two of a product. */
static int put_steps(TapeOut *w, int64_t at, const int64_t *sources, int64_t result,
                     int64_t found[2])
{
    int64_t slots[TAPE_REGISTERS] = {0};
    const int64_t given = word_of(w, at), constants = word_of(w, at + 1);
    if (given + constants > TAPE_REGISTERS)
        w->status |= 1;
    for (int64_t k = 0; k < given && !w->status; k++)
        slots[k] = sources[k];
    for (int64_t k = 0; k < constants && !w->status; k++)
        slots[given + k] = slot_of(w, w->constant, w->constants, word_of(w, at + 2 + k));
    at += 2 + constants;
    const int64_t steps = word_of(w, at++);
    for (int64_t k = 0; k < steps && !w->status; k++, at += STEP_WORDS) {
        const int64_t code = word_of(w, at), to = word_of(w, at + 1), count = word_of(w, at + 2);
        const int64_t circular = word_of(w, at + 6);
        int64_t x[3] = {0};
        for (int64_t i = 0; i < count && i < 3; i++) {
            int64_t from = word_of(w, at + 3 + i);
            x[i] = from >= 0 && from < TAPE_REGISTERS ? slots[from] : (w->status |= 1, 0);
        }
        const int last = k + 1 == steps;
        if (last && result < 0 && word_of(w, at + 7)) {
            found[0] = x[0];
            found[1] = x[1];
            return 2;
        }
        int64_t known = circular && x[0] < w->columns.nodes ? w->circular[circular - 1][x[0]] : -1;
        if (known < 0 || last) {
            known = last && result >= 0 ? result : slot_of(w, w->temporary, w->temporaries, to);
            put(w, code, known, x[0], count == 1 ? x[0] : x[1], x[2]);
        }
        if (to < 0 || to >= TAPE_REGISTERS)
            w->status |= 1;
        else
            slots[to] = known;
    }
    const int64_t end = word_of(w, at);
    found[0] = end >= 0 && end < TAPE_REGISTERS ? slots[end] : (w->status |= 1, 0);
    if (!steps && result >= 0)
        put(w, w->codes[C_COPY], result, found[0], found[0], 0);
    return 1;
}

/* Write sin x and cos x: one is the node, the other its partial or a later node. */
static void put_circular(TapeOut *w, int64_t node, int own, int64_t x)
{
    int64_t pair[2] = {2 * w->columns.nodes + node, 2 * w->columns.nodes + node};
    if (w->circular[own][x] >= 0) {
        put(w, w->codes[C_COPY], node, w->circular[own][x], w->circular[own][x], 0);
        return;
    }
    pair[own] = node;
    for (int k = 0; k < 2; k++)
        w->circular[k][x] = pair[k];
    put(w, w->codes[C_CIRCULAR], pair[0], x, 0, pair[1]);
}

static void put_forward(TapeOut *w, int64_t node)
{
    const int64_t at = w->which[node], kind = word_of(w, at + T_KIND);
    const int64_t circular = word_of(w, at + T_CIRCULAR);
    const int64_t *x = w->columns.flat + w->columns.starts[node];
    const int64_t count = w->columns.starts[node + 1] - w->columns.starts[node];
    if (kind == DOT_NODE) {
        put(w, w->codes[C_ADD], node, x[count - 1], slot_of(w, w->constant, w->constants, w->zero),
            0);
        for (int64_t k = 0; k < count / 2; k++)
            put(w, w->codes[C_MULTIPLY], node, x[k], x[count / 2 + k], 0);
    } else if (kind == TOTAL_NODE) {
        put(w, w->codes[C_ADD], node, x[0], slot_of(w, w->constant, w->constants, w->zero), 0);
        for (int64_t k = 1; k < count; k++)
            put(w, w->codes[C_ACCUMULATE], node, x[k], x[k], 0);
    } else if (circular && w->differentiable[node]) {
        put_circular(w, node, (int)circular - 1, x[0]);
    } else {
        int64_t found[2];
        put_steps(w, word_of(w, at + T_FORWARD), x, node, found);
    }
}

/* Write that the adjoint of a node receives a number or a product, if it needs any. */
static void give(TapeOut *w, int64_t node, int code, int64_t a, int64_t b)
{
    const int64_t n = w->columns.nodes;
    if (!w->differentiable[node])
        return;
    if (w->uses[node] == 1 && !w->received[node] && code == C_ACCUMULATE && a >= n && a < 2 * n) {
        w->adjoints[node] = a; /* the only number it receives: they share a slot */
        return;
    }
    const int first = w->received[node] ? 0 : C_FIRST - C_ACCUMULATE;
    w->received[node] = 1;
    put(w, w->codes[code + first], w->adjoints[node], a, b, 0);
}

static void put_rules(TapeOut *w, int64_t node, int64_t at)
{
    const int64_t *x = w->columns.flat + w->columns.starts[node];
    const int64_t count = w->columns.starts[node + 1] - w->columns.starts[node];
    for (int64_t slot = 0; slot < word_of(w, at + T_SOURCES) && !w->status; slot++) {
        int64_t rule = word_of(w, at + T_SLOTS + slot), reads[TAPE_REGISTERS], found[2] = {0};
        if (!rule || !w->differentiable[x[slot]])
            continue;
        const int64_t sources = word_of(w, rule++);
        for (int64_t k = 0; k < sources && k < TAPE_REGISTERS; k++) {
            int64_t from = word_of(w, rule + k);
            if (from >= count)
                w->status |= 1;
            else
                reads[k] = from >= 0 ? x[from] : from == -1 ? node : w->adjoints[node];
        }
        int two = put_steps(w, word_of(w, rule + sources), reads, -1, found) == 2;
        give(w, x[slot], two ? C_MULTIPLY : C_ACCUMULATE, found[0], two ? found[1] : found[0]);
    }
}

/* Write what each operand receives from the adjoint of a node. */
static void put_backward(TapeOut *w, int64_t node)
{
    const int64_t at = w->which[node], back = word_of(w, at + T_BACK), own = w->adjoints[node];
    const int64_t *x = w->columns.flat + w->columns.starts[node];
    int64_t count = w->columns.starts[node + 1] - w->columns.starts[node], from = 0;
    if (back == PRODUCTS_BACK) {
        const int64_t half = count / 2;
        for (int64_t k = 0; k < half; k++) {
            int64_t low = x[k] <= x[half + k] ? k : half + k, high = low == k ? half + k : k;
            give(w, x[low], C_MULTIPLY, x[high], own);
            give(w, x[high], C_MULTIPLY, x[low], own);
        }
        from = 2 * half;
    }
    if (back == PRODUCTS_BACK || back == TOTAL_BACK) {
        for (int64_t k = from; k < count; k++)
            give(w, x[k], C_ACCUMULATE, own, own);
    } else if (back == GIVEN_BACK) {
        int64_t first = count == 2 && x[1] < x[0];
        for (int64_t k = 0; k < count; k++) {
            int64_t slot = first ? 1 - k : k;
            give(w, x[slot], C_ACCUMULATE + (int)word_of(w, at + T_SLOTS + slot), own, own);
        }
    } else
        put_rules(w, node, at);
}
