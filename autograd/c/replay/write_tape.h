/* The way from columns to the words of a tape: who is reached, then forward, then back. */

/* Find what depends on leaves that have adjoints, and how often each node is used. */
static void look_around(TapeOut *w)
{
    const Columns *columns = &w->columns;
    for (int64_t k = 0; k < columns->operands; k++)
        w->uses[columns->flat[k]]++;
    for (int64_t i = 0; i < columns->nodes; i++) {
        int own = i < w->leaves;
        if (w->which[i] >= 0 && word_of(w, w->which[i] + T_DIFFERENTIABLE))
            for (int64_t k = columns->starts[i]; k < columns->starts[i + 1]; k++)
                own |= w->differentiable[columns->flat[k]];
        w->differentiable[i] = (uint8_t)own;
        w->adjoints[i] = columns->nodes + i;
        w->circular[0][i] = w->circular[1][i] = -1;
    }
    for (int64_t i = 0; i < w->leaves; i++)
        w->received[i] = 1;
    w->received[w->root] = 1;
}

static PyObject *taken(TapeOut *w)
{
    PyObject *words =
        PyBytes_FromStringAndSize((const char *)w->out, w->used * (int64_t)sizeof *w->out);
    w->used = 0;
    return words;
}

static PyObject *tape_words(TapeOut *w)
{
    const int64_t n = w->columns.nodes, size = (int64_t)sizeof(int64_t);
    look_around(w);
    for (int64_t i = 0; i < n && !w->status; i++)
        if (w->which[i] >= 0)
            put_forward(w, i);
    PyObject *forward = w->status ? NULL : taken(w);
    for (int64_t i = n - 1; i >= w->leaves && !w->status; i--)
        if (w->which[i] >= 0 && w->reached[i] && w->differentiable[i])
            put_backward(w, i);
    if (w->status || !forward) {
        Py_XDECREF(forward);
        if (w->status & 2)
            return PyErr_NoMemory();
        return w->status ? Py_NewRef(Py_None) : NULL;
    }
    return Py_BuildValue("NNNNNL", forward, taken(w),
                         PyBytes_FromStringAndSize((const char *)w->differentiable, n),
                         PyBytes_FromStringAndSize((const char *)w->adjoints, n * size),
                         PyBytes_FromStringAndSize((const char *)w->constant, w->constants * size),
                         (long long)w->slots);
}

/* Make room, and write: every array in one piece. */
static PyObject *tape_in_room(TapeOut *w)
{
    const int64_t n = w->columns.nodes, known = w->constants + w->temporaries;
    int64_t *numbers = PyMem_RawCalloc((size_t)(4 * n + known + 1), sizeof *numbers);
    uint8_t *marks = PyMem_RawCalloc((size_t)(2 * n + 1), 1);
    PyObject *found = NULL;
    if (numbers && marks) {
        w->adjoints = numbers;
        w->circular[0] = numbers + n;
        w->circular[1] = numbers + 2 * n;
        w->uses = numbers + 3 * n;
        w->constant = numbers + 4 * n;
        w->temporary = w->constant + w->constants;
        for (int64_t k = 0; k < known; k++)
            w->constant[k] = -1;
        w->differentiable = marks;
        w->received = marks + n;
        found = tape_words(w);
    } else
        PyErr_NoMemory();
    PyMem_RawFree(numbers);
    PyMem_RawFree(marks);
    PyMem_RawFree(w->out);
    return found;
}

static PyObject *write_tape(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer flat, starts, which, words, codes, reached;
    TapeOut w = {0};
    PyObject *found = NULL;
    long long leaves, root, slots, zero, constants, temporaries;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*LLLLLLy*:write_tape", &flat, &starts, &which, &words,
                          &codes, &leaves, &root, &slots, &zero, &constants, &temporaries,
                          &reached))
        return NULL;
    Py_buffer nodes = which;
    nodes.len = which.len / (int64_t)sizeof(int32_t);
    if (!open_columns(&w.columns, &flat, &starts, &nodes)) {
        w.which = which.buf;
        w.words = words.buf;
        w.codes = codes.buf;
        w.reached = reached.buf;
        w.length = words.len / (int64_t)sizeof(int32_t);
        w.leaves = leaves;
        w.root = root;
        w.slots = slots;
        w.zero = zero;
        w.constants = constants;
        w.temporaries = temporaries;
        if (root < 0 || root >= nodes.len || leaves < 0 || leaves > nodes.len || constants < 0 ||
            temporaries < 0 || reached.len != nodes.len ||
            codes.len != (int64_t)(2 * C_FIRST - 3) * (int64_t)sizeof(int32_t))
            PyErr_SetString(PyExc_ValueError, "a tape has a root and leaves among its nodes");
        else
            found = tape_in_room(&w);
    }
    PyBuffer_Release(&flat);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&which);
    PyBuffer_Release(&words);
    PyBuffer_Release(&codes);
    PyBuffer_Release(&reached);
    return found;
}
