/* Constant factors that several sums have become the same nodes, as inputs would be. */

typedef struct {
    const int64_t *bounds;
    int64_t *left, *right; /* of the pairs of sum k, from bounds[k] on */
    const uint8_t *kinds;
    const double *numbers;
    int64_t sums, pairs, nodes;
    Keys beside, runs; /* numbers with what they meet; numbers and how often they met that before */
    Longs times;       /* of each key of `beside` */
    Longs begins, row; /* of each key of `runs`, the nodes that have its numbers */
    Longs own, alike;  /* the nodes at hand; pairs of nodes with one number */
    Longs key;
} Sharing;

/* The constants of one side of a sum: their numbers and, behind these, what they meet. */
static int read_side(Sharing *s, int64_t sum, const int64_t *factors, const int64_t *others)
{
    const int64_t count = s->bounds[sum + 1] - s->bounds[sum];
    s->own.used = 0;
    if (more_longs(&s->own, count) < 0 || more_longs(&s->key, 2 * count + 1) < 0)
        return -1;
    for (int64_t k = s->bounds[sum]; k < s->bounds[sum + 1]; k++)
        if (s->kinds[factors[k]] == LEAF_KINDS - 1)
            s->own.at[s->own.used++] = factors[k];
    const int64_t constants = s->own.used;
    for (int64_t k = 0; k < constants; k++)
        memcpy(&s->key.at[1 + k], &s->numbers[s->own.at[k]], sizeof(double));
    s->key.used = 1 + constants;
    for (int64_t k = s->bounds[sum]; k < s->bounds[sum + 1]; k++)
        if (s->kinds[factors[k]] == LEAF_KINDS - 1)
            s->key.at[s->key.used++] = others[k];
    return 0;
}

/* Let the constants of one side be those that another sum with the same numbers has. */
static int share_side(Sharing *s, int64_t sum, int64_t *factors, const int64_t *others)
{
    if (read_side(s, sum, factors, others) < 0)
        return -1;
    const int64_t constants = s->own.used;
    if (!constants)
        return 0;
    s->key.at[0] = 0;
    const int64_t met = number_of_key(&s->beside, s->key.at, s->key.used);
    if (met < 0 || (met == s->times.used && append(&s->times, 0) < 0))
        return -1;
    s->key.at[0] = s->times.at[met]++;
    const int64_t run = number_of_key(&s->runs, s->key.at, 1 + constants);
    if (run < 0 || more_longs(&s->row, constants) < 0 || more_longs(&s->alike, 2 * constants) < 0)
        return -1;
    if (run == s->begins.used) {
        memcpy(s->row.at + s->row.used, s->own.at, (size_t)(constants * LONG));
        if (append(&s->begins, s->row.used) < 0)
            return -1;
        s->row.used += constants;
        return 0;
    }
    const int64_t *row = s->row.at + s->begins.at[run];
    for (int64_t k = s->bounds[sum]; k < s->bounds[sum + 1]; k++)
        if (s->kinds[factors[k]] == LEAF_KINDS - 1) {
            s->alike.at[s->alike.used++] = factors[k];
            s->alike.at[s->alike.used++] = *row;
            factors[k] = *row++;
        }
    return 0;
}

static PyObject *share_all(Sharing *s)
{
    for (int64_t sum = 0; sum < s->sums; sum++)
        if ((!(sum & OFTEN) && PyErr_CheckSignals() < 0) ||
            share_side(s, sum, s->left, s->right) < 0 || share_side(s, sum, s->right, s->left) < 0)
            return NULL;
    return PyByteArray_FromStringAndSize((const char *)s->alike.at, s->alike.used * LONG);
}

static int open_sharing(Sharing *s, const Py_buffer *in)
{
    s->bounds = in[0].buf, s->left = in[1].buf, s->right = in[2].buf;
    s->kinds = in[3].buf, s->numbers = in[4].buf;
    s->sums = in[0].len / LONG - 1, s->pairs = in[1].len / LONG, s->nodes = in[3].len;
    int fits = s->sums >= 0 && in[2].len == in[1].len &&
               in[4].len == s->nodes * (int64_t)sizeof(double) &&
               are_bounds(s->bounds, s->sums, s->pairs);
    for (int64_t k = 0; fits && k < s->pairs; k++)
        fits =
            0 <= s->left[k] && s->left[k] < s->nodes && 0 <= s->right[k] && s->right[k] < s->nodes;
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "the pairs are not those of a recording");
    return fits ? 0 : -1;
}

static PyObject *share(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[5];
    Sharing s = {.sums = 0};
    if (!PyArg_ParseTuple(args, "y*w*w*y*y*:share", &in[0], &in[1], &in[2], &in[3], &in[4]))
        return NULL;
    PyObject *found = open_sharing(&s, in) ? NULL : share_all(&s);
    free_keys(&s.beside);
    free_keys(&s.runs);
    PyMem_Free(s.times.at);
    PyMem_Free(s.begins.at);
    PyMem_Free(s.row.at);
    PyMem_Free(s.own.at);
    PyMem_Free(s.alike.at);
    PyMem_Free(s.key.at);
    release(in, 5);
    return found;
}
