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
        if (IS_DUE(k) && PyErr_CheckSignals() < 0)
            return -1;
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

/* Write the numbers of a list or tuple to an array of doubles: 1, or 0 where they are not all plain
 * floats and ints of as many. */
static int plain_numbers(PyObject *sequence, Py_buffer *numbers)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(sequence);
    PyObject **items = PySequence_Fast_ITEMS(sequence);
    double *out = numbers->buf;
    if (numbers->itemsize != sizeof(double) || numbers->len != n * numbers->itemsize)
        return 0;
    for (Py_ssize_t k = 0; k < n; k++) {
        if (PyFloat_CheckExact(items[k]))
            out[k] = PyFloat_AS_DOUBLE(items[k]);
        else if (!PyLong_CheckExact(items[k]) || !exact_double(items[k], &out[k]))
            return 0;
    }
    return 1;
}

static PyObject *module_floats(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *sequence;
    Py_buffer numbers;
    if (!PyArg_ParseTuple(args, "Ow*:floats", &sequence, &numbers))
        return NULL;
    int listed = PyList_CheckExact(sequence) || PyTuple_CheckExact(sequence);
    int plain = listed && plain_numbers(sequence, &numbers);
    PyBuffer_Release(&numbers);
    return PyBool_FromLong(plain);
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
