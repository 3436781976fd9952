/* A pruned sweep, from one root to the nodes asked for. */

static int is_wanted(PyObject *operand)
{
    return operand && IS_VALUE(operand) && NODE(operand)->flags & WANTED;
}

static int any_wanted(PyObject *tuple)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++)
        if (is_wanted(PyTuple_GET_ITEM(tuple, k)))
            return 1;
    return 0;
}

/* The operands of a family are looked at once, when they are all marked. */
static int family_wanted(Family *family)
{
    if (family->wanted < 0)
        family->wanted = any_wanted(family->values);
    return family->wanted;
}

static int operands_wanted(Node *node)
{
    if (is_member(node))
        return family_wanted(FAMILY(node)) || is_wanted(right_of(node));
    if (!has_tuples(node))
        return node->code != LEAF && (is_wanted(left_of(node)) || is_wanted(right_of(node)));
    if (node->code == DOT &&
        (any_wanted(node->a) || (!(node->flags & C_NUMBER) && is_wanted(BIAS(node)))))
        return 1;
    return any_wanted(node->b);
}

/* Note which operands of a node that needs its row are wanted. */
static int note_wanted(Sweep *sweep, Node *node)
{
    Py_ssize_t n = operand_count(node);
    if (sweep->wanted_size + n > sweep->wanted_room) {
        Py_ssize_t room = 2 * sweep->wanted_room + n + 16;
        char *wanted = PyMem_Realloc(sweep->wanted, (size_t)room);
        if (!wanted) {
            PyErr_NoMemory();
            return -1;
        }
        sweep->wanted = wanted;
        sweep->wanted_room = room;
    }
    char *wanted = sweep->wanted + sweep->wanted_size;
    for (Py_ssize_t k = 0; k < n; k++)
        wanted[k] = (char)is_wanted(has_tuples(node) ? PyTuple_GET_ITEM(node->b, k)
                                    : k == 0         ? left_of(node)
                                                     : right_of(node));
    sweep->wanted_size += n;
    return 0;
}

/* Find the nodes between `wrt` and the root, and reached[k]: whether the root depends on
 * wrt[k]. */
static int mark_needed(Sweep *sweep, PyObject *wrt, char *reached)
{
    Order *order = &sweep->order;
    Py_ssize_t n = PyTuple_GET_SIZE(wrt);
    for (Py_ssize_t k = 0; k < n; k++) {
        int status = look_often(order, k);
        if (status)
            return status;
        Node *node = NODE(PyTuple_GET_ITEM(wrt, k));
        reached[k] = node->flags & SEEN && !(node->flags & CONSTANT);
        if (node->flags & SEEN)
            node->flags |= WANTED;
    }
    order->stale = NULL;
    for (Py_ssize_t k = 0; k < order->size; k++) {
        int status = look_often(order, k);
        if (status)
            return status;
        Node *node = order->nodes[k];
        int between = operands_wanted(node);
        if (!between && !(node->flags & WANTED)) {
            sweep->role[k] = SKIPPED;
            continue;
        }
        node->flags |= WANTED;
        if (node->stamp < now && stale_leaf(node))
            order->stale = node;
        if (between && sweep->role[k] == PLAIN && needs_row(node)) {
            sweep->role[k] = ASKED;
            sweep->asked_size += operand_count(node);
            if (note_wanted(sweep, node) < 0)
                return -1;
        }
    }
    return 0;
}

/* The sweep backwards through what lies between. Only a signal ends it early. */
static int run_pruned(Sweep *sweep)
{
    Node **nodes = sweep->order.nodes;
    Py_ssize_t n = sweep->order.size;
    const double *asked = sweep->asked + (sweep->asked ? sweep->asked_size : 0);
    nodes[n - 1]->grad = 1.0;
    for (Py_ssize_t k = n; k-- > 0;) {
        int status = look_often(&sweep->order, k);
        if (status)
            return status;
        Node *node = nodes[k];
        FETCH(nodes[k > AHEAD ? k - AHEAD : 0]);
        if (sweep->role[k] == ASKED) {
            asked -= operand_count(node);
            sweep_asked(node, node->grad, asked);
        } else if (sweep->role[k] == PLAIN) {
            push_adjoint(node, node->grad);
        }
    }
    return 0;
}

/* Write the derivative by each of `wrt` that the root depends on over the zeros in `result`. */
static int run_adjoints(Node *root, PyObject *wrt, char *reached, PyObject *result, int patient)
{
    Sweep sweep = {0};
    int status = walk(root, &sweep.order, patient);
    if (!status)
        status = begin_roles(&sweep);
    if (!status)
        status = mark_needed(&sweep, wrt, reached);
    if (status || sweep.order.stale)
        restore(&sweep.order);
    if (!status && sweep.order.stale)
        status = require_fresh(sweep.order.stale);
    else if (!status && sweep.asked_size)
        status = ask_restored(&sweep);
    if (!status) {
        status = run_pruned(&sweep);
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(wrt) && !status; k++) {
            status = look_often(&sweep.order, k);
            if (!status && reached[k]) /* a fresh float that nobody else holds yet */
                ((PyFloatObject *)PyList_GET_ITEM(result, k))->ob_fval =
                    NODE(PyTuple_GET_ITEM(wrt, k))->grad;
        }
        restore(&sweep.order);
    }
    end_sweep(&sweep);
    return status;
}

/* Return a list of zeros of its own, which nobody finds. */
static PyObject *hidden_zeros(Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    if (list)
        PyObject_GC_UnTrack(list);
    for (Py_ssize_t k = 0; list && k < n; k++) {
        PyObject *zero = IS_DUE(k) && PyErr_CheckSignals() < 0 ? NULL : PyFloat_FromDouble(0.0);
        if (!zero)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, k, zero);
    }
    return list;
}

static PyObject *adjoints_of(Node *root, PyObject *wrt)
{
    Py_ssize_t n = PyTuple_GET_SIZE(wrt);
    PyObject *result = hidden_zeros(n);
    char *reached = PyMem_Calloc((size_t)n + 1, 1);
    if (!reached)
        PyErr_NoMemory();
    int status = result && reached ? DISTURBED : -1;
    for (int patient = 0; status == DISTURBED; patient++)
        status = run_adjoints(root, wrt, reached, result, patient);
    PyMem_Free(reached);
    if (status)
        Py_CLEAR(result);
    else
        PyObject_GC_Track(result);
    return result;
}

static PyObject *module_adjoints(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *root, *given;
    if (!PyArg_ParseTuple(args, "OO:adjoints", &root, &given))
        return NULL;
    if (!IS_VALUE(root))
        return refuse("not_a_value", "(sO)", "output", root);
    PyObject *wrt = PySequence_Tuple(given);
    if (!wrt)
        return NULL;
    PyObject *result = NULL;
    Py_ssize_t k = 0, n = PyTuple_GET_SIZE(wrt);
    while (k < n && IS_VALUE(PyTuple_GET_ITEM(wrt, k)))
        k++;
    if (k < n)
        refuse("not_a_value", "(sO)", "wrt", PyTuple_GET_ITEM(wrt, k));
    else
        result = adjoints_of(NODE(root), wrt);
    Py_DECREF(wrt);
    return result;
}
