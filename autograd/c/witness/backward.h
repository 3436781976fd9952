/* Adjoints, users first: each operand receives adjoint times partial, if anything asks for it.
 * Nothing passes to an operand whose partial is constantly 0. */

ALONG void SIZED(give)(Run *run, int64_t target, ROW term)
{
    if (!run->active[target])
        return;
    run->active[target] |= REACHED_NODE;
    SIZED(receive)(run, SIZED(adjoints_of)(run, target), term);
}

static void SIZED(give_products)(Run *run, const int64_t *operands, int64_t half, ROW adjoint)
{
    for (int64_t k = 0; k < 2 * half; k++) {
        const ROW *other = SIZED(values_of)(run, operands[k < half ? k + half : k - half]);
        SIZED(give)(run, operands[k], SIZED(product)(*other, adjoint));
    }
    SIZED(give)(run, operands[2 * half], adjoint);
}

static void SIZED(give_chosen)(Run *run, const int64_t *operands, int64_t n, ROW adjoint)
{
    const ROW *index = SIZED(values_of)(run, operands[n]);
    for (int64_t k = 0; k < n; k++) {
        ROW term = adjoint;
#define CHOOSE(half) EACH_POINT if (SIZED(chosen)(index->half[c], n) != k) term.half[c] = 0;
        EACH_HALF(CHOOSE)
#undef CHOOSE
        SIZED(give)(run, operands[k], term);
    }
}

/* Give each operand of an elementwise operation its partial times the adjoint. */
ALONG void SIZED(pull)(Run *run, int64_t node, const int64_t *operands, int64_t n, ROW adjoint)
{
    const ROW *a = SIZED(values_of)(run, operands[0]);
    const ROW *b = n > 1 ? SIZED(values_of)(run, operands[1]) : a;
    const ROW *d = n > 2 ? SIZED(values_of)(run, operands[2]) : a;
    const ROW *result = SIZED(values_of)(run, node);
    switch (run->codes[node]) {
#define OF(slot, f, half, c) f(slot, a->half[c], b->half[c], d->half[c], result->half[c])
#define OF_0(...) OF(0, __VA_ARGS__)
#define OF_1(...) OF(1, __VA_ARGS__)
#define OF_2(...) OF(2, __VA_ARGS__)
#define GIVE(name, arity, slot) \
    if (slot < arity && !is_flat_##name(slot) && run->active[operands[slot]]) \
        SIZED(give)(run, operands[slot], \
                    SIZED(product)(ROW_OF(OF_##slot, partial_##name), adjoint));
#define PULL(name, arity, ...) \
    case CODE_##name: \
        GIVE(name, arity, 0) \
        GIVE(name, arity, 1) \
        GIVE(name, arity, 2) \
        break;
        ELEMENTWISE(PULL, PULL)
#undef PULL
#undef GIVE
#undef OF
#undef OF_0
#undef OF_1
#undef OF_2
    }
}

/* Whether all of them are finite. */
static int SIZED(backward)(Run *run)
{
    ROW seen = {0};
    for (int64_t node = run->root; node >= 0; node--) {
        const int64_t *operands = run->flat + run->starts[node];
        const int64_t n = end_of(run, node) - run->starts[node];
        if (!(run->active[node] & REACHED_NODE))
            continue;
        run->active[node] = ACTIVE_NODE;
        const ROW adjoint = *SIZED(adjoints_of)(run, node);
        SIZED(look)(run, &seen, adjoint);
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
            SIZED(pull)(run, node, operands, n, adjoint);
        }
    }
    return SIZED(all_finite)(&seen);
}
