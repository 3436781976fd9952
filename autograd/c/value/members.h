/* Making the nodes of a family. */

/* Return a family of values, with what its nodes will be computed from. */
static Family *family_of(int code, PyObject *values)
{
    Family *family = new_family(values);
    if (family && code != TAKE && find_shares(family) < 0) {
        leave_family(family);
        return NULL;
    }
    return family;
}

/* Return the result at an index; `peak` and `sum` are those of the logarithms. */
static double member_forward(int code, Family *family, Py_ssize_t index, double peak, double sum)
{
    if (code == SOFTMAX)
        return family->shares[index];
    double x = number_of(PyTuple_GET_ITEM(family->values, index));
    if (code == TAKE)
        return x;
    return (x == peak ? 0.0 : x - peak) - sum;
}

/* Return a node of a family, which it joins; `index` is a Value, or NULL for the number. */
static PyObject *join(int code, Family *family, PyObject *index, double number, double data)
{
    Node *node = new_node(code, data);
    if (!node)
        return NULL;
    FAMILY(node) = family;
    family->members++;
    if (index)
        node->b = Py_NewRef(index);
    else
        node->b_number = number, node->flags = B_NUMBER;
    return created(node);
}

/* Return the place that an index means among n, or -1. */
static Py_ssize_t place_of(double index, Py_ssize_t n)
{
    return 0.0 <= index && index < (double)n && index == floor(index) ? (Py_ssize_t)index : -1;
}

static PyObject *record_member(int code, PyObject *values, PyObject *index, Py_ssize_t place)
{
    Family *family = family_of(code, values);
    if (!family)
        return NULL;
    double peak = code == LOG_SOFTMAX ? peak_of(values) : 0.0;
    double sum = code == LOG_SOFTMAX ? log_sum(values, peak) : 0.0;
    double data = member_forward(code, family, place, peak, sum);
    family->members++; /* for as long as it is in use here */
    PyObject *node = join(code, family, IS_VALUE(index) ? index : NULL, number_of(index), data);
    leave_family(family);
    return node;
}

/* Apply a row to values and an index; what C does not do, the Python row does. */
static PyObject *apply_indexed(int code, PyObject *const *args, Py_ssize_t n)
{
    PyObject *operands = exact_operands((Function *)functions[code], args, n);
    if (!operands)
        return NULL;
    PyObject *index = n ? PyTuple_GET_ITEM(operands, n - 1) : NULL;
    Py_ssize_t place = index ? place_of(number_of(index), n - 1) : -1;
    if (place < 0 || !has_value(operands))
        return apply_row((Function *)functions[code], operands);
    PyObject *values = PyTuple_GetSlice(operands, 0, n - 1);
    PyObject *node = values ? record_member(code, values, index, place) : NULL;
    Py_XDECREF(values);
    Py_DECREF(operands);
    return node;
}

static PyObject *record_members(int code, PyObject *values)
{
    Py_ssize_t n = PyTuple_GET_SIZE(values);
    PyObject *nodes = PyList_New(n);
    Family *family = nodes && n ? family_of(code, values) : NULL;
    if (!family && (n || !nodes)) {
        Py_XDECREF(nodes);
        return NULL;
    }
    double peak = code == LOG_SOFTMAX && n ? peak_of(values) : 0.0;
    double sum = code == LOG_SOFTMAX && n ? log_sum(values, peak) : 0.0;
    if (family)
        family->members++;
    for (Py_ssize_t k = 0; k < n && nodes; k++) {
        double data = member_forward(code, family, k, peak, sum);
        PyObject *node = join(code, family, NULL, (double)k, data);
        if (!node)
            Py_CLEAR(nodes);
        else
            PyList_SET_ITEM(nodes, k, node);
    }
    if (family)
        leave_family(family);
    return nodes;
}

static PyObject *module_share(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *function, *given;
    if (!PyArg_ParseTuple(args, "O!O:share", FunctionType, &function, &given))
        return NULL;
    int code = ((Function *)function)->code;
    if (code != SOFTMAX && code != LOG_SOFTMAX) {
        PyErr_SetString(PyExc_ValueError, "the nodes of softmax and log_softmax share operands");
        return NULL;
    }
    PyObject *values = operand_tuple((Function *)function, given);
    PyObject *nodes = values ? record_members(code, values) : NULL;
    Py_XDECREF(values);
    return nodes;
}
