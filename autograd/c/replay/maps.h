/* Elementwise instructions for one number type and instruction set; included by kernels.h;
 * the loops of single operations are in elementwise.h. */

static T total_of(const T *x, int64_t n)
{
    VEC a = SPREAD((T)0), b = a;
    T rest = 0;
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        a += LOAD(x + i);
        b += LOAD(x + i + LANES);
    }
    if (i + LANES <= n) {
        a += LOAD(x + i);
        i += LANES;
    }
    for (; i < n; i++)
        rest += x[i];
    return across(a + b) + rest;
}

static T squares_of(const T *x, int64_t n)
{
    VEC a = SPREAD((T)0);
    T rest = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        a = FMADD(LOAD(x + i), LOAD(x + i), a);
    for (; i < n; i++)
        rest += x[i] * x[i];
    return across(a) + rest;
}

/* 0 where n numbers are all finite, NaN otherwise; it cannot overflow as a sum could. */
static double zero_if_finite(const void *numbers, int64_t n)
{
    const T *x = numbers;
    const VEC nothing = SPREAD((T)0);
    VEC part[4] = {nothing, nothing, nothing, nothing};
    T rest = 0;
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
            part[j] += LOAD(x + i + j * LANES) * nothing;
    for (; i < n; i++)
        rest += x[i] * 0;
    return (double)(across((part[0] + part[1]) + (part[2] + part[3])) + rest);
}

/* Copy n numbers of a source that does not lie in one piece to a block. */
static void gather(const Operand *source, const T *from, T *block, int64_t stride, int64_t at,
                   int64_t n)
{
    if (source->role == REPEATED)
        for (int64_t i = 0; i < n; i++)
            block[i] = *from;
    else if (source->role == STRIDED)
        for (int64_t i = 0; i < n; i++)
            block[i] = from[(at + i) * stride];
    else
        for (int64_t i = 0; i < n; i++)
            block[i] = from[source->index[at + i] * source->step];
}

/* Store or add n results where an index says; what goes to one place in a row is summed first. */
static void scatter(T *to, const int64_t *index, int64_t step, const T *result, int64_t n, int add)
{
    for (int64_t i = 0; i < n; i++) {
        T *place = to + index[i] * step, all = result[i];
        while (add && i + 1 < n && index[i + 1] == index[i])
            all += result[++i];
        *place = add ? *place + all : all;
    }
}

/* Store or add n results of one destination; `sum` collects those that are summed. */
static void deliver(const Operand *target, T *to, const T *result, int64_t stride, int64_t at,
                    int64_t n, int add, T *sum)
{
    if (target->role == INDEXED) {
        scatter(to, target->index + at, target->step, result, n, add);
        return;
    }
    if (target->role == REPEATED) {
        *sum += total_of(result, n);
        return;
    }
    to += at * stride;
    if (stride != 1) {
        if (add)
            for (int64_t i = 0; i < n; i++)
                to[i * stride] += result[i];
        else
            for (int64_t i = 0; i < n; i++)
                to[i * stride] = result[i];
    } else if (add) {
        INDEPENDENT for (int64_t i = 0; i < n; i++)
            to[i] += result[i];
    } else
        k_copy(to, result, result, result, n);
}

/* Fill the blocks of all that is one number everywhere: constants, sources, leading steps. */
static void prepare(const Map *map, void *scratch)
{
    int64_t length = map->sizes[map->dimensions - 1];
    if (length > CHUNK)
        length = CHUNK;
    for (int k = 0; k < map->sources + map->constants; k++) {
        if (k < map->sources && map->operands[k].role != UNIFORM)
            continue;
        T *block = (T *)scratch + k * CHUNK;
        T number = k < map->sources ? *(const T *)map->operands[k].base
                                    : (T)map->numbers[k - map->sources];
        for (int64_t i = 0; i < length; i++)
            block[i] = number;
    }
    for (const Step *step = map->code, *end = step + map->lead; step < end; step++) {
        T *block = (T *)scratch + step->result * CHUNK, *blocks = scratch;
        elementwise[step->operation](block, blocks + step->a * CHUNK, blocks + step->b * CHUNK,
                                     blocks + step->c * CHUNK, 1);
        for (int64_t i = 1; i < length; i++)
            block[i] = *block;
    }
}

ALWAYS_INLINE void run_steps(const Map *map, T *const *registers, int64_t n)
{
    for (const Step *step = map->code + map->lead, *end = map->code + map->steps; step < end;
         step++)
        elementwise[step->operation](registers[step->result], registers[step->a],
                                     registers[step->b], registers[step->c], n);
}

/* Run the steps along the innermost dimension, CHUNK numbers at a time. `again` has a bit for
 * each destination that this line is not the first to reach. */
static void run_line(const Map *map, T *const *pointers, T **registers, unsigned again)
{
    const int last = map->dimensions - 1, sources = map->sources;
    const Operand *targets = map->operands + sources;
    const unsigned add = map->add | again;
    T sums[RESULTS];
    for (int k = 0; k < map->targets; k++)
        sums[k] = 0;
    for (int64_t at = 0, n = map->sizes[last]; at < n; at += CHUNK) {
        int64_t count = n - at < CHUNK ? n - at : CHUNK;
        for (int k = 0; k < sources; k++) {
            const Operand *source = &map->operands[k];
            if (source->role == DIRECT)
                registers[k] = pointers[k] + at;
            else if (source->role != UNIFORM)
                gather(source, pointers[k], registers[k], source->strides[last], at, count);
        }
        for (int k = 0; k < map->targets; k++)
            if (targets[k].role == DIRECT)
                registers[map->results[k]] = pointers[sources + k] + at;
        run_steps(map, registers, count);
        for (int k = 0; k < map->targets; k++)
            if (targets[k].role != DIRECT)
                deliver(&targets[k], pointers[sources + k], registers[map->results[k]],
                        targets[k].strides[last], at, count, add >> k & 1, &sums[k]);
    }
    for (int k = 0; k < map->targets; k++) {
        if (targets[k].role != REPEATED)
            continue;
        T *to = pointers[sources + k], sum = sums[k] * (T)targets[k].scale;
        *to = add >> k & 1 ? *to + sum : sum;
    }
}

/* Sum the rows of a matrix, as the gradient of a bias does. */
static void run_sums(const Map *map)
{
    const Operand *source = &map->operands[0], *target = &map->operands[1];
    const T *from = source->base;
    T *to = target->base;
    for (int64_t k = 0; k < map->sizes[0]; k++) {
        T sum = total_of(from + k * source->strides[0], map->sizes[1]) * (T)target->scale;
        T *place = to + k * target->strides[0];
        *place = map->add ? *place + sum : sum;
    }
}

/* The destinations that were reached before: `counter` has moved along a dimension they lack. */
static unsigned reached(const Map *map, const int64_t *counter)
{
    unsigned again = 0;
    for (int k = 0; k < map->targets; k++)
        for (int d = 0; d + 1 < map->dimensions; d++)
            if (map->folds >> (k * DIMENSIONS + d) & 1 && counter[d])
                again |= 1u << k;
    return again;
}

/* Run short lines all of whose operands lie where the steps can have them: all that moves from
 * line to line is registers. */
static void run_plain(const Map *map, T **registers)
{
    const int64_t n = map->sizes[map->dimensions - 1];
    const int64_t *strides[OPERANDS];
    int64_t counter[DIMENSIONS] = {0};
    T **moved[OPERANDS];
    int count = 0, d = 0;
    for (int k = 0; k < map->sources + map->targets; k++) {
        if (map->operands[k].role != DIRECT)
            continue;
        moved[count] = registers + (k < map->sources ? k : map->results[k - map->sources]);
        *moved[count] = map->operands[k].base;
        strides[count++] = map->operands[k].strides;
    }
    while (d >= 0) {
        run_steps(map, registers, n);
        for (d = map->dimensions - 2; d >= 0 && ++counter[d] == map->sizes[d]; d--) {
            counter[d] = 0;
            for (int k = 0; k < count; k++)
                *moved[k] -= strides[k][d] * (map->sizes[d] - 1);
        }
        for (int k = 0; k < count && d >= 0; k++)
            *moved[k] += strides[k][d];
    }
}

static void run_map(const Map *map, void *scratch)
{
    T *pointers[OPERANDS], *registers[REGISTERS], *blocks = scratch;
    const int outer = map->dimensions - 1, every = map->sources + map->targets;
    int64_t counter[DIMENSIONS] = {0};
    if (map->sums) {
        (map->sums == OF_ROWS ? run_sums : run_segments)(map);
        return;
    }
    for (int k = 0; k < map->registers; k++)
        registers[k] = blocks + k * CHUNK;
    if (map->fixed)
        prepare(map, scratch);
    if (map->plain) {
        run_plain(map, registers);
        return;
    }
    for (int k = 0; k < every; k++)
        pointers[k] = map->operands[k].base;
    for (;;) {
        if (map->rows) /* operands that find each line by an index */
            for (int k = 0; k < every; k++) {
                const Operand *x = &map->operands[k];
                if (x->index)
                    pointers[k] = (T *)x->base + x->index[counter[0]] * x->step;
            }
        run_line(map, pointers, registers, map->folds ? reached(map, counter) : 0);
        int d = outer - 1;
        for (; d >= 0 && ++counter[d] == map->sizes[d]; d--) {
            counter[d] = 0;
            for (int k = 0; k < every; k++)
                pointers[k] -= map->operands[k].strides[d] * (map->sizes[d] - 1);
        }
        if (d < 0)
            return;
        for (int k = 0; k < every; k++)
            pointers[k] += map->operands[k].strides[d];
    }
}
