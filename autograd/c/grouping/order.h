/* In which order some sums are a matrix product, as compiler/layout.py says of `_matrix_order`. */

typedef struct {
    int64_t place, number;
} Ranked;

/* Room for the rows of one side: their numbers, the first row of each, a table to find them. */
typedef struct {
    int64_t *numbers, *first, *slots, *rank;
    Ranked *ranked;
    uint64_t mask;
} Rows;

static int by_place(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Number equal rows alike, by appearance; return how many there are. */
static int64_t number_rows(Rows *rows, const int64_t *table, int64_t count, int64_t k)
{
    int64_t found = 0;
    memset(rows->slots, -1, (size_t)(rows->mask + 1) * sizeof *rows->slots);
    for (int64_t row = 0; row < count; row++) {
        uint64_t at = hash_of(table + row * k, k) & rows->mask;
        while (rows->slots[at] >= 0 &&
               !are_alike(table + rows->first[rows->slots[at]] * k, table + row * k, k))
            at = (at + 1) & rows->mask;
        if (rows->slots[at] < 0) {
            rows->first[found] = row;
            rows->slots[at] = found++;
        }
        rows->numbers[row] = rows->slots[at];
    }
    return found;
}

/* Number rows by where their first nodes are, if all of them are somewhere. */
static void rank_rows(Rows *rows, const int64_t *table, int64_t count, int64_t k, int64_t found,
                      const int64_t *position)
{
    for (int64_t j = 0; j < found; j++) {
        rows->ranked[j] = (Ranked){position[table[rows->first[j] * k]], j};
        if (rows->ranked[j].place < 0)
            return;
    }
    qsort(rows->ranked, (size_t)found, sizeof *rows->ranked, by_place);
    for (int64_t j = 0; j < found; j++)
        rows->rank[rows->ranked[j].number] = j;
    for (int64_t row = 0; row < count; row++)
        rows->numbers[row] = rows->rank[rows->numbers[row]];
}

static int open_rows(Rows *rows, int64_t count)
{
    uint64_t size = 16;
    while (size < 2 * (uint64_t)count)
        size *= 2;
    rows->mask = size - 1;
    rows->numbers = PyMem_Malloc((size_t)(3 * count) * sizeof *rows->numbers);
    rows->first = rows->numbers + count;
    rows->rank = rows->first + count;
    rows->ranked = PyMem_Malloc((size_t)count * sizeof *rows->ranked);
    rows->slots = PyMem_Malloc((size_t)size * sizeof *rows->slots);
    return rows->numbers && rows->ranked && rows->slots ? 0 : -1;
}

static void close_rows(Rows *rows)
{
    PyMem_Free(rows->numbers);
    PyMem_Free(rows->ranked);
    PyMem_Free(rows->slots);
}

/* Return the order of sums by cell, None where two have one. */
static PyObject *cells_in_order(const int64_t *left, const int64_t *right, int64_t columns,
                                int64_t count)
{
    int64_t *order;
    PyObject *found = new_longs(count, &order);
    for (int64_t row = 0; found && row < count; row++)
        order[row] = -1;
    for (int64_t row = 0; found && row < count; row++) {
        const int64_t cell = left[row] * columns + right[row];
        if (order[cell] >= 0) {
            Py_SETREF(found, Py_NewRef(Py_None));
            break;
        }
        order[cell] = row;
    }
    return found;
}

static PyObject *ordered_sums(const int64_t *left, const int64_t *right, const int64_t *position,
                              int64_t count, int64_t k)
{
    Rows sides[2] = {{.mask = 0}, {.mask = 0}};
    const int64_t *tables[2] = {left, right};
    int64_t sizes[2] = {0, 0};
    PyObject *found = NULL;
    int status = open_rows(&sides[0], count) < 0 || open_rows(&sides[1], count) < 0 ? -1 : 0;
    for (int side = 0; side < 2 && !status; side++) {
        sizes[side] = number_rows(&sides[side], tables[side], count, k);
        rank_rows(&sides[side], tables[side], count, k, sizes[side], position);
    }
    if (status)
        PyErr_NoMemory();
    else if (sizes[0] * sizes[1] != count)
        found = Py_NewRef(Py_None);
    else
        found = cells_in_order(sides[0].numbers, sides[1].numbers, sizes[1], count);
    close_rows(&sides[0]);
    close_rows(&sides[1]);
    return found;
}

static PyObject *matrix_order(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer in[3];
    Py_ssize_t count;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*n:matrix_order", &in[0], &in[1], &in[2], &count))
        return NULL;
    const int64_t length = in[0].len / LONG, nodes = in[2].len / LONG;
    const int64_t *sides[2] = {in[0].buf, in[1].buf};
    int fits = count > 0 && in[1].len == in[0].len && length >= count && !(length % count);
    for (int64_t e = 0; fits && e < length; e++)
        fits = 0 <= sides[0][e] && sides[0][e] < nodes && 0 <= sides[1][e] && sides[1][e] < nodes;
    if (fits)
        found = ordered_sums(sides[0], sides[1], in[2].buf, count, length / count);
    else
        PyErr_SetString(PyExc_ValueError, "equal rows of a sum have two sides each");
    release(in, 3);
    return found;
}
