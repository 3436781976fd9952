/* Adjoints, users first: each operand receives adjoint times partial, if anything asks for it. */

static inline void SIZED(give)(Run *run, int64_t target, const double *term)
{
    if (run->active[target])
        SIZED(receive)(run, run->adjoints + target * WIDTH, term);
}

static void SIZED(give_products)(Run *run, const int64_t *operands, int64_t half,
                                 const double *adjoint)
{
    double term[WIDTH] = {0};
    for (int64_t k = 0; k < 2 * half; k++) {
        const double *other = SIZED(values_of)(run, operands[k < half ? k + half : k - half]);
        EACH_COLUMN term[c] = other[c] * adjoint[c];
        SIZED(give)(run, operands[k], term);
    }
    SIZED(give)(run, operands[2 * half], adjoint);
}

static void SIZED(give_chosen)(Run *run, const int64_t *operands, int64_t n, const double *adjoint)
{
    double term[WIDTH] = {0};
    for (int64_t k = 0; k < n; k++) {
        EACH_COLUMN term[c] = SIZED(chosen)(run, operands, n, c) == k ? adjoint[c] : 0.0;
        SIZED(give)(run, operands[k], term);
    }
}

/* Write the partials of an elementwise operation by one of its operands, times the adjoint. */
static void SIZED(pull)(const Run *run, int64_t node, const int64_t *operands, int64_t n,
                        int64_t slot, double *term)
{
    const double *a = SIZED(values_of)(run, operands[0]);
    const double *b = n > 1 ? SIZED(values_of)(run, operands[1]) : a;
    const double *d = n > 2 ? SIZED(values_of)(run, operands[2]) : a;
    const double *result = SIZED(values_of)(run, node), *adjoint = run->adjoints + node * WIDTH;
    switch (run->codes[node]) {
#define PULL(name, arity, by_x, by_y, by_z) \
    case CODE_##name: \
        EACH_COLUMN \
        { \
            const double x = a[c], y = b[c], z = d[c], out = result[c]; \
            (void)x, (void)y, (void)z, (void)out; \
            term[c] = (slot == 0 ? (by_x) : slot == 1 ? (by_y) : (by_z)) * adjoint[c]; \
        } \
        return;
        ELEMENTWISE(PULL, PULL)
#undef PULL
    }
}

static void SIZED(give_by_rule)(Run *run, int64_t node, const int64_t *operands, int64_t n)
{
    double term[WIDTH] = {0};
    for (int64_t slot = 0; slot < n; slot++)
        if (run->active[operands[slot]]) {
            SIZED(pull)(run, node, operands, n, slot, term);
            SIZED(give)(run, operands[slot], term);
        }
}

static void SIZED(backward)(Run *run)
{
    for (int64_t node = run->root; node >= 0; node--) {
        const int64_t *operands = run->flat + run->starts[node];
        const int64_t n = end_of(run, node) - run->starts[node];
        const double *adjoint = run->adjoints + node * WIDTH;
        if (!run->active[node])
            continue;
        switch (run->codes[node]) {
        case LEAF:
            break;
        case CODE_dot:
            SIZED(give_products)(run, operands, n / 2, adjoint);
            break;
        case CODE_total:
        case CODE_sum_minus_one:
            for (int64_t k = 0; k < n; k++)
                SIZED(give)(run, operands[k], adjoint);
            break;
        case CODE_take:
            SIZED(give_chosen)(run, operands, n - 1, adjoint);
            break;
        default:
            SIZED(give_by_rule)(run, node, operands, n);
        }
    }
}
