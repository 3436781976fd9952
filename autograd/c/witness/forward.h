/* Values, operands first. */

static void SIZED(add_products)(Run *run, const int64_t *operands, int64_t half, double *result)
{
    double sum[WIDTH] = {0}, term[WIDTH] = {0};
    for (int64_t k = 0; k < half; k++) {
        const double *a = SIZED(values_of)(run, operands[k]);
        const double *b = SIZED(values_of)(run, operands[half + k]);
        EACH_COLUMN term[c] = a[c] * b[c];
        SIZED(receive)(run, sum, term);
    }
    SIZED(receive)(run, sum, SIZED(values_of)(run, operands[2 * half]));
    memcpy(result, sum, sizeof sum);
}

static void SIZED(add_terms)(Run *run, const int64_t *operands, int64_t n, double *result)
{
    double sum[WIDTH] = {0};
    for (int64_t k = 0; k < n; k++)
        SIZED(receive)(run, sum, SIZED(values_of)(run, operands[k]));
    memcpy(result, sum, sizeof sum);
}

/* The number of the first operand that is the largest. */
static void SIZED(find_largest)(Run *run, const int64_t *operands, int64_t n, double *result)
{
    double most[WIDTH];
    for (int64_t k = 0; k < n; k++) {
        const double *x = SIZED(values_of)(run, operands[k]);
        EACH_COLUMN if (k == 0 || x[c] > most[c])
        {
            most[c] = x[c];
            result[c] = (double)k;
        }
    }
}

/* The sum of all operands but the first that is 1. */
static void SIZED(add_others)(Run *run, const int64_t *operands, int64_t n, double *result)
{
    double sum[WIDTH] = {0}, term[WIDTH] = {0};
    int seen[WIDTH] = {0};
    for (int64_t k = 0; k < n; k++) {
        const double *x = SIZED(values_of)(run, operands[k]);
        EACH_COLUMN
        {
            const int first = x[c] == 1 && !seen[c];
            seen[c] |= first;
            term[c] = first ? 0 : x[c];
        }
        SIZED(receive)(run, sum, term);
    }
    EACH_COLUMN result[c] = sum[c] - (seen[c] ? 0 : 1);
}

/* Which operand an index means in a column, -1 where it means none. */
static inline int64_t SIZED(chosen)(const Run *run, const int64_t *operands, int64_t n, int c)
{
    const double k = SIZED(values_of)(run, operands[n])[c];
    return k >= 0 && k < (double)n && k == floor(k) ? (int64_t)k : -1;
}

static void SIZED(choose)(const Run *run, const int64_t *operands, int64_t n, double *result)
{
    EACH_COLUMN
    {
        const int64_t k = SIZED(chosen)(run, operands, n, c);
        result[c] = k < 0 ? (double)NAN : SIZED(values_of)(run, operands[k])[c];
    }
}

static void SIZED(compute)(Run *run, int code, const int64_t *operands, int64_t n, double *result)
{
    const double *a = SIZED(values_of)(run, operands[0]);
    const double *b = n > 1 ? SIZED(values_of)(run, operands[1]) : a;
    const double *d = n > 2 ? SIZED(values_of)(run, operands[2]) : a;
    switch (code) {
#define EXACT(name, ...) \
    case CODE_##name: \
        EACH_COLUMN result[c] = op_##name(a[c], b[c], d[c]); \
        return;
#define LOOSE(name, ...) \
    case CODE_##name: \
        EACH_COLUMN result[c] = op_##name(a[c], b[c], d[c]); \
        break;
        ELEMENTWISE(EXACT, LOOSE)
#undef EXACT
#undef LOOSE
    }
    double scale[POINTS] = {0};
    for (int c = 0; c < POINTS; c++)
        scale[c] = fabs(result[POINTS + c]);
    SIZED(disturb)(run, result, scale);
    if (code == CODE_exp) /* e^0 is 1 for everybody */
        EACH_COLUMN result[c] = a[c] == 0 ? 1 : result[c];
}

static void SIZED(forward)(Run *run)
{
    for (int64_t node = 0; node < run->nodes; node++) {
        const int64_t *operands = run->flat + run->starts[node];
        const int64_t n = end_of(run, node) - run->starts[node];
        double *result = SIZED(values_of)(run, node);
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
            SIZED(find_largest)(run, operands, n, result);
            break;
        case CODE_peak:
            SIZED(find_largest)(run, operands, n, result);
            EACH_COLUMN result[c] = SIZED(values_of)(run, operands[(int64_t)result[c]])[c];
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
    }
}
