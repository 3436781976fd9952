/* The operands of a node, and its parents. */

static Function *function_of(Node *node)
{
    return (Function *)(node->code == GENERIC ? node->a : functions[node->code]);
}

static PyObject *op_name(Node *node)
{
    return node->code == LEAF ? empty_text : function_of(node)->name;
}

static PyObject *operand_object(PyObject *operand, double number)
{
    return operand ? Py_NewRef(operand) : PyFloat_FromDouble(number);
}

/* Return the shared operands and the index behind them. */
static PyObject *operands_of_member(Node *node)
{
    PyObject *values = FAMILY(node)->values;
    Py_ssize_t n = PyTuple_GET_SIZE(values);
    PyObject *index = operand_object(right_of(node), node->b_number);
    PyObject *all = index ? PyTuple_New(n + 1) : NULL;
    if (!all) {
        Py_XDECREF(index);
        return NULL;
    }
    for (Py_ssize_t k = 0; k < n; k++)
        PyTuple_SET_ITEM(all, k, Py_NewRef(PyTuple_GET_ITEM(values, k)));
    PyTuple_SET_ITEM(all, n, index);
    return all;
}

/* Return the operands in order as a new tuple of Values and floats. */
static PyObject *raw_operands(Node *node)
{
    if (node->code == LEAF)
        return PyTuple_New(0);
    if (node->code != DOT && has_tuples(node))
        return ALWAYS(node->b), Py_NewRef(node->b);
    if (is_member(node))
        return operands_of_member(node);
    if (node->code >= FIRST_UNARY)
        return PyTuple_Pack(1, node->a);
    if (node->code >= FIRST_BINARY) {
        PyObject *x = operand_object(left_of(node), node->a_number);
        PyObject *y = operand_object(right_of(node), node->b_number);
        PyObject *pair = x && y ? PyTuple_Pack(2, x, y) : NULL;
        Py_XDECREF(x);
        Py_XDECREF(y);
        return pair;
    }
    ALWAYS(node->a && node->b);
    Py_ssize_t n = PyTuple_GET_SIZE(node->a);
    PyObject *all = PyTuple_New(2 * n + 1);
    PyObject *bias = operand_object(node->flags & C_NUMBER ? NULL : BIAS(node), BIAS_NUMBER(node));
    if (!all || !bias) {
        Py_XDECREF(all);
        Py_XDECREF(bias);
        return NULL;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        PyTuple_SET_ITEM(all, k, Py_NewRef(PyTuple_GET_ITEM(node->a, k)));
        PyTuple_SET_ITEM(all, n + k, Py_NewRef(PyTuple_GET_ITEM(node->b, k)));
    }
    PyTuple_SET_ITEM(all, 2 * n, bias);
    return all;
}

/* Replace a tuple by one in which every float has become a constant node. */
static int make_constants(PyObject **operands)
{
    Py_ssize_t n = PyTuple_GET_SIZE(*operands), k = 0;
    while (k < n && IS_VALUE(PyTuple_GET_ITEM(*operands, k)))
        k++;
    if (k == n)
        return 0;
    PyObject *nodes = PyTuple_New(n);
    if (!nodes)
        return -1;
    for (k = 0; k < n; k++) {
        PyObject *item = PyTuple_GET_ITEM(*operands, k);
        item = IS_VALUE(item) ? Py_NewRef(item) : new_constant(PyFloat_AS_DOUBLE(item));
        if (!item) {
            Py_DECREF(nodes);
            return -1;
        }
        PyTuple_SET_ITEM(nodes, k, item);
    }
    Py_SETREF(*operands, nodes);
    return 0;
}

/* Return the parents as a new tuple; constants are the same objects from then on. */
static PyObject *parents_of(Node *node)
{
    if (has_tuples(node)) {
        if (node->code == DOT && make_constants(&node->a) < 0)
            return NULL;
        if (make_constants(&node->b) < 0)
            return NULL;
    }
    if (is_member(node) && make_constants(&FAMILY(node)->values) < 0)
        return NULL;
    int kept = node->flags & (A_NUMBER | B_NUMBER | C_NUMBER);
    if (kept) {
        PyObject *constant = new_constant(kept == A_NUMBER   ? node->a_number
                                          : kept == B_NUMBER ? node->b_number
                                                             : BIAS_NUMBER(node));
        if (!constant)
            return NULL;
        if (kept == A_NUMBER)
            node->a = constant;
        else if (kept == B_NUMBER)
            node->b = constant;
        else
            BIAS(node) = constant;
        node->flags = (uint8_t)(node->flags & ~kept);
    }
    return raw_operands(node);
}
