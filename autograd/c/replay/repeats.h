/* What a tape does again and again: the searches of tape/loops.py that look at every operation. */

#define WORDS_OF 4 /* 32-bit words of an operation: what it does and its result, a, b, c */

static int open_operations(const Py_buffer *words, int64_t *operations)
{
    *operations = words->len / (int64_t)(WORDS_OF * sizeof(uint32_t));
    if (words->len % (int64_t)(WORDS_OF * sizeof(uint32_t)) == 0 && *operations < INT32_MAX)
        return 0;
    PyErr_SetString(PyExc_ValueError, "an operation of a tape has four words");
    return -1;
}

/* Return for each operation what it does, mixed with how long ago its slots were used. */
static void sign_operations(const uint32_t *words, int64_t operations, int32_t *last, uint64_t *out)
{
    const uint64_t mix = 0x9E3779B97F4A7C15u;
    for (int64_t i = 0; i < operations; i++) {
        const uint32_t *word = words + WORDS_OF * i;
        const uint32_t slots[] = {word[0] >> 8, word[1], word[2]};
        uint64_t hash = word[0] & 255;
        for (int k = 0; k < 3; k++) {
            const int32_t before = last[slots[k]];
            hash = (hash ^ (before ? (uint64_t)(i + 1 - before) : 0)) * mix;
            hash ^= hash >> 29;
            last[slots[k]] = (int32_t)(i + 1);
        }
        out[i] = hash;
    }
}

static PyObject *signatures(PyObject *Py_UNUSED(module), PyObject *given)
{
    Py_buffer words;
    int64_t operations;
    PyObject *found = NULL;
    if (PyObject_GetBuffer(given, &words, PyBUF_SIMPLE) < 0)
        return NULL;
    if (!open_operations(&words, &operations)) {
        const uint32_t *at = words.buf;
        uint32_t most = 0;
        for (int64_t i = 0; i < operations; i++)
            for (int k = 0; k < 3; k++) {
                const uint32_t slot = k ? at[WORDS_OF * i + k] : at[WORDS_OF * i] >> 8;
                most = slot > most ? slot : most;
            }
        int32_t *last = PyMem_Calloc((size_t)most + 1, sizeof *last);
        if (last)
            found = PyByteArray_FromStringAndSize(NULL, operations * (int64_t)sizeof(uint64_t));
        else
            PyErr_NoMemory();
        if (found)
            sign_operations(at, operations, last, (uint64_t *)(void *)PyByteArray_AS_STRING(found));
        PyMem_Free(last);
    }
    PyBuffer_Release(&words);
    return found;
}

/* Let each hash be of twice as many operations; the last `width` are left as they are. */
static PyObject *widen(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer hashes;
    long long width;
    unsigned long long factor;
    if (!PyArg_ParseTuple(args, "w*LK:widen", &hashes, &width, &factor))
        return NULL;
    uint64_t *at = hashes.buf;
    const int64_t count = hashes.len / (int64_t)sizeof *at;
    for (int64_t i = 0; width > 0 && i < count - width; i++)
        at[i] = at[i] * factor + at[i + width];
    PyBuffer_Release(&hashes);
    Py_RETURN_NONE;
}

/* Whether operation i is done again `period` and twice that further on, its slots moving alike. */
static inline int is_again(const uint32_t *words, int64_t i, int64_t period)
{
    const uint32_t *a = words + WORDS_OF * i, *b = a + WORDS_OF * period,
                   *c = b + WORDS_OF * period;
    uint32_t differ = (b[0] - a[0]) & 255;
    for (int k = 0; k < WORDS_OF; k++)
        differ |= (c[k] - b[k]) ^ (b[k] - a[k]);
    return !differ;
}

static int note_run(PyObject *found, int64_t first, int64_t length)
{
    PyObject *run = Py_BuildValue("LL", (long long)first, (long long)length);
    int status = run ? PyList_Append(found, run) : -1;
    Py_XDECREF(run);
    return status;
}

/* Return where operations are done again for so long, and how long, as a list. */
static PyObject *repeats(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer words;
    int64_t operations;
    long long period, least;
    if (!PyArg_ParseTuple(args, "y*LL:repeats", &words, &period, &least))
        return NULL;
    PyObject *found = open_operations(&words, &operations) ? NULL : PyList_New(0);
    const int64_t stop = period > 0 ? operations - 2 * period : 0;
    int64_t first = 0;
    for (int64_t i = 0; found && i <= stop; i++) {
        if (i < stop && is_again(words.buf, i, period))
            continue;
        if (i - first >= least && i > first && note_run(found, first, i - first) < 0)
            Py_CLEAR(found);
        first = i + 1;
    }
    PyBuffer_Release(&words);
    return found;
}
