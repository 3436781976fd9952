/* The reverse sweep from one root to all leaves. */

/* Ask the Python rows of all nodes with that role, the last one first. */
static int ask_rows(Sweep *sweep)
{
    Py_ssize_t at = sweep->asked_size;
    int status = 0;
    sweep->asked = PyMem_Malloc((size_t)(at + 1) * sizeof(double));
    if (!sweep->asked) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t k = sweep->order.size; k-- > 0 && !status;) {
        Node *node = sweep->order.nodes[k];
        if (IS_DUE(k) && PyErr_CheckSignals() < 0)
            return -1;
        if (sweep->role[k] != ASKED)
            continue;
        at -= operand_count(node);
        PyObject *operands = raw_operands(node);
        status = operands ? ask_rules(node, operands, sweep->wanted ? sweep->wanted + at : NULL,
                                      sweep->asked + at)
                          : -1;
        Py_XDECREF(operands);
    }
    return status;
}

/* Save the grads again, without marks; a failure gives them back. */
static int take_again(Sweep *sweep)
{
    Order *order = &sweep->order;
    const Py_ssize_t size = order->size;
    int status = 0;
    settle();
    for (order->size = 0; order->size < size && !status;) {
        Node *node = order->nodes[order->size];
        int is_skipped = sweep->role[order->size] == SKIPPED;
        emit(order, node);
        if (is_member(node) && !is_skipped)
            meet(FAMILY(node)); /* which has its scratch from the walk */
        status = look_often(order, order->size);
    }
    if (status)
        restore(order);
    return status;
}

/* Ask the Python rows while no node is in use by the sweep, for they may be up to anything. */
static int ask_restored(Sweep *sweep)
{
    const uint64_t then = now;
    restore(&sweep->order);
    if (ask_rows(sweep) < 0)
        return -1;
    if (now != then && !sweep->order.patient)
        return DISTURBED;
    return take_again(sweep);
}

/* Find out which nodes need their Python row, and ask it. */
static int prepare(Sweep *sweep)
{
    int status = begin_roles(sweep);
    for (Py_ssize_t k = 0; !status && k < sweep->order.size; k++) {
        status = look_often(&sweep->order, k);
        if (status || sweep->role[k] == SKIPPED || !needs_row(sweep->order.nodes[k]))
            continue;
        sweep->role[k] = ASKED;
        sweep->asked_size += operand_count(sweep->order.nodes[k]);
    }
    if (!status)
        return sweep->asked_size ? ask_restored(sweep) : 0;
    restore(&sweep->order);
    return status;
}

static inline void add_to(PyObject *operand, double contribution)
{
    if (operand && IS_VALUE(operand))
        NODE(operand)->grad += contribution;
}

static void sweep_total(Node *node, double adjoint)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->b); k++)
        add_to(PyTuple_GET_ITEM(node->b, k), adjoint);
}

static void sweep_logsumexp(Node *node, double adjoint)
{
    double peak = peak_of(node->b), sum = sum_of_exponentials(node->b, peak);
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->b); k++)
        add_to(PyTuple_GET_ITEM(node->b, k), adjoint * (exponential_of(node->b, k, peak) / sum));
}

/* Nothing passes where the rule is `flat`, not even 0 times an infinite adjoint. */
static void sweep_asked(Node *node, double adjoint, const double *partials)
{
    if (!has_tuples(node)) {
        add_to(left_of(node), adjoint * partials[0]);
        if (node->code < FIRST_UNARY)
            add_to(right_of(node), adjoint * partials[1]);
        return;
    }
    PyObject *rules = function_of(node)->partials;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->b); k++)
        if (!is_flat(rules, k))
            add_to(PyTuple_GET_ITEM(node->b, k), adjoint * partials[k]);
}

static void sweep_dot(Node *node, double adjoint)
{
    Py_ssize_t n = PyTuple_GET_SIZE(node->a);
    PyObject **weights = &PyTuple_GET_ITEM(node->a, 0), **inputs = &PyTuple_GET_ITEM(node->b, 0);
    for (Py_ssize_t k = 0; k < n; k++)
        if (IS_VALUE(weights[k]))
            NODE(weights[k])->grad += adjoint * number_of(inputs[k]);
    for (Py_ssize_t k = 0; k < n; k++)
        if (IS_VALUE(inputs[k]))
            NODE(inputs[k])->grad += adjoint * number_of(weights[k]);
    if (!(node->flags & C_NUMBER))
        add_to(BIAS(node), adjoint);
}

/* Push the adjoint of a node whose partials C knows to its operands. */
static inline void push_adjoint(Node *node, double adjoint)
{
    const double out = node->data;
    double x, y;
    (void)out;
    switch (node->code) {
#define ROW(name, domain, smooth, by_x, by_y) \
    case OP_##name: \
        x = left_number(node), y = right_number(node); \
        (void)x, (void)y; \
        if (!(node->flags & A_NUMBER)) \
            NODE(node->a)->grad += adjoint * (by_x); \
        if (!(node->flags & B_NUMBER)) \
            NODE(node->b)->grad += adjoint * (by_y); \
        break;
        BINARY_ROWS(ROW)
#undef ROW
#define ROW(name, domain, smooth, partial) \
    case OP_##name: \
        x = NODE(node->a)->data; \
        (void)x; \
        NODE(node->a)->grad += adjoint * (partial); \
        break;
        UNARY_ROWS(ROW)
#undef ROW
    case DOT:
        sweep_dot(node, adjoint);
        break;
    case TOTAL:
        sweep_total(node, adjoint);
        break;
    case MEAN:
        sweep_total(node, adjoint * (1.0 / (double)PyTuple_GET_SIZE(node->b)));
        break;
    case LOGSUMEXP:
        sweep_logsumexp(node, adjoint);
        break;
    case SOFTMAX:
    case LOG_SOFTMAX:
    case TAKE:
        sweep_member(node, adjoint);
        break;
    }
}

/* So many nodes ahead are fetched: it takes as long to get one from memory. */
#define AHEAD 12

/* The sweep backwards: computed nodes get their adjoint, leaves get it on top of what they had.
 * Only a signal ends it early, and all grads are as before. The marks are taken off on the way. */
static int run_backward(Sweep *sweep, double seed)
{
    Node **nodes = sweep->order.nodes;
    Py_ssize_t n = sweep->order.size;
    const char *role = sweep->role;
    const double *asked = sweep->asked + (role ? sweep->asked_size : 0);
    nodes[n - 1]->grad = seed;
    for (Py_ssize_t k = n; k-- > 0;) {
        int status = look_often(&sweep->order, k);
        if (status) {
            restore(&sweep->order);
            return status;
        }
        Node *node = nodes[k];
        FETCH(nodes[k > AHEAD ? k - AHEAD : 0]);
        node->flags &= ~SEEN;
        if (node->code == LEAF) {
            node->grad = node->flags & CONSTANT ? 0.0 : sweep->order.saved[k] + node->grad;
        } else if (role && role[k] == ASKED) {
            asked -= operand_count(node);
            sweep_asked(node, node->grad, asked);
        } else if (!role || role[k] == PLAIN) {
            push_adjoint(node, node->grad);
        }
    }
    return 0;
}

static int backward_once(Node *root, double seed, int patient)
{
    Sweep sweep = {0};
    int status = walk(root, &sweep.order, patient);
    if (status || sweep.order.stale)
        restore(&sweep.order);
    if (!status && sweep.order.stale)
        status = require_fresh(sweep.order.stale);
    else if (!status && (sweep.order.asks || sweep.order.stops))
        status = prepare(&sweep);
    if (!status)
        status = run_backward(&sweep, seed);
    end_sweep(&sweep);
    return status;
}

static int backward(Node *root, double seed)
{
    int status = DISTURBED;
    for (int patient = 0; status == DISTURBED; patient++)
        status = backward_once(root, seed, patient);
    return status;
}

static PyObject *value_backward(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"seed", NULL};
    PyObject *given = NULL;
    double seed = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O:backward", names, &given))
        return NULL;
    if (given && real_data(given, &seed) < 0)
        return NULL;
    if (watcher) {
        PyObject *told = PyObject_CallMethod(watcher, "sweeping", "Od", self, seed);
        if (!told)
            return NULL;
        Py_DECREF(told);
    }
    return backward(NODE(self), seed) < 0 ? NULL : Py_NewRef(Py_None);
}
