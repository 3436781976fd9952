/* The reverse sweep from one root to all leaves. */

enum role { SKIPPED, PLAIN, ASKED };

/* What one sweep works on. `asked` holds the partials that came from Python rows, in order; a
 * pruned sweep has `wanted`, which says whether each of them is needed. */
typedef struct {
    Array order;
    double *saved; /* the grad each node had before */
    char *role;    /* of each node: SKIPPED, PLAIN or ASKED */
    double *asked;
    Py_ssize_t asked_size;
    int pruned;
    char *wanted;
    Py_ssize_t wanted_size, wanted_room;
} Sweep;

static void end_sweep(Sweep *sweep)
{
    PyMem_Free(sweep->order.items);
    PyMem_Free(sweep->saved);
    PyMem_Free(sweep->role);
    PyMem_Free(sweep->asked);
    PyMem_Free(sweep->wanted);
}

static PyObject *stale_operand(PyObject *operand, uint64_t stamp)
{
    int is_stale =
        operand && IS_VALUE(operand) && NODE(operand)->code == LEAF && NODE(operand)->stamp > stamp;
    return is_stale ? operand : NULL;
}

static PyObject *stale_in(PyObject *tuple, uint64_t stamp)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++)
        if (stale_operand(PyTuple_GET_ITEM(tuple, k), stamp))
            return PyTuple_GET_ITEM(tuple, k);
    return NULL;
}

/* Return a leaf that was written after this node had used it, or NULL. */
static PyObject *stale_leaf(Node *node)
{
    PyObject *leaf = NULL;
    if (node->stamp >= now || node->code == LEAF)
        return NULL;
    if (!has_tuples(node)) {
        leaf = stale_operand(left_of(node), node->stamp);
        return leaf ? leaf : stale_operand(right_of(node), node->stamp);
    }
    if (node->code == DOT)
        leaf = stale_in(node->a, node->stamp);
    if (!leaf)
        leaf = stale_in(node->b, node->stamp);
    if (!leaf && node->code == DOT && !(node->flags & C_NUMBER))
        leaf = stale_operand(BIAS(node), node->stamp);
    return leaf;
}

static int require_fresh(Node *node)
{
    PyObject *leaf = stale_leaf(node);
    if (!leaf)
        return 0;
    refuse("stale", "(OO)", leaf, node);
    return -1;
}

static Py_ssize_t operand_count(Node *node)
{
    return has_tuples(node) ? PyTuple_GET_SIZE(node->b) : node->code < FIRST_UNARY ? 2 : 1;
}

static int allocate(Sweep *sweep)
{
    size_t n = (size_t)sweep->order.size + 1;
    sweep->saved = PyMem_Malloc(n * sizeof(double));
    sweep->role = PyMem_Malloc(n);
    if (sweep->saved && sweep->role) {
        memset(sweep->role, PLAIN, n);
        return 0;
    }
    PyErr_NoMemory();
    return -1;
}

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
        Node *node = sweep->order.items[k];
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

/* Unmark every node, check it for stale leaves and ask the Python rows: all that may raise. */
static int prepare(Sweep *sweep)
{
    Node *stale = NULL;
    for (Py_ssize_t k = 0; k < sweep->order.size; k++) {
        Node *node = sweep->order.items[k];
        node->flags &= ~(SEEN | WANTED);
        if (sweep->role[k] != SKIPPED && node->stamp < now && stale_leaf(node))
            stale = node;
        if (!sweep->pruned && needs_row(node))
            sweep->role[k] = ASKED;
        if (sweep->role[k] == ASKED)
            sweep->asked_size += operand_count(node);
    }
    if (stale)
        return require_fresh(stale);
    return sweep->asked_size ? ask_rows(sweep) : 0;
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

/* Nothing passes where the rule is `flat`, not even 0 times an infinite adjoint. */
static void sweep_asked(Node *node, double adjoint, const double *partials)
{
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

static inline void sweep_binary(Node *node, double adjoint)
{
    double by_x = 0.0, by_y = 0.0;
    binary_partials(node->code, left_number(node), right_number(node), node->data, &by_x, &by_y);
    if (!(node->flags & A_NUMBER))
        NODE(node->a)->grad += adjoint * by_x;
    if (!(node->flags & B_NUMBER))
        NODE(node->b)->grad += adjoint * by_y;
}

/* Push the adjoint of one node to its operands; `asked` are its partials from Python. */
static inline void push_adjoint(Node *node, const double *asked)
{
    double adjoint = node->grad;
    if (asked && has_tuples(node)) {
        sweep_asked(node, adjoint, asked);
    } else if (asked) {
        add_to(left_of(node), adjoint * asked[0]);
        if (node->code < FIRST_UNARY)
            add_to(right_of(node), adjoint * asked[1]);
    } else if (node->code >= FIRST_UNARY) {
        Node *operand = NODE(node->a);
        operand->grad += adjoint * unary_partial(node->code, operand->data, node->data);
    } else if (node->code >= FIRST_BINARY) {
        sweep_binary(node, adjoint);
    } else if (node->code == DOT) {
        sweep_dot(node, adjoint);
    } else if (node->code == TOTAL) {
        sweep_total(node, adjoint);
    }
}

/* Set every grad to the adjoint, keeping the old ones in `saved`. Cannot fail. */
static void run_sweep(Sweep *sweep, double seed)
{
    Py_ssize_t n = sweep->order.size;
    const double *asked = sweep->asked + sweep->asked_size;
    for (Py_ssize_t k = 0; k < n; k++) {
        Node *node = sweep->order.items[k];
        sweep->saved[k] = node->grad;
        node->grad = 0.0;
    }
    NODE(sweep->order.items[n - 1])->grad = seed;
    for (Py_ssize_t k = n; k-- > 0;) {
        Node *node = sweep->order.items[k];
        if (node->code == LEAF || sweep->role[k] == SKIPPED)
            continue;
        if (sweep->role[k] == ASKED)
            asked -= operand_count(node);
        push_adjoint(node, sweep->role[k] == ASKED ? asked : NULL);
    }
}

static PyObject *value_backward(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"seed", NULL};
    PyObject *given = NULL, *result = NULL;
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
    Sweep sweep = {0};
    if (walk(NODE(self), &sweep.order) < 0 || allocate(&sweep) < 0) {
        unmark(&sweep.order);
    } else if (prepare(&sweep) == 0) {
        run_sweep(&sweep, seed);
        for (Py_ssize_t k = 0; k < sweep.order.size; k++) {
            Node *node = sweep.order.items[k];
            if (node->code == LEAF)
                node->grad = node->flags & CONSTANT ? 0.0 : sweep.saved[k] + node->grad;
        }
        result = Py_NewRef(Py_None);
    }
    end_sweep(&sweep);
    return result;
}
