/* Columns for what a node does, to which others, and its number, as they grow. */

enum { PARAMETER_KIND, INPUT_KIND, CONSTANT_KIND, COMPUTED_KIND };

/* A later result of a function whose results share their operands: its own are the first result
 * and an index. Codes beyond are those of functions that only Python knows. */
#define AGAIN CODES
#define FIRST_OWN (CODES + 1)

/* One entry for each node (or operand, or Value); the object is a bytearray. */
typedef struct {
    PyObject *bytes;
    char *at;
} Column;

enum {
    CODES_OF,
    STARTS_OF,
    KINDS_OF,
    NUMBERS_OF,
    LANES_OF,
    BY_NODE,
    FLAT_OF = BY_NODE,
    PLACES_OF,
    ENDS_OF,
    ALL
};

static const Py_ssize_t widths[ALL] = {
    sizeof(uint16_t), sizeof(int64_t), 1, sizeof(double), 1, sizeof(int64_t),
    sizeof(int64_t),  sizeof(int64_t),
};

typedef struct {
    Order order;
    Column columns[ALL];
    Py_ssize_t nodes, room, operands, more_room, placed, ends;
    Array own;                /* functions that have no code in C, by first appearance */
    PyObject *values, *drawn; /* lists */
} Export;

static int fit(Export *out, int column, Py_ssize_t entries)
{
    Column *one = &out->columns[column];
    if (!one->bytes)
        one->bytes = PyByteArray_FromStringAndSize(NULL, 0);
    if (!one->bytes || PyByteArray_Resize(one->bytes, entries * widths[column]) < 0)
        return -1;
    one->at = PyByteArray_AS_STRING(one->bytes);
    return 0;
}

static int fit_nodes(Export *out, Py_ssize_t room)
{
    for (int k = 0; k < BY_NODE; k++)
        if (fit(out, k, room) < 0)
            return -1;
    out->room = room;
    return 0;
}

/* Room for a node of so many operands, each of which may be a plain number, and for an end. */
static inline int reserve_node(Export *out, Py_ssize_t operands)
{
    Py_ssize_t nodes = out->nodes + operands + 2, more = out->operands + operands;
    if (nodes > out->room && fit_nodes(out, nodes + nodes / 2) < 0)
        return -1;
    if (more <= out->more_room)
        return 0;
    out->more_room = more + more / 2;
    return fit(out, FLAT_OF, out->more_room);
}

#define AT(out, column, type) ((type *)(void *)(out)->columns[column].at)

/* Append a node, the operands of which begin at `start`; returned is its number. */
static inline int64_t put(Export *out, uint16_t code, int kind, int lanes, double number,
                          Py_ssize_t start)
{
    Py_ssize_t k = out->nodes++;
    AT(out, CODES_OF, uint16_t)[k] = code;
    AT(out, STARTS_OF, int64_t)[k] = start;
    AT(out, KINDS_OF, char)[k] = (char)kind;
    AT(out, LANES_OF, char)[k] = (char)lanes;
    AT(out, NUMBERS_OF, double)[k] = number;
    return k;
}

static inline void put_operand(Export *out, int64_t number)
{
    AT(out, FLAT_OF, int64_t)[out->operands++] = number;
}

/* While nodes are marked, each keeps its number where its grad was. */
static inline void place(Export *out, Node *node, int64_t number)
{
    node->grad = (double)number;
    AT(out, PLACES_OF, int64_t)[out->placed++] = number;
}

static inline int operand_of(Export *out, PyObject *operand, double number, Py_ssize_t start)
{
    int64_t own =
        operand ? (int64_t)NODE(operand)->grad : put(out, 0, CONSTANT_KIND, 0, number, start);
    put_operand(out, own);
    return AT(out, LANES_OF, char)[own];
}

static inline int operands_of(Export *out, PyObject *tuple, Py_ssize_t start)
{
    int lanes = 0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, k);
        int is_value = IS_VALUE(item);
        lanes |= operand_of(out, is_value ? item : NULL, is_value ? 0.0 : PyFloat_AS_DOUBLE(item),
                            start);
    }
    return lanes;
}
