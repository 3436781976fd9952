/* Numbers of a program beside the tables of a run: the first that is farther off than its doubt. */

enum { SHARED, SPREAD, SHARED_ADJOINT, SPREAD_ADJOINT, ABSORBED, MEMORIES };
enum { MOST_POINTS = 16 };
enum { NODE, MEMORY, ADDRESS, BY_LANE, WORDS }; /* of an item */

typedef struct {
    const char *start;
    int64_t rows, stride, width, size; /* in bytes: from row to row, and of one number */
} Memory;

typedef struct {
    Memory memories[MEMORIES];
    const int64_t *items, *order; /* order: which point is in each lane */
    const double *values, *adjoints;
    int64_t count, lanes, nodes, points;
    double share[MOST_POINTS]; /* of the lanes that each point has */
    double noise, smallest, clear; /* doubts count `clear` times */
} Sheet;

typedef struct {
    int64_t item; /* -1 where all is well */
    double found, expected;
} Verdict;

static inline double number_in(const Memory *memory, int64_t row, int64_t lane)
{
    const char *at = memory->start + row * memory->stride + lane * memory->size;
    return memory->size == sizeof(double) ? *(const double *)at : (double)*(const float *)at;
}

/* Whether a number is near: within rounding's usual share of what is expected, or of the row's
 * largest, or else within the doubt about the row. NaN is near nothing. */
static inline int is_near(const Sheet *sheet, const double *row, double apart, double expected)
{
    double largest = 0, doubt = 0;
    if (apart <= sheet->noise * fabs(expected) + sheet->smallest)
        return 1;
    for (int64_t k = 0; k < sheet->points; k++) {
        largest = fmax(largest, fabs(row[k]));
        doubt = fmax(doubt, fabs(row[sheet->points + k] - row[k]));
    }
    return apart <= sheet->noise * largest + sheet->smallest + sheet->clear * doubt;
}

static int is_right_in_lanes(const Sheet *sheet, const int64_t *item, const double *row,
                             Verdict *said)
{
    const Memory *memory = &sheet->memories[item[MEMORY]];
    for (int64_t lane = 0; lane < sheet->lanes; lane++) {
        const double found = number_in(memory, item[ADDRESS], lane);
        const double expected = row[sheet->order[lane]];
        if (!is_near(sheet, row, fabs(found - expected), expected)) {
            said->found = found, said->expected = expected;
            return 0;
        }
    }
    return 1;
}

static int is_right_in_mean(const Sheet *sheet, const int64_t *item, const double *row,
                            Verdict *said)
{
    const Memory *memory = &sheet->memories[item[MEMORY]];
    double found = 0, expected = 0;
    for (int64_t lane = 0; lane < memory->width; lane++)
        found += number_in(memory, item[ADDRESS], lane);
    found /= (double)memory->width;
    for (int64_t k = 0; k < sheet->points; k++)
        expected += row[k] * sheet->share[k];
    said->found = found, said->expected = expected;
    return is_near(sheet, row, fabs(found - expected), expected);
}

static int is_right(const Sheet *sheet, const int64_t *item, Verdict *said)
{
    const int adjoint = item[MEMORY] == SHARED_ADJOINT || item[MEMORY] == SPREAD_ADJOINT;
    const double *row =
        (adjoint ? sheet->adjoints : sheet->values) + item[NODE] * 2 * sheet->points;
    return item[BY_LANE] ? is_right_in_lanes(sheet, item, row, said)
                         : is_right_in_mean(sheet, item, row, said);
}

static Verdict compared(const Sheet *sheet)
{
    Verdict said = {.item = -1};
    for (int64_t k = 0; k < sheet->count; k++)
        if (!is_right(sheet, sheet->items + k * WORDS, &said)) {
            said.item = k;
            break;
        }
    return said;
}

/* Whether all indices are in their tables; the shares of the points are filled in. */
static int is_sheet(Sheet *sheet)
{
    memset(sheet->share, 0, sizeof sheet->share);
    for (int64_t k = 0; k < sheet->lanes; k++) {
        if (sheet->order[k] < 0 || sheet->order[k] >= sheet->points)
            return 0;
        sheet->share[sheet->order[k]] += 1.0 / (double)sheet->lanes;
    }
    for (int64_t k = 0; k < sheet->count; k++) {
        const int64_t *item = sheet->items + k * WORDS;
        if (item[NODE] < 0 || item[NODE] >= sheet->nodes || item[MEMORY] < 0 ||
            item[MEMORY] >= MEMORIES)
            return 0;
        const Memory *memory = &sheet->memories[item[MEMORY]];
        if (item[ADDRESS] < 0 || item[ADDRESS] >= memory->rows ||
            (memory->width != sheet->lanes && (item[BY_LANE] || memory->width != 1)))
            return 0;
    }
    return sheet->lanes > 0;
}

/* Fill in a memory from an array of one or two dimensions, whose rows are without gaps. */
static int is_memory(const Py_buffer *x, Memory *memory)
{
    const int known = x->format && (!strcmp(x->format, "d") || !strcmp(x->format, "f"));
    if (!known || x->ndim < 1 || x->ndim > 2 || (x->ndim == 2 && x->shape[1] > 1 && x->strides[1] != x->itemsize))
        return 0;
    *memory = (Memory){x->buf, x->shape[0], x->strides[0], x->ndim == 2 ? x->shape[1] : 1, x->itemsize};
    return 1;
}

enum { ITEMS, ORDER, SAID, SAID_ADJOINTS, TABLES };

static int filled(Sheet *sheet, Py_buffer *tables, const Py_buffer *memories)
{
    int64_t size = 2 * sheet->points * (int64_t)sizeof(double);
    int fit = sheet->points > 0 && sheet->points <= MOST_POINTS;
    for (int k = 0; fit && k < MEMORIES; k++)
        fit = is_memory(&memories[k], &sheet->memories[k]);
    if (fit) {
        sheet->items = tables[ITEMS].buf, sheet->order = tables[ORDER].buf;
        sheet->values = tables[SAID].buf, sheet->adjoints = tables[SAID_ADJOINTS].buf;
        sheet->count = tables[ITEMS].len / (WORDS * (int64_t)sizeof(int64_t));
        sheet->lanes = tables[ORDER].len / (int64_t)sizeof(int64_t);
        sheet->nodes = tables[SAID].len / size;
        fit = tables[SAID_ADJOINTS].len == tables[SAID].len && is_sheet(sheet);
    }
    if (!fit)
        PyErr_SetString(PyExc_ValueError, "the items are not those of a program and its witness");
    return fit;
}

static PyObject *compare(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer tables[TABLES], memories[MEMORIES];
    PyObject *own[MEMORIES];
    Sheet sheet;
    Py_ssize_t points;
    int held = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*(OOOOO)nddd:compare", &tables[ITEMS], &tables[ORDER],
                          &tables[SAID], &tables[SAID_ADJOINTS], &own[0], &own[1], &own[2], &own[3],
                          &own[4], &points, &sheet.noise, &sheet.smallest, &sheet.clear))
        return NULL;
    sheet.points = points;
    Verdict said = {.item = -1};
    while (held < MEMORIES && !PyObject_GetBuffer(own[held], &memories[held], PyBUF_RECORDS_RO))
        held++;
    if (held == MEMORIES && filled(&sheet, tables, memories))
        said = compared(&sheet);
    for (int k = 0; k < held; k++)
        PyBuffer_Release(&memories[k]);
    for (int k = 0; k < TABLES; k++)
        PyBuffer_Release(&tables[k]);
    if (PyErr_Occurred())
        return NULL;
    if (said.item < 0)
        Py_RETURN_NONE;
    return Py_BuildValue("ndd", (Py_ssize_t)said.item, said.found, said.expected);
}
