/* Numbers of a program beside the tables of a run: the first that is farther off than its doubt. */

enum { SHARED, SPREAD, SHARED_ADJOINT, SPREAD_ADJOINT, ABSORBED, MEMORIES };

enum { NODE, MEMORY, ADDRESS, BY_LANE, WORDS }; /* of an item */

typedef struct {
    char *start;
    int64_t rows, stride, width, step, size; /* bytes from row to row, lane to lane; of a number */
} Memory;

enum { AT_ONCE = 128 }; /* more lanes are looked at one by one */

typedef struct {
    Memory memories[MEMORIES];
    const int64_t *items;    /* what to look at, behind the gradient: */
    const int64_t *gradient; /* the addresses of the first nodes' shared adjoints */
    const int64_t *order;    /* which point is in each lane */
    const double *values, *adjoints;
    int64_t parameters, count, lanes, nodes;
    int64_t width;                 /* of the rows of tables: the points, with doubt twice as many */
    double share[POINTS];          /* of the lanes that each point has */
    double second[AT_ONCE];        /* 1 in lanes that have the second point, else 0 */
    double noise, smallest, clear; /* doubts count `clear` times */
} Sheet;

typedef struct {
    int64_t item; /* -1 where all is well */
    double found, expected;
} Verdict;

static inline double number_in(const Memory *memory, int64_t row, int64_t lane)
{
    const char *at = memory->start + row * memory->stride + lane * memory->step;
    return memory->size == sizeof(double) ? *(const double *)at : (double)*(const float *)at;
}

/* Whether a number is as near as rounding leaves it. NaN is near nothing. */
static inline int is_usual(const Sheet *sheet, double apart, double expected)
{
    return apart <= sheet->noise * fabs(expected) + sheet->smallest;
}

/* Whether a number is near: within rounding's usual share of what is expected, or of the row's
 * largest, or else within the doubt about the row. */
static int is_near(const Sheet *sheet, const double *row, double apart, double expected)
{
    const double *noisy = row + sheet->width - POINTS; /* the same where there is none */
    double largest = 0, doubt = 0;
    if (is_usual(sheet, apart, expected))
        return 1;
    for (int64_t k = 0; k < POINTS; k++) {
        largest = fmax(largest, fabs(row[k]));
        doubt = fmax(doubt, fabs(noisy[k] - row[k]));
    }
    return apart <= sheet->noise * largest + sheet->smallest + sheet->clear * doubt;
}

typedef double Pair __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t Bits __attribute__((vector_size(16)));

/* Whether numbers that lie side by side are all within rounding's usual share of what is expected.
 * They are looked at two by two, the last one twice where it has nobody beside it. */
#define ALL_USUAL(type) \
    static int all_usual_##type(const Sheet *sheet, const type *found, const double *row) \
    { \
        const int64_t last = sheet->lanes - 2; \
        Bits near = {-1, -1}; \
        for (int64_t k = 0; k <= last + 1; k += 2) { \
            const int64_t lane = k < last ? k : last; \
            const Pair second = *(const Pair *)&sheet->second[lane]; \
            const Pair expected = (1 - second) * row[0] + second * row[1]; \
            const Pair apart = (Pair){found[lane], found[lane + 1]} - expected; \
            near &= SIZE(apart) <= sheet->noise * SIZE(expected) + sheet->smallest; \
        } \
        return (near[0] & near[1]) != 0; \
    }
#define SIZE(x) ((Pair)((Bits)(x) & INT64_MAX))
ALL_USUAL(double)
ALL_USUAL(float)
#undef SIZE
#undef ALL_USUAL

static int are_usual(const Sheet *sheet, const Memory *memory, int64_t address, const double *row)
{
    const void *found = memory->start + address * memory->stride;
    if (sheet->lanes < 2 || sheet->lanes > AT_ONCE || memory->step != memory->size)
        return 0;
    return memory->size == sizeof(double) ? all_usual_double(sheet, found, row)
                                          : all_usual_float(sheet, found, row);
}

static int is_right_in_lanes(const Sheet *sheet, const Memory *memory, int64_t address,
                             const double *row, Verdict *said)
{
    if (are_usual(sheet, memory, address, row))
        return 1;
    for (int64_t lane = 0; lane < sheet->lanes; lane++) {
        const double found = number_in(memory, address, lane), expected = row[sheet->order[lane]];
        if (!is_near(sheet, row, fabs(found - expected), expected)) {
            said->found = found, said->expected = expected;
            return 0;
        }
    }
    return 1;
}

/* What the mean over the lanes should be. */
static inline double mean_of(const Sheet *sheet, const double *row)
{
    double mean = 0;
    for (int64_t k = 0; k < POINTS; k++)
        mean += row[k] * sheet->share[k];
    return mean;
}

static int is_right_in_mean(const Sheet *sheet, const Memory *memory, int64_t address,
                            const double *row, Verdict *said)
{
    double found = number_in(memory, address, 0);
    for (int64_t lane = 1; lane < memory->width; lane++)
        found += number_in(memory, address, lane);
    if (memory->width > 1)
        found /= (double)memory->width;
    said->found = found, said->expected = mean_of(sheet, row);
    return is_near(sheet, row, fabs(found - said->expected), said->expected);
}

static int is_right(const Sheet *sheet, const int64_t *item, Verdict *said)
{
    const Memory *memory = &sheet->memories[item[MEMORY]];
    const int adjoint = item[MEMORY] == SHARED_ADJOINT || item[MEMORY] == SPREAD_ADJOINT;
    const double *row = (adjoint ? sheet->adjoints : sheet->values) + item[NODE] * sheet->width;
    return item[BY_LANE] ? is_right_in_lanes(sheet, memory, item[ADDRESS], row, said)
                         : is_right_in_mean(sheet, memory, item[ADDRESS], row, said);
}

/* Find the first that is wrong: those of the gradient, then the items. */
static Verdict compared(const Sheet *sheet)
{
    Verdict said = {.item = 0};
    const Memory *shared = &sheet->memories[SHARED_ADJOINT];
    const double *row = sheet->adjoints;
    for (int64_t k = 0; k < sheet->parameters; k++, said.item++, row += sheet->width) {
        const double expected = mean_of(sheet, row),
                     found = number_in(shared, sheet->gradient[k], 0);
        if (!(shared->width == 1 && is_usual(sheet, fabs(found - expected), expected)) &&
            !is_right_in_mean(sheet, shared, sheet->gradient[k], row, &said))
            return said;
    }
    for (int64_t k = 0; k < sheet->count; k++, said.item++)
        if (!is_right(sheet, sheet->items + k * WORDS, &said))
            return said;
    said.item = -1;
    return said;
}

static int is_in(const Sheet *sheet, int64_t kind, int64_t address, int64_t by_lane)
{
    if (kind < 0 || kind >= MEMORIES)
        return 0;
    const Memory *memory = &sheet->memories[kind];
    return address >= 0 && address < memory->rows &&
           (memory->width == sheet->lanes || (memory->width == 1 && !by_lane));
}

/* Whether all indices are in their tables; the shares of the points are filled in. */
static int is_sheet(Sheet *sheet)
{
    int fit = sheet->lanes > 0 && sheet->parameters <= sheet->nodes;
    memset(sheet->share, 0, sizeof sheet->share);
    for (int64_t k = 0; fit && k < sheet->lanes; k++) {
        fit = sheet->order[k] >= 0 && sheet->order[k] < POINTS;
        if (fit)
            sheet->share[sheet->order[k]] += 1.0 / (double)sheet->lanes;
        if (k < AT_ONCE)
            sheet->second[k] = (double)sheet->order[k];
    }
    for (int64_t k = 0; fit && k < sheet->parameters; k++)
        fit = is_in(sheet, SHARED_ADJOINT, sheet->gradient[k], 0);
    for (int64_t k = 0; fit && k < sheet->count; k++) {
        const int64_t *item = sheet->items + k * WORDS;
        fit = item[NODE] >= 0 && item[NODE] < sheet->nodes &&
              is_in(sheet, item[MEMORY], item[ADDRESS], item[BY_LANE]);
    }
    return fit;
}

/* Fill in a memory from an array of one or two dimensions. */
static int is_memory(const Py_buffer *x, Memory *memory)
{
    const int known = x->format && (!strcmp(x->format, "d") || !strcmp(x->format, "f"));
    if (!known || x->ndim < 1 || x->ndim > 2)
        return 0;
    const int wide = x->ndim == 2;
    *memory = (Memory){
        x->buf,     x->shape[0], x->strides[0], wide ? x->shape[1] : 1, wide ? x->strides[1] : 0,
        x->itemsize};
    return 1;
}

enum { GRADIENT, ITEMS, ORDER, SAID, SAID_ADJOINTS, TABLES };

static int filled(Sheet *sheet, Py_buffer *tables, const Py_buffer *memories)
{
    int64_t size = sheet->width * (int64_t)sizeof(double);
    int fit = sheet->width == POINTS || sheet->width == 2 * POINTS;
    for (int k = 0; fit && k < MEMORIES; k++)
        fit = is_memory(&memories[k], &sheet->memories[k]);
    if (fit) {
        sheet->gradient = tables[GRADIENT].buf, sheet->items = tables[ITEMS].buf;
        sheet->order = tables[ORDER].buf;
        sheet->parameters = tables[GRADIENT].len / (int64_t)sizeof(int64_t);
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
    Py_ssize_t width;
    int held = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*(OOOOO)nddd:compare", &tables[GRADIENT], &tables[ITEMS],
                          &tables[ORDER], &tables[SAID], &tables[SAID_ADJOINTS], &own[0], &own[1],
                          &own[2], &own[3], &own[4], &width, &sheet.noise, &sheet.smallest,
                          &sheet.clear))
        return NULL;
    sheet.width = width;
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
