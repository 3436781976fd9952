/* Checks of a table before it is read: every instruction is as long as it says and stays within
 * the arrays that it names. Words are laid out as in read_map.h, read_product.h and read.h. */

/* Whether numbers of this size can be meant by a count, so that no product of two overflows. */
static int is_count(int64_t word)
{
    return word >= 0 && word <= INT32_MAX;
}

static int64_t rows_of(const Replay *self, int64_t buffer)
{
    return buffer < 0 || buffer >= BUFFERS ? 0 : self->buffers[buffer].shape[0];
}

/* Whether offset + sum of k_d stride_d, for all 0 <= k_d < size_d, is a row of the buffer. */
static int spans(const Replay *self, const int64_t *place, const int64_t *sizes,
                 const int64_t *strides, int64_t dimensions)
{
    const int64_t rows = rows_of(self, place[0]);
    int64_t low = place[1], high = place[1];
    if (low < 0 || high >= rows)
        return 0;
    for (int64_t d = 0; d < dimensions; d++) {
        if (!is_count(strides[d] < 0 ? -(strides[d] + 1) : strides[d]))
            return 0;
        if (!is_count(sizes[d]) || !sizes[d])
            return 0;
        *(strides[d] < 0 ? &low : &high) += strides[d] * (sizes[d] - 1);
        if (low < 0 || high >= rows)
            return 0;
    }
    return 1;
}

/* Whether there is a list of `count` rows of the buffer, none of them below `least`. */
static int lists(const Replay *self, int64_t start, int64_t count, const int64_t *place,
                 int64_t least)
{
    const int64_t rows = rows_of(self, place[0]) - place[1], *index = self->index.buf;
    if (start < 0 || count > words_in(&self->index) - start || place[1] < 0)
        return 0;
    for (int64_t k = start; k < start + count; k++)
        if (index[k] < least || index[k] >= rows)
            return 0;
    return 1;
}

/* Whether an operand of a Map is one number for the whole instruction. */
static int is_uniform(const Replay *self, const int64_t *word, const int64_t *operand)
{
    const int64_t *sizes = word + 12, *strides = operand + 3;
    int varies = operand[2] >= 0 || (word[2] && self->lanes > 1 && operand[0] & 1);
    for (int64_t d = 0; d < word[3]; d++)
        varies |= strides[d] && sizes[d] > 1;
    return !varies;
}

/* Whether the steps of a Map, from `at` on, read registers that were filled before: by a source,
 * a constant or a step. Those that lead run once: they read what is uniform. */
static int has_steps(const Replay *self, const int64_t *word, const int64_t *at)
{
    enum { EMPTY, FILLED, SAME };
    const int64_t sources = word[4], lead = word[11], registers = word[9];
    uint8_t known[REGISTERS] = {EMPTY};
    if (registers > REGISTERS)
        return 1; /* which read_map refuses */
    for (int64_t k = 0; k < sources; k++)
        known[k] = is_uniform(self, word, word + 12 + word[3] + k * (3 + word[3])) ? SAME : FILLED;
    memset(known + sources, SAME, (size_t)word[6]);
    for (int64_t k = 0; k < word[8]; k++, at += 5) {
        if (at[0] < 0 || at[0] >= OPERATION_accumulate) /* the first that only tapes do */
            return 0;
        for (int i = 1; i < 5; i++)
            if (at[i] < 0 || at[i] >= registers)
                return 0;
        const int least = k < lead ? SAME : FILLED;
        if (known[at[2]] < least || known[at[3]] < least || known[at[4]] < least)
            return 0;
        known[at[1]] = k < lead ? SAME : FILLED;
    }
    for (int64_t k = 0; k < word[5]; k++) { /* results stand behind the place of their target */
        const int64_t *target = word + 12 + word[3] + sources * (3 + word[3]) + k * (5 + word[3]);
        if (known[target[3 + word[3]]] == EMPTY)
            return 0;
    }
    return 1;
}

/* Whether a Map, of the length that its counts make, has steps and operands that are there. */
static int is_map(const Replay *self, const int64_t *word)
{
    const int64_t dimensions = word[3], sources = word[4], constants = word[6], registers = word[9];
    const int64_t *sizes = word + 12, *at = sizes + dimensions;
    if (constants > words_in(&self->constants) - word[7] || sources + constants > registers)
        return 0;
    for (int64_t k = 0; k < sources + word[5]; k++) {
        int there = at[2] < 0
                        ? spans(self, at, sizes, at + 3, dimensions)
                        : dimensions < 2 && lists(self, at[2], dimensions ? *sizes : 1, at, 0);
        if (!there || (at[2] >= 0 && !word[10])) /* indexed, but not said to be */
            return 0;
        at += 3 + dimensions;
        if (k < sources)
            continue;
        if (at[0] < 0 || at[0] >= registers)
            return 0;
        at += 2;
    }
    return has_steps(self, word, at);
}

static int is_product(const Replay *self, const int64_t *word)
{
    const int64_t M = word[4], N = word[5], K = word[6];
    const int64_t *left = word + 7, *right = word + 11, *target = word + 15, *start = word + 19;
    const int64_t left_sizes[] = {M, K}, right_sizes[] = {N, K}, sizes[] = {M, N};
    const int turns = word[2] && left[0] & 1 && !(right[0] & 1) && target[0] & 1;
    return spans(self, left, left_sizes, left + 2, 2) &&
           spans(self, right, right_sizes, right + 2, 2) &&
           spans(self, target, sizes, target + 2, 2) &&
           (start[0] < 0 ||
            (start[0] == VALUES && spans(self, start, turns ? &N : &M, start + 2, 1)));
}

static int is_row(const Replay *self, const int64_t *word)
{
    const int64_t operation = word[2], rows = word[4], width = word[5], one = 1;
    const int64_t sources[] = {word[7] + 2 * (operation == UNTAKE), 0};
    const int takes = operation == TAKE || operation == UNTAKE;
    if (!is_count(operation) || operation > PEAK || !is_count(rows) || !is_count(width) || !width)
        return 0;
    if (word[7] != (word[7] & 1) || (word[3] && self->lanes > 1 && !(word[8] & 1)))
        return 0; /* results with lanes, and a place without */
    if (!lists(self, word[6], rows * width, sources, takes ? -1 : 0) ||
        !spans(self, word + 8, &rows, &one, 1))
        return 0;
    if (!takes)
        return word[10] < 0 && (self->lanes == 1 || !word[3] == !word[7]);
    return word[12] < 0 ? spans(self, word + 10, &rows, word + 13, 1)
                        : lists(self, word[12], rows, word + 10, 0);
}

/* How many words an instruction has by its counts, or -1. */
static int64_t length_of(const int64_t *word, int64_t left)
{
    static const int64_t least[] = {[MAP] = 12, [PRODUCT] = 22, [ROW] = 14};
    if (left < 2 || word[0] < MAP || word[0] > ROW || left < least[word[0]])
        return -1;
    if (word[0] != MAP)
        return least[word[0]];
    for (int k = 3; k < 12; k++)
        if (!is_count(word[k]))
            return -1;
    if (word[11] > word[8]) /* more leading steps than steps */
        return -1;
    return 12 + word[3] + word[4] * (3 + word[3]) + word[5] * (5 + word[3]) + 5 * word[8];
}

/* Count the instructions of a table; -1 with an error where one is not sound. */
static int64_t count_of(const Replay *self, const Py_buffer *table)
{
    const int64_t *word = table->buf, *end = word + words_in(table);
    int64_t count = 0;
    for (; word < end; word += word[1], count++) {
        int64_t length = length_of(word, end - word);
        if (length >= 0 && length <= end - word && word[1] == length &&
            (word[0] == MAP       ? is_map(self, word)
             : word[0] == PRODUCT ? is_product(self, word)
                                  : is_row(self, word)))
            continue;
        PyErr_Format(PyExc_ValueError,
                     "instruction %lld of a table is not as long as it says, or leaves its arrays",
                     (long long)count);
        return -1;
    }
    return count;
}
