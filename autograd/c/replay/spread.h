/* A tape for a number of lanes: its slots are rows of so many numbers. */

static PyObject *room_like(const Py_buffer *words, void *start)
{
    PyObject *found = PyBytes_FromStringAndSize(words->buf, words->len);
    if (found)
        *(char **)start = PyBytes_AS_STRING(found);
    return found;
}

/* Fill in operations: a wide one has the number of its code, another the place. */
static int put_operations(Operation *code, const Py_buffer *kinds, const int32_t *slots,
                          const void *const *places, int64_t lanes)
{
    const uint32_t *kind = kinds->buf;
    for (int64_t k = 0; k < kinds->len / (int64_t)sizeof *kind; k++, slots += 4) {
        if (kind[k] >= OPERATION_COUNT)
            return -1;
        code[k] = (Operation){places ? (uint64_t)(uintptr_t)places[kind[k]] : kind[k],
                              (int32_t)(slots[0] * lanes), (int32_t)(slots[1] * lanes),
                              (int32_t)(slots[2] * lanes), (int32_t)(slots[3] * lanes)};
    }
    return 0;
}

/* Return the words of a form for so many lanes. */
static PyObject *spread_form(Py_buffer *form, int single, int64_t lanes, int wide)
{
    const Kernels *kernels = single ? kernels_float : kernels_double;
    const void *const *places = wide ? NULL : kernels->stretch(NULL, NULL, NULL, NULL);
    Mend *mend = NULL;
    Stretch *stretch = NULL;
    const int64_t count = form[0].len / (int64_t)sizeof(uint32_t);
    PyObject *code = PyBytes_FromStringAndSize(NULL, count * (int64_t)sizeof(Operation));
    PyObject *mends = room_like(&form[2], &mend), *stretches = room_like(&form[3], &stretch);
    int status = code && mends && stretches ? 0 : -1;
    if (!status && put_operations((Operation *)(void *)PyBytes_AS_STRING(code), &form[0],
                                  form[1].buf, places, lanes) < 0) {
        PyErr_SetString(PyExc_ValueError, "a tape has operations that have a code");
        status = -1;
    }
    for (int64_t k = 0; !status && k < form[2].len / (int64_t)sizeof *mend; k++)
        mend[k].growth = (int32_t)(mend[k].growth * lanes);
    for (int64_t k = 0; !status && k < form[3].len / (int64_t)sizeof *stretch; k++)
        stretch[k].shift *= lanes;
    if (!status)
        return Py_BuildValue("NNN", code, mends, stretches);
    Py_XDECREF(code);
    Py_XDECREF(mends);
    Py_XDECREF(stretches);
    return NULL;
}

static PyObject *spread(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer form[4];
    int single, wide;
    Py_ssize_t lanes;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*y*pnp:spread", &form[0], &form[1], &form[2], &form[3],
                          &single, &lanes, &wide))
        return NULL;
    if (form[1].len == 4 * form[0].len && lanes > 0)
        found = spread_form(form, single, lanes, wide);
    else
        PyErr_SetString(PyExc_ValueError, "an operation of a tape has four slots");
    for (int k = 0; k < 4; k++)
        PyBuffer_Release(&form[k]);
    return found;
}
