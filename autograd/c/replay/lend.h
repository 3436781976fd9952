/* Rows of examples where a product can read them.
 *
 * The gradient of a first layer is the product of adjoints and inputs, summed over the lanes: to
 * find lane after lane of many inputs in one piece, B is packed, which makes it the rows again that
 * lanes were copied from. As long as these rows are at hand they are read instead. */

static void find_right(Product *p, const Right *right)
{
    p->b = right->b;
    p->bk = right->bk;
    p->bn = right->bn;
    p->b_runs = right->b_runs;
    p->bk_runs = right->bk_runs;
}

/* Where in a row the inputs from `first` on are, one after another; -1 where they are not. */
static int64_t column_of(int64_t first, int64_t count, const int64_t *places, int64_t width)
{
    for (int64_t at = 0; at + count <= width; at++) {
        int64_t k = 0;
        while (k < count && places[at + k] == first + k)
            k++;
        if (k == count)
            return at;
    }
    return -1;
}

static void lend(const Replay *self, const char *rows, const int64_t *places, int64_t width)
{
    for (int section = BACKWARD; section <= GRADIENTS; section++)
        for (int64_t k = 0; k < self->count[section]; k++) {
            Product *p = &self->code[section][k].is.product;
            if (self->code[section][k].kind != PRODUCT || p->input < 0)
                continue;
            const int64_t column = column_of(p->input, p->N, places, width);
            if (column < 0)
                continue;
            for (int64_t s = 0; s < p->K; s++)
                p->lent.bk[s] = s * width;
            p->lent.b = rows + column * self->size;
            p->squares = -1;
            find_right(p, &p->lent);
        }
}

/* Let all products read lanes again. */
static void take_back(const Replay *self)
{
    for (int section = BACKWARD; section <= GRADIENTS; section++)
        for (int64_t k = 0; k < self->count[section]; k++)
            if (self->code[section][k].kind == PRODUCT)
                find_right(&self->code[section][k].is.product,
                           &self->code[section][k].is.product.own);
}
