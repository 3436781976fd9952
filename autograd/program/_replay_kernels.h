/* The kernels of the native executor for one number type and one instruction set.

   Included by _replay.c several times, with
     T            double or float
     NAME(x)      x with a suffix of its own
     EXP, TANH    the elementary functions for T
     VEC, LANES   a vector type of T and its length; LANES 1 means plain C
     SPREAD, FMADD, LOAD, SAVE  its operations
     ROWS         the rows of C that one tile computes

   Elementwise loops are strict IEEE arithmetic in the order written; only the tiles of the
   matrix product use fused multiply-add. */

/* --- scalar operations, one line each ------------------------------------------------ */

#define KERNEL(name, formula)                                                             \
    static inline T NAME(op_##name)(T x, T y, T z) {                                      \
        (void)x; (void)y; (void)z;                                                        \
        return (T)(formula);                                                              \
    }                                                                                     \
    static void NAME(k_##name)(T *out, const T *a, const T *b, const T *c, long n) {      \
        _Pragma("GCC ivdep")                                                              \
        for (long i = 0; i < n; i++) out[i] = NAME(op_##name)(a[i], b[i], c[i]);          \
    }
OPERATIONS(KERNEL)
#undef KERNEL

typedef void (*NAME(kernel))(T *, const T *, const T *, const T *, long);
#define ENTRY(name, formula) NAME(k_##name),
static const NAME(kernel) NAME(kernels)[] = {OPERATIONS(ENTRY)};
#undef ENTRY

/* --- elementwise instructions -------------------------------------------------------- */

static T NAME(sum)(const T *x, long n) {
    T part[16] = {0}, total = 0;
    long i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++) part[j] += x[i + j];
    for (; i < n; i++) total += x[i];
    for (int j = 0; j < 8; j++) part[j] += part[j + 8];
    for (int j = 0; j < 8; j++) total += part[j];
    return total;
}

/* Point every register at `n` consecutive numbers of its source, starting at `at`. */
static void NAME(gather)(const Map *map, T **pointers, T **registers, T *blocks, long at, long n) {
    int last = map->dimensions - 1;
    for (int k = 0; k < map->sources; k++) {
        const Operand *source = &map->operands[k];
        T *block = blocks + k * CHUNK;
        const T *from = pointers[k];
        if (source->index && !map->inner_lanes) {
            for (long i = 0; i < n; i++) block[i] = from[source->index[at + i] * source->step];
        } else {
            long stride = source->strides[last];
            if (stride == 1) { registers[k] = (T *)from + at; continue; }
            if (stride == 0) { for (long i = 0; i < n; i++) block[i] = *from; }
            else for (long i = 0; i < n; i++) block[i] = from[(at + i) * stride];
        }
        registers[k] = block;
    }
}

/* Store or add n results of one destination; `sum` collects those that are summed. */
static void NAME(deliver)(const Map *map, const Operand *target, T *to, const T *result,
                          long at, long n, int add, T *sum) {
    if (target->index && !map->inner_lanes) {
        for (long i = 0; i < n; i++) {
            T *place = to + target->index[at + i] * target->step;
            *place = add ? *place + result[i] : result[i];
        }
        return;
    }
    long stride = target->strides[map->dimensions - 1];
    if (stride == 0) { *sum += NAME(sum)(result, n); return; }
    to += at * stride;
    if (stride == 1) {
        if (to == result) return;
        if (!add) { memcpy(to, result, n * sizeof(T)); return; }
        _Pragma("GCC ivdep")
        for (long i = 0; i < n; i++) to[i] += result[i];
    } else if (add) {
        for (long i = 0; i < n; i++) to[i * stride] += result[i];
    } else {
        for (long i = 0; i < n; i++) to[i * stride] = result[i];
    }
}

/* Run the steps along the innermost dimension, CHUNK numbers at a time. */
static void NAME(line)(const Map *map, T **pointers, const int *again, T *blocks) {
    T *registers[REGISTERS];
    long n = map->sizes[map->dimensions - 1];
    T sums[RESULTS] = {0};
    for (int k = map->sources; k < map->registers; k++) registers[k] = blocks + k * CHUNK;
    for (long at = 0; at < n; at += CHUNK) {
        long count = n - at < CHUNK ? n - at : CHUNK;
        NAME(gather)(map, pointers, registers, blocks, at, count);
        if (map->direct) registers[map->results[0]] = pointers[map->sources] + at;
        for (int k = 0; k < map->steps; k++) {
            const Step *step = &map->code[k];
            NAME(kernels)[step->operation](registers[step->result], registers[step->a],
                                           registers[step->b], registers[step->c], count);
        }
        for (int k = 0; k < map->targets; k++)
            NAME(deliver)(map, &map->operands[map->sources + k], pointers[map->sources + k],
                          registers[map->results[k]], at, count, map->add[k] || again[k], &sums[k]);
    }
    for (int k = 0; k < map->targets; k++) {
        const Operand *target = &map->operands[map->sources + k];
        if ((target->index && !map->inner_lanes) || target->strides[map->dimensions - 1]) continue;
        T *to = pointers[map->sources + k], sum = sums[k] * (T)target->scale;
        *to = map->add[k] || again[k] ? *to + sum : sum;
    }
}

static void NAME(run_map)(const Map *map, void *scratch) {
    T *blocks = scratch, *pointers[OPERANDS];
    long counter[DIMENSIONS] = {0};
    int outer = map->dimensions - 1, every = map->sources + map->targets;
    long length = map->sizes[outer] < CHUNK ? map->sizes[outer] : CHUNK;
    for (int k = 0; k < map->constants; k++) {
        T *block = blocks + (map->sources + k) * CHUNK;
        for (long i = 0; i < length; i++) block[i] = (T)map->numbers[k];
    }
    for (;;) {
        int again[RESULTS] = {0};
        for (int k = 0; k < every; k++) {
            const Operand *operand = &map->operands[k];
            long offset = 0;
            if (operand->index && map->inner_lanes)
                offset = operand->index[counter[0]] * operand->step;
            else if (!operand->index)
                for (int d = 0; d < outer; d++) offset += counter[d] * operand->strides[d];
            pointers[k] = (T *)operand->base + offset;
            if (k >= map->sources && !operand->index)
                for (int d = 0; d < outer; d++)
                    if (!operand->strides[d] && counter[d]) again[k - map->sources] = 1;
        }
        NAME(line)(map, pointers, again, blocks);
        int d = outer - 1;
        while (d >= 0 && ++counter[d] == map->sizes[d]) counter[d--] = 0;
        if (d < 0) return;
    }
}

/* --- matrix products ------------------------------------------------------------------ */

/* acc[rows][2 or 1 vectors] = sum over k of A[row, k] * B[k, columns]. */
static inline __attribute__((always_inline)) void
NAME(tile)(const int rows, const int vectors, long depth, const T *a, long am, const long *ak,
           const T *b, const long *bk, T *out) {
    VEC acc[ROWS][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) acc[i][v] = SPREAD((T)0);
    for (long k = 0; k < depth; k++) {
        const T *row = b + bk[k], *column = a + ak[k];
        VEC x[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) x[v] = LOAD(row + v * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            VEC w = SPREAD(column[i * am]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) acc[i][v] = FMADD(w, x[v], acc[i][v]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) SAVE(out + (2 * i + v) * LANES, acc[i][v]);
}

static void NAME(tiles)(int rows, int vectors, long depth, const T *a, long am, const long *ak,
                        const T *b, const long *bk, T *out) {
#define CASE(r)                                                                           \
    case r:                                                                               \
        if (vectors == 1) NAME(tile)(r, 1, depth, a, am, ak, b, bk, out);                 \
        else NAME(tile)(r, 2, depth, a, am, ak, b, bk, out);                              \
        break;
    switch (rows) {
        CASE(1) CASE(2) CASE(3) CASE(4)
#if ROWS > 4
        CASE(5) CASE(6)
#endif
#if ROWS > 6
        CASE(7) CASE(8)
#endif
    }
#undef CASE
}

/* C[m, n] = or += scale * sum_k A[m am + ak[k]] B[bn[n] + bk[k]], at C[m cm + cn[n]]. */
static void NAME(run_product)(const Product *p, void *scratch) {
    enum { WIDTH = 2 * LANES };
    T *panel = scratch, *out = panel + DEPTH * WIDTH;
    long *packed = (long *)(out + ROWS * WIDTH);
    const T *A = p->a, *B = p->b;
    T *C = p->c, scale = (T)p->scale;
    for (long k0 = 0; k0 < p->K; k0 += DEPTH) {
        long depth = p->K - k0 < DEPTH ? p->K - k0 : DEPTH;
        int add = p->add || k0;
        for (long k = 0; k < depth; k++) packed[k] = k * WIDTH;
        for (long n0 = 0; n0 < p->N; n0 += WIDTH) {
            long width = p->N - n0 < WIDTH ? p->N - n0 : WIDTH;
            int vectors = width > LANES ? 2 : 1;
            const T *b = panel;
            const long *bk = packed, *bn = p->bn + n0, *cn = p->cn + n0;
            if (width == vectors * LANES && bn[width - 1] - bn[0] == width - 1 && p->b_runs) {
                b = B + bn[0];
                bk = p->bk + k0;
            } else {
                for (long j = 0; j < width; j++)
                    for (long k = 0; k < depth; k++)
                        panel[k * WIDTH + j] = B[bn[j] + p->bk[k0 + k]];
                for (long j = width; j < vectors * LANES; j++)
                    for (long k = 0; k < depth; k++) panel[k * WIDTH + j] = 0;
            }
            int runs = cn[width - 1] - cn[0] == width - 1 && p->c_runs;
            for (long m0 = 0; m0 < p->M; m0 += ROWS) {
                int rows = p->M - m0 < ROWS ? (int)(p->M - m0) : ROWS;
                NAME(tiles)(rows, vectors, depth, A + m0 * p->am, p->am, p->ak + k0, b, bk, out);
                for (int i = 0; i < rows; i++) {
                    T *c = C + (m0 + i) * p->cm, *from = out + i * WIDTH;
                    if (runs && add)
                        for (long j = 0; j < width; j++) c[cn[0] + j] += from[j] * scale;
                    else if (runs)
                        for (long j = 0; j < width; j++) c[cn[0] + j] = from[j] * scale;
                    else
                        for (long j = 0; j < width; j++)
                            c[cn[j]] = add ? c[cn[j]] + from[j] * scale : from[j] * scale;
                }
            }
        }
    }
}

/* The same lane by lane, for operands that both have lanes. */
static void NAME(run_lanewise)(const Product *p, void *scratch) {
    (void)scratch;
    const T *A = p->a, *B = p->b;
    for (long m = 0; m < p->M; m++)
        for (long n = 0; n < p->N; n++) {
            T *c = (T *)p->c + m * p->cm + p->cn[n];
            if (!p->add) memset(c, 0, p->lanes * sizeof(T));
            for (long k = 0; k < p->K; k++) {
                const T *a = A + m * p->am + p->ak[k], *b = B + p->bn[n] + p->bk[k];
                _Pragma("GCC ivdep")
                for (long s = 0; s < p->lanes; s++) c[s] += a[s] * b[s];
            }
        }
}

/* --- rows ------------------------------------------------------------------------------ */

static void NAME(run_row)(const Row *row, void *scratch) {
    T *seen = scratch, *base = row->base, *target = row->target;
    for (long r = 0; r < row->rows; r++) {
        const long *index = row->index + r * row->width;
        T *out = target + r * row->lanes;
        if (row->operation == PEAK) {
            for (long s = 0; s < row->lanes; s++) out[s] = base[index[0] * row->lanes + s];
            for (long k = 1; k < row->width; k++) {
                const T *x = base + index[k] * row->lanes;
                for (long s = 0; s < row->lanes; s++)
                    out[s] = x[s] > out[s] || x[s] != x[s] ? x[s] : out[s];
            }
        } else if (row->operation == REST) {
            for (long from = 0; from < row->lanes; from += CHUNK) {
                long n = row->lanes - from < CHUNK ? row->lanes - from : CHUNK;
                for (long s = 0; s < n; s++) out[from + s] = seen[s] = 0;
                for (long k = 0; k < row->width; k++) {
                    const T *x = base + index[k] * row->lanes + from;
                    for (long s = 0; s < n; s++) {
                        T first = x[s] == 1 && seen[s] == 0 ? (T)1 : (T)0;
                        out[from + s] += x[s] - first;
                        seen[s] += first;
                    }
                }
            }
        } else {
            const T *chosen = (T *)row->chosen + (row->chosen_index ? row->chosen_index[r] * row->chosen_step : r * row->chosen_row);
            for (long s = 0; s < row->lanes; s++) {
                T wanted = chosen[s * row->chosen_lane];
                int valid = wanted >= 0 && wanted < row->width && wanted == (T)(long)wanted;
                if (!valid) { if (row->operation == TAKE) out[s] = (T)NAN; continue; }
                T *x = base + index[(long)wanted] * row->step + (row->step > 1 || row->sources_lanes ? s : 0);
                if (row->operation == TAKE) out[s] = *x;
                else *x += out[s] * (T)row->scale;
            }
        }
    }
}

static const Kernels NAME(set) = {
    NAME(run_map), NAME(run_product), NAME(run_lanewise), NAME(run_row), LANES, ROWS,
};
