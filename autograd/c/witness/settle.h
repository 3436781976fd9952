/* Parameters and constants of a program get the numbers that they have at the first point. */

/* Write the first number of each row whose kind is one of these to its address; -1 where that is
 * none. */
static int settle_all(const Py_buffer *kinds, const int64_t *address, const double *row,
                      int64_t width, const Memory *to)
{
    const uint8_t *kind = kinds->buf;
    const uint64_t eight_computed = COMPUTED * 0x0101010101010101u; /* most nodes are */
    for (int64_t node = 0; node < kinds->len; node++) {
        uint64_t eight = 0;
        if (node + 8 <= kinds->len)
            memcpy(&eight, kind + node, sizeof eight);
        if (eight == eight_computed) {
            node += 7;
            continue;
        }
        if (kind[node] != PARAMETER_LEAF && kind[node] != CONSTANT_LEAF)
            continue;
        if (address[node] < 0 || address[node] >= to->rows)
            return -1;
        char *at = to->start + address[node] * to->stride;
        if (to->size == sizeof(double))
            *(double *)(void *)at = row[node * width];
        else
            *(float *)(void *)at = (float)row[node * width];
    }
    return 0;
}

enum { THESE_KINDS, THESE_PLACES, THESE_VALUES, THESE };

static PyObject *settle(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[THESE], numbers;
    PyObject *array;
    Memory to;
    int status = -1;
    if (!PyArg_ParseTuple(args, "y*y*y*O:settle", &x[0], &x[1], &x[2], &array))
        return NULL;
    const int64_t nodes = x[THESE_KINDS].len, said = words_in(&x[THESE_VALUES]);
    const int64_t width = nodes ? said / nodes : 0;
    const int fit = words_in(&x[THESE_PLACES]) == nodes && said >= nodes;
    if (!PyObject_GetBuffer(array, &numbers, PyBUF_RECORDS)) {
        if (fit && is_memory(&numbers, &to))
            status =
                settle_all(&x[THESE_KINDS], x[THESE_PLACES].buf, x[THESE_VALUES].buf, width, &to);
        if (status < 0)
            PyErr_SetString(PyExc_ValueError, "the numbers have no place there");
        PyBuffer_Release(&numbers);
    }
    for (int k = 0; k < THESE; k++)
        PyBuffer_Release(&x[k]);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}
