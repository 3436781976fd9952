/* The groups of a recording: what programs do together, found node by node.
 *
 * It does what compiler/sums.py and compiler/reroll.py say, on the columns of a recording. No
 * Python object but the columns is touched; a Ctrl-C is answered on the way.
 *
 * One unit: the headers hold its functions, in this order. */

#include "graph.h"
#include "sums.h"
#include "keys.h"
#include "reached.h"
#include "signatures.h"
#include "factors.h"
#include "../primitives.h"
#include "straight.h"
#include "collect.h"
#include "order.h"

static PyMethodDef functions[] = {
    {"sums", sums, METH_VARARGS,
     "sums($module, flat, bounds, sorts, once, /)\n--\n\n"
     "Return owners, and of the canonical sums: nodes, where their pairs begin, left, right, "
     "where\n"
     "their terms begin, and these. Sorts are others, additions, products, dot products, totals."},
    {"groups", groups, METH_VARARGS,
     "groups($module, flat, bounds, codes, kinds, lanes, ways, numbers, owner, row, pair_bounds,\n"
     "left, right, term_bounds, terms, reached, /)\n--\n\n"
     "Return the signature of each node, all nodes by group, where each group begins, and the\n"
     "levels of groups: twice the longest way to a leaf, and 1 where a parameter reaches them.\n"
     "Ways, of each code: plain, a power, a row that may be padded. No group has nodes that an\n"
     "adjoint reaches and others."},
    {"reached", reached, METH_VARARGS,
     "reached($module, flat, bounds, passes, root, /)\n--\n\n"
     "Return for each node whether an adjoint of the root reaches it, by way of operands to which\n"
     "anything passes."},
    {"share", share, METH_VARARGS,
     "share($module, pair_bounds, left, right, kinds, numbers, /)\n--\n\n"
     "Let constant factors that another sum has too be the same nodes; return which took whose\n"
     "place, two by two."},
    {"collected", collected, METH_VARARGS,
     "collected($module, rows, bounds, left, right, signatures, rank, /)\n--\n\n"
     "Return where each pair of some sums belongs among the rows, and its sides, that of the "
     "lower\n"
     "rank first; of rows, bounds and terms alone, where each term belongs, and these."},
    {"matrix_of", matrix_of, METH_VARARGS,
     "matrix_of($module, left, right, count, /)\n--\n\n"
     "Return (U, V, K) where so many sums are the product left[U, K] right[V, K]; None where not."},
    {"matrix_order", matrix_order, METH_VARARGS,
     "matrix_order($module, left, right, position, count, /)\n--\n\n"
     "Return the order in which so many sums are a matrix product; None where there is none."},
    {"straightened", straightened, METH_O,
     "straightened($module, columns, /)\n--\n\n"
     "Return sizes, the strides of each of a list of columns, and where each starts; None where\n"
     "five dimensions do not do."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_grouping",
    .m_doc = "The groups of a recording.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__grouping(void)
{
    PyObject *self = PyModule_Create(&module);
    if (self && PyModule_AddIntConstant(self, "interface", AUTOGRAD_INTERFACE) < 0)
        Py_CLEAR(self);
    return self;
}
