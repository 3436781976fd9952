/* Attributes of a Value. */

static int set_label(Node *node, PyObject *given)
{
    if (!given || !PyUnicode_Check(given)) {
        refuse("not_text", "(O)", given ? given : Py_None);
        return -1;
    }
    PyObject *label = PyUnicode_FromObject(given);
    if (!label)
        return -1;
    if (node->code == LEAF) {
        Py_XSETREF(node->a, label);
        return 0;
    }
    PyObject *key = PyLong_FromVoidPtr(node);
    int status = key ? PyDict_SetItem(labels, key, label) : -1;
    if (!status)
        node->flags |= LABELLED;
    Py_XDECREF(key);
    Py_DECREF(label);
    return status;
}

static PyObject *get_label(PyObject *self, void *Py_UNUSED(closure))
{
    Node *node = NODE(self);
    if (node->code == LEAF)
        return Py_NewRef(node->a ? node->a : empty_text);
    if (!(node->flags & LABELLED))
        return Py_NewRef(empty_text);
    PyObject *key = PyLong_FromVoidPtr(node);
    PyObject *label = key ? PyDict_GetItemWithError(labels, key) : NULL;
    Py_XDECREF(key);
    return Py_XNewRef(label);
}

static int value_set_label(PyObject *self, PyObject *label, void *Py_UNUSED(closure))
{
    return set_label(NODE(self), label);
}

static PyObject *value_new(PyTypeObject *Py_UNUSED(type), PyObject *args, PyObject *keywords)
{
    static char *names[] = {"data", "label", NULL};
    PyObject *data, *label = NULL;
    double number;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:Value", names, &data, &label))
        return NULL;
    if (real_data(data, &number) < 0)
        return NULL;
    Node *node = new_node(LEAF, number);
    if (!node)
        return NULL;
    node->stamp = 0;
    if (label && set_label(node, label) < 0)
        Py_CLEAR(node);
    return (PyObject *)node;
}

/* A call with a float, and a label perhaps, which needs no tuple of arguments. */
static PyObject *value_vectorcall(PyObject *type, PyObject *const *args, size_t given,
                                  PyObject *names)
{
    Py_ssize_t n = PyVectorcall_NARGS(given);
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    if ((n == 1 || n == 2) && !named && PyFloat_CheckExact(args[0])) {
        Node *node = new_node(LEAF, PyFloat_AS_DOUBLE(args[0]));
        if (!node)
            return NULL;
        node->stamp = 0;
        if (n == 2 && set_label(node, args[1]) < 0)
            Py_CLEAR(node);
        return (PyObject *)node;
    }
    PyObject *tuple = PyTuple_New(n), *keywords = named ? PyDict_New() : NULL, *result = NULL;
    for (Py_ssize_t k = 0; tuple && k < n; k++)
        PyTuple_SET_ITEM(tuple, k, Py_NewRef(args[k]));
    int status = tuple && (!named || keywords) ? 0 : -1;
    for (Py_ssize_t k = 0; k < named && !status; k++)
        status = PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, k), args[n + k]);
    if (!status)
        result = value_new((PyTypeObject *)type, tuple, keywords);
    Py_XDECREF(tuple);
    Py_XDECREF(keywords);
    return result;
}

static PyObject *value_init_subclass(PyObject *Py_UNUSED(type), PyObject *Py_UNUSED(args),
                                     PyObject *Py_UNUSED(keywords))
{
    return refuse("final", "(s)", "Value");
}

static int looked(PyObject *self)
{
    if (!watcher)
        return 0;
    PyObject *told = PyObject_CallMethod(watcher, "looked", "(O)", self);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static PyObject *get_data(PyObject *self, void *Py_UNUSED(closure))
{
    return looked(self) < 0 ? NULL : PyFloat_FromDouble(NODE(self)->data);
}

static PyObject *get_unwatched_data(PyObject *self, void *Py_UNUSED(closure))
{
    return PyFloat_FromDouble(NODE(self)->data);
}

static int set_data(PyObject *self, PyObject *data, void *Py_UNUSED(closure))
{
    Node *node = NODE(self);
    double number;
    if (node->flags & CONSTANT)
        refuse("constant_is_fixed", "(s)", "data");
    else if (node->code != LEAF)
        refuse("computed_data", "(O)", self);
    else if (real_data(data ? data : Py_None, &number) == 0) {
        node->data = number;
        node->stamp = ++now & LATEST;
        return 0;
    }
    return -1;
}

static PyObject *get_grad(PyObject *self, void *Py_UNUSED(closure))
{
    settle();
    return PyFloat_FromDouble(NODE(self)->grad);
}

static int set_grad(PyObject *self, PyObject *grad, void *Py_UNUSED(closure))
{
    if (NODE(self)->flags & CONSTANT) {
        refuse("constant_is_fixed", "(s)", "grad");
        return -1;
    }
    double number;
    if (real_data(grad ? grad : Py_None, &number) < 0)
        return -1;
    settle();
    NODE(self)->grad = number;
    return 0;
}

static PyObject *get_op(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(op_name(NODE(self)));
}

static PyObject *get_constant(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(NODE(self)->flags & CONSTANT);
}

static PyObject *get_lent(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(NODE(self)->flags & LENT);
}

static int set_lent(PyObject *self, PyObject *given, void *Py_UNUSED(closure))
{
    int lent = given ? PyObject_IsTrue(given) : 0;
    if (lent >= 0)
        NODE(self)->flags = lent ? NODE(self)->flags | LENT : NODE(self)->flags & ~LENT;
    return lent < 0 ? -1 : 0;
}

static PyObject *get_parents(PyObject *self, void *Py_UNUSED(closure))
{
    return parents_of(NODE(self));
}

static PyObject *get_operands(PyObject *self, void *Py_UNUSED(closure))
{
    return raw_operands(NODE(self));
}

/* Return what tells a family from others as long as it lives, or None. */
static PyObject *get_family(PyObject *self, void *Py_UNUSED(closure))
{
    Node *node = NODE(self);
    return is_member(node) ? PyLong_FromVoidPtr(FAMILY(node)) : Py_NewRef(Py_None);
}

/* Return the operand that a node of a family has for itself, or None. */
static PyObject *get_index(PyObject *self, void *Py_UNUSED(closure))
{
    Node *node = NODE(self);
    return is_member(node) ? operand_object(right_of(node), node->b_number) : Py_NewRef(Py_None);
}

static PyObject *get_unwatched_partials(PyObject *self, void *Py_UNUSED(closure))
{
    Node *node = NODE(self);
    if (require_fresh(node) < 0)
        return NULL;
    PyObject *operands = raw_operands(node);
    if (!operands)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    PyObject *result = NULL;
    double *partials = PyMem_Malloc((size_t)(n + 1) * sizeof(double));
    if (!partials)
        PyErr_NoMemory();
    else if (all_partials(node, operands, partials) == 0)
        result = PyTuple_New(n);
    for (Py_ssize_t k = 0; result && k < n; k++) {
        PyObject *partial = PyFloat_FromDouble(partials[k]);
        if (!partial)
            Py_CLEAR(result);
        else
            PyTuple_SET_ITEM(result, k, partial);
    }
    PyMem_Free(partials);
    Py_DECREF(operands);
    return result;
}

static PyObject *get_partials(PyObject *self, void *closure)
{
    if (watcher && NODE(self)->code != LEAF) {
        PyObject *told = PyObject_CallMethod(watcher, "measured", "(O)", self);
        if (!told)
            return NULL;
        Py_DECREF(told);
    }
    return get_unwatched_partials(self, closure);
}
