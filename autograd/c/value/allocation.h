/* Nodes are made, kept for reuse and freed, without recursion. */

#define KEPT_NODES (1 << 16)

typedef struct {
    Node *first;
    int count;
} FreeList;

static FreeList free_nodes, free_dots;
static Node *dying;
static int is_freeing;

static inline Node *new_of(FreeList *list, size_t size, int code, double data)
{
    Node *node = list->first;
    if (node) {
        list->first = node->next;
        list->count--;
        Py_SET_REFCNT((PyObject *)node, 1);
    } else {
        node = PyObject_Malloc(size);
        if (!node)
            return (void *)PyErr_NoMemory();
        PyObject_Init((PyObject *)node, ValueType);
    }
    node->data = data;
    node->grad = 0.0;
    node->stamp = now & LATEST;
    node->code = (uint8_t)code;
    node->flags = 0;
    node->a = node->b = node->weakrefs = NULL;
    return node;
}

static inline Node *new_node(int code, double data)
{
    return new_of(&free_nodes, sizeof(Node), code, data);
}

static inline Node *new_dot(double data)
{
    return new_of(&free_dots, sizeof(Dot), DOT, data);
}

/* Return the key of a labelled node as a new reference. Where there is no memory for one, it is
 * looked for among the labels, so that a label never outlives its node. */
static PyObject *label_key(Node *node)
{
    PyObject *key = PyLong_FromVoidPtr(node);
    for (Py_ssize_t at = 0; !key && PyDict_Next(labels, &at, &key, NULL);)
        key = PyLong_AsVoidPtr(key) == node ? Py_NewRef(key) : NULL;
    return key;
}

/* An exception that is on its way while a node is freed stays what it is. */
static void release_label(Node *node)
{
    PyObject *kind, *error, *trace;
    PyErr_Fetch(&kind, &error, &trace);
    PyObject *key = label_key(node);
    PyErr_Clear();
    if (!key || PyDict_DelItem(labels, key) < 0)
        PyErr_Clear();
    Py_XDECREF(key);
    PyErr_Restore(kind, error, trace);
}

static inline void release_operands(Node *node)
{
    int code = node->code, flags = node->flags;
    if (flags & LABELLED)
        release_label(node);
    if (code >= FIRST_BINARY) {
        if (!(flags & A_NUMBER))
            Py_DECREF(node->a);
        if (code < FIRST_UNARY && !(flags & B_NUMBER))
            Py_DECREF(node->b);
        return;
    }
    Py_XDECREF(node->a);
    Py_XDECREF(node->b);
    if (code == DOT && !(flags & C_NUMBER))
        Py_XDECREF(BIAS(node));
}

/* Keep a dead node for reuse, or free it. */
static inline void retire(FreeList *list, Node *node)
{
    if (list->count < KEPT_NODES) {
        node->next = list->first;
        list->first = node;
        list->count++;
    } else {
        PyObject_Free(node);
        Py_DECREF(ValueType); /* an object of a heap type owns a reference to it */
    }
}

/* A nested call only queues its node, so that no depth of graph uses up the C stack. */
static void value_dealloc(PyObject *self)
{
    Node *node = NODE(self);
    if (node->weakrefs)
        PyObject_ClearWeakRefs(self);
    node->next = dying;
    dying = node;
    if (is_freeing)
        return;
    is_freeing = 1;
    while ((node = dying)) {
        dying = node->next;
        release_operands(node);
        if (node->code == DOT)
            retire(&free_dots, node);
        else
            retire(&free_nodes, node);
    }
    is_freeing = 0;
}

/* Hand out a new node, after the watcher had its say; steals the reference. */
static inline PyObject *created(Node *node)
{
    if (!watcher)
        return (PyObject *)node;
    PyObject *result = PyObject_CallMethod(watcher, "created", "(O)", node);
    Py_DECREF(node);
    return result;
}

static PyObject *new_constant(double number)
{
    Node *node = new_node(LEAF, number);
    if (node) {
        node->stamp = 0;
        node->flags = CONSTANT;
    }
    return (PyObject *)node;
}
