/* Checks at the door: what Python hands over is as long as the number of lanes asks for. */

/* How many whole words a buffer has. */
static int64_t words_in(const Py_buffer *buffer)
{
    return buffer->len / (int64_t)sizeof(int64_t);
}

/* Open an array of words or of doubles; -1 with an error for any other. */
static int open_words(PyObject *array, Py_buffer *words)
{
    if (PyObject_GetBuffer(array, words, PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    if (words->itemsize == sizeof(int64_t))
        return 0;
    PyErr_SetString(PyExc_ValueError, "tables, constants and indices are words of 64 bits");
    return -1;
}

/* Whether the buffers are arrays of numbers of this size: (n,) for shared nodes and the state,
 * (n, lanes) for nodes with lanes, as many adjoints as values. */
static int are_buffers(const Replay *self)
{
    for (int k = 0; k < BUFFERS; k++) {
        const Py_buffer *x = &self->buffers[k];
        int dimensions = k == VALUE_LANES || k == ADJOINT_LANES ? 2 : 1;
        if (x->ndim != dimensions || x->itemsize != self->size)
            return 0;
        if (dimensions == 2 && x->shape[1] != self->lanes)
            return 0;
    }
    return self->lanes > 0 && self->buffers[VALUES].shape[0] == self->buffers[GRADIENT].shape[0] &&
           self->buffers[VALUE_LANES].shape[0] == self->buffers[ADJOINT_LANES].shape[0];
}

/* Whether the places of the inputs are rows of the values with lanes. */
static int has_places(const Replay *self, const Py_buffer *places)
{
    const int64_t *place = places->buf, rows = (int64_t)self->buffers[VALUE_LANES].shape[0];
    for (int64_t k = 0; k < words_in(places); k++)
        if (place[k] < 0 || place[k] >= rows)
            return 0;
    return 1;
}

/* Whether the root is a value, with lanes or without, and the first values are parameters. */
static int has_ends(const Replay *self, int64_t root_buffer, int64_t root, int64_t parameters)
{
    if (root_buffer != VALUES && root_buffer != VALUE_LANES)
        return 0;
    return root >= 0 && root < self->buffers[root_buffer].shape[0] && parameters >= 0 &&
           parameters <= self->buffers[VALUES].shape[0];
}

/* Open a table of numbers of this size, without gaps; -1 with an error for any other. */
static int open_table(PyObject *table, Py_buffer *numbers, int64_t size)
{
    numbers->obj = NULL;
    if (PyObject_GetBuffer(table, numbers, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    if (numbers->ndim == 2 && numbers->shape[1] > 0 && numbers->itemsize == size)
        return 0;
    PyErr_SetString(PyExc_ValueError, "a table is not empty and has numbers of its type");
    return -1;
}
