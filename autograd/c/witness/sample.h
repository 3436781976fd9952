/* Which nodes to look at: some of those that lie somewhere, and some that sums absorbed. */

enum { LYING, GONE, SAMPLES };

typedef struct {
    const int64_t *address;
    const uint8_t *lanes;
    int64_t first, nodes, most[SAMPLES];
    int64_t count[SAMPLES][2], step[SAMPLES][2];
} Sample;

static inline int sample_of(const Sample *this, int64_t node)
{
    return this->address[node] >= 0 ? LYING : GONE;
}

static int64_t counted(Sample *this)
{
    int64_t items = 0;
    memset(this->count, 0, sizeof this->count);
    for (int64_t node = this->first; node < this->nodes; node++)
        this->count[sample_of(this, node)][this->lanes[node] != 0]++;
    for (int kind = 0; kind < SAMPLES; kind++)
        for (int spread = 0; spread < 2; spread++) {
            const int64_t own = this->count[kind][spread];
            const int64_t step = (own + this->most[kind] - 1) / this->most[kind];
            this->step[kind][spread] = step > 0 ? step : 1;
            items += (own + this->step[kind][spread] - 1) / this->step[kind][spread];
        }
    return items;
}

/* Write the items of one kind, with lanes or without; those that are gone are noted as well. */
static int64_t *put_items(const Sample *this, int kind, int spread, int64_t *item, PyObject *gone)
{
    int64_t seen = 0;
    for (int64_t node = this->first; node < this->nodes; node++) {
        if (sample_of(this, node) != kind || (this->lanes[node] != 0) != spread ||
            seen++ % this->step[kind][spread])
            continue;
        item[NODE] = node, item[BY_LANE] = spread;
        item[MEMORY] = kind == LYING ? spread : ABSORBED;
        item[ADDRESS] = kind == LYING ? this->address[node] : (int64_t)PyList_GET_SIZE(gone);
        item += WORDS;
        PyObject *number = kind == GONE ? PyLong_FromLongLong(node) : NULL;
        if (kind == GONE && (!number || PyList_Append(gone, number) < 0)) {
            Py_XDECREF(number);
            return NULL;
        }
        Py_XDECREF(number);
    }
    return item;
}

static PyObject *items_of(Sample *this)
{
    const int64_t bytes = counted(this) * WORDS * (int64_t)sizeof(int64_t);
    PyObject *items = PyBytes_FromStringAndSize(NULL, bytes), *gone = PyList_New(0);
    int64_t *item = items && gone ? (int64_t *)(void *)PyBytes_AS_STRING(items) : NULL;
    for (int kind = 0; kind < SAMPLES; kind++)
        for (int spread = 1; spread >= 0; spread--)
            item = item ? put_items(this, kind, spread, item, gone) : NULL;
    if (item)
        return Py_BuildValue("NN", items, gone);
    Py_XDECREF(items);
    Py_XDECREF(gone);
    return NULL;
}

static PyObject *sampled(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer address, lanes;
    Py_ssize_t first, most, few;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "y*y*nnn:sampled", &address, &lanes, &first, &most, &few))
        return NULL;
    Sample sample = {.address = address.buf, .lanes = lanes.buf, .first = first};
    sample.nodes = lanes.len;
    sample.most[LYING] = most, sample.most[GONE] = few;
    if (address.len == lanes.len * (int64_t)sizeof(int64_t) && first >= 0 && most > 0 && few > 0)
        found = items_of(&sample);
    else
        PyErr_SetString(PyExc_ValueError, "a sample is of the nodes that have addresses");
    PyBuffer_Release(&address);
    PyBuffer_Release(&lanes);
    return found;
}
