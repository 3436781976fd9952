/* Which nodes an adjoint of the root reaches, as compiler/recording.py says. */

/* Go down from the root to the operands to which anything passes. */
static int reach(const Graph *graph, const uint8_t *passes, int64_t root, uint8_t *found)
{
    found[root] = 1;
    for (int64_t i = root; i >= 0; i--) {
        if (!(i & OFTEN) && PyErr_CheckSignals() < 0)
            return -1;
        for (int64_t k = graph->bounds[i]; found[i] && k < graph->bounds[i + 1]; k++)
            found[graph->flat[k]] |= passes[k] != 0;
    }
    return 0;
}

static PyObject *reached(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[3];
    Py_ssize_t root;
    Graph graph;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*n:reached", &in[0], &in[1], &in[2], &root))
        return NULL;
    if (!open_graph(&graph, &in[0], &in[1])) {
        if (in[2].len == graph.operands && 0 <= root && root < graph.nodes)
            found = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)graph.nodes);
        else
            PyErr_SetString(PyExc_ValueError, "the columns are not those of a recording");
    }
    if (found) {
        uint8_t *at = (uint8_t *)PyByteArray_AS_STRING(found);
        memset(at, 0, (size_t)graph.nodes);
        if (reach(&graph, in[2].buf, root, at) < 0)
            Py_CLEAR(found);
    }
    release(in, 3);
    return found;
}
