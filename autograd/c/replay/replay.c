/* The native executor: interprets the instruction table of a program.

   A table is read once for a number of lanes (Replay objects); running it then touches no
   Python object, so that the interpreter lock is released. The caller holds the program's
   own lock. Kernels are compiled for several instruction sets; the best one that the
   processor has is chosen at import. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../primitives.h"

#include "types.h"
#include "operations.h"

#define TEXT(name, ...) #name,
static const char *const operation_names[] = {OPERATIONS(TEXT) TAPE_ONLY(TEXT) "stop"};

double circle[ARCS][2];

static void fill_circle(void) {
    for (int k = 0; k < ARCS; k++) {
        double n = k > ARCS / 2 ? k - ARCS : k, a = n * ARC_HIGH, rest = n * ARC_MIDDLE;
        circle[k][0] = k == ARCS / 2 ? 0.0 : sin(a) + cos(a) * rest;
        circle[k][1] = k % (ARCS / 2) == ARCS / 4 ? 0.0 : cos(a) - sin(a) * rest;
    }
}

static const Kernels *kernels_double, *kernels_float;
static const char *tile_name;

static void choose_kernels(const char *wanted) {
    int level = 0;
#define CHOOSE(set)                                                                       \
    kernels_double = &set##_kernels_double, kernels_float = &set##_kernels_float, tile_name = #set
    CHOOSE(plain);
#ifdef HAS_SETS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) level = 3;
    if (level == 3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) level = 4;
    if (wanted && wanted[0] == 'v' && wanted[1] - '0' < level) level = wanted[1] - '0';
    if (wanted && !strcmp(wanted, "plain")) level = 0;
    if (level == 3) CHOOSE(v3);
    if (level == 4) CHOOSE(v4);
#endif
#undef CHOOSE
    (void)wanted; (void)level;
}

#include "read.h"
#include "checks.h"
#include "train.h"

static PyObject *Replay_run(Replay *self, PyObject *args) {
    int first, last;
    if (!PyArg_ParseTuple(args, "ii", &first, &last)) return NULL;
    if (first < 0 || last > SECTIONS) { PyErr_SetString(PyExc_IndexError, "no such section"); return NULL; }
    Py_BEGIN_ALLOW_THREADS
    for (int section = first; section < last; section++) run_section(self, section);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *Replay_load(Replay *self, PyObject *args) {
    Py_buffer rows, places;
    if (!PyArg_ParseTuple(args, "y*y*", &rows, &places)) return NULL;
    long width = places.len / (long)sizeof(long);
    int fits = rows.len == width * self->lanes * (long)self->size && has_places(self, &places);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        load_rows(self, rows.buf, places.buf, width);
        Py_END_ALLOW_THREADS
    } else PyErr_SetString(PyExc_ValueError, "rows do not fit the number of lanes");
    PyBuffer_Release(&rows);
    PyBuffer_Release(&places);
    if (!fits) return NULL;
    Py_RETURN_NONE;
}

/* train(rows, places, starts, costs, root buffer, root address, parameters, address of the
   step in the state, first step, fuse): the number of steps that went well, or minus that
   less one where the last one left some parameters updated. */
static PyObject *Replay_train(Replay *self, PyObject *args) {
    Py_buffer rows, places, starts, costs;
    long where[4], step, done = 0;
    int fuse, fine = 1;
    if (!PyArg_ParseTuple(args, "y*y*y*w*lllllp", &rows, &places, &starts, &costs, &where[0],
                          &where[1], &where[2], &where[3], &step, &fuse)) return NULL;
    const long root_buffer = where[0], root = where[1], parameters = where[2], counter = where[3];
    long steps = starts.len / (long)sizeof(long), width = places.len / (long)sizeof(long);
    long loaded = -1, lanes = root_buffer == VALUE_LANES ? self->lanes : 1;
    const long *start = starts.buf;
    const Map *rule = fuse ? plain_rule(self, parameters) : NULL;
    double *cost = costs.buf;
    int inside = fits(self, &rows, &places, &starts, &costs, where);
    if (!inside) {
        PyErr_SetString(PyExc_ValueError, "batches do not fit the number of lanes, or a buffer is too short");
        steps = 0;
    }
    Py_BEGIN_ALLOW_THREADS
    for (; done < steps; done++) {
        if (start[done] != loaded) {
            loaded = start[done];
            load_rows(self, (char *)rows.buf + loaded * width * (long)self->size, places.buf, width);
        }
        run_section(self, FORWARD);
        cost[done] = sum_of(self, root_buffer, root * lanes, lanes) / lanes;
        if (!isfinite(cost[done])) break;
        run_section(self, BACKWARD);
        if (self->size == sizeof(double)) ((double *)self->buffers[STATE].buf)[counter] = step + done;
        else ((float *)self->buffers[STATE].buf)[counter] = (float)(step + done);
        fine = finish_step(self, rule, parameters);
        if (fine <= 0) break;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&rows);
    PyBuffer_Release(&places);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&costs);
    if (!inside) return NULL;
    return PyLong_FromLong(fine < 0 ? -done - 1 : done);
}

static void Replay_dealloc(Replay *self) {
    for (long k = 0; k < self->owned_count; k++) PyMem_RawFree(self->owned[k]);
    PyMem_RawFree(self->owned);
    PyMem_RawFree(self->unaligned);
    if (self->opened) {
        for (int k = 0; k < BUFFERS; k++) PyBuffer_Release(&self->buffers[k]);
        for (int k = 0; k < SECTIONS; k++) PyBuffer_Release(&self->tables[k]);
        PyBuffer_Release(&self->constants);
        PyBuffer_Release(&self->index);
    }
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *Replay_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *buffers, *tables, *constants, *index;
    int single;
    long lanes;
    if (kwargs && PyDict_GET_SIZE(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "Replay takes no keywords");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "plO!O!OO", &single, &lanes, &PyTuple_Type, &buffers,
                          &PyTuple_Type, &tables, &constants, &index)) return NULL;
    if (PyTuple_GET_SIZE(buffers) != BUFFERS || PyTuple_GET_SIZE(tables) != SECTIONS) {
        PyErr_SetString(PyExc_ValueError, "Replay takes 5 buffers and 5 tables");
        return NULL;
    }
    Replay *self = (Replay *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->opened = 1;
    self->lanes = lanes;
    self->size = single ? sizeof(float) : sizeof(double);
    self->kernels = single ? kernels_float : kernels_double;
    for (int k = 0; k < BUFFERS; k++)
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(buffers, k), &self->buffers[k],
                               PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) < 0) goto failed;
    if (!are_buffers(self)) {
        PyErr_SetString(PyExc_ValueError, "the buffers do not fit the number of lanes");
        goto failed;
    }
    for (int k = 0; k < SECTIONS; k++)
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(tables, k), &self->tables[k], PyBUF_SIMPLE) < 0) goto failed;
    if (PyObject_GetBuffer(constants, &self->constants, PyBUF_SIMPLE) < 0) goto failed;
    if (PyObject_GetBuffer(index, &self->index, PyBUF_SIMPLE) < 0) goto failed;
    size_t numbers = (size_t)REGISTERS * CHUNK + (size_t)DEPTH * (SPAN + 128) + (size_t)8 * SPAN;
    self->unaligned = PyMem_RawMalloc(numbers * self->size + DEPTH * sizeof(long) + 64);
    self->scratch = (void *)(((uintptr_t)self->unaligned + 63) & ~(uintptr_t)63);
    if (!self->unaligned) { PyErr_NoMemory(); goto failed; }
    for (int k = 0; k < SECTIONS; k++) if (read_table(self, k) < 0) goto failed;
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

static PyMethodDef Replay_methods[] = {
    {"load", (PyCFunction)Replay_load, METH_VARARGS, "Copy rows of examples to the lanes."},
    {"train", (PyCFunction)Replay_train, METH_VARARGS,
     "Take steps over batches; return how many gave finite numbers."},
    {"run", (PyCFunction)Replay_run, METH_VARARGS, "Run the sections first to last - 1."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot Replay_slots[] = {
    {Py_tp_new, Replay_new},
    {Py_tp_dealloc, Replay_dealloc},
    {Py_tp_methods, Replay_methods},
    {Py_tp_doc, "An instruction table, read for a number of lanes."},
    {0, NULL},
};

static PyType_Spec Replay_spec = {
    "autograd.program.executors.native._replay.Replay", sizeof(Replay), 0, Py_TPFLAGS_DEFAULT, Replay_slots,
};

typedef struct {
    const Operation *code;
    Operation *body; /* room for a loop whose words are mended */
    const Mend *mends;
    const Stretch *stretches;
    long count;
} Tape;

/* Run the stretches of a tape: one lane, or `lanes` together where that is not 0. */
static void run_stretches(const Tape *tape, const Kernels *kernels, void *numbers, long lanes) {
    const Operation *code = tape->code;
    const Mend *mends = tape->mends;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        Operation *start = at->mends ? tape->body : (Operation *)code; /* which stays */
        if (at->mends) memcpy(start, code, (at->length + 1) * sizeof *code);
        if (lanes) kernels->wide(start, at, mends, numbers, lanes);
        else kernels->stretch(start, at, mends, numbers);
        code += at->length + 1;
        mends += at->mends;
    }
}

/* Run a tape; -1 with an error where there is no room for the body of its loops. */
static int play(const Py_buffer *code, const Py_buffer *mends, const Py_buffer *stretches,
                const Py_buffer *numbers, int single, long lanes, int wide) {
    const Kernels *kernels = single ? kernels_float : kernels_double;
    const size_t size = single ? sizeof(float) : sizeof(double);
    Tape tape = {code->buf, NULL, mends->buf, stretches->buf, stretches->len / (long)sizeof(Stretch)};
    long longest = 0;
    for (const Stretch *at = tape.stretches; at < tape.stretches + tape.count; at++)
        if (at->mends && at->length > longest) longest = at->length;
    tape.body = PyMem_RawMalloc((longest + 1) * sizeof(Operation));
    if (!tape.body) { PyErr_NoMemory(); return -1; }
    Py_BEGIN_ALLOW_THREADS
    if (wide) run_stretches(&tape, kernels, numbers->buf, lanes);
    else for (long s = 0; s < lanes; s++)
        run_stretches(&tape, kernels, (char *)numbers->buf + s * size, 0);
    Py_END_ALLOW_THREADS
    PyMem_RawFree(tape.body);
    return 0;
}

/* run_tape(code, mends, stretches, numbers, single, lanes, wide): lane after lane, or together
   where `wide`; a slot has a number for each lane */
static PyObject *run_tape(PyObject *self, PyObject *args) {
    Py_buffer code, mends, stretches, numbers;
    int single, wide;
    long lanes;
    PyObject *table;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*Oplp", &code, &mends, &stretches, &table, &single, &lanes,
                          &wide)) return NULL;
    int done = open_table(table, &numbers, lanes, single ? sizeof(float) : sizeof(double)) == 0 &&
               play(&code, &mends, &stretches, &numbers, single, lanes, wide) == 0;
    PyBuffer_Release(&code);
    PyBuffer_Release(&mends);
    PyBuffer_Release(&stretches);
    PyBuffer_Release(&numbers);
    if (!done) return NULL;
    Py_RETURN_NONE;
}

/* places(single): where the code of each operation is, for the `place` of an operation */
static PyObject *places(PyObject *self, PyObject *single) {
    (void)self;
    int wanted = PyObject_IsTrue(single);
    if (wanted < 0) return NULL;
    const Kernels *kernels = wanted ? kernels_float : kernels_double;
    const void *const *found = kernels->stretch(NULL, NULL, NULL, NULL);
    PyObject *out = PyTuple_New(OPERATION_COUNT);
    for (int k = 0; out && k < OPERATION_COUNT; k++) {
        PyObject *place = PyLong_FromUnsignedLongLong((uintptr_t)found[k]);
        if (!place) Py_CLEAR(out);
        else PyTuple_SET_ITEM(out, k, place);
    }
    return out;
}

static PyMethodDef functions[] = {
    {"places", places, METH_O, "Return where the code of each operation of a tape is."},
    {"run_tape", run_tape, METH_VARARGS, "Run a tape of scalar operations."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_replay", "The native executor of programs.", -1, functions,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__replay(void) {
    choose_kernels(getenv("AUTOGRAD_TILE"));
    fill_circle();
    PyObject *self = PyModule_Create(&module), *names = PyTuple_New(OPERATION_COUNT);
    if (!self || !names) return NULL;
    for (int k = 0; k < OPERATION_COUNT; k++)
        PyTuple_SET_ITEM(names, k, PyUnicode_FromString(operation_names[k]));
    PyObject *type = PyType_FromSpec(&Replay_spec);
    if (!type || PyModule_AddObject(self, "Replay", type) < 0 ||
        PyModule_AddObject(self, "operations", names) < 0 ||
        PyModule_AddIntConstant(self, "interface", AUTOGRAD_INTERFACE) < 0 ||
        PyModule_AddStringConstant(self, "tile", tile_name) < 0) return NULL;
    return self;
}
