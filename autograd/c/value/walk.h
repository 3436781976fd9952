/* Every node that a root depends on, parents first. */

static inline void push_unseen(Array *stack, PyObject *operand)
{
    if (IS_VALUE(operand) && !(NODE(operand)->flags & SEEN))
        PUSH(stack, operand);
}

static inline void push_reversed(Array *stack, PyObject *tuple)
{
    for (Py_ssize_t k = PyTuple_GET_SIZE(tuple); k-- > 0;)
        push_unseen(stack, PyTuple_GET_ITEM(tuple, k));
}

/* Push a node of a family and, if it is the first one, the shared operands. */
static int push_member(Array *stack, Node *node)
{
    Family *family = FAMILY(node);
    int is_first = meet(family);
    if (is_first < 0 || grow(stack, is_first ? PyTuple_GET_SIZE(family->values) + 2 : 2) < 0) {
        family->present -= is_first >= 0;
        return -1;
    }
    PUSH(stack, FINISHED(node));
    if (!(node->flags & B_NUMBER))
        push_unseen(stack, node->b);
    if (is_first)
        push_reversed(stack, family->values);
    return 0;
}

/* Push a node of many operands and, to come up first, these. */
static int push_operands(Array *stack, Node *node)
{
    if (is_member(node))
        return push_member(stack, node);
    if (grow(stack, 2 * PyTuple_GET_SIZE(node->b) + 2) < 0)
        return -1;
    PUSH(stack, FINISHED(node));
    if (node->code == DOT && !(node->flags & C_NUMBER))
        push_unseen(stack, BIAS(node));
    push_reversed(stack, node->b);
    if (node->code == DOT)
        push_reversed(stack, node->a);
    return 0;
}

static inline void emit(Order *order, Node *node)
{
    Py_ssize_t k = order->size++;
    order->nodes[k] = node;
    order->saved[k] = node->grad;
    node->grad = 0.0;
}

static inline void emit_leaf(Order *order, Node *leaf)
{
    leaf->flags |= SEEN;
    emit(order, leaf);
}

static inline void emit_computed(Order *order, Node *node)
{
    emit(order, node);
    if (node->stamp < now && stale_leaf(node))
        order->stale = node;
    if ((rough | stopping) >> node->code & 1) {
        order->asks |= needs_row(node);
        order->stops |= stops(node);
    }
}

/* Emit an operand of a node of one or two, if it is a leaf or needs nothing but leaves more;
 * returns 0 where it does. What else it needs first is emitted as far as it is in turn. */
static inline int is_in_place(Order *order, PyObject *operand)
{
    Node *node = NODE(operand);
    if (!operand || node->flags & SEEN)
        return 1;
    if (node->code == LEAF) {
        emit_leaf(order, node);
        return 1;
    }
    if (node->code < FIRST_BINARY)
        return 0;
    PyObject *sides[] = {left_of(node), right_of(node)};
    for (int k = 0; k < 2; k++) {
        if (!sides[k] || NODE(sides[k])->flags & SEEN)
            continue;
        if (NODE(sides[k])->code != LEAF)
            return 0;
        emit_leaf(order, NODE(sides[k]));
    }
    node->flags |= SEEN;
    emit_computed(order, node);
    return 1;
}

/* Emit an unseen node, or go down to the operand that comes first: returned is that operand, or
 * NULL; `from` is the first operand that is not known to be in place. */
static inline Node *descend(Array *stack, Order *order, Node *node, int from)
{
    PyObject *left = left_of(node), *right = right_of(node);
    if (from == 0 && !is_in_place(order, left)) {
        PUSH(stack, FIRST_DONE(node));
        if (right)
            FETCH(right);
        return NODE(left);
    }
    if (!is_in_place(order, right)) {
        PUSH(stack, FINISHED(node));
        return NODE(right);
    }
    emit_computed(order, node);
    return NULL;
}

/* Go on with what the stack has on top: returned is an unseen node to go down to, or NULL. */
static inline Node *resume(Array *stack, Order *order)
{
    void *item = stack->items[--stack->size];
    Node *node = UNTAGGED(item);
    if (IS_FINISHED(item)) {
        emit_computed(order, node);
        return NULL;
    }
    if (IS_FIRST_DONE(item))
        return descend(stack, order, node, 1);
    return is_in_place(order, (PyObject *)node) ? NULL : node;
}

/* The walk itself, from a root that is no leaf. */
static int walk_down(Node *root, Order *order)
{
    Array *stack = &order->stack;
    Node *node = root;
    while (node || stack->size) {
        int status = look_often(order, order->steps++);
        if (status)
            return status;
        if (require_room(order) < 0 || grow(stack, 2) < 0)
            return -1;
        if (!node) {
            node = resume(stack, order);
            continue;
        }
        node->flags |= SEEN;
        if (node->code >= FIRST_BINARY) {
            node = descend(stack, order, node, 0);
        } else if (push_operands(stack, node) < 0) {
            node->flags &= ~SEEN;
            return -1;
        } else {
            node = NULL;
        }
    }
    return 0;
}

/* Go on with an order: what some more nodes depend on. */
static int walk_on(PyObject *const *roots, Py_ssize_t count, Order *order)
{
    int status = 0;
    order->stack = kept_stack;
    kept_stack = (Array){0};
    for (Py_ssize_t k = 0; k < count && !status; k++) {
        Node *root = NODE(roots[k]);
        status = require_room(order);
        if (!status)
            status = look_often(order, order->steps++);
        if (!status && !(root->flags & SEEN) && root->code == LEAF)
            emit_leaf(order, root);
        else if (!status && !(root->flags & SEEN))
            status = walk_down(root, order);
    }
    unmark_stack(order); /* after a failure */
    if (!kept_stack.room && order->stack.room <= KEPT_ROOM)
        kept_stack = order->stack;
    else
        PyMem_Free(order->stack.items);
    order->stack = (Array){0};
    return status;
}

/* Fill `order` with what root depends on, parents first. Runs no Python code but for signals; the
 * SEEN flag of every node in it stays set, and its grad 0, until restore(), after a failure too. */
static int walk(Node *root, Order *order, int patient)
{
    PyObject *const roots[] = {(PyObject *)root};
    open_order(order, patient);
    return walk_on(roots, 1, order);
}

/* Return the nodes of an order as a list, which nobody finds before it is full. */
static PyObject *listed(const Order *order)
{
    PyObject *list = PyList_New(order->size);
    if (!list)
        return NULL;
    PyObject_GC_UnTrack(list);
    for (Py_ssize_t k = 0; k < order->size; k++) {
        if (IS_DUE(k) && PyErr_CheckSignals() < 0) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, k, Py_NewRef((PyObject *)order->nodes[k]));
    }
    PyObject_GC_Track(list);
    return list;
}

static PyObject *module_topological(PyObject *Py_UNUSED(module), PyObject *root)
{
    if (!IS_VALUE(root))
        return refuse("not_a_value", "(sO)", "root", root);
    PyObject *list = NULL;
    int status = DISTURBED;
    for (int patient = 0; status == DISTURBED; patient++) {
        Order order;
        status = walk(NODE(root), &order, patient);
        restore(&order);
        if (!status)
            list = listed(&order);
        free_order(&order);
    }
    return list;
}
