/* Running the sections of a table, and the pieces of a step of training. */

/* Run an instruction; -1 where it was interrupted. Without a watch nothing stops it. */
static int run_one(const Replay *self, const Instruction *this, Watch *watch)
{
    const Kernels *kernels = self->kernels;
    if (this->kind == ROW)
        kernels->row(&this->is.row, self->scratch);
    else if (watch && this->work > PATIENCE)
        return this->kind == MAP ? run_map_in_pieces(self, this, watch)
                                 : run_product_in_pieces(self, this, watch);
    else if (this->kind == MAP)
        kernels->map(&this->is.map, self->scratch);
    else
        (this->is.product.lanewise ? kernels->lanewise : kernels->product)(&this->is.product,
                                                                           self->scratch);
    return watch ? interrupted(watch, this->work) : 0;
}

/* Run a section; -1 where it was interrupted before its end. */
static int run_section(const Replay *self, int section, Watch *watch)
{
    const Instruction *at = self->code[section], *end = at + self->count[section];
    for (; at < end; at++)
        if (run_one(self, at, watch) < 0)
            return -1;
    return 0;
}

/* Copy `lanes` rows of `width` numbers from `rows` to the lanes of the input nodes, some rows at a
 * time: what is read of a row is in the cache for the next of its numbers. */
static void load_rows(const Replay *self, const char *rows, const int64_t *places, int64_t width)
{
    const int64_t lanes = self->lanes, some = 64;
    for (int64_t first = 0; first < lanes; first += some) {
        const int64_t stop = first + some < lanes ? first + some : lanes;
        for (int64_t k = 0; k < width; k++) {
            if (self->size == sizeof(double)) {
                const double *from = (const double *)rows + k;
                double *to = (double *)self->buffers[VALUE_LANES].buf + places[k] * lanes;
                for (int64_t s = first; s < stop; s++)
                    to[s] = from[s * width];
            } else {
                const float *from = (const float *)rows + k;
                float *to = (float *)self->buffers[VALUE_LANES].buf + places[k] * lanes;
                for (int64_t s = first; s < stop; s++)
                    to[s] = from[s * width];
            }
        }
    }
}

/* The sum of n numbers at an address of a buffer, as a double; NaN or inf if any is. */
static double sum_of(const Replay *self, int64_t buffer, int64_t at, int64_t n)
{
    double part[8] = {0};
    if (self->size == sizeof(double)) {
        const double *x = (const double *)self->buffers[buffer].buf + at;
        for (; n >= 8; n -= 8, x += 8)
            for (int k = 0; k < 8; k++)
                part[k] += x[k];
        while (n > 0)
            part[0] += x[--n];
    } else {
        const float *x = (const float *)self->buffers[buffer].buf + at;
        for (; n >= 8; n -= 8, x += 8)
            for (int k = 0; k < 8; k++)
                part[k] += (double)x[k];
        while (n > 0)
            part[0] += (double)x[--n];
    }
    return ((part[0] + part[4]) + (part[1] + part[5])) +
           ((part[2] + part[6]) + (part[3] + part[7]));
}

/* The rule of the update section, where it takes all parameters in the order of their
 * addresses, so that it can be applied to a stretch of them. */
static const Map *plain_rule(const Replay *self, int64_t parameters)
{
    const Instruction *at = self->code[UPDATE];
    if (self->count[UPDATE] != 1 || at->kind != MAP)
        return NULL;
    const Map *rule = &at->is.map;
    if (rule->dimensions != 1 || rule->sizes[0] != parameters || parameters < 2)
        return NULL;
    for (int k = 0; k < rule->sources + rule->targets; k++) {
        const Operand *x = &rule->operands[k];
        if (x->index || (x->strides[0] != 1 && x->role != UNIFORM))
            return NULL;
        if (x->buffer != STATE && x->base != self->buffers[x->buffer].buf)
            return NULL;
    }
    return rule;
}

typedef double (*OnStretch)(const Replay *, const Map *, int64_t, int64_t);

static double check_stretch(const Replay *self, const Map *rule, int64_t first, int64_t n)
{
    (void)rule;
    return self->kernels->zero((char *)self->buffers[GRADIENT].buf + first * (int64_t)self->size,
                               n);
}

static double update_stretch(const Replay *self, const Map *rule, int64_t first, int64_t n)
{
    Block block = {first, 1, 0, n, 0, NULL};
    self->kernels->rule(rule, &block, self->scratch);
    return 0;
}

/* Do something for every stretch of parameters that no fused product updates. */
static double between(const Replay *self, const Map *rule, int64_t parameters, OnStretch what)
{
    const Instruction *at = self->code[GRADIENTS], *end = at + self->count[GRADIENTS];
    double sum = 0;
    int64_t first = 0;
    for (; at < end; at++) {
        const Product *p = &at->is.product;
        if (!p->fused)
            continue;
        if (p->first > first)
            sum += what(self, rule, first, p->first - first);
        first = p->first + p->M * p->N;
    }
    if (parameters > first)
        sum += what(self, rule, first, parameters - first);
    return sum;
}

/* Whether all products that are spent as they are found are finite for sure. */
static int are_bounded(const Replay *self)
{
    Instruction *at = self->code[GRADIENTS], *end = at + self->count[GRADIENTS];
    for (; at < end; at++)
        if (at->is.product.fused && !self->kernels->bounded(&at->is.product))
            return 0;
    return 1;
}

/* Gradients and update of one step: 1; 0 where a gradient is not finite or an interrupt arrived
 * before the update, and nothing was updated.
 * Large matrices are updated block by block as their gradient is found, where there is a rule that
 * can be applied so, and the gradient is bounded: nothing has to be undone. */
static int finish_step(const Replay *self, const Map *rule, int64_t parameters, Watch *watch)
{
    const Kernels *kernels = self->kernels;
    const Instruction *code = self->code[GRADIENTS];
    int64_t count = self->count[GRADIENTS];
    if (!rule || !are_bounded(self)) {
        if (run_section(self, GRADIENTS, watch) < 0)
            return 0;
        if (kernels->zero(self->buffers[GRADIENT].buf, parameters) != 0)
            return 0;
        run_section(self, UPDATE, NULL);
        return 1;
    }
    for (int64_t k = 0; k < count; k++)
        if (!code[k].is.product.fused && run_one(self, &code[k], watch) < 0)
            return 0;
    if (between(self, rule, parameters, check_stretch) != 0)
        return 0;
    kernels->prepare(rule, self->scratch);
    for (int64_t k = 0; k < count; k++)
        if (code[k].is.product.fused)
            kernels->fused(&code[k].is.product, rule, self->scratch);
    between(self, rule, parameters, update_stretch);
    return 1;
}
