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

/* How many words an instruction has, or -1 where they do not say or name what there is not. */
static int64_t length_of(const int64_t *word, int64_t left)
{
    static const int64_t least[] = {[MAP] = 12, [PRODUCT] = 22, [ROW] = 14};
    if (left < 2 || word[0] < MAP || word[0] > ROW || left < least[word[0]])
        return -1;
    if (word[0] != MAP)
        return least[word[0]];
    for (int k = 3; k < 12; k++)
        if (word[k] < 0 || word[k] > INT32_MAX)
            return -1;
    int64_t dimensions = word[3], sources = word[4], targets = word[5], steps = word[8];
    if (word[11] > steps)
        return -1;
    return 12 + dimensions + sources * (3 + dimensions) + targets * (5 + dimensions) + 5 * steps;
}

/* Count the instructions of a table; -1 with an error where one is not as long as it says. */
static int64_t count_of(const int64_t *word, int64_t words)
{
    int64_t count = 0;
    for (const int64_t *end = word + words; word < end; word += word[1], count++) {
        int64_t length = length_of(word, end - word);
        if (length >= 0 && length <= end - word && word[1] == length)
            continue;
        PyErr_SetString(PyExc_ValueError, "an instruction of a table is not as long as it says");
        return -1;
    }
    return count;
}

static int read_table(Replay *self, int section)
{
    const int64_t *word = self->tables[section].buf;
    const int64_t words = self->tables[section].len / (Py_ssize_t)sizeof *word;
    const int64_t *end = word + words, count = count_of(word, words);
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
    }
    self->count[section] = count;
    return 0;
}
