/* Checks at the door: what Python hands over is as long as the number of lanes asks for. */

/* Whether the buffers are arrays of numbers of this size: (n,) for shared nodes and the state,
   (n, lanes) for nodes with lanes, as many adjoints as values. */
static int are_buffers(const Replay *self) {
    for (int k = 0; k < BUFFERS; k++) {
        const Py_buffer *x = &self->buffers[k];
        int dimensions = k == VALUE_LANES || k == ADJOINT_LANES ? 2 : 1;
        if (x->ndim != dimensions || x->itemsize != (Py_ssize_t)self->size) return 0;
        if (dimensions == 2 && x->shape[1] != self->lanes) return 0;
    }
    return self->lanes > 0 && self->buffers[VALUES].shape[0] == self->buffers[GRADIENT].shape[0] &&
           self->buffers[VALUE_LANES].shape[0] == self->buffers[ADJOINT_LANES].shape[0];
}

/* Whether the places of the inputs are rows of the values with lanes. */
static int has_places(const Replay *self, const Py_buffer *places) {
    const long *place = places->buf, rows = (long)self->buffers[VALUE_LANES].shape[0];
    for (long k = 0; k < places->len / (long)sizeof(long); k++)
        if (place[k] < 0 || place[k] >= rows) return 0;
    return 1;
}

/* Whether the arguments of train lie within the buffers: batches of `lanes` rows that begin at
   `starts`, a cost for each, the root, the parameters, and the place of the step. */
static int fits(const Replay *self, const Py_buffer *rows, const Py_buffer *places,
                const Py_buffer *starts, const Py_buffer *costs, const long *where) {
    long steps = starts->len / (long)sizeof(long), width = places->len / (long)sizeof(long);
    long root_buffer = where[0], root = where[1], parameters = where[2], counter = where[3];
    if (root_buffer != VALUES && root_buffer != VALUE_LANES) return 0;
    if (root < 0 || root >= self->buffers[root_buffer].shape[0]) return 0;
    if (parameters < 0 || parameters > self->buffers[VALUES].shape[0]) return 0;
    if (counter < 0 || counter >= self->buffers[STATE].shape[0]) return 0;
    if (costs->len < steps * (long)sizeof(double) || !has_places(self, places)) return 0;
    if (!width) return 1;
    long last = rows->len / (width * (long)self->size) - self->lanes;
    const long *start = starts->buf;
    for (long k = 0; k < steps; k++) if (start[k] < 0 || start[k] > last) return 0;
    return 1;
}

/* Open an array (slots, lanes) of numbers of this size; -1 with an error for any other. */
static int open_table(PyObject *table, Py_buffer *numbers, long lanes, size_t size) {
    numbers->obj = NULL;
    if (PyObject_GetBuffer(table, numbers, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) < 0) return -1;
    if (lanes > 0 && numbers->ndim == 2 && numbers->shape[1] == lanes &&
        numbers->itemsize == (Py_ssize_t)size) return 0;
    PyErr_SetString(PyExc_ValueError, "the table does not fit the number of lanes");
    return -1;
}
