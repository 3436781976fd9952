/* A recorded graph node by node: what a program is held to.
 *
 * It shares nothing with the compiler of programs: one loop forward and one backward over the
 * columns of a recording. Each node has a row of numbers: first the points as they are, then the
 * same points with every result off by a relative `noise` at random, so that the distance between
 * the two says how much rounding may do to a number. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "partials.h"
#include "run.h"

#define POINTS 2
#include "rows.h"
#undef POINTS
#define POINTS 4
#include "rows.h"
#undef POINTS
#include "compare.h"

/* Whether operands come first, and every operation has as many as it reads. */
static int is_a_graph(const Run *run)
{
    for (int64_t node = 0; node < run->nodes; node++) {
        const int64_t first = run->starts[node], end = end_of(run, node);
        if (run->codes[node] > LEAF || first < 0 || end < first || end > run->count ||
            end - first < fewest[run->codes[node]])
            return 0;
        if (run->codes[node] == CODE_dot && !((end - first) & 1))
            return 0;
        for (int64_t k = first; k < end; k++)
            if (run->flat[k] < 0 || run->flat[k] >= node)
                return 0;
    }
    return run->root >= 0 && run->root < run->nodes;
}

static int is_table(const Py_buffer *x, const Run *run, int64_t points)
{
    return x->len == run->nodes * 2 * points * (int64_t)sizeof(double);
}

enum { CODES, KINDS, FLAT, STARTS, ACTIVE, VALUES, ADJOINTS, SPOILED, ARRAYS };

static int checked(Run *run, Py_buffer *x, int64_t points)
{
    run->codes = x[CODES].buf, run->flat = x[FLAT].buf, run->starts = x[STARTS].buf;
    run->kinds = x[KINDS].buf, run->active = x[ACTIVE].buf;
    run->values = x[VALUES].buf, run->adjoints = x[ADJOINTS].buf;
    run->spoiled = x[SPOILED].buf;
    run->nodes = x[CODES].len;
    run->count = x[FLAT].len / (int64_t)sizeof(int64_t);
    int fit = x[STARTS].len == run->nodes * (int64_t)sizeof(int64_t) &&
              x[KINDS].len == run->nodes && x[ACTIVE].len == run->nodes &&
              is_table(&x[VALUES], run, points) && is_table(&x[ADJOINTS], run, points) &&
              (points == 2 || points == 4) &&
              x[SPOILED].len == 2 * points * (int64_t)sizeof(double) && is_a_graph(run);
    if (!fit)
        PyErr_SetString(PyExc_ValueError, "the columns are not those of a recording");
    return fit;
}

static PyObject *run(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[ARRAYS];
    Run run = {.nodes = 0};
    Py_ssize_t root, points;
    unsigned long long seed;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*w*w*w*nndddK:run", &x[CODES], &x[KINDS], &x[FLAT],
                          &x[STARTS], &x[ACTIVE], &x[VALUES], &x[ADJOINTS], &x[SPOILED], &root,
                          &points, &run.noise, &run.smallest, &run.largest, &seed))
        return NULL;
    run.root = root;
    run.state = (uint64_t)(2 * seed + 1) * 0x9E3779B97F4A7C15u; /* odd, and so never 0 */
    int fit = checked(&run, x, points);
    if (fit) {
        Py_BEGIN_ALLOW_THREADS
        find_active(&run);
        if (points == 2)
            both_2(&run);
        else
            both_4(&run);
        Py_END_ALLOW_THREADS
    }
    for (int k = 0; k < ARRAYS; k++)
        PyBuffer_Release(&x[k]);
    return fit ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef functions[] = {
    {"run", run, METH_VARARGS,
     "run($module, codes, kinds, flat, starts, active, values, adjoints, spoiled, root, points, "
     "noise, smallest, largest, seed, /)\n--\n\nFill the values of all nodes from those of the "
     "leaves, and "
     "their adjoints; a column with a number that is not finite is spoiled."},
    {"compare", compare, METH_VARARGS,
     "compare($module, gradient, items, order, values, adjoints, memories, points, noise, "
     "smallest, clear, /)\n--\n\nReturn (item, found, expected) of the first item whose number in "
     "a memory is not that of the tables; None where all are. Items are the addresses of the "
     "gradient, then rows (node, memory, address, by lane)."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_witness",
    .m_doc = "Recorded graphs node by node.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__witness(void)
{
    PyObject *self = PyModule_Create(&module), *names = self ? PyTuple_New(LEAF) : NULL;
    for (int k = 0; names && k < LEAF; k++) {
        PyObject *name = PyUnicode_FromString(names_of_codes[k]);
        if (!name)
            Py_CLEAR(names);
        else
            PyTuple_SET_ITEM(names, k, name);
    }
    if (!names || PyModule_AddObjectRef(self, "operations", names) < 0 ||
        PyModule_AddIntConstant(self, "interface", AUTOGRAD_INTERFACE) < 0)
        Py_CLEAR(self);
    Py_XDECREF(names);
    return self;
}
