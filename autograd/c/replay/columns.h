/* Recordings as columns, for what Python would take too long to look at node by node. */

/* Room for the operands of a node: those of node i are flat[starts[i]] .. flat[starts[i + 1]]. */
typedef struct {
    const int64_t *flat, *starts;
    const uint8_t *kinds; /* of operations */
    int64_t nodes, operands;
} Columns;

enum { OTHER_NODE, SUM_NODE, PRODUCT_NODE };

static int open_columns(Columns *columns, const Py_buffer *flat, const Py_buffer *starts,
                        const Py_buffer *kinds)
{
    columns->flat = flat->buf;
    columns->starts = starts->buf;
    columns->kinds = kinds->buf;
    columns->nodes = kinds->len;
    columns->operands = flat->len / (int64_t)sizeof(int64_t);
    int fits = starts->len == (columns->nodes + 1) * (int64_t)sizeof(int64_t);
    for (int64_t i = 0; fits && i < columns->nodes; i++) {
        int64_t start = columns->starts[i], stop = columns->starts[i + 1];
        fits = 0 <= start && start <= stop && stop <= columns->operands;
        for (int64_t k = start; fits && k < stop; k++)
            fits = 0 <= columns->flat[k] && columns->flat[k] < i;
    }
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "an operand must come before its node");
    return fits ? 0 : -1;
}

/* How many levels a graph has, sums that run into sums and products that do being part of them. */
static int64_t count_levels(const Columns *columns, const uint8_t *once, int32_t *level)
{
    int64_t most = 0;
    for (int64_t i = 0; i < columns->nodes; i++) {
        int32_t own = 0;
        for (int64_t k = columns->starts[i]; k < columns->starts[i + 1]; k++) {
            int64_t x = columns->flat[k];
            int inside =
                columns->kinds[i] == SUM_NODE && once[x] && columns->kinds[x] != OTHER_NODE;
            int32_t up = level[x] + !inside;
            own = up > own ? up : own;
        }
        level[i] = own;
        most = own > most ? own : most;
    }
    return most;
}

static PyObject *levels(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer flat, starts, kinds, once;
    Columns columns;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*y*:levels", &flat, &starts, &kinds, &once))
        return NULL;
    if (once.len != kinds.len)
        PyErr_SetString(PyExc_ValueError, "there is one kind and one count for each node");
    else if (!open_columns(&columns, &flat, &starts, &kinds)) {
        int32_t *level = PyMem_RawMalloc((size_t)(columns.nodes + 1) * sizeof *level);
        if (level)
            found = PyLong_FromLongLong(count_levels(&columns, once.buf, level));
        else
            PyErr_NoMemory();
        PyMem_RawFree(level);
    }
    PyBuffer_Release(&flat);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&kinds);
    PyBuffer_Release(&once);
    return found;
}
