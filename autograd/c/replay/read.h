/* Reading a table.
 *
 * The layout of a table is written down beside its writer, in executors/native/table.py. */

static void read_row(Replay *self, const int64_t *word, Row *row)
{
    int64_t step;
    row->operation = (int)word[2];
    row->lanes = word[3] ? self->lanes : 1;
    row->rows = word[4];
    row->width = word[5];
    row->index = index_of(self, word[6]);
    row->sources_lanes = (int)word[7] && self->lanes > 1;
    int back = row->operation == UNTAKE;
    row->base = base_of(self, 2 * back + word[7], 0, &row->step);
    row->target = base_of(self, word[8], word[9], &step);
    row->scale = row->lanes > 1 && !word[7] ? 1.0 / (double)row->lanes : 1.0;
    if (word[10] < 0)
        return;
    row->chosen = base_of(self, word[10], word[11], &row->chosen_step);
    row->chosen_lane = word[10] & 1 && self->lanes > 1;
    row->chosen_index = index_of(self, word[12]);
    row->chosen_row = word[13] * row->chosen_step;
}

enum { PRODUCTS = 8 }; /* in the time of a simple operation */

static int64_t numbers_of(const Segment *segments, int64_t count)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < count; k++)
        sum += segments[k].n;
    return sum;
}

static int64_t work_of(const Instruction *this)
{
    const Map *map = &this->is.map;
    if (this->kind == PRODUCT) {
        const Product *p = &this->is.product;
        return p->M * p->N * p->K * (p->lanewise ? p->lanes : 1) / PRODUCTS;
    }
    if (this->kind == ROW)
        return this->is.row.rows * this->is.row.width * this->is.row.lanes;
    if (map->sums > OF_ROWS)
        return numbers_of(map->segments, map->sizes[0]);
    int64_t work = map->steps * 4 + map->sources + 1;
    for (int d = 0; d < map->dimensions; d++)
        work *= map->sizes[d];
    return work;
}

static int read_table(Replay *self, int section)
{
    const int64_t *word = self->tables[section].buf, count = count_of(self, &self->tables[section]);
    const int64_t *end = word + words_in(&self->tables[section]);
    if (count < 0)
        return -1;
    Instruction *code = self->code[section] = own(self, (size_t)count * sizeof(Instruction));
    if (!code) {
        PyErr_NoMemory();
        return -1;
    }
    for (; word < end; word += word[1], code++) {
        code->kind = (int)word[0];
        if (code->kind == MAP) {
            if (read_map(self, word, &code->is.map) < 0)
                return -1;
        } else if (code->kind == PRODUCT) {
            if (read_product(self, word, &code->is.product) < 0)
                return -1;
        } else
            read_row(self, word, &code->is.row);
        code->work = work_of(code);
    }
    self->count[section] = count;
    return 0;
}
