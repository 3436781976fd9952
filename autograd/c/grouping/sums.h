/* Canonical sums: additions and products that only a sum uses become part of it. */

enum { OTHER, ADD, MUL, DOT, TOTAL, SORTS }; /* what nodes are */

/* Scratch, a number for each node; `owner` is a node's sum, or itself. */
typedef struct {
    Graph graph;
    const uint8_t *sort, *once;
    int64_t *owner, *pairs, *terms; /* how many, then in a second pass where they begin */
    uint8_t *born;                  /* it was written with dot or total */
    int64_t sums, all_pairs, all_terms;
} Sums;

static inline int is_sum(const Sums *s, int64_t node)
{
    return s->sort[node] != OTHER && s->sort[node] != MUL;
}

/* The plain terms of a node: of a dot product its last operand. */
static inline int64_t first_term(const Sums *s, int64_t node)
{
    return s->sort[node] == DOT ? s->graph.bounds[node + 1] - 1 : s->graph.bounds[node];
}

static inline int64_t own_pairs(const Sums *s, int64_t node)
{
    int64_t operands = s->graph.bounds[node + 1] - s->graph.bounds[node];
    return s->sort[node] == DOT ? operands / 2 : 0;
}

static inline int is_kept(const Sums *s, int64_t node)
{
    return is_sum(s, node) && s->owner[node] == node &&
           (s->born[node] || s->pairs[node] >= 2 || s->pairs[node] + s->terms[node] >= 3);
}

/* Count what a sum has, that of the sums it absorbs included. */
static void count_sum(Sums *s, int64_t node)
{
    s->pairs[node] = own_pairs(s, node);
    s->born[node] = s->sort[node] != ADD;
    for (int64_t k = first_term(s, node); k < s->graph.bounds[node + 1]; k++) {
        int64_t x = s->graph.flat[k];
        if (s->once[x] && is_sum(s, x)) {
            s->owner[x] = node;
            s->pairs[node] += s->pairs[x];
            s->terms[node] += s->terms[x];
            s->born[node] |= s->born[x];
        } else if (s->once[x] && s->sort[x] == MUL) {
            s->owner[x] = node;
            s->pairs[node]++;
        } else
            s->terms[node]++;
    }
}

/* Give a sum that is too small its products back. */
static void give_back(Sums *s, int64_t node)
{
    for (int64_t k = s->graph.bounds[node]; k < s->graph.bounds[node + 1]; k++)
        if (s->owner[s->graph.flat[k]] == node)
            s->owner[s->graph.flat[k]] = s->graph.flat[k];
}

/* Find the owners: the outermost sum that each node is part of. */
static int find_owners(Sums *s)
{
    for (int64_t i = 0; i < s->graph.nodes; i++)
        s->owner[i] = i;
    for (int64_t i = 0; i < s->graph.nodes; i++) {
        if (is_sum(s, i))
            count_sum(s, i);
        if (!(i & OFTEN) && PyErr_CheckSignals() < 0)
            return -1;
    }
    for (int64_t i = s->graph.nodes; i-- > 0;) {
        if (is_kept(s, i)) {
            s->sums++;
            s->all_pairs += s->pairs[i];
            s->all_terms += s->terms[i];
        } else if (is_sum(s, i) && s->owner[i] == i)
            give_back(s, i);
    }
    return 0;
}

/* Where the kept sums, their pairs and their terms are. */
typedef struct {
    int64_t *nodes, *pair_bounds, *left, *right, *term_bounds, *terms;
} Parts;

/* Let each kept sum, in order, have its stretch; `pairs` and `terms` are where they begin then. */
static void lay_out(Sums *s, const Parts *out)
{
    int64_t sums = 0, pairs = 0, terms = 0;
    for (int64_t i = 0; i < s->graph.nodes; i++) {
        if (!is_kept(s, i))
            continue;
        out->nodes[sums] = i;
        out->pair_bounds[sums] = pairs;
        out->term_bounds[sums++] = terms;
        pairs += s->pairs[i];
        terms += s->terms[i];
    }
    out->pair_bounds[sums] = pairs;
    out->term_bounds[sums] = terms;
}

/* Write the parts of one sum from `pair` and `term` on; sums in it learn where theirs begin. */
static void write_sum(Sums *s, const Parts *out, int64_t node, int64_t pair, int64_t term)
{
    const int64_t *flat = s->graph.flat, *bounds = s->graph.bounds;
    for (int64_t k = first_term(s, node); k < bounds[node + 1]; k++) {
        int64_t x = flat[k];
        if (s->once[x] && is_sum(s, x)) {
            int64_t pairs = s->pairs[x], terms = s->terms[x];
            s->pairs[x] = pair;
            s->terms[x] = term;
            pair += pairs;
            term += terms;
        } else if (s->once[x] && s->sort[x] == MUL) {
            out->left[pair] = flat[bounds[x]];
            out->right[pair++] = flat[bounds[x] + 1];
        } else
            out->terms[term++] = x;
    }
    int64_t n = own_pairs(s, node);
    memcpy(out->left + pair, flat + bounds[node], (size_t)(n * LONG));
    memcpy(out->right + pair, flat + bounds[node] + n, (size_t)(n * LONG));
}

/* Write all parts, and let owners be the outermost ones: users come before what they use. */
static void write_sums(Sums *s, const Parts *out)
{
    int64_t sum = s->sums;
    for (int64_t i = s->graph.nodes; i-- > 0;) {
        int64_t owner = s->owner[i];
        if (owner != i) {
            s->owner[i] = s->owner[owner];
            if (is_sum(s, i))
                write_sum(s, out, i, s->pairs[i], s->terms[i]);
        } else if (sum && out->nodes[sum - 1] == i) {
            sum--;
            write_sum(s, out, i, out->pair_bounds[sum], out->term_bounds[sum]);
        }
    }
}

static PyObject *parts_of(Sums *s, PyObject *owners)
{
    Parts out;
    PyObject *columns[] = {
        new_longs(s->sums, &out.nodes),           new_longs(s->sums + 1, &out.pair_bounds),
        new_longs(s->all_pairs, &out.left),       new_longs(s->all_pairs, &out.right),
        new_longs(s->sums + 1, &out.term_bounds), new_longs(s->all_terms, &out.terms),
    };
    int made = 1;
    for (int k = 0; k < 6; k++)
        made &= columns[k] != NULL;
    if (made) {
        lay_out(s, &out);
        write_sums(s, &out);
        return Py_BuildValue("ONNNNNN", owners, columns[0], columns[1], columns[2], columns[3],
                             columns[4], columns[5]);
    }
    for (int k = 0; k < 6; k++)
        Py_XDECREF(columns[k]);
    return NULL;
}

static int are_sorts(const Sums *s)
{
    for (int64_t i = 0; i < s->graph.nodes; i++) {
        int64_t count = s->graph.bounds[i + 1] - s->graph.bounds[i];
        if (s->sort[i] >= SORTS || (s->sort[i] == MUL && count != 2) ||
            (s->sort[i] == DOT && !(count & 1))) {
            PyErr_SetString(PyExc_ValueError, "a node has other operands than its sort");
            return 0;
        }
    }
    return 1;
}

static PyObject *sums(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[4];
    if (!PyArg_ParseTuple(args, "y*y*y*y*:sums", &in[0], &in[1], &in[2], &in[3]))
        return NULL;
    Sums s = {.sort = in[2].buf, .once = in[3].buf};
    PyObject *owners = NULL, *found = NULL;
    int64_t *scratch = NULL;
    if (in[2].len != in[3].len || in[2].len != in[1].len / LONG - 1)
        PyErr_SetString(PyExc_ValueError, "there is one sort and one count for each node");
    else if (!open_graph(&s.graph, &in[0], &in[1]) && are_sorts(&s)) {
        const size_t n = (size_t)s.graph.nodes;
        owners = new_longs(s.graph.nodes, &s.owner);
        scratch = PyMem_Calloc(2 * n + n / (size_t)LONG + 1, (size_t)LONG);
        if (scratch && owners) {
            s.pairs = scratch;
            s.terms = scratch + n;
            s.born = (uint8_t *)(scratch + 2 * n);
            found = find_owners(&s) ? NULL : parts_of(&s, owners);
        } else if (owners)
            PyErr_NoMemory();
    }
    PyMem_Free(scratch);
    Py_XDECREF(owners);
    release(in, 4);
    return found;
}
