/* Every node that a root depends on, parents first. */

typedef struct {
    void **items;
    Py_ssize_t size;
    Py_ssize_t room;
} Array;

static int grow(Array *array, Py_ssize_t more)
{
    if (array->size + more <= array->room)
        return 0;
    Py_ssize_t room = 2 * array->room + more + 64;
    void **items = PyMem_Realloc(array->items, (size_t)room * sizeof(void *));
    if (!items) {
        PyErr_NoMemory();
        return -1;
    }
    array->items = items;
    array->room = room;
    return 0;
}

#define FINISHED(NODE_) ((void *)((uintptr_t)(NODE_) | 1))
#define IS_FINISHED(ITEM) ((uintptr_t)(ITEM) & 1)
#define UNTAGGED(ITEM) ((Node *)((uintptr_t)(ITEM) & ~(uintptr_t)1))

#define PUSH(ARRAY, ITEM) ((ARRAY)->items[(ARRAY)->size++] = (ITEM))

static inline void push_node(Array *stack, PyObject *operand)
{
    if (!(NODE(operand)->flags & SEEN))
        PUSH(stack, operand);
}

static inline void push_unseen(Array *stack, PyObject *operand)
{
    if (IS_VALUE(operand))
        push_node(stack, operand);
}

static inline void push_reversed(Array *stack, PyObject *tuple)
{
    for (Py_ssize_t k = PyTuple_GET_SIZE(tuple); k-- > 0;)
        push_unseen(stack, PyTuple_GET_ITEM(tuple, k));
}

static int push_operands(Array *stack, Node *node)
{
    Py_ssize_t most = has_tuples(node) ? 2 * PyTuple_GET_SIZE(node->b) + 2 : 3;
    if (grow(stack, most) < 0)
        return -1;
    PUSH(stack, FINISHED(node)); /* when this comes up, its operands are in place */
    if (has_tuples(node)) {
        if (node->code == DOT && !(node->flags & C_NUMBER))
            push_unseen(stack, BIAS(node));
        push_reversed(stack, node->b);
        if (node->code == DOT)
            push_reversed(stack, node->a);
    } else {
        if (node->code < FIRST_UNARY && !(node->flags & B_NUMBER))
            push_node(stack, node->b);
        if (!(node->flags & A_NUMBER))
            push_node(stack, node->a);
    }
    return 0;
}

/* Fill `order` with what root depends on, parents first. Runs no Python code; the SEEN flag
 * of every node in it stays set until unmark(), after a failure too. */
static int walk(Node *root, Array *order)
{
    Array stack = {NULL, 0, 0};
    Node *node = root;
    int status = grow(&stack, 1);
    if (!status)
        PUSH(&stack, root);
    while (!status && stack.size) {
        void *item = stack.items[--stack.size];
        node = UNTAGGED(item);
        if (!IS_FINISHED(item)) {
            if (node->flags & SEEN)
                continue;
            node->flags |= SEEN;
            if (node->code != LEAF) {
                status = push_operands(&stack, node);
                continue;
            }
        }
        status = grow(order, 1);
        if (!status)
            PUSH(order, node);
    }
    if (status) { /* marked are the node in hand, those on the stack, and the finished ones,
                   * which are in `order`, for unmark() */
        node->flags &= ~SEEN;
        for (Py_ssize_t k = 0; k < stack.size; k++)
            UNTAGGED(stack.items[k])->flags &= ~SEEN;
    }
    PyMem_Free(stack.items);
    return status;
}

static void unmark(Array *order)
{
    for (Py_ssize_t k = 0; k < order->size; k++)
        NODE(order->items[k])->flags &= ~(SEEN | WANTED);
}

static PyObject *module_topological(PyObject *Py_UNUSED(module), PyObject *root)
{
    if (!IS_VALUE(root))
        return refuse("not_a_value", "(sO)", "root", root);
    Array order = {NULL, 0, 0};
    int status = walk(NODE(root), &order);
    unmark(&order);
    PyObject *list = status ? NULL : PyList_New(order.size);
    for (Py_ssize_t k = 0; list && k < order.size; k++)
        PyList_SET_ITEM(list, k, Py_NewRef((PyObject *)order.items[k]));
    PyMem_Free(order.items);
    return list;
}
