/* Values, operands first. */

/* A sum with the sizes of its terms: what rounding changes is a part of these. */
typedef struct {
    ROW sum;
#if NOISE
    HALF size;
#endif
} SIZED(Sum);

ALONG void SIZED(add)(SIZED(Sum) * this, ROW term)
{
#define ADD(half) this->sum.half += term.half;
    EACH_HALF(ADD)
#undef ADD
#if NOISE
    this->size += SIZED(size_of)(term.noisy);
#endif
}

ALONG ROW SIZED(finished)(Run *run, SIZED(Sum) this)
{
    (void)run;
#if NOISE
    this.sum.noisy = SIZED(disturbed)(run, this.sum.noisy, this.size);
#endif
    return this.sum;
}

static ROW SIZED(add_products)(Run *run, const int64_t *operands, int64_t half)
{
    SIZED(Sum) found = {0};
    for (int64_t k = 0; k < half; k++)
        SIZED(add)(&found, SIZED(product)(*SIZED(values_of)(run, operands[k]),
                                          *SIZED(values_of)(run, operands[half + k])));
    SIZED(add)(&found, *SIZED(values_of)(run, operands[2 * half]));
    return SIZED(finished)(run, found);
}

static ROW SIZED(add_terms)(Run *run, const int64_t *operands, int64_t n)
{
    SIZED(Sum) found = {0};
    for (int64_t k = 0; k < n; k++)
        SIZED(add)(&found, *SIZED(values_of)(run, operands[k]));
    return SIZED(finished)(run, found);
}

/* The number of the first operand that is the largest, or this operand itself. */
static ROW SIZED(find_largest)(Run *run, const int64_t *operands, int64_t n, int itself)
{
    ROW most = *SIZED(values_of)(run, operands[0]), place = {0};
    for (int64_t k = 1; k < n; k++) {
        const ROW x = *SIZED(values_of)(run, operands[k]);
#define COMPARE(half) \
    EACH_POINT if (x.half[c] > most.half[c]) \
    { \
        most.half[c] = x.half[c]; \
        place.half[c] = (double)k; \
    }
        EACH_HALF(COMPARE)
#undef COMPARE
    }
    return itself ? most : place;
}

/* The sum of all operands but the first that is 1; 1 less where none is. */
static ROW SIZED(add_others)(Run *run, const int64_t *operands, int64_t n)
{
    SIZED(Sum) found = {0};
    ROW seen = {0};
    for (int64_t k = 0; k < n; k++) {
        ROW x = *SIZED(values_of)(run, operands[k]);
#define LEAVE_OUT(half) \
    EACH_POINT if (x.half[c] == 1 && seen.half[c] == 0) \
    { \
        x.half[c] = 0; \
        seen.half[c] = 1; \
    }
        EACH_HALF(LEAVE_OUT)
#undef LEAVE_OUT
        SIZED(add)(&found, x);
    }
    ROW result = SIZED(finished)(run, found);
#define CORRECT(half) result.half -= 1 - seen.half;
    EACH_HALF(CORRECT)
#undef CORRECT
    return result;
}

/* Which operand an index means, -1 where it means none. */
static inline int64_t SIZED(chosen)(double index, int64_t n)
{
    return index >= 0 && index < (double)n && index == floor(index) ? (int64_t)index : -1;
}

static ROW SIZED(choose)(const Run *run, const int64_t *operands, int64_t n)
{
    ROW result = {0};
    const ROW *index = SIZED(values_of)(run, operands[n]);
#define CHOOSE(half) \
    EACH_POINT \
    { \
        const int64_t k = SIZED(chosen)(index->half[c], n); \
        result.half[c] = k < 0 ? (double)NAN : SIZED(values_of)(run, operands[k])->half[c]; \
    }
    EACH_HALF(CHOOSE)
#undef CHOOSE
    return result;
}

ALONG ROW SIZED(compute)(Run *run, int code, const int64_t *operands, int64_t n)
{
    const ROW *a = SIZED(values_of)(run, operands[0]);
    const ROW *b = n > 1 ? SIZED(values_of)(run, operands[1]) : a;
    const ROW *d = n > 2 ? SIZED(values_of)(run, operands[2]) : a;
    ROW found = {0};
    switch (code) {
#define OF(f, half, c) f(a->half[c], b->half[c], d->half[c])
#define EXACT(name, ...) \
    case CODE_##name: \
        return ROW_OF(OF, op_##name);
#define LOOSE(name, ...) \
    case CODE_##name: \
        found = ROW_OF(OF, op_##name); \
        break;
        ELEMENTWISE(EXACT, LOOSE)
#undef EXACT
#undef LOOSE
#undef OF
    }
#if NOISE
    found.noisy = SIZED(disturbed)(run, found.noisy, SIZED(size_of)(found.noisy));
    if (code == CODE_exp) /* e^0 is 1 for everybody */
        EACH_POINT found.noisy[c] = a->noisy[c] == 0 ? 1 : found.noisy[c];
#endif
    return found;
}

/* Fill in a leaf: the same numbers for both halves. */
static ROW SIZED(filled)(const Leaves *leaves, int64_t node, int64_t *at)
{
    double row[POINTS];
    ROW result;
    *at = fill_leaf(leaves, node, *at, row);
#define FILL(half) result.half = (HALF){row[0], row[1]};
    EACH_HALF(FILL)
#undef FILL
    return result;
}

/* Fill in leaves and compute all others; no adjoint is given yet. Return whether all are finite. */
static int SIZED(forward)(Run *run, const Leaves *leaves)
{
    ROW seen = {0};
    int64_t drawn = 0;
    for (int64_t node = 0; node < run->nodes; node++) {
        const int64_t first = run->starts[node], n = end_of(run, node) - first;
        const int64_t *operands = run->flat + first;
        ROW result;
        switch (run->codes[node]) {
        case LEAF:
            result = SIZED(filled)(leaves, node, &drawn);
            break;
        case CODE_dot:
            result = SIZED(add_products)(run, operands, n / 2);
            break;
        case CODE_total:
            result = SIZED(add_terms)(run, operands, n);
            break;
        case CODE_argmax:
        case CODE_peak:
            result = SIZED(find_largest)(run, operands, n, run->codes[node] == CODE_peak);
            break;
        case CODE_sum_minus_one:
            result = SIZED(add_others)(run, operands, n);
            break;
        case CODE_take:
            result = SIZED(choose)(run, operands, n - 1);
            break;
        default:
            result = SIZED(compute)(run, run->codes[node], operands, n);
        }
        *SIZED(values_of)(run, node) = result;
        *SIZED(adjoints_of)(run, node) = (ROW){0};
        SIZED(look)(run, &seen, result);
    }
    return SIZED(all_finite)(&seen);
}
