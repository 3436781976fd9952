/* Nodes in the order of a walk, and the signals that come while they are marked.
 *
 * A handler of signals may do anything, with the nodes too. While one runs in the middle of a walk
 * or a sweep, the order is `suspended`: whoever then comes to read a grad, to write one or to walk
 * takes all marks off first, and what was suspended begins anew. So it does where a leaf was
 * written. Since Python 3.12 the cycle collector may run as well. */

typedef struct {
    void **items;
    Py_ssize_t size;
    Py_ssize_t room;
} Array;

/* Nodes in the order of a sweep, with the grad that each had before; their own is 0 meanwhile. */
typedef struct {
    Node **nodes;
    double *saved;
    Py_ssize_t size;
    Py_ssize_t room;
    Array stack;      /* of the walk, while it lasts */
    Node *stale;      /* the last one that used a leaf which was written since */
    int asks;         /* whether the partials of any need its Python row */
    int stops;        /* whether nothing passes to an operand of any */
    int patient;      /* no signal is answered */
    Py_ssize_t steps; /* of the walk */
} Order;

/* What a walk used is kept for the next one, up to so many nodes. */
#define KEPT_ROOM ((Py_ssize_t)1 << 18)

static Array kept_stack;
static Order kept_order;
static Order *suspended; /* the one that is marked while Python code runs, or NULL */

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

static int grow_order(Order *order)
{
    Py_ssize_t room = 2 * order->room + 256;
    Node **nodes = PyMem_Realloc(order->nodes, (size_t)room * sizeof(Node *));
    if (nodes)
        order->nodes = nodes;
    double *saved = nodes ? PyMem_Realloc(order->saved, (size_t)room * sizeof(double)) : NULL;
    if (!saved) {
        PyErr_NoMemory();
        return -1;
    }
    order->saved = saved;
    order->room = room;
    return 0;
}

/* So many nodes are emitted without looking whether there is room. */
#define MOST_AT_ONCE 8

static inline int require_room(Order *order)
{
    return order->size + MOST_AT_ONCE <= order->room ? 0 : grow_order(order);
}

/* What the stack of a walk has: a node, and what is done of it. */
#define FIRST_DONE(NODE_) ((void *)((uintptr_t)(NODE_) | 2)) /* the operand b is next */
#define FINISHED(NODE_) ((void *)((uintptr_t)(NODE_) | 1))   /* all operands are in place */
#define IS_FIRST_DONE(ITEM) ((uintptr_t)(ITEM) & 2)
#define IS_FINISHED(ITEM) ((uintptr_t)(ITEM) & 1)
#define UNTAGGED(ITEM) ((Node *)((uintptr_t)(ITEM) & ~(uintptr_t)3))

#define PUSH(ARRAY, ITEM) ((ARRAY)->items[(ARRAY)->size++] = (ITEM))

static inline void unmark(Node *node)
{
    node->flags &= ~(SEEN | WANTED);
    if (is_member(node))
        disperse(FAMILY(node));
}

/* Give every node its own grad back, and take all marks off. */
static void restore(Order *order)
{
    for (Py_ssize_t k = 0; k < order->size; k++) {
        order->nodes[k]->grad = order->saved[k];
        unmark(order->nodes[k]);
    }
}

/* Take off the marks of nodes that a walk did not come to emit. */
static void unmark_stack(Order *order)
{
    for (Py_ssize_t k = 0; k < order->stack.size; k++)
        unmark(UNTAGGED(order->stack.items[k]));
    order->stack.size = 0;
}

/* Take all marks off, for who comes in between. */
static void dissolve(void)
{
    Order *order = suspended;
    suspended = NULL;
    restore(order);
    unmark_stack(order);
    order->size = 0;
}

/* To be called before grads or marks are used, and after the last Python code that may run. */
static inline void settle(void)
{
    if (suspended)
        dissolve();
}

/* A status beside 0 and -1: begin anew, for Python code came in between. */
#define DISTURBED 1

/* Nodes between two looks for a signal, a power of two less 1. */
#define OFTEN 0x3FF
#define IS_DUE(K) (((K) & OFTEN) == OFTEN)

/* Answer signals in the middle of a walk or a sweep. Returns -1 if a handler raised an exception,
 * DISTURBED if one came to use grads or marks, which are off then and the order empty, or wrote to
 * a leaf. */
static int look(Order *order)
{
    if (order->patient)
        return 0;
    const uint64_t then = now;
    suspended = order;
    int status = PyErr_CheckSignals();
    int alone = suspended == order;
    if (alone)
        suspended = NULL;
    return status < 0 ? -1 : alone && now == then ? 0 : DISTURBED;
}

static inline int look_often(Order *order, Py_ssize_t k)
{
    return IS_DUE(k) ? look(order) : 0;
}

/* Begin an order. What was disturbed is `patient` the next time, so that it comes to an end. */
static void open_order(Order *order, int patient)
{
    settle();
    *order = kept_order;
    order->patient = patient;
    kept_order = (Order){0};
}

static void free_order(Order *order)
{
    if (!kept_order.room && order->room <= KEPT_ROOM) {
        kept_order = (Order){.nodes = order->nodes, .saved = order->saved, .room = order->room};
    } else {
        PyMem_Free(order->nodes);
        PyMem_Free(order->saved);
    }
}
