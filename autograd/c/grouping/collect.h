/* The pairs or the terms of some sums, one sum after another. */

typedef struct {
    const int64_t *rows, *bounds, *left, *right, *signatures, *rank;
    int64_t count, sums, numbers, nodes, groups;
} Collection;

/* Whether all rows are sums, whose numbers are there. */
static int is_collection(const Collection *c)
{
    int fits = c->sums >= 0;
    for (int64_t k = 0; fits && k < c->count; k++) {
        const int64_t row = c->rows[k];
        fits = 0 <= row && row < c->sums && are_bounds(c->bounds + row, 1, c->numbers);
    }
    return fits;
}

static int has_rank(const Collection *c, int64_t node)
{
    return 0 <= node && node < c->nodes && 0 <= c->signatures[node] &&
           c->signatures[node] < c->groups;
}

/* Write the place among the rows and the numbers of each element, the lower rank first. */
static int put_collection(const Collection *c, int64_t *places, int64_t *left, int64_t *right)
{
    for (int64_t k = 0; k < c->count; k++)
        for (int64_t at = c->bounds[c->rows[k]]; at < c->bounds[c->rows[k] + 1]; at++) {
            *places++ = k;
            if (!right) {
                *left++ = c->left[at];
                continue;
            }
            const int64_t a = c->left[at], b = c->right[at];
            if (!has_rank(c, a) || !has_rank(c, b))
                return -1;
            const int turned = c->rank[c->signatures[a]] > c->rank[c->signatures[b]];
            *left++ = turned ? b : a;
            *right++ = turned ? a : b;
        }
    return 0;
}

static PyObject *collection(const Collection *c, int sides)
{
    int64_t length = 0, *at[3] = {NULL, NULL, NULL};
    PyObject *found = PyTuple_New(1 + sides);
    for (int64_t k = 0; k < c->count; k++)
        length += c->bounds[c->rows[k] + 1] - c->bounds[c->rows[k]];
    for (int k = 0; found && k < 1 + sides; k++) {
        PyObject *words = new_longs(length, &at[k]);
        if (!words)
            Py_CLEAR(found);
        else
            PyTuple_SET_ITEM(found, k, words);
    }
    if (found && at[0] && at[1] && put_collection(c, at[0], at[1], at[2]) < 0) {
        PyErr_SetString(PyExc_ValueError, "a factor of a sum has no group");
        Py_CLEAR(found);
    }
    return found;
}

static PyObject *collected(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[6];
    PyObject *found = NULL;
    const int sides = PyTuple_GET_SIZE(args) > 3 ? 2 : 1;
    const int given = sides == 2 ? 6 : 3;
    if (!(sides == 2 ? PyArg_ParseTuple(args, "y*y*y*y*y*y*:collected", &in[0], &in[1], &in[2],
                                        &in[3], &in[4], &in[5])
                     : PyArg_ParseTuple(args, "y*y*y*:collected", &in[0], &in[1], &in[2])))
        return NULL;
    Collection c = {.rows = in[0].buf, .bounds = in[1].buf, .left = in[2].buf};
    c.count = in[0].len / LONG, c.sums = in[1].len / LONG - 1, c.numbers = in[2].len / LONG;
    int fits = is_collection(&c);
    if (sides == 2) {
        c.right = in[3].buf, c.signatures = in[4].buf, c.rank = in[5].buf;
        c.nodes = in[4].len / LONG, c.groups = in[5].len / LONG;
        fits = fits && in[3].len == in[2].len;
    }
    if (fits)
        found = collection(&c, sides);
    else
        PyErr_SetString(PyExc_ValueError, "the rows are not those of sums");
    release(in, given);
    return found;
}

/* Whether rows of so many words are the same. */
static int are_alike(const int64_t *a, const int64_t *b, int64_t k)
{
    return !memcmp(a, b, (size_t)(k * LONG));
}

/* Return V where rows of pairs, K each, are the matrix left[U, K] right[V, K]; 0 where not. */
static int64_t columns_of(const int64_t *left, const int64_t *right, int64_t rows, int64_t k)
{
    int64_t v = 1;
    while (v < rows && are_alike(left + v * k, left + (v - 1) * k, k))
        v++;
    if (rows % v)
        return 0;
    for (int64_t row = 0; row < rows; row++)
        if (!are_alike(left + row * k, left + (row - row % v) * k, k) ||
            !are_alike(right + row * k, right + row % v * k, k))
            return 0;
    return v;
}

static PyObject *matrix_of(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[2];
    Py_ssize_t count;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*n:matrix_of", &in[0], &in[1], &count))
        return NULL;
    const int64_t length = in[0].len / LONG, k = count > 0 ? length / count : 0;
    if (count <= 0 || in[1].len != in[0].len || length % count) {
        PyErr_SetString(PyExc_ValueError, "equal rows of a sum have two sides each");
    } else {
        const int64_t v = k < 2 ? 0 : columns_of(in[0].buf, in[1].buf, count, k);
        found = v ? Py_BuildValue("LLL", (long long)(count / v), (long long)v, (long long)k)
                  : Py_NewRef(Py_None);
    }
    release(in, 2);
    return found;
}
