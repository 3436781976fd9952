/* Rows of many operands: one node over a tuple, or several that share one. */

/* Return a tuple of exact operands: the given one if it is that already. */
static PyObject *operand_tuple(Function *function, PyObject *items)
{
    PyObject *tuple = PySequence_Tuple(items);
    if (!tuple)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(tuple), k = 0;
    while (k < n) {
        PyObject *item = PyTuple_GET_ITEM(tuple, k);
        if (!IS_VALUE(item) && !PyFloat_CheckExact(item))
            break;
        k++;
    }
    if (k == n && PyTuple_CheckExact(tuple))
        return tuple;
    PyObject *exact = PyTuple_New(n);
    for (k = 0; exact && k < n; k++) {
        PyObject *operand = exact_operand(function, PyTuple_GET_ITEM(tuple, k));
        if (!operand)
            Py_CLEAR(exact);
        else
            PyTuple_SET_ITEM(exact, k, operand);
    }
    Py_DECREF(tuple);
    return exact;
}

static PyObject *record_dot(PyObject *weights, PyObject *inputs, PyObject *bias)
{
    Py_ssize_t n = PyTuple_GET_SIZE(weights);
    int records = IS_VALUE(bias);
    double data = 0.0;
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *weight = PyTuple_GET_ITEM(weights, k), *input = PyTuple_GET_ITEM(inputs, k);
        records = records || IS_VALUE(weight) || IS_VALUE(input);
        data += number_of(weight) * number_of(input);
    }
    data += number_of(bias);
    if (!records)
        return PyFloat_FromDouble(data);
    Node *node = new_dot(data);
    if (!node)
        return NULL;
    node->a = Py_NewRef(weights);
    node->b = Py_NewRef(inputs);
    if (IS_VALUE(bias)) {
        BIAS(node) = Py_NewRef(bias);
    } else {
        BIAS_NUMBER(node) = PyFloat_AS_DOUBLE(bias);
        node->flags = C_NUMBER;
    }
    return created(node);
}

static PyObject *dot_of(PyObject *weights, PyObject *inputs, PyObject *bias)
{
    Function *function = (Function *)functions[DOT];
    PyObject *w = operand_tuple(function, weights);
    PyObject *x = w ? operand_tuple(function, inputs) : NULL;
    PyObject *b = NULL, *result = NULL;
    if (x && PyTuple_GET_SIZE(w) != PyTuple_GET_SIZE(x))
        refuse("unequal_lengths", "(nn)", PyTuple_GET_SIZE(w), PyTuple_GET_SIZE(x));
    else if (x)
        b = bias ? exact_operand(function, bias) : PyFloat_FromDouble(0.0);
    if (b)
        result = record_dot(w, x, b);
    Py_XDECREF(w);
    Py_XDECREF(x);
    Py_XDECREF(b);
    return result;
}

static PyObject *module_dot(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n,
                            PyObject *names)
{
    if (!names && (n == 2 || n == 3))
        return dot_of(args[0], args[1], n == 3 ? args[2] : NULL);
    static const char *const keywords[] = {"weights", "inputs", "bias", NULL};
    PyObject *given[3] = {NULL, NULL, NULL};
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t k = 0; k < n && k < 3; k++)
        given[k] = args[k];
    for (Py_ssize_t k = 0; k < named; k++) {
        int place = 0;
        PyObject *name = PyTuple_GET_ITEM(names, k);
        while (place < 3 && PyUnicode_CompareWithASCIIString(name, keywords[place]))
            place++;
        if (place == 3 || given[place])
            return PyErr_Format(PyExc_TypeError, "dot() got an unexpected argument %R", name);
        given[place] = args[n + k];
    }
    if (n > 3 || !given[0] || !given[1])
        return PyErr_Format(PyExc_TypeError, "dot() takes weights, inputs and a bias");
    return dot_of(given[0], given[1], given[2]);
}

static double many_forward(int code, PyObject *values)
{
    if (code == LOGSUMEXP)
        return logsumexp_of(values);
    double sum = 0.0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(values); k++)
        sum += number_of(PyTuple_GET_ITEM(values, k));
    return code == MEAN ? sum / (double)PyTuple_GET_SIZE(values) : sum;
}

/* Apply total, mean or logsumexp; what is wrong with no operands at all, the Python row says. */
static PyObject *apply_many(int code, PyObject *const *args, Py_ssize_t n)
{
    PyObject *values = exact_operands((Function *)functions[code], args, n);
    if (!values)
        return NULL;
    if (!n && code != TOTAL)
        return apply_row((Function *)functions[code], values);
    double data = many_forward(code, values);
    if (!has_value(values)) {
        Py_DECREF(values);
        return PyFloat_FromDouble(data);
    }
    Node *node = any_collected(values) ? new_collected(code, data) : new_node(code, data);
    if (!node) {
        Py_DECREF(values);
        return NULL;
    }
    node->b = values;
    return created(node);
}
