/* The way from a graph to columns.
 *
 * Nodes are numbered in the order of a walk, the given leaves first, then what was drawn from
 * streams; a plain number is a constant of its own right before the node that uses it. Nothing here
 * runs Python code before all marks are off, but for signals. */

/* Return the code of a function that only Python knows; 0 without memory. */
static uint16_t own_code(Export *out, PyObject *function)
{
    Py_ssize_t k = out->own.size;
    while (k-- > 0)
        if (out->own.items[k] == function)
            return (uint16_t)(FIRST_OWN + k);
    if (out->own.size > UINT16_MAX - FIRST_OWN) {
        PyErr_SetString(PyExc_OverflowError, "a graph has too many functions of its own");
        return 0;
    }
    if (grow(&out->own, 1) < 0)
        return 0;
    PUSH(&out->own, function);
    return (uint16_t)(FIRST_OWN + out->own.size - 1);
}

/* A result that shares its operands: the first one in turn has them, with its own index. */
static int export_member(Export *out, Node *node)
{
    Family *family = FAMILY(node);
    Py_ssize_t count = PyTuple_GET_SIZE(family->values);
    int is_first = family->present >= 0;
    if (reserve_node(out, is_first ? count + 1 : 2) < 0)
        return -1;
    Py_ssize_t start = out->operands;
    uint16_t code = is_first ? (uint16_t)node->code : AGAIN;
    if (is_first)
        family->wanted = operands_of(out, family->values, start);
    else
        put_operand(out, -1 - family->present);
    int lanes = family->wanted | operand_of(out, right_of(node), node->b_number, start);
    place(out, node, put(out, code, COMPUTED_KIND, lanes, 0.0, start));
    if (is_first) /* which scratch may hold until the marks are off */
        family->present = -1 - (Py_ssize_t)node->grad;
    return 0;
}

static int export_tuple(Export *out, Node *node)
{
    const int is_dot = node->code == DOT;
    uint16_t code = node->code == GENERIC ? own_code(out, node->a) : (uint16_t)node->code;
    Py_ssize_t count = PyTuple_GET_SIZE(node->b);
    if (!code || reserve_node(out, 2 * count + 1) < 0)
        return -1;
    Py_ssize_t start = out->operands;
    int lanes = is_dot ? operands_of(out, node->a, start) : 0;
    lanes |= operands_of(out, node->b, start);
    if (is_dot)
        lanes |= operand_of(out, node->flags & C_NUMBER ? NULL : BIAS(node),
                            node->flags & C_NUMBER ? BIAS_NUMBER(node) : 0.0, start);
    place(out, node, put(out, code, COMPUTED_KIND, lanes, 0.0, start));
    return 0;
}

static int export_node(Export *out, Node *node)
{
    if (has_tuples(node))
        return export_tuple(out, node);
    if (is_member(node))
        return export_member(out, node);
    if (reserve_node(out, 2) < 0)
        return -1;
    Py_ssize_t start = out->operands;
    if (node->code == LEAF) {
        place(out, node, put(out, LEAF, CONSTANT_KIND, 0, node->data, start));
        return 0;
    }
    int lanes = operand_of(out, left_of(node), node->a_number, start);
    if (node->code < FIRST_UNARY)
        lanes |= operand_of(out, right_of(node), node->b_number, start);
    place(out, node, put(out, (uint16_t)node->code, COMPUTED_KIND, lanes, 0.0, start));
    return 0;
}

/* Whether a node is drawn anew in every run: all its parents are constants. */
static int is_drawn(Node *node, PyObject *name)
{
    if (node->code != GENERIC || PyUnicode_Compare(function_of(node)->name, name))
        return 0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->b); k++) {
        PyObject *item = PyTuple_GET_ITEM(node->b, k);
        if (IS_VALUE(item) && !(NODE(item)->flags & CONSTANT))
            return 0;
    }
    return 1;
}

/* Number a node that is given its number in every run, a leaf for example. */
static int export_given(Export *out, Node *node, int kind)
{
    if (reserve_node(out, 0) < 0)
        return -1;
    node->flags |= WANTED;
    int64_t own = put(out, LEAF, kind, kind == INPUT_KIND, node->data, 0);
    place(out, node, own);
    return PyList_Append(out->values, (PyObject *)node);
}

/* Number what is drawn; its parents are nobody's. */
static int export_drawn(Export *out, PyObject *name)
{
    for (Py_ssize_t k = 0; k < out->order.size; k++) {
        int status = look_often(&out->order, k);
        if (status)
            return status;
        Node *node = out->order.nodes[k];
        if (node->flags & WANTED || !is_drawn(node, name))
            continue;
        if (export_given(out, node, INPUT_KIND) < 0 ||
            PyList_Append(out->drawn, (PyObject *)node) < 0)
            return -1;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(node->b); i++)
            if (IS_VALUE(PyTuple_GET_ITEM(node->b, i))) {
                NODE(PyTuple_GET_ITEM(node->b, i))->flags |= WANTED;
                NODE(PyTuple_GET_ITEM(node->b, i))->grad = -1.0;
            }
    }
    return 0;
}

static int export_all(Export *out, Py_ssize_t parameters, Py_ssize_t leaves, PyObject *name)
{
    for (Py_ssize_t k = 0; k < leaves; k++) {
        int status = look_often(&out->order, k);
        if (status)
            return status;
        int kind = k < parameters ? PARAMETER_KIND : INPUT_KIND;
        if (export_given(out, out->order.nodes[k], kind) < 0)
            return -1;
    }
    int drawn = export_drawn(out, name);
    if (drawn)
        return drawn;
    for (Py_ssize_t k = leaves; k < out->order.size; k++) {
        int status = look_often(&out->order, k);
        if (status)
            return status;
        Node *node = out->order.nodes[k];
        if (!(node->flags & WANTED) &&
            (export_node(out, node) < 0 || PyList_Append(out->values, (PyObject *)node) < 0))
            return -1;
    }
    return 0;
}

/* The numbers of the nodes that were asked for; -1 for one that is nobody's. */
static int export_ends(Export *out, PyObject *const *nodes, Py_ssize_t count)
{
    out->ends = count;
    if (fit(out, ENDS_OF, count) < 0)
        return -1;
    for (Py_ssize_t k = 0; k < count; k++)
        AT(out, ENDS_OF, int64_t)[k] = (int64_t)NODE(nodes[k])->grad;
    return 0;
}

static int open_export(Export *out)
{
    out->values = PyList_New(0); /* before any mark is on: this may run the collector */
    out->drawn = PyList_New(0);
    return out->values && out->drawn && !fit_nodes(out, 64) && !fit(out, FLAT_OF, 0) ? 0 : -1;
}

/* A status beside 0, -1 and DISTURBED: the first nodes are not different leaves. */
#define ALIKE 2

/* Number all nodes that some depend on. */
static int fill_export(Export *out, PyObject *roots, Py_ssize_t parameters, Py_ssize_t leaves,
                       PyObject *name, int patient)
{
    PyObject *const *items = PySequence_Fast_ITEMS(roots);
    open_order(&out->order, patient);
    int status = walk_on(items, leaves, &out->order);
    int differ = out->order.size == leaves;
    if (!status && differ)
        status = walk_on(items + leaves, PyTuple_GET_SIZE(roots) - leaves, &out->order);
    if (!status && differ)
        status = fit(out, PLACES_OF, out->order.size);
    if (!status && differ)
        status = export_all(out, parameters, leaves, name);
    if (!status && differ)
        status = export_ends(out, items + leaves, PyTuple_GET_SIZE(roots) - leaves);
    restore(&out->order);
    free_order(&out->order);
    return status || differ ? status : ALIKE;
}

/* Return the columns cut to their lengths. */
static PyObject *closed_export(Export *out)
{
    const Py_ssize_t lengths[ALL] = {out->nodes, out->nodes + 1, out->nodes,  out->nodes,
                                     out->nodes, out->operands,  out->placed, out->ends};
    if (reserve_node(out, 0) < 0)
        return NULL;
    AT(out, STARTS_OF, int64_t)[out->nodes] = out->operands;
    for (int k = 0; k < ALL; k++)
        if (fit(out, k, lengths[k]) < 0)
            return NULL;
    PyObject *own = PyTuple_New(out->own.size);
    for (Py_ssize_t k = 0; own && k < out->own.size; k++)
        PyTuple_SET_ITEM(own, k, Py_NewRef(((Function *)out->own.items[k])->name));
    const Column *c = out->columns;
    return own ? Py_BuildValue("NOOOOOOOOOO", own, c[CODES_OF].bytes, c[STARTS_OF].bytes,
                               c[FLAT_OF].bytes, c[KINDS_OF].bytes, c[NUMBERS_OF].bytes,
                               c[LANES_OF].bytes, c[PLACES_OF].bytes, c[ENDS_OF].bytes, out->values,
                               out->drawn)
               : NULL;
}

static void end_export(Export *out)
{
    for (int k = 0; k < ALL; k++)
        Py_XDECREF(out->columns[k].bytes);
    Py_XDECREF(out->values);
    Py_XDECREF(out->drawn);
    PyMem_Free(out->own.items);
    *out = (Export){.nodes = 0};
}

static int are_leaves(PyObject *tuple, Py_ssize_t leaves)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, k);
        if (!IS_VALUE(item) ||
            (k < leaves && (NODE(item)->code != LEAF || NODE(item)->flags & CONSTANT)))
            return 0;
    }
    return 1;
}

static PyObject *module_columns(PyObject *Py_UNUSED(module), PyObject *args)
{
    Export out = {.nodes = 0};
    PyObject *roots, *name, *found = NULL;
    Py_ssize_t parameters, leaves;
    if (!PyArg_ParseTuple(args, "O!nnU:columns", &PyTuple_Type, &roots, &parameters, &leaves,
                          &name))
        return NULL;
    if (parameters > leaves || leaves > PyTuple_GET_SIZE(roots) || !are_leaves(roots, leaves))
        Py_RETURN_NONE;
    int status = DISTURBED;
    for (int patient = 0; status == DISTURBED; patient++) {
        end_export(&out);
        status = open_export(&out);
        if (!status)
            status = fill_export(&out, roots, parameters, leaves, name, patient);
    }
    if (!status)
        found = closed_export(&out);
    else if (status == ALIKE)
        found = Py_NewRef(Py_None);
    end_export(&out);
    return found;
}
