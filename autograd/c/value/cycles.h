/* The cycle collector, for functions that enclose what they computed.
 *
 * Nodes only point to older nodes and to functions of the table, which last; so nodes have no
 * header for the collector. But a function of the user's own may enclose a node that it made. A
 * node of such a function is the collector's, and so are those computed from it by operators and
 * rows, for the function may enclose these as well. */

static int value_is_gc(PyObject *self)
{
    return (int)NODE(self)->collected;
}

static int value_traverse(PyObject *self, visitproc visit, void *arg)
{
    Node *node = NODE(self);
    if (!node->collected || node->code == LEAF)
        return 0;
    if (!(node->flags & A_NUMBER))
        Py_VISIT(node->a);
    if (!(node->flags & B_NUMBER))
        Py_VISIT(node->b);
    return 0;
}

/* A node whose operands are taken away is a leaf. */
static int value_clear(PyObject *self)
{
    Node *node = NODE(self);
    if (!node->collected || node->code == LEAF)
        return 0;
    PyObject *a = left_of(node), *b = right_of(node);
    if (node->flags & LABELLED)
        release_label(node);
    node->code = LEAF;
    node->flags = 0;
    node->a = node->b = NULL;
    Py_XDECREF(a);
    Py_XDECREF(b);
    return 0;
}

/* Whether a callable has places for objects of the user's. */
static int has_places(PyObject *callable)
{
    if (PyCFunction_Check(callable))
        return 0;
    return !PyFunction_Check(callable) || PyFunction_GetClosure(callable) ||
           PyFunction_GetDefaults(callable) || PyFunction_GetKwDefaults(callable);
}

static int encloses(PyObject *forward, PyObject *partials)
{
    if (!PyTuple_Check(partials))
        return has_places(forward) || has_places(partials);
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(partials); k++)
        if (has_places(PyTuple_GET_ITEM(partials, k)))
            return 1;
    return has_places(forward);
}

static int any_collected(PyObject *operands)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(operands); k++)
        if (is_collected(PyTuple_GET_ITEM(operands, k)))
            return 1;
    return 0;
}
