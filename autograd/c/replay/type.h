/* The type Replay: a table and the arrays it runs over. */

static PyObject *replay_run(PyObject *object, PyObject *args)
{
    Replay *self = (Replay *)object;
    int first, last;
    if (!PyArg_ParseTuple(args, "ii:run", &first, &last))
        return NULL;
    if (first < 0 || last > SECTIONS) {
        PyErr_SetString(PyExc_IndexError, "no such section");
        return NULL;
    }
    Watch watch;
    int status = 0;
    away(&watch);
    for (int section = first; section < last && !status; section++)
        status = run_section(self, section, &watch);
    back(&watch);
    return status ? NULL : Py_NewRef(Py_None);
}

static PyObject *replay_load(PyObject *object, PyObject *args)
{
    Replay *self = (Replay *)object;
    Py_buffer rows, places;
    if (!PyArg_ParseTuple(args, "y*y*:load", &rows, &places))
        return NULL;
    int64_t width = words_in(&places);
    int fit = rows.len == width * self->lanes * self->size && has_places(self, &places);
    if (fit) {
        Py_BEGIN_ALLOW_THREADS
        load_rows(self, rows.buf, places.buf, width);
        Py_END_ALLOW_THREADS
    } else {
        PyErr_SetString(PyExc_ValueError, "rows do not fit the number of lanes");
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&places);
    return fit ? Py_NewRef(Py_None) : NULL;
}

/* Load rows, compute all values and the gradient: the cost, NaN where it or a parameter's slope is
 * not finite. An interrupt leaves an exception. */
static double evaluated(const Replay *self, const void *rows, const Py_buffer *places,
                        int64_t root_buffer, int64_t root, int64_t parameters, Watch *watch)
{
    const int64_t lanes = root_buffer == VALUE_LANES ? self->lanes : 1;
    load_rows(self, rows, places->buf, words_in(places));
    lend(self, rows, places->buf, words_in(places));
    if (run_section(self, FORWARD, watch) < 0)
        return NAN;
    double cost = sum_of(self, root_buffer, root * lanes, lanes) / (double)lanes;
    if (run_section(self, BACKWARD, watch) < 0 || run_section(self, GRADIENTS, watch) < 0)
        return NAN;
    return cost + self->kernels->zero(self->buffers[GRADIENT].buf, parameters);
}

static PyObject *replay_evaluate(PyObject *object, PyObject *args)
{
    Replay *self = (Replay *)object;
    Py_buffer rows, places;
    Py_ssize_t root_buffer, root, parameters;
    double cost = NAN;
    if (!PyArg_ParseTuple(args, "y*y*nnn:evaluate", &rows, &places, &root_buffer, &root,
                          &parameters))
        return NULL;
    if (rows.len == words_in(&places) * self->lanes * self->size && has_places(self, &places) &&
        has_ends(self, root_buffer, root, parameters)) {
        Watch watch;
        away(&watch);
        cost = evaluated(self, rows.buf, &places, root_buffer, root, parameters, &watch);
        take_back(self);
        back(&watch);
    } else {
        PyErr_SetString(PyExc_ValueError, "rows do not fit the number of lanes");
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&places);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(isfinite(cost) ? cost : NAN);
}

/* What train was asked for; the batches are `lanes` rows each, from `starts` on. */
typedef struct {
    Py_buffer rows, places, starts, costs, taken;      /* the last is how many steps, as they are */
    Py_ssize_t root_buffer, root, parameters, counter; /* the step's place in the state */
    Py_ssize_t step;                                   /* the first one's number */
} Training;

/* Whether the arguments of train lie within the buffers: a cost for each batch, the root, the
 * parameters, and the place of the step. */
static int fits(const Replay *self, const Training *asked)
{
    const int64_t steps = words_in(&asked->starts), width = words_in(&asked->places);
    const int64_t *start = asked->starts.buf;
    if (!has_ends(self, asked->root_buffer, asked->root, asked->parameters))
        return 0;
    if (asked->counter < 0 || asked->counter >= self->buffers[STATE].shape[0])
        return 0;
    if (asked->taken.len < (Py_ssize_t)sizeof(int64_t))
        return 0;
    if (asked->costs.len < steps * (int64_t)sizeof(double) || !has_places(self, &asked->places))
        return 0;
    if (!width)
        return 1;
    int64_t last = asked->rows.len / (width * self->size) - self->lanes;
    for (int64_t k = 0; k < steps; k++)
        if (start[k] < 0 || start[k] > last)
            return 0;
    return 1;
}

static void write_step(const Replay *self, int64_t counter, int64_t step)
{
    if (self->size == sizeof(double))
        ((double *)self->buffers[STATE].buf)[counter] = (double)step;
    else
        ((float *)self->buffers[STATE].buf)[counter] = (float)step;
}

/* Take all steps, counting them, until one does not go well, or an interrupt. */
static void take_steps(const Replay *self, const Training *asked, Watch *watch)
{
    const int64_t steps = words_in(&asked->starts), width = words_in(&asked->places);
    const int64_t lanes = asked->root_buffer == VALUE_LANES ? self->lanes : 1;
    const int64_t *start = asked->starts.buf;
    const Map *rule = plain_rule(self, asked->parameters);
    double *cost = asked->costs.buf;
    int64_t *taken = asked->taken.buf;
    for (int64_t done = 0, loaded = -1; done < steps; done++, ++*taken) {
        if (start[done] != loaded) {
            loaded = start[done];
            const char *first = (const char *)asked->rows.buf + loaded * width * self->size;
            load_rows(self, first, asked->places.buf, width);
            lend(self, first, asked->places.buf, width);
        }
        if (interrupted(watch, self->lanes * width) < 0 || run_section(self, FORWARD, watch) < 0)
            return;
        cost[done] = sum_of(self, asked->root_buffer, asked->root * lanes, lanes) / (double)lanes;
        if (!isfinite(cost[done]) || run_section(self, BACKWARD, watch) < 0)
            return;
        write_step(self, asked->counter, asked->step + done);
        if (!finish_step(self, rule, asked->parameters, watch))
            return;
    }
}

static PyObject *replay_train(PyObject *object, PyObject *args)
{
    Replay *self = (Replay *)object;
    Training asked;
    if (!PyArg_ParseTuple(args, "y*y*y*w*w*nnnnn:train", &asked.rows, &asked.places, &asked.starts,
                          &asked.costs, &asked.taken, &asked.root_buffer, &asked.root,
                          &asked.parameters, &asked.counter, &asked.step))
        return NULL;
    if (fits(self, &asked)) {
        Watch watch;
        away(&watch);
        take_steps(self, &asked, &watch);
        take_back(self);
        back(&watch);
    } else {
        PyErr_SetString(PyExc_ValueError,
                        "batches do not fit the number of lanes, or a buffer is too short");
    }
    PyBuffer_Release(&asked.rows);
    PyBuffer_Release(&asked.places);
    PyBuffer_Release(&asked.starts);
    PyBuffer_Release(&asked.costs);
    PyBuffer_Release(&asked.taken);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static void replay_dealloc(PyObject *object)
{
    Replay *self = (Replay *)object;
    for (int64_t k = 0; k < self->owned_count; k++)
        PyMem_RawFree(self->owned[k]);
    PyMem_RawFree(self->owned);
    for (int k = 0; k < BUFFERS; k++)
        PyBuffer_Release(&self->buffers[k]);
    for (int k = 0; k < SECTIONS; k++)
        PyBuffer_Release(&self->tables[k]);
    PyBuffer_Release(&self->constants);
    PyBuffer_Release(&self->index);
    PyBuffer_Release(&self->room);
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* Open all that Python handed over, and check how long it is. */
static int open_buffers(Replay *self, PyObject *buffers, PyObject *tables, PyObject *constants,
                        PyObject *index)
{
    for (int k = 0; k < BUFFERS; k++)
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(buffers, k), &self->buffers[k],
                               PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) < 0)
            return -1;
    if (!are_buffers(self)) {
        PyErr_SetString(PyExc_ValueError, "the buffers do not fit the number of lanes");
        return -1;
    }
    for (int k = 0; k < SECTIONS; k++)
        if (open_words(PyTuple_GET_ITEM(tables, k), &self->tables[k]) < 0)
            return -1;
    return open_words(constants, &self->constants) < 0 ? -1 : open_words(index, &self->index);
}

/* Open the room for what instructions keep for themselves; each writes what it reads there. */
static int open_scratch(Replay *self, PyObject *room)
{
    if (PyObject_GetBuffer(room, &self->room, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    if (self->room.len < SCRATCH_BYTES) {
        PyErr_SetString(PyExc_ValueError, "the scratch is shorter than `scratch` says");
        return -1;
    }
    self->scratch = (void *)(((uintptr_t)self->room.buf + 63) & ~(uintptr_t)63);
    int64_t *steps = (int64_t *)((char *)self->scratch + (size_t)SCRATCH * self->size);
    for (int64_t k = 0; k < DEPTH; k++) {
        steps[k] = k * self->kernels->width;
        steps[DEPTH + k] = k * ACROSS;
    }
    return 0;
}

static PyObject *replay_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *buffers, *tables, *constants, *index, *scratch;
    int single;
    Py_ssize_t lanes;
    if (keywords && PyDict_GET_SIZE(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Replay takes no keywords");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "pnO!O!OOO:Replay", &single, &lanes, &PyTuple_Type, &buffers,
                          &PyTuple_Type, &tables, &constants, &index, &scratch))
        return NULL;
    if (PyTuple_GET_SIZE(buffers) != BUFFERS || PyTuple_GET_SIZE(tables) != SECTIONS) {
        PyErr_SetString(PyExc_ValueError, "Replay takes 5 buffers and 5 tables");
        return NULL;
    }
    Replay *self = (Replay *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->lanes = lanes;
    self->size = single ? sizeof(float) : sizeof(double);
    self->kernels = single ? kernels_float : kernels_double;
    int status = open_buffers(self, buffers, tables, constants, index);
    if (!status)
        status = open_scratch(self, scratch);
    for (int k = 0; k < SECTIONS && !status; k++)
        status = read_table(self, k);
    if (status)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyMethodDef replay_methods[] = {
    {"load", replay_load, METH_VARARGS,
     "load($self, rows, places, /)\n--\n\nCopy rows of examples to the lanes."},
    {"train", replay_train, METH_VARARGS,
     "train($self, rows, places, starts, costs, taken, root_buffer, root, parameters, counter, "
     "step, /)\n--\n\n"
     "Take a step over each batch, up to one whose numbers are not finite; `taken` counts them as\n"
     "they are taken. `counter` is where the state has the number of the step, `step` the first\n"
     "one's."},
    {"evaluate", replay_evaluate, METH_VARARGS,
     "evaluate($self, rows, places, root_buffer, root, parameters, /)\n--\n\n"
     "Compute all values and the gradient for rows of examples; return the mean of the root over\n"
     "the lanes, NaN where that or the gradient is not finite."},
    {"run", replay_run, METH_VARARGS,
     "run($self, first, last, /)\n--\n\nRun the sections first to last - 1."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot replay_slots[] = {
    {Py_tp_new, SLOT(replay_new)},
    {Py_tp_dealloc, SLOT(replay_dealloc)},
    {Py_tp_methods, replay_methods},
    {Py_tp_doc, "Replay(single, lanes, buffers, tables, constants, index, scratch, /)\n--\n\n"
                "An instruction table, read for a number of lanes. Those of one program, of which\n"
                "one runs at a time, share a scratch: `scratch` bytes that only they write to."},
    {0, NULL},
};

static PyType_Spec replay_spec = {
    .name = "autograd.program.executors.native._replay.Replay",
    .basicsize = sizeof(Replay),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = replay_slots,
};
