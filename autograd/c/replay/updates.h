/* An optimiser's rule, alone or with the product whose gradient it spends, for one number type
 * and instruction set; included by kernels.h. */

/* Apply an optimiser's rule to a block of parameters: `rows` of n each, the first at address
 * `first`, the next `step` further. Their gradient is in its place, or a dense block of rows of
 * `row`. Each result has a step of its own, which writes where it belongs. */
static void run_rule(const Map *rule, const Block *block, void *scratch)
{
    T *registers[REGISTERS], *starts[OPERANDS], *blocks = scratch;
    int64_t steps[OPERANDS];
    int where[OPERANDS], moving = 0;
    for (int k = 0; k < rule->registers; k++)
        registers[k] = blocks + k * CHUNK;
    for (int k = 0; k < rule->sources + rule->targets; k++) {
        const Operand *operand = &rule->operands[k];
        int given = block->gradient && operand->buffer == GRADIENT;
        if (operand->role == UNIFORM)
            continue;
        where[moving] = k < rule->sources ? k : rule->results[k - rule->sources];
        starts[moving] = given ? (T *)block->gradient : (T *)operand->base + block->first;
        steps[moving++] = given ? block->row : block->step;
    }
    for (int64_t i = 0; i < block->rows; i++)
        for (int64_t at = 0; at < block->n; at += CHUNK) {
            for (int k = 0; k < moving; k++)
                registers[where[k]] = starts[k] + i * steps[k] + at;
            run_steps(rule, registers, block->n - at < CHUNK ? block->n - at : CHUNK);
        }
}

/* The sum of the squares of K numbers at these places. */
static T squares_at(const T *x, const int64_t *places, int64_t K, int runs)
{
    T sum = 0;
    if (runs && places[K - 1] - places[0] == K - 1)
        return squares_of(x + places[0], K);
    for (int64_t k = 0; k < K; k++)
        sum += x[places[k]] * x[places[k]];
    return sum;
}

/* Whether a product is finite, without a look at it: |sum_k a_k b_k|^2 <= sum a^2 sum b^2. */
static int is_bounded(Product *p)
{
    const T *a = p->a, *b = p->b;
    const int lent = p->b != p->own.b;
    T left = 0, right = 0;
    for (int64_t m = 0; m < p->M; m++)
        left += squares_at(a + m * p->am, p->ak, p->K, p->ak_runs);
    if (lent && p->squares < 0) {
        for (int64_t k = 0; k < p->K; k++)
            right += squares_of(b + p->bk[k], p->N);
        p->squares = (double)right;
    }
    for (int64_t n = 0; n < p->N && !lent; n++)
        right += squares_at(b + p->bn[n], p->bk, p->K, p->bk_runs);
    return (double)left * (lent ? p->squares : (double)right) < (SIZE == 8 ? 1e300 : 1e70);
}

/* The rate of a rule that is w - rate * gradient and nothing else, or NULL. */
static const T *rate_of(const Map *rule, const void *scratch)
{
    const Step *step = rule->code + rule->lead;
    int w = -1, gradient = -1;
    if (rule->steps != rule->lead + 1 || rule->targets != 1)
        return NULL;
    for (int k = 0; k < rule->sources; k++)
        if (rule->operands[k].buffer == VALUES)
            w = k;
        else if (rule->operands[k].buffer == GRADIENT)
            gradient = k;
    if (step->operation != OPERATION_sub_product || step->a != w)
        return NULL;
    if (step->b != gradient && step->c != gradient)
        return NULL;
    int rate = step->b == gradient ? step->c : step->b;
    return rate == w || rate == gradient ? NULL : (const T *)scratch + rate * CHUNK;
}

/* A product that is a gradient, bounded, and the rule that spends it. Plain descent adds the
 * product to the parameters; otherwise a block of parameters is updated while its gradient is in
 * the cache, which is never stored as a whole. */
static void run_fused(const Product *p, const Map *rule, void *scratch)
{
    const T *rate = rate_of(rule, scratch);
    if (rate) {
        Product descent = *p;
        descent.c = (T *)rule->operands[rule->sources].base + p->first;
        descent.scale = -(double)(*rate * (T)p->scale);
        descent.add = 1;
        run_product(&descent, scratch);
        return;
    }
    Panel panel = new_panel(scratch);
    panel.depth = p->K;
    const int64_t strips = strips_of(p), span = span_of(p);
    for (; panel.n0 < p->N; panel.n0 += span) {
        panel.columns = p->N - panel.n0 < span ? p->N - panel.n0 : span;
        int64_t row = (panel.columns + LANES - 1) / LANES * LANES;
        int dense = p->cm == row; /* then rows follow one another in memory */
        Block block = {0, 0, p->cm, 0, row, panel.spill};
        for (int64_t m0 = 0, left = strips, rows; left; m0 += rows, left--) {
            rows = (p->M - m0 + left - 1) / left;
            run_strip(p, &panel, m0, (int)rows, panel.spill, row);
            block.first = p->first + m0 * p->cm + panel.n0;
            block.rows = dense ? 1 : rows;
            block.n = dense ? rows * row : panel.columns;
            run_rule(rule, &block, scratch);
        }
    }
}
