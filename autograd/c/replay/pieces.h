/* Instructions of much work piece by piece, so that Ctrl-C is answered in between. */

/* Multiples in which rows and columns of a product are cut, so that few tiles are small, and how
 * much longer a piece of one may be: what is packed for it is packed for each. */
enum { ROWS_AT_ONCE = 24, COLUMNS_AT_ONCE = 64, LONGER = 8 };

/* How long pieces are that have so much work each, where all of this size has `work`. */
static int64_t length_of_piece(int64_t work, int64_t each, int64_t size, int64_t multiple)
{
    const int64_t pieces = work / each + 1, length = (size + pieces - 1) / pieces;
    return (length + multiple - 1) / multiple * multiple;
}

/* The part of a Map from `first` to `end` along a dimension. A destination that is the same all
 * along it is added to from the second part on. */
static Map part_of_map(const Map *map, int d, int64_t first, int64_t end, int64_t size)
{
    Map part = *map;
    part.sizes[d] = end - first;
    if (map->sums > OF_ROWS) {
        part.segments += first;
        return part;
    }
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
    const int64_t size = map->sizes[d], length = length_of_piece(this->work, PATIENCE, size, 1);
    for (int64_t first = 0; first < size; first += length) {
        const int64_t end = first + length < size ? first + length : size;
        const Map part = part_of_map(map, d, first, end, self->size);
        self->kernels->map(&part, self->scratch);
        if (interrupted(watch, this->work / size * (end - first)) < 0)
            return -1;
    }
    return 0;
}

static int run_product_in_pieces(const Replay *self, const Instruction *this, Watch *watch)
{
    const Product *p = &this->is.product;
    const int of_rows = p->M >= p->N;
    const int64_t size = of_rows ? p->M : p->N;
    const int64_t length = length_of_piece(this->work, LONGER * PATIENCE, size,
                                           of_rows ? ROWS_AT_ONCE : COLUMNS_AT_ONCE);
    for (int64_t first = 0; first < size; first += length) {
        const int64_t end = first + length < size ? first + length : size;
        const Product part = part_of_product(p, of_rows, first, end, self->size);
        (p->lanewise ? self->kernels->lanewise : self->kernels->product)(&part, self->scratch);
        if (interrupted(watch, this->work / size * (end - first)) < 0)
            return -1;
    }
    return 0;
}
