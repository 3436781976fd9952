/* Which numbers to look at: the cost, values of some nodes that lie somewhere, adjoints of every so
 * manieth of these, and values of some nodes that sums absorbed. */

enum { LYING, GONE, SAMPLES };

typedef struct {
    int64_t most, count, step; /* nodes at most and at all; every so manieth */
    int64_t *item;             /* the next one */
} Class;

typedef struct {
    const int64_t *address, *adjoints; /* of values; of adjoints, NULL where they lie alike */
    const uint8_t *lanes, *active;
    int64_t root, first, nodes, most; /* adjoints at most */
    Class classes[SAMPLES][2];        /* without lanes, with lanes */
} Sample;

#define APART __attribute__((noinline)) /* so that a loop has the registers for itself */

APART static void count_nodes(Sample *this)
{
    const int64_t *address = this->address, count = this->nodes - this->first;
    const uint8_t *lanes = this->lanes;
    int64_t gone = 0, spread = 0, both = 0;
    for (int64_t node = this->first; node < this->nodes; node++) {
        const int64_t is_gone = (int64_t)((uint64_t)address[node] >> 63);
        gone += is_gone, spread += lanes[node] != 0, both += is_gone & (lanes[node] != 0);
    }
    this->classes[GONE][1].count = both;
    this->classes[GONE][0].count = gone - both;
    this->classes[LYING][1].count = spread - both;
    this->classes[LYING][0].count = count - gone - spread + both;
}

static inline int64_t in_steps(int64_t count, int64_t most)
{
    return count > most ? (count + most - 1) / most : 1;
}

/* Find the steps; return how many items there will be of a kind. */
static int64_t counted(Sample *this, int kind)
{
    int64_t items = 0;
    for (int spread = 0; spread < 2; spread++) {
        Class *own = &this->classes[kind][spread];
        own->step = in_steps(own->count, own->most);
        items += (own->count + own->step - 1) / own->step;
    }
    return items;
}

/* How many nodes without lanes and with lanes are still to be passed by, in 32 bits each: in one
 * register, where a loop has no time to wait for memory. */
#define NONE_LEFT 0x8000000080000000u

/* Pass by a node; return whether that was one too many. */
static inline int is_due(uint64_t *left, int spread)
{
    const int shift = spread ? 32 : 0;
    *left -= (uint64_t)1 << shift;
    return !(*left >> shift & 0x80000000u);
}

/* Write values: those with lanes first, and apart those that are gone, which have numbers for
 * addresses. */
APART static void put_values(Sample *this, int64_t *lying, int64_t *gone)
{
    for (int spread = 1; spread >= 0; spread--) {
        Class *own = this->classes[LYING] + spread, *other = this->classes[GONE] + spread;
        own->item = lying, other->item = gone;
        lying += WORDS * ((own->count + own->step - 1) / own->step);
        gone += WORDS * ((other->count + other->step - 1) / other->step);
    }
    const int64_t *begin = this->classes[GONE][1].item;
    const int64_t *address = this->address;
    const uint8_t *lanes = this->lanes;
    uint64_t left_lying = NONE_LEFT, left_gone = NONE_LEFT;
    for (int64_t node = this->first; node < this->nodes; node++) {
        const int is_gone = address[node] < 0, spread = lanes[node] != 0;
        if (!(is_gone ? is_due(&left_gone, spread) : is_due(&left_lying, spread)))
            continue;
        Class *own = &this->classes[is_gone][spread];
        *(is_gone ? &left_gone : &left_lying) += (uint64_t)own->step << (spread ? 32 : 0);
        own->item[NODE] = node, own->item[BY_LANE] = spread;
        own->item[MEMORY] = is_gone ? ABSORBED : spread;
        own->item[ADDRESS] = is_gone ? (own->item - begin) / WORDS : address[node];
        own->item += WORDS;
    }
}

/* Write the adjoints of every so manieth of some nodes, if it is active; return their end. */
static int64_t *put_adjoints(const Sample *this, const int64_t *values, int64_t count, int64_t *out)
{
    const int64_t step = in_steps(count, this->most);
    for (int64_t k = 0; k < count; k += step) {
        const int64_t node = values[k * WORDS + NODE], lanes = values[k * WORDS + BY_LANE];
        if (!this->active[node])
            continue;
        out[NODE] = node, out[BY_LANE] = lanes;
        out[MEMORY] = this->adjoints || lanes ? SPREAD_ADJOINT : SHARED_ADJOINT;
        out[ADDRESS] = this->adjoints ? this->adjoints[node] : this->address[node];
        out += WORDS;
    }
    return out;
}

static PyObject *nodes_of(const int64_t *items, int64_t count)
{
    PyObject *found = PyList_New(count);
    for (int64_t k = 0; found && k < count; k++) {
        PyObject *number = PyLong_FromLongLong(items[k * WORDS + NODE]);
        if (!number)
            Py_CLEAR(found);
        else
            PyList_SET_ITEM(found, k, number);
    }
    return found;
}

static PyObject *items_of(Sample *this)
{
    const int64_t size = WORDS * (int64_t)sizeof(int64_t);
    count_nodes(this);
    const int64_t lying = counted(this, LYING), gone = counted(this, GONE);
    PyObject *items = PyBytes_FromStringAndSize(NULL, (1 + lying + this->most) * size);
    PyObject *beside = items ? PyBytes_FromStringAndSize(NULL, gone * size) : NULL, *nodes = NULL;
    if (beside) {
        int64_t *words = (int64_t *)(void *)PyBytes_AS_STRING(items), *values = words + WORDS;
        int64_t *absorbed = (int64_t *)(void *)PyBytes_AS_STRING(beside);
        words[NODE] = this->root, words[ADDRESS] = this->address[this->root];
        words[MEMORY] = this->lanes[this->root] != 0, words[BY_LANE] = 0; /* the cost is a mean */
        put_values(this, values, absorbed);
        const int64_t *end = put_adjoints(this, values, lying, values + lying * WORDS);
        nodes = nodes_of(absorbed, gone);
        if (nodes && !_PyBytes_Resize(&items, (end - words) * (int64_t)sizeof *words))
            return Py_BuildValue("NNN", items, beside, nodes);
    }
    Py_XDECREF(items);
    Py_XDECREF(beside);
    Py_XDECREF(nodes);
    return NULL;
}

enum { PLACES, HAVE_LANES, ACTIVE, ADJOINTS, COLUMNS };

static PyObject *sampled(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer x[COLUMNS];
    Py_ssize_t root, first, most, few, adjoints;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*y*nnnnn:sampled", &x[0], &x[1], &x[2], &x[3], &root, &first,
                          &most, &few, &adjoints))
        return NULL;
    Sample sample = {.address = x[PLACES].buf, .lanes = x[HAVE_LANES].buf, .root = root};
    sample.active = x[ACTIVE].buf, sample.adjoints = x[ADJOINTS].len ? x[ADJOINTS].buf : NULL;
    sample.nodes = x[HAVE_LANES].len, sample.first = first, sample.most = adjoints;
    for (int spread = 0; spread < 2; spread++)
        sample.classes[LYING][spread].most = most, sample.classes[GONE][spread].most = few;
    const int64_t words = sample.nodes * (int64_t)sizeof(int64_t);
    if (x[PLACES].len == words && x[ACTIVE].len == sample.nodes &&
        (!sample.adjoints || x[ADJOINTS].len == words) && root >= 0 && root < sample.nodes &&
        sample.nodes <= INT32_MAX && first >= 0 && first <= sample.nodes && most > 0 && few > 0 &&
        adjoints > 0)
        found = items_of(&sample);
    else
        PyErr_SetString(PyExc_ValueError, "a sample is of the nodes that have addresses");
    for (int k = 0; k < COLUMNS; k++)
        PyBuffer_Release(&x[k]);
    return found;
}
