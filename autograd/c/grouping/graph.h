/* The columns of a recording, as they are handed over. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* Operands of node i are flat[bounds[i]] .. flat[bounds[i + 1]]. */
typedef struct {
    const int64_t *flat, *bounds;
    int64_t nodes, operands;
} Graph;

#define LONG ((Py_ssize_t)sizeof(int64_t))
#define OFTEN 0xFFFF /* nodes between two looks for a Ctrl-C, a power of two less 1 */

/* Whether segments lie one after another in a column that is so long. */
static int are_bounds(const int64_t *bounds, int64_t count, int64_t length)
{
    int fits = bounds[0] >= 0 && bounds[count] <= length;
    for (int64_t i = 0; fits && i < count; i++)
        fits = bounds[i] <= bounds[i + 1];
    return fits;
}

static int open_graph(Graph *graph, const Py_buffer *flat, const Py_buffer *bounds)
{
    graph->flat = flat->buf;
    graph->bounds = bounds->buf;
    graph->nodes = bounds->len / LONG - 1;
    graph->operands = flat->len / LONG;
    int fits = bounds->len >= LONG && graph->nodes <= INT32_MAX &&
               are_bounds(graph->bounds, graph->nodes, graph->operands);
    for (int64_t i = 0; fits && i < graph->nodes; i++)
        for (int64_t k = graph->bounds[i]; fits && k < graph->bounds[i + 1]; k++)
            fits = 0 <= graph->flat[k] && graph->flat[k] < i;
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "an operand must come before its node");
    return fits ? 0 : -1;
}

/* A bytearray of so many numbers, and where they are; NULL without memory. */
static PyObject *new_longs(int64_t count, int64_t **at)
{
    PyObject *bytes = PyByteArray_FromStringAndSize(NULL, count * LONG);
    if (bytes)
        *at = (int64_t *)(void *)PyByteArray_AS_STRING(bytes);
    return bytes;
}

static void release(Py_buffer *buffers, int count)
{
    for (int k = 0; k < count; k++)
        PyBuffer_Release(&buffers[k]);
}
