/* A recorded graph node by node: what a program is held to.
 *
 * It shares nothing with the compiler of programs: one loop forward and one backward over the
 * columns of a recording. Each node has a row of numbers: first the points as they are, then the
 * same points with every result off by a relative `noise` at random, so that the distance between
 * the two says how much rounding may do to a number. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <float.h>

#include "partials.h"
#include "run.h"

#ifndef ALONG /* whoever analyses the code has it sooner where functions stay apart */
#define ALONG static inline __attribute__((always_inline))
#endif
#define POINTS 2
#include "leaves.h"
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
static int64_t width_of(const Run *run)
{
    return run->noise > 0 ? 2 * POINTS : POINTS;
}

static void refuse(void)
{
    PyErr_SetString(PyExc_ValueError, "the columns are not those of a recording");
}

static int checked(Run *run, Leaves *leaves, Py_buffer *x)
{
    run->names = x[CODES].buf, run->table = x[TABLE].buf, run->known = x[TABLE].len;
    run->kinds = x[KINDS].buf, run->flat = x[FLAT].buf, run->starts = x[STARTS].buf;
    run->nodes = x[KINDS].len;
    run->count = words_in(&x[FLAT]);
    leaves->numbers = x[NUMBERS].buf, leaves->pool = run->pool = x[POOL].buf;
    leaves->pooled = run->pooled = words_in(&x[POOL]);
    leaves->widths = x[WIDTHS].len ? x[WIDTHS].buf : NULL;
    int fit = words_in(&x[STARTS]) == run->nodes &&
              x[CODES].len == run->nodes * (int64_t)sizeof(uint16_t) &&
              words_in(&x[NUMBERS]) == run->nodes && run->pooled >= 2 * POINTS &&
              (!leaves->widths || words_in(&x[WIDTHS]) == leaves->end) && leaves->own >= 0 &&
              leaves->own <= leaves->end && leaves->end <= run->nodes && run->root >= 0 &&
              run->root < run->nodes &&
              x[ROOM].len >= 2 * run->nodes * width_of(run) * (int64_t)sizeof(double);
    if (!fit)
        refuse();
    else
        run->at = (int64_t)(SEED_STEP * (run->seed + 1) % (uint64_t)(run->pooled - POINTS));
    return fit;
}

/* Return who is active; None where a number is not finite. */
static PyObject *told(Run *run, const Leaves *leaves, const Py_buffer *room)
{
    PyObject *active = PyBytes_FromStringAndSize(NULL, run->nodes);
    int fit = 0, finite = 0;
    run->codes = PyMem_RawMalloc((size_t)run->nodes + 1);
    if (active && run->codes) {
        run->active = (uint8_t *)PyBytes_AS_STRING(active);
        run->values = room->buf;
        run->adjoints = run->values + run->nodes * width_of(run);
        Py_BEGIN_ALLOW_THREADS
        fit = is_a_graph(run);
        finite = fit && (run->noise > 0 ? both_1(run, leaves) : both_0(run, leaves));
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
    Py_ssize_t own, end, root;
    unsigned long long seed;
    double largest;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*w*nnndpdddK:run", &x[TABLE], &x[CODES], &x[KINDS],
                          &x[FLAT], &x[STARTS], &x[NUMBERS], &x[POOL], &x[WIDTHS], &x[ROOM], &own,
                          &end, &root, &leaves.far, &leaves.single, &run.noise, &run.smallest,
                          &largest, &seed))
        return NULL;
    leaves.own = own, leaves.end = end, run.root = root;
    run.seed = seed, run.beyond = DBL_MAX / largest;
    PyObject *found = checked(&run, &leaves, x) ? told(&run, &leaves, &x[ROOM]) : NULL;
    for (int k = 0; k < ARRAYS; k++)
        PyBuffer_Release(&x[k]);
    return found;
}

static PyMethodDef functions[] = {
    {"run", run, METH_VARARGS,
     "run($module, table, codes, kinds, flat, starts, numbers, pool, widths, room, parameters, "
     "leaves, root, far, single, noise, smallest, largest, seed, /)\n--\n\nReturn who is "
     "active, "
     "with the values of all nodes at `points` near the recorded one, and then their adjoints, in "
     "the room, with noise each twice; None where a number is not finite."},
    {"settle", settle, METH_VARARGS,
     "settle($module, kinds, address, values, numbers, /)\n--\n\nWrite the first value of each "
     "parameter and constant to its address among numbers without lanes."},
    {"sampled", sampled, METH_VARARGS,
     "sampled($module, address, lanes, active, adjoints, root, first, most, few, adjoints, /)\n--\n"
     "\nReturn the items of a sample: of the cost, of values from the first node on and of their "
     "adjoints; then those of some nodes without an address, which are numbered in turn, and these "
     "nodes."},
    {"compare", compare, METH_VARARGS,
     "compare($module, gradient, items, order, values, adjoints, memories, width, "
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
        PyModule_AddIntConstant(self, "points", POINTS) < 0 ||
        PyModule_AddIntConstant(self, "interface", AUTOGRAD_INTERFACE) < 0)
        Py_CLEAR(self);
    Py_XDECREF(names);
    return self;
}
