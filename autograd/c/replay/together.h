/* Running a tape for all lanes together: one operation for all of them after another. */

typedef struct {
    Form form;
    const Kernels *kernels;
    Operation *body; /* room for a stretch, or for a piece of one */
    Mend *mends;     /* for so many lanes */
    int64_t lanes, size;
    int unknown; /* whether an operation has no code */
    Watch watch;
} Together;

/* Let operations be those of the body, and run them once; -1 where that was interrupted. */
static int run_body(Together *all, int64_t first, int64_t length, void *numbers)
{
    const Stretch once = {length, 1, 0, 0};
    all->unknown = put_operations(&all->form, first, length, all->body, NULL, all->lanes) < 0;
    if (all->unknown)
        return -1;
    all->kernels->wide(all->body, &once, NULL, numbers, all->lanes);
    return interrupted(&all->watch, 4 * length * all->lanes);
}

/* Run a stretch that is no loop, with a look at the keyboard after some operations. */
static int run_once(Together *all, const Stretch *at, int64_t first, void *numbers)
{
    int64_t piece = PATIENCE / (4 * all->lanes) + 1, status = 0;
    for (int64_t done = 0; done < at->length && !status; done += piece) {
        if (piece > at->length - done)
            piece = at->length - done;
        status = run_body(all, first + done, piece, numbers);
    }
    return (int)status;
}

/* Run the turns of a loop. */
static int run_loop(Together *all, const Stretch *at, int64_t first, const Mend *mends,
                    char *numbers)
{
    const Stretch turn = {at->length, 1, 0, at->mends};
    all->unknown = put_operations(&all->form, first, at->length, all->body, NULL, all->lanes) < 0;
    int status = all->unknown ? -1 : 0;
    for (int64_t times = at->times; times > 0 && !status; times--) {
        all->kernels->wide(all->body, &turn, mends, numbers, all->lanes);
        status = interrupted(&all->watch, 4 * at->length * all->lanes);
        numbers += at->shift * all->lanes * all->size;
    }
    return status;
}

static int run_together(Together *all, void *numbers)
{
    const Form *form = &all->form;
    const Mend *mends = all->mends;
    int status = 0;
    for (int64_t k = 0; k < form->mended; k++)
        all->mends[k] = (Mend){form->mends[k].word, (int32_t)(form->mends[k].growth * all->lanes)};
    away(&all->watch);
    for (int64_t k = 0; k < form->count && !status; k++) {
        const Stretch *at = form->stretches + k;
        status = at->times == 1 ? run_once(all, at, form->firsts[k], numbers)
                                : run_loop(all, at, form->firsts[k], mends, numbers);
        mends += at->mends;
    }
    back(&all->watch);
    return status;
}

/* Run a form over a table, a row for each slot; -1 with an error where it cannot. */
static int play_together(Together *all, const Py_buffer *x, const Py_buffer *numbers)
{
    int64_t operations, longest;
    if (open_form(&all->form, x, &operations, &longest) < 0)
        return -1;
    all->lanes = numbers->shape[1];
    all->size = numbers->itemsize;
    all->body = PyMem_RawMalloc((size_t)(longest + 1) * sizeof *all->body);
    all->mends = PyMem_RawMalloc((size_t)(all->form.mended + 1) * sizeof *all->mends);
    int status = all->body && all->mends ? run_together(all, numbers->buf) : -1;
    if (!all->body || !all->mends)
        PyErr_NoMemory();
    else if (all->unknown)
        PyErr_SetString(PyExc_ValueError, "a tape has operations that have a code");
    PyMem_RawFree(all->body);
    PyMem_RawFree(all->mends);
    return status;
}

static PyObject *run_form(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[FORM_ARRAYS], numbers;
    PyObject *table;
    int single;
    if (!PyArg_ParseTuple(args, "y*y*y*y*Op:run_form", &x[0], &x[1], &x[2], &x[3], &table, &single))
        return NULL;
    Together all = {.kernels = single ? kernels_float : kernels_double};
    int status = open_table(table, &numbers, single ? sizeof(float) : sizeof(double));
    if (!status)
        status = play_together(&all, x, &numbers);
    for (int k = 0; k < FORM_ARRAYS; k++)
        PyBuffer_Release(&x[k]);
    PyBuffer_Release(&numbers);
    return status ? NULL : Py_NewRef(Py_None);
}
