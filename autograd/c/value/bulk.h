/* The numbers of many leaves at once, for those who keep them in an array of doubles. */

/* Check that a tuple holds as many leaves as a buffer has numbers, each of them writable. */
static int require_leaves(PyObject *leaves, const Py_buffer *numbers)
{
    Py_ssize_t n = PyTuple_GET_SIZE(leaves);
    if (numbers->itemsize != sizeof(double) || numbers->len != n * numbers->itemsize) {
        PyErr_SetString(PyExc_ValueError, "numbers are as many doubles as there are leaves");
        return -1;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *leaf = PyTuple_GET_ITEM(leaves, k);
        if (!IS_VALUE(leaf)) {
            PyErr_SetString(PyExc_TypeError, "leaves are Values");
            return -1;
        }
        if (NODE(leaf)->flags & CONSTANT)
            refuse("constant_is_fixed", "(s)", "data");
        else if (NODE(leaf)->code != LEAF)
            refuse("computed_data", "(O)", leaf);
        else
            continue;
        return -1;
    }
    return 0;
}

static PyObject *module_last_write(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyLong_FromUnsignedLongLong(now);
}

static PyObject *module_read(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *leaves;
    Py_buffer numbers;
    if (!PyArg_ParseTuple(args, "O!w*:read", &PyTuple_Type, &leaves, &numbers))
        return NULL;
    int status = require_leaves(leaves, &numbers);
    double *out = numbers.buf;
    for (Py_ssize_t k = 0; !status && k < PyTuple_GET_SIZE(leaves); k++)
        out[k] = NODE(PyTuple_GET_ITEM(leaves, k))->data;
    PyBuffer_Release(&numbers);
    return status ? NULL : Py_NewRef(Py_None);
}

static PyObject *module_write(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *leaves;
    Py_buffer numbers;
    if (!PyArg_ParseTuple(args, "O!y*:write", &PyTuple_Type, &leaves, &numbers))
        return NULL;
    int status = require_leaves(leaves, &numbers);
    const double *from = numbers.buf;
    now += !status;
    for (Py_ssize_t k = 0; !status && k < PyTuple_GET_SIZE(leaves); k++) {
        Node *node = NODE(PyTuple_GET_ITEM(leaves, k));
        node->data = from[k];
        node->stamp = now & LATEST;
    }
    PyBuffer_Release(&numbers);
    return status ? NULL : Py_NewRef(Py_None);
}
