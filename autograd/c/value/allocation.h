/* Nodes are made, kept for reuse and freed, without recursion. */

#define KEPT_NODES (1 << 16)

static Node *free_nodes;
static int free_count;
static Node *dying;
static int is_freeing;

static inline Node *new_node(int code, double data)
{
    Node *node = free_nodes;
    if (node) {
        free_nodes = node->next;
        free_count--;
        Py_SET_REFCNT((PyObject *)node, 1);
    } else {
        node = PyObject_New(Node, ValueType);
        if (!node)
            return NULL;
    }
    node->data = data;
    node->grad = 0.0;
    node->stamp = now & LATEST;
    node->code = (uint8_t)code;
    node->flags = 0;
    node->a = node->b = node->c = NULL;
    return node;
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

static void release_operands(Node *node)
{
    if (node->flags & LABELLED)
        release_label(node);
    Py_XDECREF(node->a);
    Py_XDECREF(node->b);
    if (node->code == DOT && !(node->flags & C_NUMBER))
        Py_XDECREF(node->c);
}

/* A nested call only queues its node, so that no depth of graph uses up the C stack. */
static void value_dealloc(PyObject *self)
{
    Node *node = NODE(self);
    node->next = dying;
    dying = node;
    if (is_freeing)
        return;
    is_freeing = 1;
    while ((node = dying)) {
        dying = node->next;
        release_operands(node);
        if (free_count < KEPT_NODES) {
            node->next = free_nodes;
            free_nodes = node;
            free_count++;
        } else {
            PyObject_Free(node);
            Py_DECREF(ValueType); /* an object of a heap type owns a reference to it */
        }
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
