/* The native executor: interprets the instruction table of a program.
 *
 * A table is read once for a number of lanes (Replay objects); running it then touches no
 * Python object, so that the interpreter lock is released. The caller holds the program's
 * own lock. Kernels are compiled for several instruction sets; the best one that the
 * processor has is chosen at import.
 *
 * One unit beside those of the kernels: the headers hold its functions, in this order. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "table.h"
#include "chosen.h"
#include "checks.h"
#include "bounds.h"
#include "read_segments.h"
#include "read_map.h"
#include "read_product.h"
#include "read.h"
#include "watch.h"
#include "pieces.h"
#include "train.h"
#include "lend.h"
#include "type.h"
#include "play.h"
#include "form.h"
#include "together.h"
#include "decisions.h"
#include "columns.h"
#include "tape.h"
#include "write_tape.h"
#include "repeats.h"

#define TEXT(name, ...) #name,
static const char *const operation_names[] = {OPERATIONS(TEXT) TAPE_ONLY(TEXT) "stop"};

double circle[ARCS][2];

static void fill_circle(void)
{
    for (int k = 0; k < ARCS; k++) {
        double n = k > ARCS / 2 ? k - ARCS : k, a = n * ARC_HIGH, rest = n * ARC_MIDDLE;
        circle[k][0] = k == ARCS / 2 ? 0.0 : sin(a) + cos(a) * rest;
        circle[k][1] = k % (ARCS / 2) == ARCS / 4 ? 0.0 : cos(a) - sin(a) * rest;
    }
}

static PyMethodDef functions[] = {
    {"flips", flips, METH_VARARGS,
     "flips($module, shared, lanes_of, plain, decisions, flips, lanes, single, /)\n--\n\n"
     "Write for each lane the first decision that comes out otherwise, -1 where none does.\n"
     "Return whether any does. A decision is four words: operands as 3 * place + (0, 1 or 2: "
     "shared,\n"
     "with lanes, plain), a sign (< <= > >= == !=) and the verdict."},
    {"placed", placed, METH_VARARGS,
     "placed($module, code, firsts, mends, stretches, single, /)\n--\n\nReturn the code of a tape "
     "as run_tape takes it."},
    {"run_tape", run_tape, METH_VARARGS,
     "run_tape($module, code, mends, stretches, numbers, single, /)\n--\n\n"
     "Run a tape of scalar operations for each row of numbers, (lanes, slots)."},
    {"run_form", run_form, METH_VARARGS,
     "run_form($module, code, firsts, mends, stretches, numbers, single, /)\n--\n\n"
     "Run a tape as it is written for all columns of numbers, (slots, lanes), together."},
    {"levels", levels, METH_VARARGS,
     "levels($module, flat, starts, kinds, once, /)\n--\n\n"
     "Return how many levels a recording has; kinds tell sums (1) and products (2) from others."},
    {"write_tape", write_tape, METH_VARARGS,
     "write_tape($module, flat, starts, which, words, codes, leaves, root, slots, zero, constants,"
     " temporaries, reached, /)\n--\n\n"
     "Return the words of a tape, forward and backward, and where its numbers are; None where a\n"
     "template does not say how a node is written."},
    {"signatures", signatures, METH_O,
     "signatures($module, code, /)\n--\n\n"
     "Return a number for each operation of a tape: what it does, and how long ago its slots were\n"
     "used."},
    {"widen", widen, METH_VARARGS,
     "widen($module, hashes, width, factor, /)\n--\n\n"
     "Let each number be itself times a factor, and the one that is `width` further on."},
    {"repeats", repeats, METH_VARARGS,
     "repeats($module, code, period, least, /)\n--\n\n"
     "Return (first, length) where at least so many operations of a tape are done again twice,\n"
     "`period` further on each time, their slots moving alike."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_replay",
    .m_doc = "The native executor of programs.",
    .m_size = -1,
    .m_methods = functions,
};

static PyObject *names_of_operations(void)
{
    PyObject *names = PyTuple_New(OPERATION_COUNT);
    for (int k = 0; names && k < OPERATION_COUNT; k++) {
        PyObject *name = PyUnicode_FromString(operation_names[k]);
        if (!name)
            Py_CLEAR(names);
        else
            PyTuple_SET_ITEM(names, k, name);
    }
    return names;
}

static int fill(PyObject *self)
{
    PyObject *type = PyType_FromSpec(&replay_spec), *names = names_of_operations();
    int status = type && names ? PyModule_AddObjectRef(self, "Replay", type) : -1;
    if (!status)
        status = PyModule_AddObjectRef(self, "operations", names);
    Py_XDECREF(type);
    Py_XDECREF(names);
    if (!status)
        status = PyModule_AddIntConstant(self, "interface", AUTOGRAD_INTERFACE);
    if (!status)
        status = PyModule_AddIntConstant(self, "scratch", SCRATCH_BYTES);
    return status ? -1 : PyModule_AddStringConstant(self, "tile", tile_name);
}

PyMODINIT_FUNC PyInit__replay(void)
{
    choose_kernels(getenv("AUTOGRAD_TILE"));
    fill_circle();
    PyObject *self = PyModule_Create(&module);
    if (self && fill(self) < 0)
        Py_CLEAR(self);
    return self;
}
