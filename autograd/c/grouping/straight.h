/* How columns of addresses walk together: what compiler/accesses.py says of `straighten`. */

enum { MOST_COLUMNS = 64, MOST_DIMENSIONS = 5 };

typedef struct {
    Py_buffer columns[MOST_COLUMNS];
    Py_ssize_t count;
    int64_t width, dimensions, sizes[MOST_DIMENSIONS], strides[MOST_DIMENSIONS][MOST_COLUMNS];
} Walk;

static inline int64_t address_of(const Walk *walk, Py_ssize_t column, int64_t element)
{
    const Py_buffer *x = &walk->columns[column];
    return *(const int64_t *)(const void *)((const char *)x->buf + element * x->strides[0]);
}

/* Return over how many elements, each `every` further on, all columns advance by their step. */
static int64_t run_of(const Walk *walk, int64_t length, int64_t every, const int64_t *steps)
{
    int64_t run = length;
    for (Py_ssize_t k = 0; k < walk->count; k++)
        for (int64_t i = 1; i < run; i++)
            if (address_of(walk, k, i * every) - address_of(walk, k, (i - 1) * every) != steps[k])
                run = i;
    return run;
}

/* Whether each stretch of `run` elements is walked by these steps. */
static int are_runs(const Walk *walk, int64_t length, int64_t run, int64_t every,
                    const int64_t *steps)
{
    for (Py_ssize_t k = 0; k < walk->count; k++)
        for (int64_t start = 0; start < length; start += run) {
            const int64_t first = address_of(walk, k, start * every);
            for (int64_t i = 1; i < run; i++)
                if (address_of(walk, k, (start + i) * every) != first + i * steps[k])
                    return 0;
        }
    return 1;
}

/* Find sizes and strides, the innermost first; 0 where they do not do. */
static int walked(Walk *walk)
{
    int64_t length = walk->width, every = 1;
    for (; length > 1; walk->dimensions++) {
        if (walk->dimensions == MOST_DIMENSIONS)
            return 0;
        int64_t *steps = walk->strides[walk->dimensions];
        for (Py_ssize_t k = 0; k < walk->count; k++)
            steps[k] = address_of(walk, k, every) - address_of(walk, k, 0);
        const int64_t run = run_of(walk, length, every, steps);
        if (length % run || (run < length && !are_runs(walk, length, run, every, steps)))
            return 0;
        walk->sizes[walk->dimensions] = run;
        length /= run;
        every *= run;
    }
    return 1;
}

static PyObject *turned_tuple(const int64_t *numbers, int64_t count, int64_t apart)
{
    PyObject *found = PyTuple_New(count);
    for (int64_t k = 0; found && k < count; k++) {
        PyObject *number = PyLong_FromLongLong(numbers[(count - 1 - k) * apart]);
        if (!number)
            Py_CLEAR(found);
        else
            PyTuple_SET_ITEM(found, k, number);
    }
    return found;
}

/* Return (sizes, strides), and of each column where it starts. */
static PyObject *walk_found(const Walk *walk)
{
    PyObject *sizes = turned_tuple(walk->sizes, walk->dimensions, 1);
    PyObject *strides = PyList_New(walk->count), *starts = PyList_New(walk->count);
    for (Py_ssize_t k = 0; sizes && strides && starts && k < walk->count; k++) {
        PyObject *own = turned_tuple(&walk->strides[0][k], walk->dimensions, MOST_COLUMNS);
        PyObject *start = PyLong_FromLongLong(address_of(walk, k, 0));
        if (own)
            PyList_SET_ITEM(strides, k, own);
        if (start)
            PyList_SET_ITEM(starts, k, start);
        if (!own || !start)
            Py_CLEAR(sizes);
    }
    if (sizes && strides && starts)
        return Py_BuildValue("NNN", sizes, strides, starts);
    Py_XDECREF(sizes);
    Py_XDECREF(strides);
    Py_XDECREF(starts);
    return NULL;
}

/* Open the columns, words of 64 bits and equally many; -1 with an error for others. */
static int open_walk(Walk *walk, PyObject *columns)
{
    const Py_ssize_t count = PyList_GET_SIZE(columns);
    for (; walk->count < count; walk->count++) {
        Py_buffer *x = &walk->columns[walk->count];
        if (PyObject_GetBuffer(PyList_GET_ITEM(columns, walk->count), x, PyBUF_STRIDES) < 0)
            return -1;
        if (x->ndim != 1 || x->itemsize != (Py_ssize_t)sizeof(int64_t) || x->shape[0] < 1 ||
            (walk->width && x->shape[0] != walk->width)) {
            walk->count++;
            PyErr_SetString(PyExc_ValueError, "columns of addresses are words of 64 bits");
            return -1;
        }
        walk->width = x->shape[0];
    }
    return 0;
}

static PyObject *straightened(PyObject *Py_UNUSED(module), PyObject *columns)
{
    Walk walk;
    PyObject *found = NULL;
    walk.count = walk.width = walk.dimensions = 0;
    if (!PyList_Check(columns) || PyList_GET_SIZE(columns) > MOST_COLUMNS) {
        PyErr_SetString(PyExc_TypeError, "straightened takes a list of a few columns");
        return NULL;
    }
    if (!open_walk(&walk, columns))
        found = walked(&walk) ? walk_found(&walk) : Py_NewRef(Py_None);
    for (Py_ssize_t k = 0; k < walk.count; k++)
        PyBuffer_Release(&walk.columns[k]);
    return found;
}
