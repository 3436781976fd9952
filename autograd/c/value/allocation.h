/* Nodes are made, kept for reuse and freed, without recursion. */

#define KEPT_DOTS (1 << 16)

static struct {
    Dot *first;
    int count;
} free_dots;

static Node *dying;
static int is_freeing;

static inline Node *filled(Node *node, int code, double data)
{
    Py_SET_REFCNT((PyObject *)node, 1);
    node->data = data;
    node->grad = 0.0;
    node->stamp = now & LATEST;
    node->collected = 0;
    node->code = (uint8_t)code;
    node->flags = 0;
    node->a = node->b = node->weakrefs = NULL;
    return node;
}

static inline Node *new_node(int code, double data)
{
    Node *node = take_place();
    return node ? filled(node, code, data) : NULL;
}

static inline int is_collected(PyObject *operand)
{
    return operand && IS_VALUE(operand) && NODE(operand)->collected;
}

/* A node of the cycle collector's, which depends on a function that may depend on it. It begins to
 * look when the node is handed out. */
static Node *new_collected(int code, double data)
{
    Node *node = PyObject_GC_New(Node, ValueType);
    if (!node)
        return NULL;
    Py_DECREF(ValueType);
    filled(node, code, data);
    node->collected = 1;
    return node;
}

/* A node with a bias, which is larger. */
static inline Node *new_dot(double data)
{
    Node *node = (Node *)free_dots.first;
    if (node) {
        free_dots.first = (Dot *)node->next;
        free_dots.count--;
    } else {
        node = PyObject_Malloc(sizeof(Dot));
        if (!node)
            return (void *)PyErr_NoMemory();
        PyObject_Init((PyObject *)node, ValueType);
        Py_DECREF(ValueType);
    }
    return filled(node, DOT, data);
}

static inline void retire_dot(Node *node)
{
    if (free_dots.count < KEPT_DOTS) {
        node->next = (Node *)free_dots.first;
        free_dots.first = (Dot *)node;
        free_dots.count++;
    } else {
        PyObject_Free(node);
    }
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

/* Queue a dead node, which the cycle collector must not see any more. */
static inline void doom(Node *node)
{
    if (node->collected)
        PyObject_GC_UnTrack(node);
    node->next = dying;
    dying = node;
}

/* Drop a reference to a node; the last one only queues it. */
static inline void drop(PyObject *operand)
{
    Node *node = NODE(operand);
    Py_ssize_t count = Py_REFCNT(operand);
    if (count > 1) {
        Py_SET_REFCNT(operand, count - 1);
        return;
    }
    Py_SET_REFCNT(operand, 0);
    doom(node);
}

static inline void release_operands(Node *node)
{
    int code = node->code, flags = node->flags;
    if (flags & LABELLED)
        release_label(node);
    if (code >= FIRST_BINARY) {
        if (!(flags & A_NUMBER))
            drop(node->a);
        if (code < FIRST_UNARY && !(flags & B_NUMBER))
            drop(node->b);
        return;
    }
    if (is_member(node)) {
        leave_family(FAMILY(node));
        if (!(flags & B_NUMBER))
            drop(node->b);
        return;
    }
    Py_XDECREF(node->a);
    Py_XDECREF(node->b);
    if (code == DOT && !(flags & C_NUMBER))
        Py_XDECREF(BIAS(node));
}

/* What dies along with a node is queued, so that no depth of graph uses up the C stack. */
static void value_dealloc(PyObject *self)
{
    Node *node = NODE(self);
    doom(node);
    if (is_freeing)
        return;
    is_freeing = 1;
    while ((node = dying)) {
        dying = node->next;
        if (node->weakrefs)
            PyObject_ClearWeakRefs((PyObject *)node);
        release_operands(node);
        if (node->collected)
            PyObject_GC_Del(node);
        else if (node->code == DOT)
            retire_dot(node);
        else
            give_place(node);
    }
    is_freeing = 0;
}

/* Hand out a new node, after the watcher had its say; steals the reference. */
static inline PyObject *created(Node *node)
{
    if (node->collected)
        PyObject_GC_Track(node);
    if (!watcher)
        return (PyObject *)node;
    PyObject *result = PyObject_CallMethodOneArg(watcher, created_text, (PyObject *)node);
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
