/* Local partials, by C or by the Python row. */

static inline int is_variable(PyObject *operand)
{
    return operand && IS_VALUE(operand) && !(NODE(operand)->flags & CONSTANT);
}

/* The codes of which some nodes need their Python row: all whose `smooth` is more than "1". */
#define BIT(code) (UINT64_C(1) << (code))
#define ROW(name, domain, smooth, ...) | (sizeof(#smooth) > 2 ? BIT(OP_##name) : 0)
static const uint64_t rough = BIT(GENERIC) UNARY_ROWS(ROW) BINARY_ROWS(ROW);
#undef ROW
_Static_assert(CODES <= 64, "a code is a bit of `rough`");

/* The codes of which some nodes have an operand to which nothing passes. */
static const uint64_t stopping = BIT(GENERIC) | BIT(SOFTMAX) | BIT(LOG_SOFTMAX) | BIT(TAKE);

static int is_rough(Node *node)
{
    double x, out = node->data;
    switch (node->code) {
    case GENERIC:
        return 1;
#define ROW(name, domain, smooth, ...) \
    case OP_##name: \
        x = NODE(node->a)->data; \
        (void)x, (void)out; \
        return !(smooth);
        UNARY_ROWS(ROW)
#undef ROW
    case OP_pow:
        return is_variable(right_of(node)) ||
               !power_is_smooth(left_number(node), right_number(node));
    }
    return 0;
}

/* Whether the partials of a node need its Python row. */
static inline int needs_row(Node *node)
{
    return rough >> node->code & 1 && is_rough(node);
}

/* Whether nothing passes to an operand of a node: its rule is `flat`, or it is an index. */
static int stops(Node *node)
{
    return node->code == GENERIC ? function_of(node)->stops : is_member(node) && right_of(node);
}

static inline double unary_partial(int code, double x, double out)
{
    switch (code) {
#define ROW(name, domain, smooth, partial) \
    case OP_##name: \
        return partial;
        UNARY_ROWS(ROW)
#undef ROW
    }
    return 0.0;
}

static inline void binary_partials(int code, double x, double y, double out, double *by_x,
                                   double *by_y)
{
    switch (code) {
#define ROW(name, domain, smooth, partial_by_x, partial_by_y) \
    case OP_##name: \
        *by_x = partial_by_x; \
        *by_y = partial_by_y; \
        return;
        BINARY_ROWS(ROW)
#undef ROW
    }
}

static void *no_derivative(Node *node)
{
    PyObject *kind, *error, *trace;
    PyErr_Fetch(&kind, &error, &trace);
    PyErr_NormalizeException(&kind, &error, &trace); /* a MemoryError if there is none for it */
    if (!PyErr_GivenExceptionMatches(kind, PyExc_ValueError) &&
        !PyErr_GivenExceptionMatches(kind, PyExc_ZeroDivisionError)) {
        PyErr_Restore(kind, error, trace);
        return NULL;
    }
    refuse("no_derivative", "(OO)", node, error);
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return NULL;
}

/* Whether the rule of an operand is `flat`: no gradient passes. */
static inline int is_flat(PyObject *rules, Py_ssize_t k)
{
    return PyTuple_Check(rules) && PyTuple_GET_ITEM(rules, k) == flat;
}

static int has_flat(PyObject *rules)
{
    Py_ssize_t n = PyTuple_Check(rules) ? PyTuple_GET_SIZE(rules) : 0, k = 0;
    while (k < n && !is_flat(rules, k))
        k++;
    return k < n;
}

/* Ask the Python row for the partials of a node, or those wanted[k] says if it is not NULL.
 * `operands` has as many items. */
static int ask_rules(Node *node, PyObject *operands, const char *wanted, double *partials)
{
    PyObject *rules = function_of(node)->partials;
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    double out = node->data;
    PyObject *numbers = numbers_of(operands, &out);
    if (!numbers)
        return -1;
    PyObject *every = NULL;
    if (!PyTuple_Check(rules)) {
        PyObject *result = PyObject_CallObject(rules, numbers);
        every = result ? PySequence_Fast(result, "a rule returns a sequence") : NULL;
        Py_XDECREF(result);
        if (every && PySequence_Fast_GET_SIZE(every) != n) {
            Py_CLEAR(every);
            PyErr_SetString(PyExc_RuntimeError, "a rule returns one partial for each operand");
        }
        if (!every) {
            Py_DECREF(numbers);
            no_derivative(node);
            return -1;
        }
    }
    int status = 0;
    for (Py_ssize_t k = 0; k < n && !status; k++) {
        partials[k] = 0.0;
        if (!is_variable(PyTuple_GET_ITEM(operands, k)) || (wanted && !wanted[k]) ||
            is_flat(rules, k))
            continue;
        PyObject *partial = every ? Py_NewRef(PySequence_Fast_GET_ITEM(every, k))
                                  : PyObject_CallObject(PyTuple_GET_ITEM(rules, k), numbers);
        if (partial)
            partials[k] = PyFloat_AsDouble(partial);
        Py_XDECREF(partial);
        if (!partial || (partials[k] == -1.0 && PyErr_Occurred())) {
            no_derivative(node);
            status = -1;
        }
    }
    Py_XDECREF(every);
    Py_DECREF(numbers);
    return status;
}

/* Write the partials of any node, in operand order. `operands` are its raw operands. */
static int all_partials(Node *node, PyObject *operands, double *partials)
{
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    if (needs_row(node))
        return ask_rules(node, operands, NULL, partials);
    if (node->code == DOT) {
        Py_ssize_t half = n / 2;
        for (Py_ssize_t k = 0; k < half; k++) {
            partials[k] = number_of(PyTuple_GET_ITEM(operands, half + k));
            partials[half + k] = number_of(PyTuple_GET_ITEM(operands, k));
        }
        partials[n - 1] = 1.0;
    } else if (node->code == TOTAL) {
        for (Py_ssize_t k = 0; k < n; k++)
            partials[k] = 1.0;
    } else if (is_member(node)) {
        Py_ssize_t index = (Py_ssize_t)right_number(node);
        for (Py_ssize_t k = 0; k < n; k++)
            partials[k] = k < n - 1 ? member_partial(node, index, k) : 0.0;
    } else if (node->code == MEAN || node->code == LOGSUMEXP) {
        double peak = peak_of(operands), sum = sum_of_exponentials(operands, peak);
        for (Py_ssize_t k = 0; k < n; k++)
            partials[k] =
                node->code == MEAN ? 1.0 / (double)n : exponential_of(operands, k, peak) / sum;
    } else if (n == 1) {
        partials[0] = unary_partial(node->code, NODE(node->a)->data, node->data);
    } else if (n == 2) {
        binary_partials(node->code, number_of(PyTuple_GET_ITEM(operands, 0)),
                        number_of(PyTuple_GET_ITEM(operands, 1)), node->data, &partials[0],
                        &partials[1]);
    }
    for (Py_ssize_t k = 0; k < n; k++)
        if (!is_variable(PyTuple_GET_ITEM(operands, k)))
            partials[k] = 0.0;
    return 0;
}
