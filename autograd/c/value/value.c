/* The compiled twin of value.py: the same node, the same sweep, the same messages.
 *
 * A node is 64 bytes with no GC header: nodes only point to older nodes, so there are no
 * cycles and reference counts free everything. Deallocation and all walks are iterative.
 * A sweep runs no Python code: partials that only the Python table knows are asked for
 * beforehand, so that a sweep either happens as a whole or raises and changes nothing.
 * Everything relies on the global lock. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <stdint.h>

#include "../primitives.h"

#ifdef Py_GIL_DISABLED
#error "the C implementation relies on the global interpreter lock"
#endif

enum code {
    LEAF,    /* a: label or NULL */
    GENERIC, /* a: Function, b: tuple of operands */
    DOT,     /* a: tuple of weights, b: tuple of inputs, c: bias */
    TOTAL,   /* b: tuple of values */
#define ROW(CODE, ...) CODE,
    BINARY_PRIMITIVES(ROW) /* a, b: operands */
    UNARY_PRIMITIVES(ROW)  /* a: operand */
#undef ROW
    CODES
};

#define FIRST_BINARY ADD
#define FIRST_UNARY NEG

static const char *const code_names[CODES] = {
    "", "", "dot", "total",
#define ROW(CODE, NAME, ...) NAME,
    BINARY_PRIMITIVES(ROW)
    UNARY_PRIMITIVES(ROW)
#undef ROW
};

enum flag {
    CONSTANT = 1, /* a number that was used as an operand */
    A_NUMBER = 2, /* operand a (b, c) is the float in `number`, until somebody asks for it */
    B_NUMBER = 4,
    C_NUMBER = 8,
    LABELLED = 16, /* a computed node with a label in the side table */
    SEEN = 32,     /* scratch of a walk; clear outside of one */
    WANTED = 64,   /* scratch of adjoints(); clear outside of it */
};

typedef struct Node {
    PyObject_HEAD
    double data;
    union {
        double grad;
        struct Node *next; /* in the free list, or among the dying */
    };
    uint64_t stamp : 48;
    uint64_t code : 8;
    uint64_t flags : 8;
    PyObject *a;
    PyObject *b;
    union {
        PyObject *c;
        double number;
    };
} Node;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *dict;
    PyObject *name;
    PyObject *forward;
    PyObject *partials;
    PyObject *domain;
    Py_ssize_t arity; /* -1: any number */
    int code;
} Function;

static PyTypeObject *ValueType;
static PyTypeObject *FunctionType;
static PyObject *errors;    /* the module autograd.errors */
static PyObject *reals;     /* the module autograd.reals */
static PyObject *labels;    /* address of a computed node -> its label */
static PyObject *watcher;   /* NULL while no thread mode is in use */
static PyObject *functions[CODES];
static PyObject *empty_text;
static uint64_t now; /* the time of the last write to any leaf */

#define IS_VALUE(object) (Py_TYPE(object) == ValueType)
#define NODE(object) ((Node *)(object))

/* --- errors: worded in errors.py ---------------------------------------------------- */

/* Raise errors.<name>(...); steals nothing, returns NULL. */
static void *refuse(const char *name, const char *format, ...)
{
    va_list vargs;
    va_start(vargs, format);
    PyObject *arguments = Py_VaBuildValue(format, vargs);
    va_end(vargs);
    PyObject *function = arguments ? PyObject_GetAttrString(errors, name) : NULL;
    PyObject *error = function ? PyObject_CallObject(function, arguments) : NULL;
    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(function);
    Py_XDECREF(arguments);
    return NULL;
}

/* --- numbers -------------------------------------------------------------------------- */

/* Read one real number: 1 done, 0 not a number, -1 error; only 1 writes it. */
static int real(PyObject *thing, double *number)
{
    if (PyFloat_CheckExact(thing)) {
        *number = PyFloat_AS_DOUBLE(thing);
        return 1;
    }
    if (PyLong_CheckExact(thing)) {
        double whole = PyLong_AsDouble(thing);
        if (whole != -1.0 || !PyErr_Occurred()) {
            *number = whole;
            return 1;
        }
        PyErr_Clear(); /* too large: the Python code says so */
    }
    PyObject *result = PyObject_CallMethod(reals, "real", "(O)", thing);
    if (!result)
        return -1;
    int found = result != Py_None;
    if (found)
        *number = PyFloat_AsDouble(result);
    Py_DECREF(result);
    return found;
}

/* Read data for a leaf or a gradient; raises where it is not one real number. */
static int real_data(PyObject *thing, double *number)
{
    int found = real(thing, number);
    if (found == 0)
        refuse("not_a_number", "(O)", thing);
    return found > 0 ? 0 : -1;
}

/* --- allocation ----------------------------------------------------------------------- */

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
    node->stamp = now;
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

/* --- operands ------------------------------------------------------------------------- */

static Function *function_of(Node *node)
{
    return (Function *)(node->code == GENERIC ? node->a : functions[node->code]);
}

static PyObject *op_name(Node *node)
{
    return node->code == LEAF ? empty_text : function_of(node)->name;
}

static int has_tuples(Node *node)
{
    return node->code == GENERIC || node->code == DOT || node->code == TOTAL;
}

static PyObject *operand_object(PyObject *operand, int is_number, double number)
{
    return is_number ? PyFloat_FromDouble(number) : Py_NewRef(operand);
}

/* Return the operands in order as a new tuple of Values and floats. */
static PyObject *raw_operands(Node *node)
{
    if (node->code == LEAF)
        return PyTuple_New(0);
    if (node->code == GENERIC || node->code == TOTAL)
        return Py_NewRef(node->b);
    if (node->code >= FIRST_UNARY)
        return PyTuple_Pack(1, node->a);
    if (node->code >= FIRST_BINARY) {
        PyObject *x = operand_object(node->a, node->flags & A_NUMBER, node->number);
        PyObject *y = operand_object(node->b, node->flags & B_NUMBER, node->number);
        PyObject *pair = x && y ? PyTuple_Pack(2, x, y) : NULL;
        Py_XDECREF(x);
        Py_XDECREF(y);
        return pair;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(node->a);
    PyObject *all = PyTuple_New(2 * n + 1);
    PyObject *bias = operand_object(node->c, node->flags & C_NUMBER, node->number);
    if (!all || !bias) {
        Py_XDECREF(all);
        Py_XDECREF(bias);
        return NULL;
    }
    for (Py_ssize_t k = 0; k < n; k++) {
        PyTuple_SET_ITEM(all, k, Py_NewRef(PyTuple_GET_ITEM(node->a, k)));
        PyTuple_SET_ITEM(all, n + k, Py_NewRef(PyTuple_GET_ITEM(node->b, k)));
    }
    PyTuple_SET_ITEM(all, 2 * n, bias);
    return all;
}

/* Replace a tuple by one in which every float has become a constant node. */
static int make_constants(PyObject **operands)
{
    Py_ssize_t n = PyTuple_GET_SIZE(*operands), k = 0;
    while (k < n && IS_VALUE(PyTuple_GET_ITEM(*operands, k)))
        k++;
    if (k == n)
        return 0;
    PyObject *nodes = PyTuple_New(n);
    if (!nodes)
        return -1;
    for (k = 0; k < n; k++) {
        PyObject *item = PyTuple_GET_ITEM(*operands, k);
        item = IS_VALUE(item) ? Py_NewRef(item) : new_constant(PyFloat_AS_DOUBLE(item));
        if (!item) {
            Py_DECREF(nodes);
            return -1;
        }
        PyTuple_SET_ITEM(nodes, k, item);
    }
    Py_SETREF(*operands, nodes);
    return 0;
}

/* Return the parents as a new tuple; constants are the same objects from then on. */
static PyObject *parents_of(Node *node)
{
    if (has_tuples(node)) {
        if (node->code == DOT && make_constants(&node->a) < 0)
            return NULL;
        if (make_constants(&node->b) < 0)
            return NULL;
    }
    if (node->flags & (A_NUMBER | B_NUMBER | C_NUMBER)) {
        PyObject *constant = new_constant(node->number);
        if (!constant)
            return NULL;
        if (node->flags & A_NUMBER)
            node->a = constant;
        else if (node->flags & B_NUMBER)
            node->b = constant;
        else
            node->c = constant;
        node->flags &= ~(A_NUMBER | B_NUMBER | C_NUMBER);
    }
    return raw_operands(node);
}

/* --- forward -------------------------------------------------------------------------- */

#define FORWARD_CASE(CODE, NAME, DOMAIN_, FORWARD, ...) \
    case CODE: \
        if (!(DOMAIN_)) \
            return 0; \
        *result = FORWARD; \
        return 1;

static int unary_forward(int code, double x, double *result)
{
    switch (code) {
        UNARY_PRIMITIVES(FORWARD_CASE)
    }
    return 0;
}

static inline int binary_forward(int code, double x, double y, double *result)
{
    switch (code) {
        BINARY_PRIMITIVES(FORWARD_CASE)
    }
    return 0;
}

/* Return Values and floats as they are, and any other real number as a float. */
static PyObject *exact_operand(Function *function, PyObject *operand)
{
    if (IS_VALUE(operand) || PyFloat_CheckExact(operand))
        return Py_NewRef(operand);
    double number;
    int found = real(operand, &number);
    if (found == 0)
        return refuse("bad_operand", "(OO)", function->name, operand);
    return found < 0 ? NULL : PyFloat_FromDouble(number);
}

static PyObject *exact_operands(Function *function, PyObject *const *args, Py_ssize_t n)
{
    PyObject *operands = PyTuple_New(n);
    for (Py_ssize_t k = 0; operands && k < n; k++) {
        PyObject *operand = exact_operand(function, args[k]);
        if (!operand)
            Py_CLEAR(operands);
        else
            PyTuple_SET_ITEM(operands, k, operand);
    }
    return operands;
}

static int has_value(PyObject *operands)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(operands); k++)
        if (IS_VALUE(PyTuple_GET_ITEM(operands, k)))
            return 1;
    return 0;
}

static inline double number_of(PyObject *operand)
{
    return IS_VALUE(operand) ? NODE(operand)->data : PyFloat_AS_DOUBLE(operand);
}

/* Return the numbers of the operands, and `out` behind them if it is given, as a tuple. */
static PyObject *numbers_of(PyObject *operands, const double *out)
{
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    PyObject *numbers = PyTuple_New(n + (out != NULL));
    for (Py_ssize_t k = 0; numbers && k < n + (out != NULL); k++) {
        double x = k < n ? number_of(PyTuple_GET_ITEM(operands, k)) : *out;
        PyObject *number = PyFloat_FromDouble(x);
        if (!number)
            Py_CLEAR(numbers);
        else
            PyTuple_SET_ITEM(numbers, k, number);
    }
    return numbers;
}

/* Say why the forward function of a row refused its operands, if it did. */
static void word_refusal(Function *function, PyObject *operands)
{
    if (PyErr_ExceptionMatches(PyExc_ZeroDivisionError)) {
        PyErr_Clear();
        refuse("division_by_zero", "(OO)", function->name, operands);
    } else if (PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        refuse("outside_domain", "(OOO)", function->name, function->domain, operands);
    }
}

/* Apply a row through its Python forward function; steals the tuple of exact operands. */
static PyObject *apply_row(Function *function, PyObject *operands)
{
    PyObject *numbers = numbers_of(operands, NULL);
    PyObject *result = numbers ? PyObject_CallObject(function->forward, numbers) : NULL;
    Py_XDECREF(numbers);
    if (!result) {
        word_refusal(function, operands);
        Py_DECREF(operands);
        return NULL;
    }
    if (!has_value(operands)) {
        Py_DECREF(operands);
        return result;
    }
    double data = PyFloat_AsDouble(result);
    Py_DECREF(result);
    if (data == -1.0 && PyErr_Occurred()) {
        Py_DECREF(operands);
        return NULL;
    }
    Node *node = new_node(GENERIC, data);
    if (!node) {
        Py_DECREF(operands);
        return NULL;
    }
    node->a = Py_NewRef(function);
    node->b = operands;
    return created(node);
}

static PyObject *apply_unary(int code, PyObject *operand)
{
    double data;
    if (IS_VALUE(operand)) {
        if (unary_forward(code, NODE(operand)->data, &data)) {
            Node *node = new_node(code, data);
            if (!node)
                return NULL;
            node->a = Py_NewRef(operand);
            return created(node);
        }
    } else if (PyFloat_CheckExact(operand)) {
        if (unary_forward(code, PyFloat_AS_DOUBLE(operand), &data))
            return PyFloat_FromDouble(data);
    }
    Function *function = (Function *)functions[code];
    PyObject *exact = exact_operand(function, operand);
    if (exact && exact != operand && unary_forward(code, PyFloat_AS_DOUBLE(exact), &data)) {
        Py_DECREF(exact);
        return PyFloat_FromDouble(data);
    }
    PyObject *operands = exact ? PyTuple_Pack(1, exact) : NULL;
    Py_XDECREF(exact);
    return operands ? apply_row(function, operands) : NULL;
}

/* Record x ∘ y, where a side that is not a Value is given by its number alone. */
static PyObject *record_binary(int code, PyObject *left, double x, PyObject *right, double y)
{
    double data;
    if (!binary_forward(code, x, y, &data)) {
        PyObject *l = left ? Py_NewRef(left) : PyFloat_FromDouble(x);
        PyObject *r = right ? Py_NewRef(right) : PyFloat_FromDouble(y);
        PyObject *operands = l && r ? PyTuple_Pack(2, l, r) : NULL;
        Py_XDECREF(l);
        Py_XDECREF(r);
        return operands ? apply_row((Function *)functions[code], operands) : NULL;
    }
    Node *node = new_node(code, data);
    if (!node)
        return NULL;
    node->a = Py_XNewRef(left);
    node->b = Py_XNewRef(right);
    if (!left) {
        node->number = x;
        node->flags = A_NUMBER;
    } else if (!right) {
        node->number = y;
        node->flags = B_NUMBER;
    }
    return created(node);
}

/* Read an operand of an operator: 1 done, 0 leave it to the other side, -1 error. */
static int operator_operand(int code, PyObject *operand, double *number)
{
    int found = real(operand, number);
    if (found)
        return found;
    PyObject *foreign = PyObject_CallMethod(reals, "is_foreign", "(O)", operand);
    if (!foreign)
        return -1;
    int other_may_know = PyObject_IsTrue(foreign);
    Py_DECREF(foreign);
    if (other_may_know)
        return 0;
    refuse("bad_operand", "(sO)", code_names[code], operand);
    return -1;
}

static inline PyObject *apply_binary(int code, PyObject *left, PyObject *right)
{
    int l = IS_VALUE(left), r = IS_VALUE(right);
    if (l && r)
        return record_binary(code, left, NODE(left)->data, right, NODE(right)->data);
    double number;
    PyObject *other = l ? right : left;
    if (PyFloat_CheckExact(other)) {
        number = PyFloat_AS_DOUBLE(other);
    } else {
        int found = operator_operand(code, other, &number);
        if (found < 0)
            return NULL;
        if (found == 0)
            Py_RETURN_NOTIMPLEMENTED;
    }
    if (l)
        return record_binary(code, left, NODE(left)->data, NULL, number);
    return record_binary(code, NULL, number, right, NODE(right)->data);
}

#define BINARY_SLOT(SLOT, CODE) \
    static PyObject *SLOT(PyObject *left, PyObject *right) \
    { \
        return apply_binary(CODE, left, right); \
    }
BINARY_SLOT(value_add, ADD)
BINARY_SLOT(value_sub, SUB)
BINARY_SLOT(value_mul, MUL)
BINARY_SLOT(value_div, DIV)

static PyObject *value_pow(PyObject *left, PyObject *right, PyObject *modulus)
{
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    return apply_binary(POW, left, right);
}

static PyObject *value_neg(PyObject *self)
{
    return apply_unary(NEG, self);
}

static PyObject *value_abs(PyObject *self)
{
    return apply_unary(ABS, self);
}

/* --- dot and total: one node over shared tuples ----------------------------------------- */

/* Return a tuple of exact operands: the given one if it is that already. */
static PyObject *operand_tuple(Function *function, PyObject *items)
{
    PyObject *tuple = PySequence_Tuple(items);
    if (!tuple)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(tuple), k = 0;
    while (k < n) {
        PyObject *item = PyTuple_GET_ITEM(tuple, k);
        if (!IS_VALUE(item) && !PyFloat_CheckExact(item))
            break;
        k++;
    }
    if (k == n && PyTuple_CheckExact(tuple))
        return tuple;
    PyObject *exact = PyTuple_New(n);
    for (k = 0; exact && k < n; k++) {
        PyObject *operand = exact_operand(function, PyTuple_GET_ITEM(tuple, k));
        if (!operand)
            Py_CLEAR(exact);
        else
            PyTuple_SET_ITEM(exact, k, operand);
    }
    Py_DECREF(tuple);
    return exact;
}

static PyObject *record_dot(PyObject *weights, PyObject *inputs, PyObject *bias)
{
    Py_ssize_t n = PyTuple_GET_SIZE(weights);
    int records = IS_VALUE(bias);
    double data = 0.0;
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *weight = PyTuple_GET_ITEM(weights, k), *input = PyTuple_GET_ITEM(inputs, k);
        records |= IS_VALUE(weight) | IS_VALUE(input);
        data += number_of(weight) * number_of(input);
    }
    data += number_of(bias);
    if (!records)
        return PyFloat_FromDouble(data);
    Node *node = new_node(DOT, data);
    if (!node)
        return NULL;
    node->a = Py_NewRef(weights);
    node->b = Py_NewRef(inputs);
    if (IS_VALUE(bias)) {
        node->c = Py_NewRef(bias);
    } else {
        node->number = PyFloat_AS_DOUBLE(bias);
        node->flags = C_NUMBER;
    }
    return created(node);
}

static PyObject *dot_of(PyObject *weights, PyObject *inputs, PyObject *bias)
{
    Function *function = (Function *)functions[DOT];
    PyObject *w = operand_tuple(function, weights);
    PyObject *x = w ? operand_tuple(function, inputs) : NULL;
    PyObject *b = NULL, *result = NULL;
    if (x && PyTuple_GET_SIZE(w) != PyTuple_GET_SIZE(x))
        refuse("unequal_lengths", "(nn)", PyTuple_GET_SIZE(w), PyTuple_GET_SIZE(x));
    else if (x)
        b = bias ? exact_operand(function, bias) : PyFloat_FromDouble(0.0);
    if (b)
        result = record_dot(w, x, b);
    Py_XDECREF(w);
    Py_XDECREF(x);
    Py_XDECREF(b);
    return result;
}

static PyObject *module_dot(PyObject *module, PyObject *const *args, Py_ssize_t n,
                            PyObject *names)
{
    if (!names && (n == 2 || n == 3))
        return dot_of(args[0], args[1], n == 3 ? args[2] : NULL);
    static const char *const keywords[] = {"weights", "inputs", "bias", NULL};
    PyObject *given[3] = {NULL, NULL, NULL};
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t k = 0; k < n && k < 3; k++)
        given[k] = args[k];
    for (Py_ssize_t k = 0; k < named; k++) {
        int place = 0;
        PyObject *name = PyTuple_GET_ITEM(names, k);
        while (place < 3 && PyUnicode_CompareWithASCIIString(name, keywords[place]))
            place++;
        if (place == 3 || given[place])
            return PyErr_Format(PyExc_TypeError, "dot() got an unexpected argument %R", name);
        given[place] = args[n + k];
    }
    if (n > 3 || !given[0] || !given[1])
        return PyErr_Format(PyExc_TypeError, "dot() takes weights, inputs and a bias");
    return dot_of(given[0], given[1], given[2]);
}

static PyObject *apply_total(PyObject *const *args, Py_ssize_t n)
{
    PyObject *values = exact_operands((Function *)functions[TOTAL], args, n);
    if (!values)
        return NULL;
    double data = 0.0;
    for (Py_ssize_t k = 0; k < n; k++)
        data += number_of(PyTuple_GET_ITEM(values, k));
    if (!has_value(values)) {
        Py_DECREF(values);
        return PyFloat_FromDouble(data);
    }
    Node *node = new_node(TOTAL, data);
    if (!node) {
        Py_DECREF(values);
        return NULL;
    }
    node->b = values;
    return created(node);
}

/* --- local partials --------------------------------------------------------------------- */

static inline int is_variable(PyObject *operand)
{
    return operand && IS_VALUE(operand) && !(NODE(operand)->flags & CONSTANT);
}

/* Whether the partials of a node need its Python row. */
static int needs_row(Node *node)
{
    double x, y, out = node->data;
    switch (node->code) {
    case GENERIC:
        return 1;
#define ROW(CODE, NAME, DOMAIN_, FORWARD, SMOOTH, ...) \
    case CODE: \
        x = NODE(node->a)->data; \
        (void)x, (void)out; \
        return !(SMOOTH);
        UNARY_PRIMITIVES(ROW)
#undef ROW
    case POW:
        if (is_variable(node->b))
            return 1;
        x = node->a ? NODE(node->a)->data : node->number;
        y = node->b ? NODE(node->b)->data : node->number;
        return !primitive_power_is_smooth(x, y);
    }
    return 0;
}

static inline double unary_partial(int code, double x, double out)
{
    switch (code) {
#define ROW(CODE, NAME, DOMAIN_, FORWARD, SMOOTH, PARTIAL) \
    case CODE: \
        return PARTIAL;
        UNARY_PRIMITIVES(ROW)
#undef ROW
    }
    return 0.0;
}

static inline void binary_partials(int code, double x, double y, double out, double *by_x,
                                   double *by_y)
{
    switch (code) {
#define ROW(CODE, NAME, DOMAIN_, FORWARD, SMOOTH, BY_X, BY_Y) \
    case CODE: \
        *by_x = BY_X; \
        *by_y = BY_Y; \
        return;
        BINARY_PRIMITIVES(ROW)
#undef ROW
    }
}

static void *no_derivative(Node *node)
{
    PyObject *kind, *error, *trace;
    PyErr_Fetch(&kind, &error, &trace);
    PyErr_NormalizeException(&kind, &error, &trace); /* a MemoryError if there is none for it */
    if (!PyErr_GivenExceptionMatches(kind, PyExc_ValueError) &&
        !PyErr_GivenExceptionMatches(kind, PyExc_ZeroDivisionError)) {
        PyErr_Restore(kind, error, trace);
        return NULL;
    }
    refuse("no_derivative", "(OO)", node, error);
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return NULL;
}

/* Ask the Python row for the partials of a node, or those wanted[k] says if it is not NULL.
 * `operands` has as many items. */
static int ask_rules(Node *node, PyObject *operands, const char *wanted, double *partials)
{
    PyObject *rules = function_of(node)->partials;
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    double out = node->data;
    PyObject *numbers = numbers_of(operands, &out);
    if (!numbers)
        return -1;
    PyObject *every = NULL;
    if (!PyTuple_Check(rules)) {
        PyObject *result = PyObject_CallObject(rules, numbers);
        every = result ? PySequence_Fast(result, "a rule returns a sequence") : NULL;
        Py_XDECREF(result);
        if (every && PySequence_Fast_GET_SIZE(every) != n) {
            Py_CLEAR(every);
            PyErr_SetString(PyExc_RuntimeError, "a rule returns one partial for each operand");
        }
        if (!every) {
            Py_DECREF(numbers);
            no_derivative(node);
            return -1;
        }
    }
    int status = 0;
    for (Py_ssize_t k = 0; k < n && !status; k++) {
        partials[k] = 0.0;
        if (!is_variable(PyTuple_GET_ITEM(operands, k)) || (wanted && !wanted[k]))
            continue;
        PyObject *partial = every ? Py_NewRef(PySequence_Fast_GET_ITEM(every, k))
                                  : PyObject_CallObject(PyTuple_GET_ITEM(rules, k), numbers);
        if (partial)
            partials[k] = PyFloat_AsDouble(partial);
        Py_XDECREF(partial);
        if (!partial || (partials[k] == -1.0 && PyErr_Occurred())) {
            no_derivative(node);
            status = -1;
        }
    }
    Py_XDECREF(every);
    Py_DECREF(numbers);
    return status;
}

/* Write the partials of any node, in operand order. `operands` are its raw operands. */
static int all_partials(Node *node, PyObject *operands, double *partials)
{
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    if (needs_row(node))
        return ask_rules(node, operands, NULL, partials);
    if (node->code == DOT) {
        Py_ssize_t half = n / 2;
        for (Py_ssize_t k = 0; k < half; k++) {
            partials[k] = number_of(PyTuple_GET_ITEM(operands, half + k));
            partials[half + k] = number_of(PyTuple_GET_ITEM(operands, k));
        }
        partials[n - 1] = 1.0;
    } else if (node->code == TOTAL) {
        for (Py_ssize_t k = 0; k < n; k++)
            partials[k] = 1.0;
    } else if (n == 1) {
        partials[0] = unary_partial(node->code, NODE(node->a)->data, node->data);
    } else if (n == 2) {
        binary_partials(node->code, number_of(PyTuple_GET_ITEM(operands, 0)),
                        number_of(PyTuple_GET_ITEM(operands, 1)), node->data, &partials[0],
                        &partials[1]);
    }
    for (Py_ssize_t k = 0; k < n; k++)
        if (!is_variable(PyTuple_GET_ITEM(operands, k)))
            partials[k] = 0.0;
    return 0;
}

/* --- walks ------------------------------------------------------------------------------ */

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

static inline void push_unseen(Array *stack, PyObject *operand)
{
    if (operand && IS_VALUE(operand) && !(NODE(operand)->flags & SEEN))
        PUSH(stack, operand);
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
            push_unseen(stack, node->c);
        push_reversed(stack, node->b);
        if (node->code == DOT)
            push_reversed(stack, node->a);
    } else {
        push_unseen(stack, node->b);
        push_unseen(stack, node->a);
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

/* --- the reverse sweep -------------------------------------------------------------------- */

enum role { SKIPPED, PLAIN, ASKED };

/* What one sweep works on. `asked` holds the partials that came from Python rows, in order; a
 * pruned sweep has `wanted`, which says whether each of them is needed. */
typedef struct {
    Array order;
    double *saved;   /* the grad each node had before */
    char *role;      /* of each node: SKIPPED, PLAIN or ASKED */
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
    int is_stale = operand && IS_VALUE(operand) && NODE(operand)->code == LEAF &&
                   NODE(operand)->stamp > stamp;
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
        leaf = stale_operand(node->a, node->stamp);
        return leaf ? leaf : stale_operand(node->b, node->stamp);
    }
    if (node->code == DOT)
        leaf = stale_in(node->a, node->stamp);
    if (!leaf)
        leaf = stale_in(node->b, node->stamp);
    if (!leaf && node->code == DOT && !(node->flags & C_NUMBER))
        leaf = stale_operand(node->c, node->stamp);
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

static void sweep_tuple(PyObject *operands, double adjoint, const double *partials)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(operands); k++)
        add_to(PyTuple_GET_ITEM(operands, k), partials ? adjoint * partials[k] : adjoint);
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
        add_to(node->c, adjoint);
}

static inline void sweep_binary(Node *node, double adjoint)
{
    double by_x = 0.0, by_y = 0.0;
    double x = node->a ? NODE(node->a)->data : node->number;
    double y = node->b ? NODE(node->b)->data : node->number;
    binary_partials(node->code, x, y, node->data, &by_x, &by_y);
    if (node->a)
        NODE(node->a)->grad += adjoint * by_x;
    if (node->b)
        NODE(node->b)->grad += adjoint * by_y;
}

/* Push the adjoint of one node to its operands; `asked` are its partials from Python. */
static inline void push_adjoint(Node *node, const double *asked)
{
    double adjoint = node->grad;
    if (asked && has_tuples(node)) {
        sweep_tuple(node->b, adjoint, asked);
    } else if (asked) {
        add_to(node->a, adjoint * asked[0]);
        add_to(node->b, adjoint * (node->code < FIRST_UNARY ? asked[1] : 0.0));
    } else if (node->code >= FIRST_UNARY) {
        Node *operand = NODE(node->a);
        operand->grad += adjoint * unary_partial(node->code, operand->data, node->data);
    } else if (node->code >= FIRST_BINARY) {
        sweep_binary(node, adjoint);
    } else if (node->code == DOT) {
        sweep_dot(node, adjoint);
    } else if (node->code == TOTAL) {
        sweep_tuple(node->b, adjoint, NULL);
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

static int operands_wanted(Node *node)
{
    if (!has_tuples(node))
        return is_wanted(node->a == NULL || node->code == LEAF ? NULL : node->a) ||
               is_wanted(node->b);
    if (node->code == DOT &&
        (any_wanted(node->a) || (!(node->flags & C_NUMBER) && is_wanted(node->c))))
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
                                    : k == 0         ? node->a
                                                     : node->b);
    sweep->wanted_size += n;
    return 0;
}

/* Find the nodes between `wrt` and the root, and reached[k]: whether the root depends on
 * wrt[k]. The nodes stay marked. */
static int mark_needed(Sweep *sweep, PyObject *wrt, char *reached)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(wrt);
    for (Py_ssize_t k = 0; k < n; k++) {
        Node *node = NODE(PySequence_Fast_GET_ITEM(wrt, k));
        reached[k] = node->flags & SEEN && !(node->flags & CONSTANT);
        if (node->flags & SEEN)
            node->flags |= WANTED;
    }
    for (Py_ssize_t k = 0; k < sweep->order.size; k++) {
        Node *node = sweep->order.items[k];
        int between = operands_wanted(node);
        if (!between && !(node->flags & WANTED)) {
            sweep->role[k] = SKIPPED;
            continue;
        }
        node->flags |= WANTED;
        if (between && needs_row(node)) {
            sweep->role[k] = ASKED;
            if (note_wanted(sweep, node) < 0)
                return -1;
        }
    }
    return 0;
}

static PyObject *run_adjoints(Node *root, PyObject *wrt)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(wrt);
    PyObject *result = PyList_New(n);
    char *reached = PyMem_Calloc((size_t)n + 1, 1);
    Sweep sweep = {.pruned = 1};
    if (!reached)
        PyErr_NoMemory();
    int status = result && reached ? walk(root, &sweep.order) : -1;
    if (!status)
        status = allocate(&sweep);
    if (!status)
        status = mark_needed(&sweep, wrt, reached);
    if (status)
        unmark(&sweep.order);
    else
        status = prepare(&sweep);
    for (Py_ssize_t k = 0; k < n && !status; k++) {
        PyObject *zero = PyFloat_FromDouble(0.0);
        if (!zero)
            status = -1;
        else
            PyList_SET_ITEM(result, k, zero);
    }
    if (!status) {
        run_sweep(&sweep, 1.0);
        for (Py_ssize_t k = 0; k < n; k++)
            if (reached[k]) /* a fresh float that nobody else holds yet */
                ((PyFloatObject *)PyList_GET_ITEM(result, k))->ob_fval =
                    NODE(PySequence_Fast_GET_ITEM(wrt, k))->grad;
        for (Py_ssize_t k = 0; k < sweep.order.size; k++)
            NODE(sweep.order.items[k])->grad = sweep.saved[k];
    }
    end_sweep(&sweep);
    PyMem_Free(reached);
    if (status)
        Py_CLEAR(result);
    return result;
}

static PyObject *module_adjoints(PyObject *module, PyObject *args)
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
        result = run_adjoints(NODE(root), wrt);
    Py_DECREF(wrt);
    return result;
}

static PyObject *module_topological(PyObject *module, PyObject *root)
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

/* --- attributes of a Value ------------------------------------------------------------------ */

static int set_label(Node *node, PyObject *given)
{
    if (!given || !PyUnicode_Check(given)) {
        refuse("not_text", "(O)", given ? given : Py_None);
        return -1;
    }
    PyObject *label = PyUnicode_FromObject(given);
    if (!label)
        return -1;
    if (node->code == LEAF) {
        Py_XSETREF(node->a, label);
        return 0;
    }
    PyObject *key = PyLong_FromVoidPtr(node);
    int status = key ? PyDict_SetItem(labels, key, label) : -1;
    if (!status)
        node->flags |= LABELLED;
    Py_XDECREF(key);
    Py_DECREF(label);
    return status;
}

static PyObject *get_label(PyObject *self, void *closure)
{
    Node *node = NODE(self);
    if (node->code == LEAF)
        return Py_NewRef(node->a ? node->a : empty_text);
    if (!(node->flags & LABELLED))
        return Py_NewRef(empty_text);
    PyObject *key = PyLong_FromVoidPtr(node);
    PyObject *label = key ? PyDict_GetItemWithError(labels, key) : NULL;
    Py_XDECREF(key);
    return Py_XNewRef(label);
}

static int value_set_label(PyObject *self, PyObject *label, void *closure)
{
    return set_label(NODE(self), label);
}

static PyObject *value_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"data", "label", NULL};
    PyObject *data, *label = NULL;
    double number;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:Value", names, &data, &label))
        return NULL;
    if (real_data(data, &number) < 0)
        return NULL;
    Node *node = new_node(LEAF, number);
    if (!node)
        return NULL;
    node->stamp = 0;
    if (label && set_label(node, label) < 0)
        Py_CLEAR(node);
    return (PyObject *)node;
}

static PyObject *value_init_subclass(PyObject *type, PyObject *args, PyObject *keywords)
{
    return refuse("final", "(s)", "Value");
}

static int looked(PyObject *self)
{
    if (!watcher)
        return 0;
    PyObject *told = PyObject_CallMethod(watcher, "looked", "(O)", self);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static PyObject *get_data(PyObject *self, void *closure)
{
    return looked(self) < 0 ? NULL : PyFloat_FromDouble(NODE(self)->data);
}

static PyObject *get_unwatched_data(PyObject *self, void *closure)
{
    return PyFloat_FromDouble(NODE(self)->data);
}

static int set_data(PyObject *self, PyObject *data, void *closure)
{
    Node *node = NODE(self);
    double number;
    if (node->flags & CONSTANT)
        refuse("constant_is_fixed", "(s)", "data");
    else if (node->code != LEAF)
        refuse("computed_data", "(O)", self);
    else if (real_data(data ? data : Py_None, &number) == 0) {
        node->data = number;
        node->stamp = ++now;
        return 0;
    }
    return -1;
}

static PyObject *get_grad(PyObject *self, void *closure)
{
    return PyFloat_FromDouble(NODE(self)->grad);
}

static int set_grad(PyObject *self, PyObject *grad, void *closure)
{
    if (NODE(self)->flags & CONSTANT) {
        refuse("constant_is_fixed", "(s)", "grad");
        return -1;
    }
    return real_data(grad ? grad : Py_None, &NODE(self)->grad);
}

static PyObject *get_op(PyObject *self, void *closure)
{
    return Py_NewRef(op_name(NODE(self)));
}

static PyObject *get_constant(PyObject *self, void *closure)
{
    return PyBool_FromLong(NODE(self)->flags & CONSTANT);
}

static PyObject *get_parents(PyObject *self, void *closure)
{
    return parents_of(NODE(self));
}

static PyObject *get_operands(PyObject *self, void *closure)
{
    return raw_operands(NODE(self));
}

static PyObject *get_partials(PyObject *self, void *closure)
{
    Node *node = NODE(self);
    if (require_fresh(node) < 0)
        return NULL;
    PyObject *operands = raw_operands(node);
    if (!operands)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(operands);
    PyObject *result = NULL;
    double *partials = PyMem_Malloc((size_t)(n + 1) * sizeof(double));
    if (!partials)
        PyErr_NoMemory();
    else if (all_partials(node, operands, partials) == 0)
        result = PyTuple_New(n);
    for (Py_ssize_t k = 0; result && k < n; k++) {
        PyObject *partial = PyFloat_FromDouble(partials[k]);
        if (!partial)
            Py_CLEAR(result);
        else
            PyTuple_SET_ITEM(result, k, partial);
    }
    PyMem_Free(partials);
    Py_DECREF(operands);
    return result;
}

/* --- looks and comparisons --------------------------------------------------------------------- */

static int compared(PyObject *self, PyObject *other, const char *symbol, int verdict)
{
    if (!watcher)
        return 0;
    PyObject *truth = verdict ? Py_True : Py_False;
    PyObject *told = PyObject_CallMethod(watcher, "compared", "OOsO", self, other, symbol, truth);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static PyObject *value_compare(PyObject *self, PyObject *other, int how)
{
    if (how == Py_EQ || how == Py_NE) {
        if (self != other)
            Py_RETURN_NOTIMPLEMENTED;
        return PyBool_FromLong(how == Py_EQ);
    }
    double left = NODE(self)->data, right = 0.0;
    if (IS_VALUE(other)) {
        right = NODE(other)->data;
    } else {
        int found = real(other, &right);
        if (found < 0)
            return NULL;
        if (found == 0)
            Py_RETURN_NOTIMPLEMENTED;
    }
    int verdict = how == Py_LT   ? left < right
                  : how == Py_LE ? left <= right
                  : how == Py_GT ? left > right
                                 : left >= right;
    const char *symbol = how == Py_LT ? "<" : how == Py_LE ? "<=" : how == Py_GT ? ">" : ">=";
    if (compared(self, other, symbol, verdict) < 0)
        return NULL;
    return PyBool_FromLong(verdict);
}

static int value_bool(PyObject *self)
{
    int verdict = NODE(self)->data != 0.0;
    if (watcher) {
        PyObject *zero = PyFloat_FromDouble(0.0);
        int status = zero ? compared(self, zero, "!=", verdict) : -1;
        Py_XDECREF(zero);
        if (status < 0)
            return -1;
    }
    return verdict;
}

static PyObject *value_float(PyObject *self)
{
    return refuse("would_lose_gradient", "(s)", "float");
}

static PyObject *value_int(PyObject *self)
{
    return refuse("would_lose_gradient", "(s)", "int");
}

static PyObject *value_complex(PyObject *self, PyObject *ignored)
{
    return refuse("would_lose_gradient", "(s)", "complex");
}

static PyObject *value_repr(PyObject *self)
{
    PyObject *label = get_label(self, NULL);
    PyObject *data = PyFloat_FromDouble(NODE(self)->data);
    PyObject *grad = PyFloat_FromDouble(NODE(self)->grad);
    PyObject *text = NULL;
    if (label && data && grad && PyUnicode_GET_LENGTH(label))
        text = PyUnicode_FromFormat("Value(data=%R, grad=%R, label=%R)", data, grad, label);
    else if (label && data && grad)
        text = PyUnicode_FromFormat("Value(data=%R, grad=%R)", data, grad);
    Py_XDECREF(label);
    Py_XDECREF(data);
    Py_XDECREF(grad);
    return text;
}

static PyObject *value_format(PyObject *self, PyObject *spec)
{
    if (!PyUnicode_Check(spec))
        return PyErr_Format(PyExc_TypeError, "__format__() takes text; got %R", spec);
    if (PyUnicode_GET_LENGTH(spec) == 0)
        return value_repr(self);
    PyObject *data = get_data(self, NULL);
    PyObject *text = data ? PyObject_Format(data, spec) : NULL;
    Py_XDECREF(data);
    return text;
}

static PyObject *value_reduce(PyObject *self, PyObject *ignored)
{
    if (NODE(self)->code != LEAF)
        return refuse("cannot_copy", "(O)", self);
    PyObject *label = get_label(self, NULL);
    if (!label)
        return NULL;
    return Py_BuildValue("(O(dN)(O{sd}))", ValueType, NODE(self)->data, label, Py_None, "grad",
                         NODE(self)->grad);
}

static PyGetSetDef value_attributes[] = {
    {"data", get_data, set_data, "The number; writable on leaves only.", NULL},
    {"grad", get_grad, set_grad,
     "The derivative of the last root by this node; on a leaf, the sum over all passes.", NULL},
    {"label", get_label, value_set_label, "The name shown in messages, formulas and pictures.",
     NULL},
    {"op", get_op, NULL, "The name of the primitive that made this node; \"\" for a leaf.", NULL},
    {"constant", get_constant, NULL, "Whether this is a number that was used as an operand.",
     NULL},
    {"parents", get_parents, NULL,
     "The operands in order, repeated where an operand is; () for a leaf.", NULL},
    {"operands", get_operands, NULL,
     "The operands in order as they are kept: a constant may still be a plain float.", NULL},
    {"partials", get_partials, NULL, "d self/d parent for each parent, 0.0 for a constant.", NULL},
    {"_data", get_unwatched_data, NULL, NULL, NULL},
    {NULL},
};

PyDoc_STRVAR(backward_doc,
             "backward($self, /, seed=1.0)\n--\n\n"
             "Add seed * d self/d leaf to the .grad of every leaf this node depends on.\n\n"
             "The .grad of computed nodes is set afresh by each call. Nothing is changed if an\n"
             "error is raised: StaleGraphError where a leaf was changed after its use,\n"
             "ZeroDivisionError or DomainError where a local partial does not exist.");

static PyMethodDef value_methods[] = {
    {"backward", (PyCFunction)(void (*)(void))value_backward, METH_VARARGS | METH_KEYWORDS,
     backward_doc},
    {"__complex__", value_complex, METH_NOARGS, NULL},
    {"__format__", value_format, METH_O, NULL},
    {"__reduce__", value_reduce, METH_NOARGS, NULL},
    {"__init_subclass__", (PyCFunction)(void (*)(void))value_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {NULL},
};

PyDoc_STRVAR(value_doc,
             "Value(data, label='')\n--\n\n"
             "One number in a computation graph, and the derivative of a result by it.\n\n"
             "Value(data, label=\"\") starts a leaf. Operators and functions of Values make new\n"
             "nodes which remember their operands, and backward walks them in reverse, adding\n"
             "up d root/d node = sum of d root/d user * d user/d node.");

static PyType_Slot value_slots[] = {
    {Py_tp_doc, (void *)value_doc},
    {Py_tp_new, value_new},
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_repr, value_repr},
    {Py_tp_richcompare, value_compare},
    {Py_tp_hash, NULL}, /* filled in: identity */
    {Py_tp_methods, value_methods},
    {Py_tp_getset, value_attributes},
    {Py_nb_add, value_add},
    {Py_nb_subtract, value_sub},
    {Py_nb_multiply, value_mul},
    {Py_nb_true_divide, value_div},
    {Py_nb_power, value_pow},
    {Py_nb_negative, value_neg},
    {Py_nb_absolute, value_abs},
    {Py_nb_bool, value_bool},
    {Py_nb_float, value_float},
    {Py_nb_int, value_int},
    {0, NULL},
};

static PyType_Spec value_spec = {
    .name = "autograd.Value",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = value_slots,
};

/* --- Function ------------------------------------------------------------------------------- */

static PyObject *function_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf,
                                     PyObject *names)
{
    Function *function = (Function *)self;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    int code = function->code;
    if (names && PyTuple_GET_SIZE(names))
        return PyErr_Format(PyExc_TypeError, "%U takes no keyword arguments", function->name);
    if (function->arity >= 0 && n != function->arity)
        return refuse("wrong_count", "(Onn)", function->name, function->arity, n);
    if (code >= FIRST_UNARY)
        return apply_unary(code, args[0]);
    if (code == TOTAL)
        return apply_total(args, n);
    PyObject *operands = exact_operands(function, args, n);
    if (!operands)
        return NULL;
    if (code >= FIRST_BINARY && has_value(operands)) {
        PyObject *left = PyTuple_GET_ITEM(operands, 0), *right = PyTuple_GET_ITEM(operands, 1);
        PyObject *result =
            record_binary(code, IS_VALUE(left) ? left : NULL, number_of(left),
                          IS_VALUE(right) ? right : NULL, number_of(right));
        Py_DECREF(operands);
        return result;
    }
    return apply_row(function, operands);
}

static int code_of(PyObject *name)
{
    for (int code = DOT; code < CODES; code++)
        if (!PyUnicode_CompareWithASCIIString(name, code_names[code]))
            return code;
    return GENERIC;
}

static int function_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name", "forward", "partials", "domain", NULL};
    Function *function = (Function *)self;
    PyObject *name, *forward, *partials, *domain;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "UOOU:Function", names, &name, &forward,
                                     &partials, &domain))
        return -1;
    if (function->name) { /* what a sweep or a call is using just now must stay */
        refuse("made_already", "(O)", function->name);
        return -1;
    }
    function->name = Py_NewRef(name);
    function->forward = Py_NewRef(forward);
    function->partials = Py_NewRef(partials);
    function->domain = Py_NewRef(domain);
    function->arity = PyTuple_Check(partials) ? PyTuple_GET_SIZE(partials) : -1;
    function->vectorcall = function_vectorcall;
    function->code = code_of(name);
    if (function->code == GENERIC)
        return 0;
    if (functions[function->code]) /* the name is taken: a row of its own, without C */
        function->code = GENERIC;
    else
        functions[function->code] = Py_NewRef(self);
    return 0;
}

static int function_traverse(PyObject *self, visitproc visit, void *arg)
{
    Function *function = (Function *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(function->dict);
    Py_VISIT(function->forward);
    Py_VISIT(function->partials);
    return 0;
}

static int function_clear(PyObject *self)
{
    Function *function = (Function *)self;
    Py_CLEAR(function->dict);
    Py_CLEAR(function->name);
    Py_CLEAR(function->forward);
    Py_CLEAR(function->partials);
    Py_CLEAR(function->domain);
    return 0;
}

static void function_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    function_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *function_get(PyObject *self, PyObject *node, PyObject *owner)
{
    return node && node != Py_None ? PyMethod_New(self, node) : Py_NewRef(self);
}

/* Raises AttributeError where __init__ was never called, as Python's own attributes do. */
static PyObject *function_name(PyObject *self)
{
    return PyObject_GetAttrString(self, "name");
}

static PyObject *function_repr(PyObject *self)
{
    PyObject *name = function_name(self);
    PyObject *text = name ? PyUnicode_FromFormat("<function %U of autograd>", name) : NULL;
    Py_XDECREF(name);
    return text;
}

static PyObject *function_reduce(PyObject *self, PyObject *ignored)
{
    return function_name(self);
}

static PyObject *function_arity(PyObject *self, void *closure)
{
    Py_ssize_t arity = ((Function *)self)->arity;
    return arity < 0 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(arity);
}

static PyObject *function_init_subclass(PyObject *type, PyObject *args, PyObject *keywords)
{
    return refuse("final", "(s)", "Function");
}

static PyMemberDef function_members[] = {
    {"name", T_OBJECT_EX, offsetof(Function, name), READONLY, NULL},
    {"forward", T_OBJECT_EX, offsetof(Function, forward), READONLY, NULL},
    {"partials", T_OBJECT_EX, offsetof(Function, partials), READONLY, NULL},
    {"domain", T_OBJECT_EX, offsetof(Function, domain), READONLY, NULL},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Function, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Function, dict), READONLY, NULL},
    {NULL},
};

static PyGetSetDef function_attributes[] = {
    {"arity", function_arity, NULL, NULL, NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL},
};

static PyMethodDef function_methods[] = {
    {"__reduce__", function_reduce, METH_NOARGS, NULL},
    {"__init_subclass__", (PyCFunction)(void (*)(void))function_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {NULL},
};

PyDoc_STRVAR(function_doc,
             "A differentiable function: floats give a float, anything with a Value a new node.");

static PyType_Slot function_slots[] = {
    {Py_tp_doc, (void *)function_doc},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, function_init},
    {Py_tp_dealloc, function_dealloc},
    {Py_tp_traverse, function_traverse},
    {Py_tp_clear, function_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, function_get},
    {Py_tp_repr, function_repr},
    {Py_tp_members, function_members},
    {Py_tp_getset, function_attributes},
    {Py_tp_methods, function_methods},
    {0, NULL},
};

static PyType_Spec function_spec = {
    .name = "autograd.primitives.Function",
    .basicsize = sizeof(Function),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = function_slots,
};

/* --- the module ------------------------------------------------------------------------------- */

/* The operators are slots of the type already. */
static PyObject *module_install(PyObject *module, PyObject *args)
{
    Py_RETURN_NONE;
}

static PyObject *module_watch(PyObject *module, PyObject *given)
{
    Py_XSETREF(watcher, given == Py_None ? NULL : Py_NewRef(given));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(dot_doc,
             "dot($module, /, weights, inputs, bias=0.0)\n--\n\n"
             "Return the sum of weights[i] * inputs[i], plus bias, as one node.\n\n"
             "Floats give a float. The parents are the weights, the inputs and the bias, in\n"
             "that order. Terms are added from left to right, the bias last. Tuples of Values\n"
             "are kept as given. Raises ValueError if the lengths differ.");

static PyMethodDef module_methods[] = {
    {"adjoints", module_adjoints, METH_VARARGS, NULL},
    {"dot", (PyCFunction)(void (*)(void))module_dot, METH_FASTCALL | METH_KEYWORDS, dot_doc},
    {"install", module_install, METH_VARARGS, NULL},
    {"topological", module_topological, METH_O,
     "Return every node that root depends on, itself last, parents before children."},
    {"watch", module_watch, METH_O, NULL},
    {NULL},
};

static int add_types(PyObject *module)
{
    for (PyType_Slot *slot = value_slots; slot->slot; slot++)
        if (slot->slot == Py_tp_hash)
            slot->pfunc = (void *)PyBaseObject_Type.tp_hash;
    ValueType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &value_spec, NULL);
    FunctionType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &function_spec, NULL);
    if (!ValueType || !FunctionType)
        return -1;
    ValueType->tp_name = "Value"; /* as Python's own messages name a Python class */
    FunctionType->tp_name = "Function";
    if (PyModule_AddObjectRef(module, "Value", (PyObject *)ValueType) < 0)
        return -1;
    return PyModule_AddObjectRef(module, "Function", (PyObject *)FunctionType);
}

static int add_names(PyObject *module)
{
    PyObject *names = PyTuple_New(CODES - DOT);
    for (int code = DOT; names && code < CODES; code++) {
        PyObject *name = PyUnicode_FromString(code_names[code]);
        if (!name)
            Py_CLEAR(names);
        else
            PyTuple_SET_ITEM(names, code - DOT, name);
    }
    int status = names ? PyModule_AddObjectRef(module, "hot_rows", names) : -1;
    Py_XDECREF(names);
    return status;
}

static int fill(PyObject *module)
{
    errors = PyImport_ImportModule("autograd.errors");
    reals = PyImport_ImportModule("autograd.reals");
    labels = PyDict_New();
    empty_text = PyUnicode_FromString("");
    if (!errors || !reals || !labels || !empty_text)
        return -1;
    if (add_types(module) < 0 || add_names(module) < 0)
        return -1;
    return PyModule_AddIntConstant(module, "interface", AUTOGRAD_INTERFACE);
}

static int execute(PyObject *module)
{
    if (ValueType) {
        PyErr_SetString(PyExc_ImportError, "autograd serves one interpreter in a process");
        return -1;
    }
    if (fill(module) == 0)
        return 0;
    Py_CLEAR(errors); /* the next import begins anew */
    Py_CLEAR(reals);
    Py_CLEAR(labels);
    Py_CLEAR(empty_text);
    Py_CLEAR(ValueType);
    Py_CLEAR(FunctionType);
    return -1;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd._value",
    .m_doc = "The compiled implementation of Value; value.py is the readable one.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__value(void)
{
    return PyModuleDef_Init(&module_definition);
}
