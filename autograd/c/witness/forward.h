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

static void SIZED(add_products)(Run *run, const int64_t *operands, int64_t half, ROW *result)
{
    SIZED(Sum) found = {0};
    for (int64_t k = 0; k < half; k++)
        SIZED(add)(&found, SIZED(product)(*SIZED(values_of)(run, operands[k]),
                                          *SIZED(values_of)(run, operands[half + k])));
    SIZED(add)(&found, *SIZED(values_of)(run, operands[2 * half]));
    *result = SIZED(finished)(run, found);
}

static void SIZED(add_terms)(Run *run, const int64_t *operands, int64_t n, ROW *result)
{
    SIZED(Sum) found = {0};
    for (int64_t k = 0; k < n; k++)
        SIZED(add)(&found, *SIZED(values_of)(run, operands[k]));
    *result = SIZED(finished)(run, found);
}

/* The number of the first operand that is the largest, or this operand itself. */
static void SIZED(find_largest)(Run *run, const int64_t *operands, int64_t n, int itself,
                                ROW *result)
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
    *result = itself ? most : place;
}

/* The sum of all operands but the first that is 1; 1 less where none is. */
static void SIZED(add_others)(Run *run, const int64_t *operands, int64_t n, ROW *result)
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
    *result = SIZED(finished)(run, found);
#define CORRECT(half) result->half -= 1 - seen.half;
    EACH_HALF(CORRECT)
#undef CORRECT
}

/* Which operand an index means, -1 where it means none. */
static inline int64_t SIZED(chosen)(double index, int64_t n)
{
    return index >= 0 && index < (double)n && index == floor(index) ? (int64_t)index : -1;
}

static void SIZED(choose)(const Run *run, const int64_t *operands, int64_t n, ROW *result)
{
    const ROW *index = SIZED(values_of)(run, operands[n]);
#define CHOOSE(half) \
    EACH_POINT \
    { \
        const int64_t k = SIZED(chosen)(index->half[c], n); \
        result->half[c] = k < 0 ? (double)NAN : SIZED(values_of)(run, operands[k])->half[c]; \
    }
    EACH_HALF(CHOOSE)
#undef CHOOSE
}

ALONG void SIZED(compute)(Run *run, int code, const int64_t *operands, int64_t n, ROW *result)
{
    const ROW *a = SIZED(values_of)(run, operands[0]);
    const ROW *b = n > 1 ? SIZED(values_of)(run, operands[1]) : a;
    const ROW *d = n > 2 ? SIZED(values_of)(run, operands[2]) : a;
    ROW found = {0};
    switch (code) {
#define OF(f, half, c) f(a->half[c], b->half[c], d->half[c])
#define EXACT(name, ...) \
    case CODE_##name: \
        *result = ROW_OF(OF, op_##name); \
        return;
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
    *result = found;
}

/* Whether all of them are finite. */
static int SIZED(forward)(Run *run)
{
    SIZED(Seen) seen = {0};
    for (int64_t node = 0; node < run->nodes; node++) {
        const int64_t *operands = run->flat + run->starts[node];
        const int64_t n = end_of(run, node) - run->starts[node];
        ROW *result = SIZED(values_of)(run, node);
        switch (run->codes[node]) {
        case LEAF:
            break;
        case CODE_dot:
            SIZED(add_products)(run, operands, n / 2, result);
            break;
        case CODE_total:
            SIZED(add_terms)(run, operands, n, result);
            break;
        case CODE_argmax:
        case CODE_peak:
            SIZED(find_largest)(run, operands, n, run->codes[node] == CODE_peak, result);
            break;
        case CODE_sum_minus_one:
            SIZED(add_others)(run, operands, n, result);
            break;
        case CODE_take:
            SIZED(choose)(run, operands, n - 1, result);
            break;
        default:
            SIZED(compute)(run, run->codes[node], operands, n, result);
        }
        SIZED(look)(&seen, result);
    }
    return SIZED(are_finite)(run, &seen);
}
