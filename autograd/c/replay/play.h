/* Running tapes. */

typedef struct {
    const Operation *code;
    Operation *body; /* room for a stretch, whose words may be mended */
    const Mend *mends;
    const Stretch *stretches;
    int64_t count;
} Tape;

/* Run the stretches of a tape for one lane; -1 where it was interrupted. */
static int run_stretches(const Tape *tape, const Kernels *kernels, void *numbers, Watch *watch)
{
    const Operation *code = tape->code;
    const Mend *mends = tape->mends;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        Operation *start = at->mends ? tape->body : (Operation *)code; /* which stays */
        if (at->mends)
            memcpy(start, code, (at->length + 1) * sizeof *code);
        kernels->stretch(start, at, mends, numbers);
        if (interrupted(watch, 4 * at->length * at->times) < 0)
            return -1;
        code += at->length + 1;
        mends += at->mends;
    }
    return 0;
}

/* Whether the mends of a stretch are among those that are left, and each is of a word of its own.
 */
static int are_its_own(const Mend *mend, int64_t left, const Stretch *of)
{
    if (of->length < 0 || of->mends < 0 || of->mends > left)
        return 0;
    for (const Mend *end = mend + of->mends; mend < end; mend++)
        if (mend->word < 0 || mend->word >= of->length * WORDS)
            return 0;
    return 1;
}

/* Find the room for the longest piece of a tape: -1 where its stretches are not as long as they
 * say, or a word that is mended lies outside of its own. */
static int64_t room_for(const Tape *tape, int64_t operations, int64_t mended)
{
    const Mend *mends = tape->mends, *end = mends + mended;
    int64_t longest = 0;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        if (!are_its_own(mends, end - mends, at) || at->length >= operations)
            return -1;
        operations -= at->length + 1;
        mends += at->mends;
        longest = longest > at->length ? longest : at->length;
    }
    return longest + 1;
}

/* Run a tape over its table, a row for each lane; -1 with an error where it cannot. */
static int play(Tape *tape, int64_t room, const Kernels *kernels, const Py_buffer *numbers)
{
    tape->body = PyMem_RawMalloc((size_t)room * sizeof(Operation));
    if (!tape->body) {
        PyErr_NoMemory();
        return -1;
    }
    Watch watch;
    int status = 0;
    away(&watch);
    for (int64_t lane = 0; lane < numbers->shape[0] && !status; lane++)
        status =
            run_stretches(tape, kernels, (char *)numbers->buf + lane * numbers->strides[0], &watch);
    back(&watch);
    PyMem_RawFree(tape->body);
    return status;
}

static PyObject *run_tape(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer code, mends, stretches, numbers;
    int single, status;
    PyObject *table;
    if (!PyArg_ParseTuple(args, "y*y*y*Op:run_tape", &code, &mends, &stretches, &table, &single))
        return NULL;
    status = open_table(table, &numbers, single ? sizeof(float) : sizeof(double));
    if (!status) {
        Tape tape = {code.buf, NULL, mends.buf, stretches.buf,
                     stretches.len / (int64_t)sizeof(Stretch)};
        int64_t room = room_for(&tape, code.len / (int64_t)sizeof(Operation),
                                mends.len / (int64_t)sizeof(Mend));
        if (room < 0)
            PyErr_SetString(PyExc_ValueError, "a stretch of the tape is not as long as it says");
        status =
            room < 0 ? -1 : play(&tape, room, single ? kernels_float : kernels_double, &numbers);
    }
    PyBuffer_Release(&code);
    PyBuffer_Release(&mends);
    PyBuffer_Release(&stretches);
    PyBuffer_Release(&numbers);
    return status ? NULL : Py_NewRef(Py_None);
}
