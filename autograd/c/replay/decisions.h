/* What Python decided while a graph was recorded, compared again in every lane. */

typedef struct {
    int64_t left, right;   /* operands: three times a place, plus where that is */
    int64_t sign, verdict; /* which comparison, and what came out */
} Decision;

enum { OF_ALL, OF_LANES, PLAIN }; /* shared values, values with lanes, plain numbers */

/* Whether all operands of the decisions are numbers that there are. */
static int are_decisions(const Py_buffer *table, const int64_t *rows)
{
    const Decision *at = table->buf, *end = at + table->len / (int64_t)sizeof *at;
    for (; at < end; at++)
        if (at->left < 0 || at->left / 3 >= rows[at->left % 3] || at->right < 0 ||
            at->right / 3 >= rows[at->right % 3] || at->sign < 0 || at->sign > 5)
            return 0;
    return 1;
}

static int compared(int64_t sign, double left, double right)
{
    switch (sign) {
    case 0:
        return left < right;
    case 1:
        return left <= right;
    case 2:
        return left > right;
    case 3:
        return left >= right;
    case 4:
        return left == right;
    default:
        return left != right;
    }
}

typedef struct {
    const void *numbers[3];
    int64_t lanes, single;
} Operands;

static double operand(const Operands *from, int64_t code, int64_t lane)
{
    int64_t kind = code % 3, place = code / 3;
    if (kind == PLAIN)
        return ((const double *)from->numbers[PLAIN])[place];
    if (kind == OF_LANES)
        place = place * from->lanes + lane;
    return from->single ? (double)((const float *)from->numbers[kind])[place]
                        : ((const double *)from->numbers[kind])[place];
}

/* Write for each lane the first decision that comes out otherwise, -1 where none does; return
 * whether any does. */
static int find_flips(const Operands *from, const Decision *first, int64_t count, int64_t *flips)
{
    int any = 0;
    for (int64_t s = 0; s < from->lanes; s++)
        flips[s] = -1;
    for (int64_t k = count - 1; k >= 0; k--) {
        const Decision *at = first + k;
        for (int64_t s = 0; s < from->lanes; s++)
            if (compared(at->sign, operand(from, at->left, s), operand(from, at->right, s)) !=
                at->verdict) {
                flips[s] = k;
                any = 1;
            }
    }
    return any;
}

static PyObject *flips(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[5]; /* shared values, values with lanes, plain numbers, decisions, flips */
    Py_ssize_t lanes;
    int single, any = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*np:flips", &x[0], &x[1], &x[2], &x[3], &x[4], &lanes,
                          &single))
        return NULL;
    const int64_t size = single ? sizeof(float) : sizeof(double);
    int64_t rows[3] = {x[0].len / size, lanes > 0 ? x[1].len / size / lanes : 0,
                       x[2].len / (int64_t)sizeof(double)};
    if (lanes < 1 || words_in(&x[4]) != lanes || !are_decisions(&x[3], rows)) {
        PyErr_SetString(PyExc_ValueError, "decisions do not fit the numbers they are about");
    } else {
        const Operands from = {{x[0].buf, x[1].buf, x[2].buf}, lanes, single};
        any = find_flips(&from, x[3].buf, x[3].len / (int64_t)sizeof(Decision), x[4].buf);
    }
    for (int k = 0; k < 5; k++)
        PyBuffer_Release(&x[k]);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(any);
}
