/* A node, the functions that make nodes, and what the module keeps; errors are worded in
 * errors.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <stdint.h>

#include "rows.h"

#ifdef Py_GIL_DISABLED
#error "the C implementation relies on the global interpreter lock"
#endif

#ifdef __GNUC__ /* what compilers cannot know by themselves */
#define ALWAYS(x) ((x) ? (void)0 : __builtin_unreachable())
#else
#define ALWAYS(x) ((void)0)
#endif

enum code {
    LEAF,    /* a: label or NULL */
    GENERIC, /* a: Function, b: tuple of operands */
    DOT,     /* a: tuple of weights, b: tuple of inputs, c: bias */
    TOTAL,   /* b: tuple of values */
    MEAN,
    LOGSUMEXP,
    SOFTMAX, /* family: the values; b: the index among them */
    LOG_SOFTMAX,
    TAKE,
#define ROW(name, ...) OP_##name,
    BINARY_ROWS(ROW) /* a, b: operands */
    UNARY_ROWS(ROW)  /* a: operand */
#undef ROW
    CODES
};

#define FIRST_BINARY OP_add
#define FIRST_UNARY OP_neg

// clang-format off
static const char *const code_names[CODES] = {
    "", "", "dot", "total", "mean", "logsumexp", "softmax", "log_softmax", "take",
#define ROW(name, ...) #name,
    BINARY_ROWS(ROW)
    UNARY_ROWS(ROW)
#undef ROW
};
// clang-format on

enum flag {
    CONSTANT = 1, /* a number that was used as an operand */
    A_NUMBER = 2, /* operand a (b, c) is a plain float, until somebody asks for it */
    B_NUMBER = 4,
    C_NUMBER = 8,
    LABELLED = 16, /* a computed node with a label in the side table */
    SEEN = 32,     /* scratch of a walk; clear outside of one */
    WANTED = 64,   /* scratch of adjoints(); clear outside of it */
    LENT = 128,    /* an argument of a derivative or a recording, which copies as itself */
};

typedef struct Node {
    PyObject_HEAD
    double data;
    union {
        double grad;
        struct Node *next; /* in the free list, or among the dying */
    };
    uint64_t stamp : 47;
    uint64_t collected : 1; /* the cycle collector knows it: see cycles.h */
    uint64_t code : 8;
    uint64_t flags : 8;
    union {
        PyObject *a;
        double a_number;
        struct Family *family;
    };
    union {
        PyObject *b;
        double b_number;
    };
    PyObject *weakrefs; /* where the interpreter keeps them */
} Node;

typedef struct {
    Node node;
    union {
        PyObject *c;
        double c_number;
    };
} Dot;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *dict;
    PyObject *name;
    PyObject *forward;
    PyObject *partials;
    PyObject *domain;
    Py_ssize_t arity; /* -1: any number */
    char lasting;     /* it is of the table, and never freed */
    char encloses;    /* its rules may keep nodes alive */
    char stops;       /* the rule of an operand is `flat` */
    int code;
} Function;

static PyTypeObject *ValueType;
static PyTypeObject *FunctionType;
static PyObject *errors;       /* the module autograd.errors */
static PyObject *reals;        /* the module autograd.reals */
static PyObject *flat;         /* the rule of autograd.sweep that passes nothing */
static PyObject *labels;       /* address of a computed node -> its label */
static PyObject *watcher;      /* NULL while no thread mode is in use */
static PyObject *created_text; /* the name of its method */
static PyObject *functions[CODES];
static PyObject *empty_text;
static uint64_t now; /* the time of the last write to any leaf */

#define LATEST ((UINT64_C(1) << 47) - 1) /* what a stamp can hold */

#define IS_VALUE(object) (Py_TYPE(object) == ValueType)
#define NODE(object) ((Node *)(object))
#define BIAS(node) (((Dot *)(node))->c)
#define BIAS_NUMBER(node) (((Dot *)(node))->c_number)

/* For what is compiled once for each of its callers. */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define FETCH(node) __builtin_prefetch(node, 1)
#else
#define INLINE static inline
#define FETCH(node) ((void)(node))
#endif

/* CPython keeps functions as void *, which ISO C only grants by way of a number. */
#define SLOT(function) ((void *)(uintptr_t)(function))

_Static_assert(sizeof(double) == 8, "a number has 64 bits");
#ifndef Py_TRACE_REFS
_Static_assert(sizeof(void *) != 8 || sizeof(Node) == 64, "a node fills one line of the cache");
#endif
_Static_assert(CODES <= 256, "a code has 8 bits");

static inline int has_tuples(Node *node)
{
    return node->code < SOFTMAX && node->code != LEAF;
}

static inline int is_member(Node *node)
{
    return SOFTMAX <= node->code && node->code <= TAKE;
}

/* An operand of a node of one or two; NULL for a plain float, or where there is none. */
static inline PyObject *left_of(Node *node)
{
    return node->flags & A_NUMBER ? NULL : node->a;
}

static inline PyObject *right_of(Node *node)
{
    return node->flags & B_NUMBER ? NULL : node->b;
}

/* The numbers of the operands of a node of two. */
static inline double left_number(Node *node)
{
    return node->flags & A_NUMBER ? node->a_number : NODE(node->a)->data;
}

static inline double right_number(Node *node)
{
    return node->flags & B_NUMBER ? node->b_number : NODE(node->b)->data;
}

static inline double number_of(PyObject *operand)
{
    return IS_VALUE(operand) ? NODE(operand)->data : PyFloat_AS_DOUBLE(operand);
}

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
