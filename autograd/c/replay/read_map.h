/* Reading the words of a Map. */

/* Merge neighbouring dimensions that every operand walks as one. */
static void coalesce(Map *map)
{
    int every = map->sources + map->targets, d = 0;
    for (int k = 0; k < every; k++)
        if (map->operands[k].index)
            return;
    while (d + 1 < map->dimensions) {
        int joins = 1;
        for (int k = 0; k < every; k++) {
            const int64_t *strides = map->operands[k].strides;
            joins &= strides[d] == strides[d + 1] * map->sizes[d + 1];
        }
        if (!joins && map->sizes[d] != 1 && map->sizes[d + 1] != 1) {
            d++;
            continue;
        }
        int drop = map->sizes[d] == 1 || joins ? d : d + 1, keep = drop == d ? d + 1 : d;
        if (joins) {
            map->sizes[keep] *= map->sizes[d];
            drop = d;
            keep = d + 1;
        }
        (void)keep;
        for (int e = drop; e + 1 < map->dimensions; e++) {
            map->sizes[e] = map->sizes[e + 1];
            for (int k = 0; k < every; k++)
                map->operands[k].strides[e] = map->operands[k].strides[e + 1];
        }
        map->dimensions--;
        if (d)
            d--;
    }
}

/* Whether just one step writes a destination's register, so that it can write in its place. */
static int is_written_once(const Map *map, int result)
{
    int writers = 0;
    for (int k = map->lead; k < map->steps; k++)
        writers += map->code[k].result == result;
    for (int k = 0; k < map->targets; k++)
        writers += map->results[k] == result;
    return writers == 2 && result >= map->sources + map->constants;
}

static void find_roles(Map *map)
{
    const int last = map->dimensions - 1;
    map->plain = map->sizes[last] <= CHUNK && !map->rows;
    for (int k = 0; k < map->sources + map->targets; k++) {
        Operand *x = &map->operands[k];
        const int source = k < map->sources, target = k - map->sources;
        int varies = x->index != NULL;
        for (int d = 0; d <= last; d++)
            varies |= x->strides[d] && map->sizes[d] > 1;
        x->role = x->index && !map->rows  ? INDEXED
                  : source && !varies     ? UNIFORM
                  : x->strides[last] == 0 ? REPEATED
                  : x->strides[last] != 1 ? STRIDED
                                          : DIRECT;
        map->fixed |= x->role == UNIFORM;
        map->plain &= x->role == UNIFORM || x->role == DIRECT;
        if (source)
            continue;
        if (x->role == DIRECT &&
            (map->add >> target & 1 || !is_written_once(map, map->results[target])))
            x->role = WHOLE;
        for (int d = 0; d < last && !x->index; d++) {
            if (x->strides[d])
                continue;
            map->folds |= (uint64_t)1 << (target * DIMENSIONS + d);
            if (x->role == DIRECT)
                x->role = WHOLE;
        }
        map->plain &= x->role == DIRECT;
    }
    map->fixed |= map->constants || map->lead;
    map->sums = last == 1 && map->sources == 1 && map->targets == 1 && !map->steps && !map->rows &&
                !map->folds && map->operands[0].role == DIRECT && map->operands[1].role == REPEATED;
}

/* Let an operand whose index lists rows that are equally far apart walk them without it. */
static void straighten(Operand *x, int64_t count, int source, int64_t size)
{
    const int64_t stride = count > 1 ? x->index[1] - x->index[0] : 0;
    if (!count || (!source && !stride)) /* a sum of numbers found by an index */
        return;
    for (int64_t k = 2; k < count; k++)
        if (x->index[k] - x->index[k - 1] != stride)
            return;
    x->base = (char *)x->base + *x->index * x->step * size;
    x->strides[0] = stride * x->step;
    x->index = NULL;
}

static int read_map(Replay *self, const int64_t *word, Map *map)
{
    memset(map, 0, sizeof *map);
    int64_t lanes = word[2];
    map->dimensions = (int)word[3];
    map->sources = (int)word[4];
    map->targets = (int)word[5];
    map->constants = (int)word[6];
    map->numbers = (const double *)self->constants.buf + word[7];
    map->steps = (int)word[8];
    map->registers = (int)word[9];
    int every = map->sources + map->targets, given = map->dimensions, inner = 0, left = 0;
    if (every > OPERANDS || map->targets > RESULTS || map->registers > REGISTERS ||
        given + 1 >= DIMENSIONS) {
        PyErr_SetString(PyExc_NotImplementedError,
                        "an instruction is too large for the native executor");
        return -1;
    }
    map->lead = (int)word[11];
    word += 12;
    for (int d = 0; d < given; d++)
        map->sizes[d] = *word++;
    if (!given) {
        map->sizes[0] = 1;
        map->dimensions = 1;
    }
    if (lanes && self->lanes > 1) {
        map->sizes[map->dimensions++] = self->lanes;
        inner = 1;
    }
    for (int k = 0; k < every; k++) {
        Operand *operand = &map->operands[k];
        int64_t buffer = *word++, offset = *word++, start = *word++, step;
        operand->base = base_of(self, buffer, offset, &step);
        operand->index = index_of(self, start);
        operand->step = step;
        operand->scale = 1.0;
        operand->buffer = (int)buffer;
        for (int d = 0; d < given; d++)
            operand->strides[d] = *word++ * step;
        if (inner)
            operand->strides[map->dimensions - 1] = buffer & 1;
        if (operand->index)
            straighten(operand, map->sizes[0], k < map->sources, self->size);
        left |= operand->index != NULL;
        if (k >= map->sources) {
            map->results[k - map->sources] = (int)*word++;
            map->add |= (unsigned)*word++ << (k - map->sources);
            if (lanes && !(buffer & 1))
                operand->scale = 1.0 / (double)self->lanes;
        }
    }
    map->code = own(self, map->steps * sizeof(Step));
    if (!map->code) {
        PyErr_NoMemory();
        return -1;
    }
    for (int k = 0; k < map->steps; k++, word += 5)
        map->code[k] = (Step){(int)word[0], (int)word[1], (int)word[2], (int)word[3], (int)word[4]};
    map->rows = inner && left;
    coalesce(map);
    find_roles(map);
    return left && find_segments(self, map) < 0 ? -1 : 0;
}
