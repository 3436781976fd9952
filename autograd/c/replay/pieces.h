/* Instructions of much work piece by piece, so that Ctrl-C is answered in between. */

/* Into how many pieces something of this size is cut, so that each has little work. */
static int64_t pieces_of(int64_t work, int64_t size)
{
    const int64_t wanted = work / PATIENCE + 1;
    return wanted < size ? wanted : size;
}

/* The part of a Map from `first` to `end` along a dimension. A destination that is the same all
 * along it is added to from the second part on. */
static Map part_of_map(const Map *map, int d, int64_t first, int64_t end, int64_t size)
{
    Map part = *map;
    part.sizes[d] = end - first;
    for (int k = 0; k < map->sources + map->targets; k++) {
        Operand *x = &part.operands[k];
        const int found = x->index && d == 0; /* its numbers along this dimension */
        if (found)
            x->index += first;
        else
            x->base = (char *)x->base + first * x->strides[d] * size;
        if (k >= map->sources && first && !found && !x->strides[d])
            part.add |= 1u << (k - map->sources);
    }
    return part;
}

/* The rows of a product from `first` to `end`, or its columns. */
static Product part_of_product(const Product *p, int of_rows, int64_t first, int64_t end,
                               int64_t size)
{
    Product part = *p;
    if (of_rows) {
        part.M = end - first;
        part.a = (const char *)p->a + first * p->am * size;
        part.c = (char *)p->c + first * p->cm * size;
        if (p->start)
            part.start = (const char *)p->start + first * p->start_row * size;
    } else {
        part.N = end - first;
        part.bn += first;
        part.cn += first;
    }
    return part;
}

static int run_map_in_pieces(const Replay *self, const Instruction *this, Watch *watch)
{
    const Map *map = &this->is.map;
    int d = 0;
    for (int k = 1; k < map->dimensions; k++)
        if (map->sizes[k] > map->sizes[d])
            d = k;
    const int64_t size = map->sizes[d], count = pieces_of(this->work, size);
    for (int64_t k = 0; k < count; k++) {
        Map part = part_of_map(map, d, k * size / count, (k + 1) * size / count, self->size);
        self->kernels->map(&part, self->scratch);
        if (interrupted(watch, this->work / count) < 0)
            return -1;
    }
    return 0;
}

static int run_product_in_pieces(const Replay *self, const Instruction *this, Watch *watch)
{
    const Product *p = &this->is.product;
    const int of_rows = p->M >= p->N;
    const int64_t size = of_rows ? p->M : p->N, count = pieces_of(this->work, size);
    for (int64_t k = 0; k < count; k++) {
        Product part =
            part_of_product(p, of_rows, k * size / count, (k + 1) * size / count, self->size);
        (p->lanewise ? self->kernels->lanewise : self->kernels->product)(&part, self->scratch);
        if (interrupted(watch, this->work / count) < 0)
            return -1;
    }
    return 0;
}
