/* What each node does in a sweep: nothing where the adjoint does not reach it. */

enum role { SKIPPED, PLAIN, ASKED };

/* What one sweep works on. `asked` holds the partials that came from Python rows, in order; a
 * pruned sweep has `wanted`, which says whether each of them is needed. */
typedef struct {
    Order order;
    char *role; /* of each node: SKIPPED, PLAIN or ASKED; NULL if all are PLAIN */
    double *asked;
    Py_ssize_t asked_size;
    char *wanted;
    Py_ssize_t wanted_size, wanted_room;
} Sweep;

static void end_sweep(Sweep *sweep)
{
    free_order(&sweep->order);
    PyMem_Free(sweep->role);
    PyMem_Free(sweep->asked);
    PyMem_Free(sweep->wanted);
}

static Py_ssize_t operand_count(Node *node)
{
    return has_tuples(node) ? PyTuple_GET_SIZE(node->b) : node->code < FIRST_UNARY ? 2 : 1;
}

static int give_roles(Sweep *sweep)
{
    size_t n = (size_t)sweep->order.size + 1;
    sweep->role = PyMem_Malloc(n);
    if (!sweep->role) {
        PyErr_NoMemory();
        return -1;
    }
    memset(sweep->role, PLAIN, n);
    return 0;
}

static inline void mark_reached(PyObject *operand)
{
    if (operand && IS_VALUE(operand))
        NODE(operand)->grad = 1.0;
}

static void mark_tuple(PyObject *operands, PyObject *rules)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(operands); k++)
        if (!rules || !is_flat(rules, k))
            mark_reached(PyTuple_GET_ITEM(operands, k));
}

/* Mark the operands to which anything passes; those of a family once. */
static void mark_operands(Node *node)
{
    if (node->code == LEAF)
        return;
    if (is_member(node)) {
        if (!FAMILY(node)->reached)
            mark_tuple(FAMILY(node)->values, NULL);
        FAMILY(node)->reached = 1;
    } else if (!has_tuples(node)) {
        mark_reached(left_of(node));
        mark_reached(right_of(node));
    } else {
        mark_tuple(node->b, node->code == GENERIC ? function_of(node)->partials : NULL);
        if (node->code == DOT)
            mark_tuple(node->a, NULL);
        if (node->code == DOT && !(node->flags & C_NUMBER))
            mark_reached(BIAS(node));
    }
}

/* Let the sweep skip what the adjoint does not reach, as if the walk had not met it: nothing passes
 * to an operand on each way there. A grad of 1 is the mark of what is reached; all are 0 again
 * then. */
static int skip_unreached(Sweep *sweep)
{
    Order *order = &sweep->order;
    int status = 0;
    order->nodes[order->size - 1]->grad = 1.0;
    for (Py_ssize_t k = order->size; k-- > 0 && !status;) {
        Node *node = order->nodes[k];
        if (node->grad != 0.0) {
            node->grad = 0.0;
            mark_operands(node);
        } else {
            sweep->role[k] = SKIPPED;
            if (is_member(node))
                FAMILY(node)->present--;
        }
        status = look_often(order, k);
    }
    return status;
}

/* Give every node its role; all are PLAIN but those that the adjoint does not reach. */
static int begin_roles(Sweep *sweep)
{
    int status = give_roles(sweep);
    return status || !sweep->order.stops ? status : skip_unreached(sweep);
}
