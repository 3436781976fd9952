/* Running tapes. */

typedef struct {
    const Operation *code;
    Operation *body; /* room for a stretch, whose words may be mended */
    const Mend *mends;
    const Stretch *stretches;
    int64_t count;
} Tape;

/* Run operations once for all lanes, with a look at the keyboard after some of them. */
static int run_once(const Tape *tape, const Kernels *kernels, const Operation *code, int64_t length,
                    void *numbers, int64_t lanes, Watch *watch)
{
    int64_t piece = PATIENCE / (4 * lanes) + 1;
    for (int64_t done = 0; done < length; done += piece) {
        if (piece > length - done)
            piece = length - done;
        memcpy(tape->body, code + done, piece * sizeof *code);
        tape->body[piece] = code[length]; /* which stops */
        const Stretch stretch = {piece, 1, 0, 0};
        kernels->wide(tape->body, &stretch, NULL, numbers, lanes);
        if (interrupted(watch, 4 * piece * lanes) < 0)
            return -1;
    }
    return 0;
}

/* Run the turns of a loop for all lanes. */
static int run_loop(const Kernels *kernels, Operation *start, const Stretch *at, const Mend *mends,
                    char *numbers, int64_t size, int64_t lanes, Watch *watch)
{
    Stretch turn = *at;
    turn.times = 1;
    for (int64_t times = at->times; times > 0; times--, numbers += at->shift * size) {
        kernels->wide(start, &turn, mends, numbers, lanes);
        if (interrupted(watch, 4 * at->length * lanes) < 0)
            return -1;
    }
    return 0;
}

/* Run the stretches of a tape, one lane or all together; -1 where it was interrupted. */
static int run_stretches(const Tape *tape, const Kernels *kernels, char *numbers, int64_t size,
                         int64_t lanes, Watch *watch)
{
    const Operation *code = tape->code;
    const Mend *mends = tape->mends;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        Operation *start = at->mends ? tape->body : (Operation *)code; /* which stays */
        int status;
        if (at->mends)
            memcpy(start, code, (at->length + 1) * sizeof *code);
        if (lanes && at->times == 1) {
            status = run_once(tape, kernels, code, at->length, numbers, lanes, watch);
        } else if (lanes) {
            status = run_loop(kernels, start, at, mends, numbers, size, lanes, watch);
        } else {
            kernels->stretch(start, at, mends, numbers);
            status = interrupted(watch, 4 * at->length * at->times);
        }
        if (status < 0)
            return -1;
        code += at->length + 1;
        mends += at->mends;
    }
    return 0;
}

/* Check how long the pieces of a tape are, and find the room for one: -1 where its
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
        if (at->length > longest)
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
    Watch watch;
    int status = 0;
    away(&watch);
    const int64_t size = numbers->itemsize;
    if (wide)
        status = run_stretches(tape, kernels, numbers->buf, size, lanes, &watch);
    for (int64_t s = 0; s < lanes && !wide && !status; s++)
        status = run_stretches(tape, kernels, (char *)numbers->buf + s * size, size, 0, &watch);
    back(&watch);
    PyMem_RawFree(tape->body);
    return status;
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
