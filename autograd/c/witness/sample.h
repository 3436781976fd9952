/* Which nodes to look at: some of those that lie somewhere, and some that sums absorbed. */

enum { LYING, GONE, SAMPLES };

typedef struct {
    int64_t most, count, step, left; /* nodes at most and at all; every so manieth; to pass over */
    int64_t *item;                   /* the next one */
} Class;

typedef struct {
    const int64_t *address;
    const uint8_t *lanes;
    int64_t first, nodes;
    Class classes[SAMPLES][2]; /* without lanes, with lanes */
} Sample;

static inline Class *class_of(Sample *this, int64_t node)
{
    return &this->classes[this->address[node] >= 0 ? LYING : GONE][this->lanes[node] != 0];
}

/* Count nodes and find the steps; return how many items there will be of a kind. */
static int64_t counted(Sample *this, int kind)
{
    int64_t items = 0;
    for (int spread = 0; spread < 2; spread++) {
        Class *own = &this->classes[kind][spread];
        own->step = (own->count + own->most - 1) / own->most;
        own->step += !own->step;
        items += (own->count + own->step - 1) / own->step;
    }
    return items;
}

/* Write all items, those with lanes first; those that are gone have numbers for addresses. */
static void put_items(Sample *this, int64_t *items)
{
    for (int kind = 0; kind < SAMPLES; kind++)
        for (int spread = 1; spread >= 0; spread--) {
            Class *own = &this->classes[kind][spread];
            own->item = items;
            items += WORDS * ((own->count + own->step - 1) / own->step);
        }
    int64_t *gone = this->classes[GONE][1].item;
    for (int64_t node = this->first; node < this->nodes; node++) {
        Class *own = class_of(this, node);
        if (own->left-- > 0)
            continue;
        own->left = own->step - 1;
        const int is_gone = this->address[node] < 0;
        own->item[NODE] = node, own->item[BY_LANE] = this->lanes[node] != 0;
        own->item[MEMORY] = is_gone ? ABSORBED : own->item[BY_LANE];
        own->item[ADDRESS] = is_gone ? (own->item - gone) / WORDS : this->address[node];
        own->item += WORDS;
    }
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
    for (int64_t node = this->first; node < this->nodes; node++)
        class_of(this, node)->count++;
    const int64_t lying = counted(this, LYING), gone = counted(this, GONE);
    const int64_t bytes = (lying + gone) * WORDS * (int64_t)sizeof(int64_t);
    PyObject *items = PyBytes_FromStringAndSize(NULL, bytes);
    if (!items)
        return NULL;
    int64_t *words = (int64_t *)(void *)PyBytes_AS_STRING(items);
    put_items(this, words);
    PyObject *nodes = nodes_of(words + lying * WORDS, gone);
    if (nodes)
        return Py_BuildValue("NN", items, nodes);
    Py_DECREF(items);
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
    for (int spread = 0; spread < 2; spread++)
        sample.classes[LYING][spread].most = most, sample.classes[GONE][spread].most = few;
    if (address.len == lanes.len * (int64_t)sizeof(int64_t) && first >= 0 && most > 0 && few > 0)
        found = items_of(&sample);
    else
        PyErr_SetString(PyExc_ValueError, "a sample is of the nodes that have addresses");
    PyBuffer_Release(&address);
    PyBuffer_Release(&lanes);
    return found;
}
