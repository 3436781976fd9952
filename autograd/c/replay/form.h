/* Tapes as they are written: operations of four words, in stretches. */

enum { CODE_WORDS = 4 };

typedef struct {
    const uint32_t *code;  /* operations, each result above its number */
    const int64_t *firsts; /* where each stretch of them begins, a loop for the first time */
    const Stretch *stretches;
    const Mend *mends;
    int64_t operations, count, mended;
} Form;

/* How many operations there are with a stop behind each stretch; -1 where one lies outside, or has
 * a word mended that does. `longest` is that of a stretch. */
static int64_t operations_in(const Form *form, int64_t *longest)
{
    const Mend *mends = form->mends, *end = mends + form->mended;
    int64_t length = form->count;
    *longest = 0;
    for (int64_t k = 0; k < form->count; k++) {
        const Stretch *at = form->stretches + k;
        const int64_t first = form->firsts[k];
        if (!are_its_own(mends, end - mends, at) || first < 0 || first > form->operations ||
            at->length > form->operations - first)
            return -1;
        mends += at->mends;
        length += at->length;
        *longest = *longest > at->length ? *longest : at->length;
    }
    return length;
}

/* Fill in operations from one on, and a stop, for slots of so many lanes; -1 where one has no code.
 * Without places each has the number of its code. */
static int put_operations(const Form *form, int64_t first, int64_t length, Operation *out,
                          const void *const *places, int64_t lanes)
{
    const uint32_t *from = form->code + first * CODE_WORDS;
    for (; length > 0; length--, from += CODE_WORDS) {
        const uint32_t kind = from[0] & 255;
        if (kind >= OPERATION_stop)
            return -1;
        *out++ = (Operation){places ? (uint64_t)(uintptr_t)places[kind] : kind,
                             (int32_t)((from[0] >> 8) * lanes), (int32_t)(from[1] * lanes),
                             (int32_t)(from[2] * lanes), (int32_t)(from[3] * lanes)};
    }
    const uint64_t stop = places ? (uint64_t)(uintptr_t)places[OPERATION_stop] : OPERATION_stop;
    *out = (Operation){stop, 0, 0, 0, 0};
    return 0;
}

enum { FORM_CODE, FORM_FIRSTS, FORM_MENDS, FORM_STRETCHES, FORM_ARRAYS };

/* Fill in a form from its arrays; -1 with an error where they do not fit one another. */
static int open_form(Form *form, const Py_buffer *x, int64_t *operations, int64_t *longest)
{
    *form = (Form){
        .code = x[FORM_CODE].buf,
        .firsts = x[FORM_FIRSTS].buf,
        .stretches = x[FORM_STRETCHES].buf,
        .mends = x[FORM_MENDS].buf,
        .operations = x[FORM_CODE].len / (CODE_WORDS * (int64_t)sizeof(uint32_t)),
        .count = x[FORM_FIRSTS].len / (int64_t)sizeof(int64_t),
        .mended = x[FORM_MENDS].len / (int64_t)sizeof(Mend),
    };
    const int fit = x[FORM_STRETCHES].len == form->count * (int64_t)sizeof(Stretch);
    *operations = fit ? operations_in(form, longest) : -1;
    if (*operations >= 0)
        return 0;
    PyErr_SetString(PyExc_ValueError, "the stretches of a tape lie within it");
    return -1;
}

/* Return the operations of a form with the places of their code, for one lane. */
static PyObject *placed(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[FORM_ARRAYS];
    Form form;
    int single;
    int64_t operations, longest;
    PyObject *code = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*y*p:placed", &x[0], &x[1], &x[2], &x[3], &single))
        return NULL;
    const Kernels *kernels = single ? kernels_float : kernels_double;
    const void *const *places = kernels->stretch(NULL, NULL, NULL, NULL);
    if (!open_form(&form, x, &operations, &longest))
        code = PyBytes_FromStringAndSize(NULL, operations * (int64_t)sizeof(Operation));
    Operation *out = code ? (Operation *)(void *)PyBytes_AS_STRING(code) : NULL;
    for (int64_t k = 0; code && k < form.count; k++) {
        const int64_t length = form.stretches[k].length;
        if (put_operations(&form, form.firsts[k], length, out, places, 1) < 0) {
            PyErr_SetString(PyExc_ValueError, "a tape has operations that have a code");
            Py_CLEAR(code);
        }
        out += length + 1;
    }
    for (int k = 0; k < FORM_ARRAYS; k++)
        PyBuffer_Release(&x[k]);
    return code;
}
