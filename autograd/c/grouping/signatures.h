/* Signatures: nodes of one key do the same to operands that do the same, and are a group.
 *
 * The key of a sum is the set of what it multiplies and the set of what it adds, by signatures;
 * that of another node its operation with those of its operands. Nodes of one key stand at one
 * level. What no adjoint reaches has keys of its own, for 0 times an infinite partial would be
 * none. */

enum { LEAF_KINDS = 3, COMPUTED = 3 };
enum { PLAIN, POWER, PADDED }; /* how an operation's key is found */

#define UNREACHED ((int64_t)1 << 32) /* in the first word of a key */

typedef struct {
    Graph graph;
    const uint16_t *codes;
    const uint8_t *kinds, *lanes, *ways; /* a way for each code */
    int64_t ways_known;
    const double *numbers;
    const int64_t *owner, *row; /* of a node: its owner, and its row among the sums, or -1 */
    const int64_t *pair_bounds, *left, *right, *term_bounds, *terms;
    int64_t rows, pairs, terms_in_all;
    const uint8_t *reached;
    int64_t *signatures;
    Keys keys;
    Longs key;    /* of the node at hand */
    Longs levels; /* of each group, twice the length of the longest way to a leaf, and 1 where a
                     parameter reaches it */
} Signing;

/* Return two signatures as one number, what has no lanes first, then the lower. */
static inline int64_t oriented(const Signing *s, int64_t left, int64_t right)
{
    const int64_t a = s->signatures[left], b = s->signatures[right];
    const int x = s->lanes[left], y = s->lanes[right];
    if (x > y || (x == y && a > b))
        return b << 32 | a;
    return a << 32 | b;
}

static int key_of_sum(Signing *s, int64_t row)
{
    Longs *key = &s->key;
    const int64_t pairs = s->pair_bounds[row + 1] - s->pair_bounds[row];
    const int64_t terms = s->term_bounds[row + 1] - s->term_bounds[row];
    if (more_longs(key, 2 + pairs + terms) < 0)
        return -1;
    key->at[0] = -1;
    key->used = 2;
    for (int64_t k = s->pair_bounds[row]; k < s->pair_bounds[row + 1]; k++) {
        const int64_t code = oriented(s, s->left[k], s->right[k]);
        if (key->used == 2 || key->at[key->used - 1] != code)
            key->at[key->used++] = code;
    }
    make_set(key, 2);
    const int64_t start = key->used;
    key->at[1] = start;
    for (int64_t k = s->term_bounds[row]; k < s->term_bounds[row + 1]; k++) {
        const int64_t code = s->signatures[s->terms[k]];
        if (key->used == start || key->at[key->used - 1] != code)
            key->at[key->used++] = code;
    }
    make_set(key, start);
    return 0;
}

static int key_of_operation(Signing *s, int64_t node)
{
    Longs *key = &s->key;
    const int64_t *operands = s->graph.flat + s->graph.bounds[node];
    int64_t count = s->graph.bounds[node + 1] - s->graph.bounds[node];
    const uint8_t way = s->ways[s->codes[node]];
    if (more_longs(key, count + 3) < 0)
        return -1;
    key->at[0] = s->codes[node];
    key->at[1] = 0;
    key->used = 2;
    if (way == POWER && count == 2 && s->kinds[operands[1]] == LEAF_KINDS - 1) {
        const double exponent = s->numbers[operands[1]] + 0.0; /* -0 is 0 */
        key->at[1] = 1;
        memcpy(&key->at[key->used++], &exponent, sizeof exponent);
        count = 1;
    }
    int same = 1;
    for (int64_t k = 0; k < count; k++) {
        key->at[key->used++] = s->signatures[operands[k]];
        same &= key->at[key->used - 1] == key->at[2];
    }
    if (way == PADDED && same && count)
        key->used = 3;
    return 0;
}

static int64_t level_above(const Signing *s, int64_t level, const int64_t *below, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        const int64_t group = s->signatures[below[k]];
        const int64_t other = group < 0 ? 0 : s->levels.at[group];
        level = (level | 1) < (other | 1) ? other | (level & 1) : level | (other & 1);
    }
    return level;
}

/* Append the level of a new group, which is that of any of its nodes. */
static int append_level(Signing *s, int64_t node)
{
    const int64_t row = s->row[node], first = s->graph.bounds[node];
    int64_t level = 0;
    if (row < 0) {
        level = level_above(s, 0, s->graph.flat + first, s->graph.bounds[node + 1] - first);
    } else {
        const int64_t pairs = s->pair_bounds[row], terms = s->term_bounds[row];
        level = level_above(s, level, s->left + pairs, s->pair_bounds[row + 1] - pairs);
        level = level_above(s, level, s->right + pairs, s->pair_bounds[row + 1] - pairs);
        level = level_above(s, level, s->terms + terms, s->term_bounds[row + 1] - terms);
    }
    return append(&s->levels, level + 2);
}

static int sign(Signing *s)
{
    for (int64_t kind = 0; kind < LEAF_KINDS; kind++) {
        const int64_t key[] = {-2, kind};
        if (number_of_key(&s->keys, key, 2) < 0 || append(&s->levels, !kind) < 0)
            return -1;
    }
    for (int64_t i = 0; i < s->graph.nodes; i++) {
        if (!(i & OFTEN) && PyErr_CheckSignals() < 0)
            return -1;
        if (s->kinds[i] != COMPUTED || s->owner[i] != i) {
            s->signatures[i] = s->kinds[i] == COMPUTED ? -1 : s->kinds[i];
            continue;
        }
        const int64_t row = s->row[i];
        if ((row < 0 ? key_of_operation(s, i) : key_of_sum(s, row)) < 0)
            return -1;
        if (!s->reached[i])
            s->key.at[0] ^= UNREACHED;
        const int64_t found = number_of_key(&s->keys, s->key.at, s->key.used);
        if (found < 0 || (found == s->levels.used && append_level(s, i) < 0))
            return -1;
        s->signatures[i] = found;
    }
    return 0;
}

/* Return all nodes by group, where each group begins, and the levels of groups. */
static PyObject *members_of(const Signing *s, PyObject *signatures)
{
    const int64_t groups = s->keys.ends.used;
    int64_t signed_nodes = 0, *bounds = NULL, *members = NULL, *heights = NULL;
    for (int64_t i = 0; i < s->graph.nodes; i++)
        signed_nodes += s->signatures[i] >= 0;
    PyObject *all = new_longs(signed_nodes, &members), *ends = new_longs(groups + 2, &bounds);
    PyObject *levels = new_longs(groups, &heights);
    if (!all || !ends || !levels) {
        Py_XDECREF(all);
        Py_XDECREF(ends);
        Py_XDECREF(levels);
        return NULL;
    }
    memcpy(heights, s->levels.at, (size_t)(groups * LONG));
    memset(bounds, 0, (size_t)((groups + 2) * LONG));
    for (int64_t i = 0; i < s->graph.nodes; i++)
        if (s->signatures[i] >= 0)
            bounds[s->signatures[i] + 2]++;
    for (int64_t g = 0; g < groups; g++)
        bounds[g + 2] += bounds[g + 1];
    for (int64_t i = 0; i < s->graph.nodes; i++)
        if (s->signatures[i] >= 0)
            members[bounds[s->signatures[i] + 1]++] = i;
    return Py_BuildValue("ONNN", signatures, all, ends, levels);
}

/* Whether nodes, operations and parts of sums are what they are taken for. */
static int is_consistent(const Signing *s)
{
    for (int64_t i = 0; i < s->graph.nodes; i++)
        if (s->codes[i] >= s->ways_known || s->kinds[i] > COMPUTED || s->owner[i] < i ||
            s->row[i] < -1 || s->row[i] >= s->rows)
            return 0;
    if (!are_bounds(s->pair_bounds, s->rows, s->pairs) ||
        !are_bounds(s->term_bounds, s->rows, s->terms_in_all))
        return 0;
    for (int64_t i = 0; i < s->graph.nodes; i++) {
        const int64_t r = s->row[i];
        for (int64_t k = r < 0 ? 0 : s->pair_bounds[r]; r >= 0 && k < s->pair_bounds[r + 1]; k++)
            if (s->left[k] < 0 || s->left[k] >= i || s->right[k] < 0 || s->right[k] >= i)
                return 0;
        for (int64_t k = r < 0 ? 0 : s->term_bounds[r]; r >= 0 && k < s->term_bounds[r + 1]; k++)
            if (s->terms[k] < 0 || s->terms[k] >= i)
                return 0;
    }
    return 1;
}

enum {
    FLAT,
    BOUNDS,
    CODES,
    KINDS,
    LANES,
    WAYS,
    NUMBERS,
    OWNER,
    ROW,
    PAIR_BOUNDS,
    LEFT,
    RIGHT,
    TERM_BOUNDS,
    TERMS,
    REACHED,
    COLUMNS
};

static int open_signing(Signing *s, const Py_buffer *in)
{
    if (open_graph(&s->graph, &in[FLAT], &in[BOUNDS]) < 0)
        return -1;
    const int64_t n = s->graph.nodes;
    s->codes = in[CODES].buf, s->kinds = in[KINDS].buf, s->lanes = in[LANES].buf;
    s->ways = in[WAYS].buf, s->ways_known = in[WAYS].len, s->numbers = in[NUMBERS].buf;
    s->owner = in[OWNER].buf, s->row = in[ROW].buf;
    s->pair_bounds = in[PAIR_BOUNDS].buf, s->left = in[LEFT].buf, s->right = in[RIGHT].buf;
    s->term_bounds = in[TERM_BOUNDS].buf, s->terms = in[TERMS].buf;
    s->reached = in[REACHED].buf;
    s->rows = in[PAIR_BOUNDS].len / LONG - 1;
    s->pairs = in[LEFT].len / LONG;
    s->terms_in_all = in[TERMS].len / LONG;
    int fits = in[CODES].len == 2 * n && in[KINDS].len == n && in[REACHED].len == n &&
               in[LANES].len == n && in[NUMBERS].len == n * (int64_t)sizeof(double) &&
               in[OWNER].len == n * LONG && in[ROW].len == n * LONG && s->rows >= 0 &&
               in[RIGHT].len == in[LEFT].len && in[TERM_BOUNDS].len == in[PAIR_BOUNDS].len &&
               is_consistent(s);
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "the columns are not those of a recording");
    return fits ? 0 : -1;
}

static PyObject *groups(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[COLUMNS];
    Signing s = {.rows = 0};
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*y*y*y*y*y*y*y*:groups", &in[FLAT], &in[BOUNDS],
                          &in[CODES], &in[KINDS], &in[LANES], &in[WAYS], &in[NUMBERS], &in[OWNER],
                          &in[ROW], &in[PAIR_BOUNDS], &in[LEFT], &in[RIGHT], &in[TERM_BOUNDS],
                          &in[TERMS], &in[REACHED]))
        return NULL;
    PyObject *signatures = NULL, *found = NULL;
    if (!open_signing(&s, in)) {
        signatures = new_longs(s.graph.nodes, &s.signatures);
        if (signatures && !sign(&s))
            found = members_of(&s, signatures);
    }
    Py_XDECREF(signatures);
    free_keys(&s.keys);
    PyMem_Free(s.key.at);
    PyMem_Free(s.levels.at);
    release(in, COLUMNS);
    return found;
}
