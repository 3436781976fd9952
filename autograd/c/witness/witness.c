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
#include "leaves.h"

#ifndef ALONG /* whoever analyses the code has it sooner where functions stay apart */
#define ALONG static inline __attribute__((always_inline))
#endif
#define POINTS 2
#define NOISE 0
#include "rows.h"
#undef NOISE
#define NOISE 1
#include "rows.h"
#undef NOISE

static int64_t words_in(const Py_buffer *x)
{
    return x->len / (int64_t)sizeof(int64_t);
}

#include "compare.h"
#include "settle.h"
#include "sample.h"

enum { TABLE, CODES, KINDS, FLAT, STARTS, NUMBERS, POOL, WIDTHS, ROOM, ARRAYS };

/* How many numbers a row has: with noise, each point twice. */
static int64_t width_of(const Run *run, int64_t points)
{
    return run->noise > 0 ? 2 * points : points;
}

static void refuse(void)
{
    PyErr_SetString(PyExc_ValueError, "the columns are not those of a recording");
}

static int checked(Run *run, Leaves *leaves, Py_buffer *x, int64_t points)
{
    run->kinds = x[KINDS].buf, run->flat = x[FLAT].buf, run->starts = x[STARTS].buf;
    run->nodes = x[KINDS].len;
    run->count = words_in(&x[FLAT]);
    leaves->numbers = x[NUMBERS].buf, leaves->pool = run->pool = x[POOL].buf;
    leaves->pooled = run->pooled = words_in(&x[POOL]);
    leaves->widths = x[WIDTHS].len ? x[WIDTHS].buf : NULL;
    int fit = words_in(&x[STARTS]) == run->nodes &&
              x[CODES].len == run->nodes * (int64_t)sizeof(uint16_t) &&
              words_in(&x[NUMBERS]) == run->nodes && run->pooled >= MOST_POINTS &&
              (!leaves->widths || words_in(&x[WIDTHS]) == leaves->end) && leaves->own >= 0 &&
              leaves->own <= leaves->end && leaves->end <= run->nodes && points == POINTS &&
              x[ROOM].len >= 2 * run->nodes * width_of(run, points) * (int64_t)sizeof(double);
    if (!fit)
        refuse();
    else
        run->at = (int64_t)(SEED_STEP * (run->seed + 1) % (uint64_t)(run->pooled - points));
    return fit;
}

/* Run both passes in these tables, values and then adjoints; 0 where a number is not finite. */
static int ran(Run *run, const Leaves *leaves, int64_t points, int64_t width)
{
    const int64_t bytes = run->nodes * width * (int64_t)sizeof(double);
    memset(run->adjoints, 0, (size_t)bytes);
    fill_leaves(run, leaves, points, width);
    return width == POINTS ? both_0(run) : both_1(run);
}

/* Return who is active; None where a number is not finite. */
static PyObject *told(Run *run, const Leaves *leaves, const Py_buffer *x, int64_t points)
{
    const int64_t width = width_of(run, points);
    PyObject *active = PyBytes_FromStringAndSize(NULL, run->nodes);
    int finite = 0, fit = 0;
    run->codes = PyMem_RawMalloc((size_t)run->nodes + 1);
    if (active && run->codes) {
        run->active = (uint8_t *)PyBytes_AS_STRING(active);
        run->values = x[ROOM].buf;
        run->adjoints = run->values + run->nodes * width;
        Py_BEGIN_ALLOW_THREADS
        fit = is_a_graph(run, x[CODES].buf, x[TABLE].buf, x[TABLE].len);
        finite = fit && ran(run, leaves, points, width);
        Py_END_ALLOW_THREADS
        if (!fit)
            refuse();
    } else if (active)
        PyErr_NoMemory();
    PyMem_RawFree(run->codes);
    if (!fit)
        Py_CLEAR(active);
    else if (!finite)
        Py_SETREF(active, Py_NewRef(Py_None));
    return active;
}

static PyObject *run(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[ARRAYS];
    Run run = {.nodes = 0};
    Leaves leaves;
    Py_ssize_t own, end, root, points;
    unsigned long long seed;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*w*nnnndpdddK:run", &x[TABLE], &x[CODES], &x[KINDS],
                          &x[FLAT], &x[STARTS], &x[NUMBERS], &x[POOL], &x[WIDTHS], &x[ROOM], &own,
                          &end, &root, &points, &leaves.far, &leaves.single, &run.noise,
                          &run.smallest, &run.largest, &seed))
        return NULL;
    leaves.own = own, leaves.end = end, run.root = root;
    run.seed = seed;
    PyObject *found = checked(&run, &leaves, x, points) ? told(&run, &leaves, x, points) : NULL;
    for (int k = 0; k < ARRAYS; k++)
        PyBuffer_Release(&x[k]);
    return found;
}

static PyMethodDef functions[] = {
    {"run", run, METH_VARARGS,
     "run($module, table, codes, kinds, flat, starts, numbers, pool, widths, room, parameters, "
     "leaves, root, points, far, single, noise, smallest, largest, seed, /)\n--\n\nReturn who is "
     "active, "
     "with the values of all nodes at points near the recorded one, and then their adjoints, in "
     "the room, without noise each once; None where a number is not finite."},
    {"settle", settle, METH_VARARGS,
     "settle($module, kinds, address, values, numbers, /)\n--\n\nWrite the first value of each "
     "parameter and constant to its address among numbers without lanes."},
    {"sampled", sampled, METH_VARARGS,
     "sampled($module, address, lanes, active, adjoints, root, first, most, few, adjoints, /)\n--\n"
     "\nReturn the items of a sample: of the cost, of values from the first node on and of their "
     "adjoints; then those of some nodes without an address, which are numbered in turn, and these "
     "nodes."},
    {"compare", compare, METH_VARARGS,
     "compare($module, gradient, items, order, values, adjoints, memories, points, width, "
     "noise, smallest, clear, /)\n--\n\nReturn (item, found, expected) of the first item whose "
     "number in "
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
