/* Running tapes. */

typedef struct {
    const Operation *code;
    Operation *body; /* room for a loop whose words are mended */
    const Mend *mends;
    const Stretch *stretches;
    int64_t count;
} Tape;

/* Run the stretches of a tape: one lane, or `lanes` together where that is not 0. */
static void run_stretches(const Tape *tape, const Kernels *kernels, void *numbers, int64_t lanes)
{
    const Operation *code = tape->code;
    const Mend *mends = tape->mends;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        Operation *start = at->mends ? tape->body : (Operation *)code; /* which stays */
        if (at->mends)
            memcpy(start, code, (at->length + 1) * sizeof *code);
        if (lanes)
            kernels->wide(start, at, mends, numbers, lanes);
        else
            kernels->stretch(start, at, mends, numbers);
        code += at->length + 1;
        mends += at->mends;
    }
}

/* Check how long the pieces of a tape are, and find the room that its loops need: -1 where its
 * stretches are not as long as they say, or a word that is mended lies outside of its own. */
static int64_t room_for(const Tape *tape, int64_t operations, int64_t mended)
{
    const Mend *mend = tape->mends;
    int64_t longest = 0;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        if (at->length < 0 || at->length >= operations || at->mends < 0 || at->mends > mended)
            return -1;
        operations -= at->length + 1;
        mended -= at->mends;
        for (const Mend *end = mend + at->mends; mend < end; mend++)
            if (mend->word < 0 || mend->word >= at->length * WORDS)
                return -1;
        if (at->mends && at->length > longest)
            longest = at->length;
    }
    return longest + 1;
}

/* Run a tape over its table, each lane alone or all together; -1 with an error where it cannot. */
static int play(Tape *tape, int64_t room, const Kernels *kernels, const Py_buffer *numbers,
                int wide)
{
    const int64_t lanes = numbers->shape[1];
    tape->body = PyMem_RawMalloc((size_t)room * sizeof(Operation));
    if (!tape->body) {
        PyErr_NoMemory();
        return -1;
    }
    Py_BEGIN_ALLOW_THREADS
    if (wide)
        run_stretches(tape, kernels, numbers->buf, lanes);
    for (int64_t s = 0; s < lanes && !wide; s++)
        run_stretches(tape, kernels, (char *)numbers->buf + s * numbers->itemsize, 0);
    Py_END_ALLOW_THREADS
    PyMem_RawFree(tape->body);
    return 0;
}

static PyObject *run_tape(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer code, mends, stretches, numbers;
    int single, wide, status;
    Py_ssize_t lanes;
    PyObject *table;
    if (!PyArg_ParseTuple(args, "y*y*y*Opnp:run_tape", &code, &mends, &stretches, &table, &single,
                          &lanes, &wide))
        return NULL;
    status = open_table(table, &numbers, lanes, single ? sizeof(float) : sizeof(double));
    if (!status) {
        Tape tape = {code.buf, NULL, mends.buf, stretches.buf,
                     stretches.len / (int64_t)sizeof(Stretch)};
        int64_t room = room_for(&tape, code.len / (int64_t)sizeof(Operation),
                                mends.len / (int64_t)sizeof(Mend));
        if (room < 0)
            PyErr_SetString(PyExc_ValueError, "a stretch of the tape is not as long as it says");
        status = room < 0
                     ? -1
                     : play(&tape, room, single ? kernels_float : kernels_double, &numbers, wide);
    }
    PyBuffer_Release(&code);
    PyBuffer_Release(&mends);
    PyBuffer_Release(&stretches);
    PyBuffer_Release(&numbers);
    return status ? NULL : Py_NewRef(Py_None);
}

static PyObject *places(PyObject *Py_UNUSED(module), PyObject *single)
{
    int wanted = PyObject_IsTrue(single);
    if (wanted < 0)
        return NULL;
    const Kernels *kernels = wanted ? kernels_float : kernels_double;
    const void *const *found = kernels->stretch(NULL, NULL, NULL, NULL);
    PyObject *out = PyTuple_New(OPERATION_COUNT);
    for (int k = 0; out && k < OPERATION_COUNT; k++) {
        PyObject *place = PyLong_FromUnsignedLongLong((uintptr_t)found[k]);
        if (!place)
            Py_CLEAR(out);
        else
            PyTuple_SET_ITEM(out, k, place);
    }
    return out;
}
