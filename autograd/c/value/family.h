/* Nodes that share their operands, all but an index of their own: the results of softmax.
 *
 * n results of n operands have n² edges, but cost what n have: a walk goes to the operands once,
 * and a sweep passes on what all the results got at once, when it comes to the first of them. */

typedef struct Family {
    Py_ssize_t members; /* nodes */
    PyObject *values;   /* a tuple of Values and floats */
    double *shares;     /* of each operand, its softmax */
    double *adjoints;   /* scratch of a sweep: of each operand's own node, then sums of them */
    uint64_t fresh;     /* a time when no leaf was younger than a node of age `age` */
    uint64_t age;
    Py_ssize_t present; /* scratch of a walk and its sweep: nodes met, less those swept */
    Py_ssize_t swept;
    int wanted;  /* scratch of adjoints(): whether any operand is; -1 is not known */
    int reached; /* scratch of a sweep: whether an adjoint reaches the operands */
} Family;

#define FAMILY(node) ((node)->family)

/* Return a family without members that owns `values`; NULL without memory. */
static Family *new_family(PyObject *values)
{
    Family *family = PyMem_Malloc(sizeof(Family));
    if (!family) {
        PyErr_NoMemory();
        return NULL;
    }
    *family = (Family){.values = Py_NewRef(values), .wanted = -1};
    return family;
}

static void leave_family(Family *family)
{
    if (--family->members > 0)
        return;
    Py_DECREF(family->values);
    PyMem_Free(family->shares);
    PyMem_Free(family->adjoints);
    PyMem_Free(family);
}

/* Forget a walk, in the middle of its sweep too. */
static void disperse(Family *family)
{
    Py_ssize_t n = PyTuple_GET_SIZE(family->values);
    if (family->swept)
        memset(family->adjoints, 0, (size_t)n * sizeof(double));
    family->present = family->swept = family->reached = 0;
    family->wanted = -1;
}

/* Count a node that a walk met. Returns 1 if it is the first one, 0 if not, -1 without memory. */
static int meet(Family *family)
{
    size_t n = (size_t)PyTuple_GET_SIZE(family->values);
    if (family->present && !family->adjoints) {
        family->adjoints = PyMem_Calloc(2 * n, sizeof(double));
        if (!family->adjoints) {
            PyErr_NoMemory();
            return -1;
        }
    }
    return !family->present++;
}

/* --- formulas, of rows/shares.py, operation for operation ----------------------------------- */

/* Return the largest one, as Python's max finds it where there are NaNs. */
static double peak_of(PyObject *values)
{
    double peak = number_of(PyTuple_GET_ITEM(values, 0));
    for (Py_ssize_t k = 1; k < PyTuple_GET_SIZE(values); k++) {
        double x = number_of(PyTuple_GET_ITEM(values, k));
        peak = x > peak ? x : peak;
    }
    return peak;
}

/* Return e^(x - peak), which cannot overflow. */
static inline double shifted_exponential(double x, double peak)
{
    if (isinf(peak))
        return x == peak ? 1.0 : x < peak ? 0.0 : NAN;
    return exp(x - peak);
}

static inline double exponential_of(PyObject *values, Py_ssize_t k, double peak)
{
    return shifted_exponential(number_of(PyTuple_GET_ITEM(values, k)), peak);
}

/* Return log of the sum of shifted exponentials; the first 1 among them is left to log1p. */
static double log_sum(PyObject *values, double peak)
{
    double others = 0.0, check = 0.0;
    int found = 0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(values); k++) {
        double e = exponential_of(values, k, peak);
        check += e;
        if (e == 1.0 && !found)
            found = 1;
        else
            others += e;
    }
    return isnan(check) ? NAN : log1p(others);
}

static double logsumexp_of(PyObject *values)
{
    double peak = peak_of(values);
    return peak + log_sum(values, peak);
}

static double sum_of_exponentials(PyObject *values, double peak)
{
    double sum = 0.0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(values); k++)
        sum += exponential_of(values, k, peak);
    return sum;
}

/* Compute the softmax of the values, once. */
static int find_shares(Family *family)
{
    Py_ssize_t n = PyTuple_GET_SIZE(family->values);
    family->shares = PyMem_Malloc((size_t)n * sizeof(double));
    if (!family->shares) {
        PyErr_NoMemory();
        return -1;
    }
    double peak = peak_of(family->values), sum = 0.0;
    for (Py_ssize_t k = 0; k < n; k++) {
        family->shares[k] = exponential_of(family->values, k, peak);
        sum += family->shares[k];
    }
    for (Py_ssize_t k = 0; k < n; k++)
        family->shares[k] /= sum;
    return 0;
}

/* Return 1 - p, or the sum of the others where p is near 1, for it keeps its digits. */
static double rest_of(Family *family, Py_ssize_t k)
{
    double p = family->shares[k], others = 0.0;
    if (!(p > 0.5))
        return 1.0 - p;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(family->values); i++)
        if (i != k)
            others += family->shares[i];
    return others;
}

/* Return the partial of node `index` of a family by operand k. */
static inline double member_partial(Node *node, Py_ssize_t index, Py_ssize_t k)
{
    if (node->code == TAKE)
        return k == index ? 1.0 : 0.0;
    double less = k == index ? rest_of(FAMILY(node), k) : -FAMILY(node)->shares[k];
    return node->code == SOFTMAX ? node->data * less : less;
}

/* --- the sweep ------------------------------------------------------------------------------- */

/* Return 1 - p, or where p is near 1 the sum of those before and behind, as in push_together. */
static double rest_between(const double *p, Py_ssize_t n, Py_ssize_t k)
{
    double before = 0.0, behind = 0.0;
    if (!(p[k] > 0.5))
        return 1.0 - p[k];
    for (Py_ssize_t i = 0; i < k; i++)
        before += p[i];
    for (Py_ssize_t i = n; --i > k;)
        behind += p[i];
    return before + behind;
}

/* Push what all nodes of a family got: a formula of rows/shares.py. */
static void push_together(int code, Family *family)
{
    Py_ssize_t n = PyTuple_GET_SIZE(family->values);
    const double *p = family->shares;
    double *g = family->adjoints, *behind = g + n, sum = 0.0;
    for (Py_ssize_t k = n; k-- > 0;) {
        behind[k] = sum;
        sum += code == SOFTMAX ? g[k] * p[k] : g[k];
    }
    sum = 0.0;
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *operand = PyTuple_GET_ITEM(family->values, k);
        double rest = rest_between(p, n, k), own = code == SOFTMAX ? p[k] * rest : rest;
        if (IS_VALUE(operand))
            NODE(operand)->grad += g[k] * own - p[k] * (sum + behind[k]);
        sum += code == SOFTMAX ? g[k] * p[k] : g[k];
        g[k] = 0.0;
    }
}

/* Nothing passes to the index. */
static void push_alone(Node *node, double adjoint)
{
    PyObject *values = FAMILY(node)->values;
    Py_ssize_t index = (Py_ssize_t)right_number(node);
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(values); k++) {
        PyObject *operand = PyTuple_GET_ITEM(values, k);
        if (IS_VALUE(operand))
            NODE(operand)->grad += adjoint * member_partial(node, index, k);
    }
}

/* Sweep a node of a family: it waits for the others, unless it is alone. */
static void sweep_member(Node *node, double adjoint)
{
    Family *family = FAMILY(node);
    family->present--;
    if (!family->present)
        family->reached = 0;
    if (!family->present && !family->swept) {
        push_alone(node, adjoint);
    } else {
        family->adjoints[(Py_ssize_t)right_number(node)] += adjoint;
        family->swept++;
        if (!family->present) {
            push_together(node->code, family);
            family->swept = 0;
        }
    }
}
