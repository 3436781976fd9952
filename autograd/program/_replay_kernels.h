/* The kernels of the native executor for one number type and one instruction set.

   Included by _replay.c several times, with
     T            double or float
     NAME(x)      x with a suffix of its own
     FLOAT        defined where T is float
     VEC, LANES   a vector type of T and its length; LANES 1 means plain C
     SPREAD, FMADD, LOAD, SAVE  its operations
     MULADD       x y + z of numbers, in one rounding where the processor can
     ROWS, WIDE   the rows and vectors of C that one tile computes at most
     TALL         the rows of one that is a single vector wide

   Elementwise loops are strict IEEE arithmetic in the order written; only the tiles of the
   matrix product and the series of exp and tanh use fused multiply-add. */

/* --- elementary functions --------------------------------------------------------------

   e^x by x = n ln 2 + r, |r| <= ln 2 / 2, and the series of e^r; 2^n is multiplied in two
   halves, so that results near the limits overflow and underflow as they should. Written
   without branches, for the compiler to vectorise. ROUND leaves the nearest whole number in
   the low bits of a sum; POWER makes 2^n of it. */

#ifdef FLOAT
#define ROUND 0x1.8p23f
#define POWER(shifted) bits_float((float_bits(shifted) + 127) << 23)
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define LOWEST -104.0f
#define HIGHEST 89.0f
#define LARGEST 8.65f
#define SATURATED 9.011f
#define ABSOLUTE fabsf
#define SIGNED copysignf
#else
#define ROUND 0x1.8p52
#define POWER(shifted) bits_double((double_bits(shifted) + 1023) << 52)
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LOWEST -746.0
#define HIGHEST 710.0
#define LARGEST 18.7
#define SATURATED 19.0615
#define ABSOLUTE fabs
#define SIGNED copysign
#endif
#define LOG2E (T)1.4426950408889634

/* e^r - 1 = r + r^2 q(r); of all polynomials of its degree, q has the least largest error for
   -ln 2 / 2 <= r <= 3/4 ln 2: 1.8e-17 (5.8e-9 in float). */
static inline T NAME(series)(T r) {
#ifdef FLOAT
    T q = 0x1.bdd24ap-13f;
    q = MULADD(q, r, 0x1.6d3122p-10f);
    q = MULADD(q, r, 0x1.10fe2cp-7f);
    q = MULADD(q, r, 0x1.5554e8p-5f);
    q = MULADD(q, r, 0x1.555560p-3f);
    q = MULADD(q, r, 0.5f);
#else
    T q = 0x1.35a4bce9bf7a5p-29;
    q = MULADD(q, r, 0x1.aea2f18272e9fp-26);
    q = MULADD(q, r, 0x1.27d7148d60243p-22);
    q = MULADD(q, r, 0x1.71de623831de1p-19);
    q = MULADD(q, r, 0x1.a01a07cbd6c98p-16);
    q = MULADD(q, r, 0x1.a01a01881998fp-13);
    q = MULADD(q, r, 0x1.6c16c16aec6eep-10);
    q = MULADD(q, r, 0x1.1111111114ee8p-7);
    q = MULADD(q, r, 0x1.55555555557eep-5);
    q = MULADD(q, r, 0x1.555555555554cp-3);
    q = MULADD(q, r, 0.5);
#endif
    return MULADD(r * r, q, r);
}

static inline T NAME(exp)(T x) {
    x = x < LOWEST ? LOWEST : x;
    x = x > HIGHEST ? HIGHEST : x;
    T n = MULADD(x, LOG2E, ROUND) - ROUND;
    T r = MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, x));
    T half = n * (T)0.5 + ROUND, rest = n - (half - ROUND) + ROUND;
    return (1 + NAME(series)(r)) * POWER(half) * POWER(rest);
}

/* tanh|x| = e / (e + 2) with e = e^(2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1); n is such that
   -1/4 ln 2 <= r, so that little cancels. The sum e + 2 loses
   `lost`, exactly known while e < 2^54 (2^25), and 1 / (e + 2) = (1 - tanh|x|) / 2. */
static inline T NAME(tanh)(T x) {
    T size = ABSOLUTE(x), t = size > LARGEST ? 2 * LARGEST : size + size;
    T shifted = MULADD(t - (T)0.17328679513998632, LOG2E, ROUND), n = shifted - ROUND;
    T r = MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, t));
    T two = POWER(shifted);
    T e = MULADD(two, NAME(series)(r), two - 1);
    T sum = e + 2, lost = e - (sum - 2), y = e / sum;
    y = MULADD(-y * lost, MULADD(y, (T)-0.5, (T)0.5), y);
    return SIGNED(size > SATURATED ? (T)1 : y, x);
}

#undef ROUND
#undef POWER
#undef LN2_HIGH
#undef LN2_LOW
#undef LOWEST
#undef HIGHEST
#undef LARGEST
#undef SATURATED
#undef ABSOLUTE
#undef SIGNED
#undef LOG2E

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

#if LANES > 1
typedef INTEGER NAME(Places) __attribute__((vector_size(sizeof(VEC)))); /* of the parts of a vector */
#endif

static inline T NAME(across)(VEC x) {
#if LANES > 1
    const NAME(Places) places = PLACES;
#pragma GCC unroll 4
    for (int half = LANES / 2; half; half /= 2)
        x += __builtin_shuffle(x, (places + half) & (LANES - 1));
    return x[0];
#else
    return x;
#endif
}

static T NAME(sum)(const T *x, long n) {
    VEC a = SPREAD((T)0), b = a;
    T rest = 0;
    long i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        a += LOAD(x + i);
        b += LOAD(x + i + LANES);
    }
    if (i + LANES <= n) { a += LOAD(x + i); i += LANES; }
    for (; i < n; i++) rest += x[i];
    return NAME(across)(a + b) + rest;
}

/* 0 where n numbers are all finite, NaN otherwise; it cannot overflow as a sum could. */
static double NAME(zero)(const void *numbers, long n) {
    const T *x = numbers;
    const VEC nothing = SPREAD((T)0);
    VEC part[4] = {nothing, nothing, nothing, nothing};
    T rest = 0;
    long i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) part[j] += LOAD(x + i + j * LANES) * nothing;
    for (; i < n; i++) rest += x[i] * 0;
    return (double)(NAME(across)((part[0] + part[1]) + (part[2] + part[3])) + rest);
}

/* Copy n numbers of a source that does not lie in one piece to a block. */
static void NAME(gather)(const Operand *source, const T *from, T *block, long stride, long at, long n) {
    if (source->role == SPREAD) for (long i = 0; i < n; i++) block[i] = *from;
    else if (source->role == STRIDED) for (long i = 0; i < n; i++) block[i] = from[(at + i) * stride];
    else for (long i = 0; i < n; i++) block[i] = from[source->index[at + i] * source->step];
}

/* Store or add n results of one destination; `sum` collects those that are summed. */
static void NAME(deliver)(const Operand *target, T *to, const T *result, long stride, long at,
                          long n, int add, T *sum) {
    if (target->role == INDEXED) {
        for (long i = 0; i < n; i++) {
            T *place = to + target->index[at + i] * target->step;
            *place = add ? *place + result[i] : result[i];
        }
        return;
    }
    if (target->role == SPREAD) { *sum += NAME(sum)(result, n); return; }
    to += at * stride;
    if (stride != 1) {
        if (add) for (long i = 0; i < n; i++) to[i * stride] += result[i];
        else for (long i = 0; i < n; i++) to[i * stride] = result[i];
    } else if (add) {
        _Pragma("GCC ivdep")
        for (long i = 0; i < n; i++) to[i] += result[i];
    } else NAME(k_copy)(to, result, result, result, n);
}

/* Fill the blocks of all that is one number everywhere: constants, sources, leading steps. */
static void NAME(prepare)(const Map *map, void *scratch) {
    long length = map->sizes[map->dimensions - 1];
    if (length > CHUNK) length = CHUNK;
    for (int k = 0; k < map->sources + map->constants; k++) {
        if (k < map->sources && map->operands[k].role != UNIFORM) continue;
        T *block = (T *)scratch + k * CHUNK;
        T number = k < map->sources ? *(const T *)map->operands[k].base : (T)map->numbers[k - map->sources];
        for (long i = 0; i < length; i++) block[i] = number;
    }
    for (const Step *step = map->code, *end = step + map->lead; step < end; step++) {
        T *block = (T *)scratch + step->result * CHUNK, *blocks = scratch;
        NAME(kernels)[step->operation](block, blocks + step->a * CHUNK, blocks + step->b * CHUNK,
                                       blocks + step->c * CHUNK, 1);
        for (long i = 1; i < length; i++) block[i] = *block;
    }
}

static inline __attribute__((always_inline)) void
NAME(steps)(const Map *map, T *const *registers, long n) {
    for (const Step *step = map->code + map->lead, *end = map->code + map->steps; step < end; step++)
        NAME(kernels)[step->operation](registers[step->result], registers[step->a],
                                       registers[step->b], registers[step->c], n);
}

/* Run the steps along the innermost dimension, CHUNK numbers at a time. `again` has a bit for
   each destination that this line is not the first to reach. */
static void NAME(line)(const Map *map, T *const *pointers, T **registers, unsigned again) {
    const int last = map->dimensions - 1, sources = map->sources;
    const Operand *targets = map->operands + sources;
    const unsigned add = map->add | again;
    T sums[RESULTS];
    for (int k = 0; k < map->targets; k++) sums[k] = 0;
    for (long at = 0, n = map->sizes[last]; at < n; at += CHUNK) {
        long count = n - at < CHUNK ? n - at : CHUNK;
        for (int k = 0; k < sources; k++) {
            const Operand *source = &map->operands[k];
            if (source->role == DIRECT) registers[k] = pointers[k] + at;
            else if (source->role != UNIFORM)
                NAME(gather)(source, pointers[k], registers[k], source->strides[last], at, count);
        }
        for (int k = 0; k < map->targets; k++)
            if (targets[k].role == DIRECT) registers[map->results[k]] = pointers[sources + k] + at;
        NAME(steps)(map, registers, count);
        for (int k = 0; k < map->targets; k++)
            if (targets[k].role != DIRECT)
                NAME(deliver)(&targets[k], pointers[sources + k], registers[map->results[k]],
                              targets[k].strides[last], at, count, add >> k & 1, &sums[k]);
    }
    for (int k = 0; k < map->targets; k++) {
        if (targets[k].role != SPREAD) continue;
        T *to = pointers[sources + k], sum = sums[k] * (T)targets[k].scale;
        *to = add >> k & 1 ? *to + sum : sum;
    }
}

/* Sum the rows of a matrix, as the gradient of a bias does. */
static void NAME(run_sums)(const Map *map) {
    const Operand *source = &map->operands[0], *target = &map->operands[1];
    const T *from = source->base;
    T *to = target->base;
    for (long k = 0; k < map->sizes[0]; k++) {
        T sum = NAME(sum)(from + k * source->strides[0], map->sizes[1]) * (T)target->scale;
        T *place = to + k * target->strides[0];
        *place = map->add ? *place + sum : sum;
    }
}

/* The destinations that were reached before: `counter` has moved along a dimension they lack. */
static unsigned NAME(reached)(const Map *map, const long *counter) {
    unsigned again = 0;
    for (int k = 0; k < map->targets; k++)
        for (int d = 0; d + 1 < map->dimensions; d++)
            if (map->folds >> (k * DIMENSIONS + d) & 1 && counter[d]) again |= 1u << k;
    return again;
}

static void NAME(run_map)(const Map *map, void *scratch) {
    T *pointers[OPERANDS], *registers[REGISTERS], *blocks = scratch;
    const int outer = map->dimensions - 1, every = map->sources + map->targets;
    long counter[DIMENSIONS] = {0};
    if (map->sums) { NAME(run_sums)(map); return; }
    for (int k = 0; k < every; k++) pointers[k] = map->operands[k].base;
    for (int k = 0; k < map->registers; k++) registers[k] = blocks + k * CHUNK;
    if (map->fixed) NAME(prepare)(map, scratch);
    for (;;) {
        if (map->rows) /* operands that find each line by an index */
            for (int k = 0; k < every; k++) {
                const Operand *x = &map->operands[k];
                if (x->index) pointers[k] = (T *)x->base + x->index[counter[0]] * x->step;
            }
        NAME(line)(map, pointers, registers, map->folds ? NAME(reached)(map, counter) : 0);
        int d = outer - 1;
        for (; d >= 0 && ++counter[d] == map->sizes[d]; d--) {
            counter[d] = 0;
            for (int k = 0; k < every; k++)
                pointers[k] -= map->operands[k].strides[d] * (map->sizes[d] - 1);
        }
        if (d < 0) return;
        for (int k = 0; k < every; k++) pointers[k] += map->operands[k].strides[d];
    }
}

/* --- matrix products ------------------------------------------------------------------

   C[m, n] = or += start[m] + scale * sum_k A[m am + ak[k]] B[bn[n] + bk[k]], n at C[m cm + cn[n]].

   Blocks of DEPTH k and COLUMNS n; columns that are not consecutive in B are packed. A tile of
   ROWS rows and two vectors of columns is kept in registers. */

typedef struct {
    const T *a, *b;
    const long *ak, *bk;
    long am, depth;
} NAME(Strip);

static inline __attribute__((always_inline)) void
NAME(tile)(const int rows, const int vectors, const NAME(Strip) *strip, T *c, long cm, int add,
           T scale, const T *start, long start_row) {
    VEC acc[TALL][WIDE];
    const T *a = strip->a, *b = strip->b;
    const long *ak = strip->ak, *bk = strip->bk;
    const long am = strip->am, depth = strip->depth;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            acc[i][v] = SPREAD(start ? start[i * start_row] : (T)0);
    for (long k = 0; k < depth; k++) {
        const T *row = b + bk[k], *column = a + ak[k];
        VEC x[WIDE];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) x[v] = LOAD(row + v * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            VEC w = SPREAD(column[i * am]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) acc[i][v] = FMADD(w, x[v], acc[i][v]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            T *to = c + i * cm + v * LANES;
            if (add) SAVE(to, FMADD(SPREAD(scale), acc[i][v], LOAD(to)));
            else SAVE(to, SCALED(acc[i][v], SPREAD(scale)));
        }
}

static void NAME(tiles)(int rows, int vectors, const NAME(Strip) *strip, T *c, long cm, int add,
                        T scale, const T *start, long start_row) {
#define CASE(r, v)                                                                        \
    case 8 * v + r - 1: NAME(tile)(r, v, strip, c, cm, add, scale, start, start_row); break;
#define CASES(v) CASE(1, v) CASE(2, v) CASE(3, v) CASE(4, v)
#define MORE(v) CASE(5, v) CASE(6, v)
    switch (8 * vectors + rows - 1) {
        CASES(1) CASES(2)
#if ROWS > 4
        MORE(1) MORE(2)
#endif
#if TALL > 6
        CASE(7, 1) CASE(8, 1)
#endif
#if WIDE > 2
        CASES(4) MORE(4)
#endif
    }
#undef CASE
#undef CASES
#undef MORE
}

enum { NAME(WIDTH) = WIDE * LANES };

/* How many vectors a tile takes of so many columns. */
static inline int NAME(vectors)(long columns) {
#if WIDE > 2
    if (columns > 3 * LANES) return 4;
#endif
    return columns > LANES ? 2 : 1;
}

#if LANES > 1
/* Copy LANES rows of LANES numbers at `rows` as columns: exchange halves, quarters and so on. */
static inline void NAME(transpose)(const T *const *rows, long k, T *to, long step) {
    const NAME(Places) places = PLACES;
    VEC x[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) x[i] = LOAD(rows[i] + k);
#pragma GCC unroll 4
    for (int s = 1; s < LANES; s *= 2) {
        const NAME(Places) from_b = ((places & s) != 0) & (LANES - s);
        const NAME(Places) low = places + from_b, high = low + s;
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            if (i & s) continue;
            VEC a = x[i], b = x[i + s];
            x[i] = __builtin_shuffle(a, b, low);
            x[i + s] = __builtin_shuffle(a, b, high);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) SAVE(to + i * step, x[i]);
}
#endif

/* Copy columns n0 .. n0 + width of B to a panel, zeros after the last. */
static void NAME(pack)(const Product *p, long k0, long depth, long n0, long width, T *panel) {
    enum { WIDTH = NAME(WIDTH) };
    const long *bk = p->bk + k0, *bn = p->bn + n0;
    const int runs = bk[depth - 1] - bk[0] == depth - 1;
    const T *B = (const T *)p->b + (runs ? bk[0] : 0);
    const long used = NAME(vectors)(width) * LANES;
    long j = 0;
    if (width < used)
        for (long k = 0; k < depth; k++) SAVE(panel + k * WIDTH + used - LANES, SPREAD((T)0));
#if LANES > 1
    for (; runs && j + LANES <= width; j += LANES) {
        const T *columns[LANES];
        long k = 0;
        for (int i = 0; i < LANES; i++) columns[i] = B + bn[j + i];
        for (; k + LANES <= depth; k += LANES)
            NAME(transpose)(columns, k, panel + k * WIDTH + j, WIDTH);
        for (; k < depth; k++)
            for (int i = 0; i < LANES; i++) panel[k * WIDTH + j + i] = columns[i][k];
    }
#endif
    for (; j < width; j++)
        for (long k = 0; k < depth; k++) panel[k * WIDTH + j] = B[bn[j] + (runs ? k : bk[k])];
}

typedef struct {
    long k0, depth, n0, columns;
    const long *steps; /* k * WIDTH: where row k of packed columns starts */
    T *packed, *spill;
} NAME(Panel);

/* Some rows of C from m0 (or of `whole`, a dense copy of them) on the columns of a panel. */
static void NAME(strip)(const Product *p, const NAME(Panel) *panel, long m0, int rows, T *whole,
                        long whole_row) {
    enum { WIDTH = NAME(WIDTH) };
    const long k0 = panel->k0, depth = panel->depth;
    T *C = p->c, *out = panel->spill, scale = (T)p->scale;
    int add = p->add || k0;
    const T *start = p->start && !k0 ? (const T *)p->start + m0 * p->start_row : NULL;
    NAME(Strip) strip = {(const T *)p->a + m0 * p->am, NULL, p->ak + k0, NULL, p->am, depth};
    T *packed = panel->packed;
    const int lap = !add && !whole && p->b_runs && p->c_runs;
    for (long j = 0, width; j < panel->columns; j += width, packed += depth * WIDTH) {
        int vectors = NAME(vectors)(panel->columns - j);
        width = panel->columns - j < vectors * LANES ? panel->columns - j : vectors * LANES;
        if (width < vectors * LANES && lap && j + width >= vectors * LANES) {
            j -= vectors * LANES - width; /* compute some columns twice rather than copy the rest */
            width = vectors * LANES;
        }
        int full = width == vectors * LANES;
        const long *bn = p->bn + panel->n0 + j, *cn = p->cn + panel->n0 + j;
        if (full && p->b_runs && bn[width - 1] - bn[0] == width - 1) {
            strip.b = (const T *)p->b + bn[0];
            strip.bk = p->bk + k0;
        } else {
            strip.b = packed;
            strip.bk = panel->steps;
            if (!m0) NAME(pack)(p, k0, depth, panel->n0 + j, width, packed);
        }
        if (whole) {
            NAME(tiles)(rows, vectors, &strip, whole + j, whole_row, 0, scale, start, p->start_row);
            continue;
        }
        if (full && p->c_runs && cn[width - 1] - cn[0] == width - 1) {
            NAME(tiles)(rows, vectors, &strip, C + m0 * p->cm + cn[0], p->cm, add, scale,
                        start, p->start_row);
            continue;
        }
        NAME(tiles)(rows, vectors, &strip, out, WIDTH, 0, scale, start, p->start_row);
        for (int i = 0; i < rows; i++) {
            T *c = C + (m0 + i) * p->cm;
            for (long n = 0; n < width; n++)
                c[cn[n]] = add ? c[cn[n]] + out[i * WIDTH + n] : out[i * WIDTH + n];
        }
    }
}

static NAME(Panel) NAME(panel)(void *scratch) {
    enum { WIDTH = NAME(WIDTH) };
    NAME(Panel) panel = {0};
    panel.packed = (T *)scratch + (long)REGISTERS * CHUNK;
    panel.spill = panel.packed + (long)DEPTH * (COLUMNS + 2 * WIDTH);
    long *steps = (long *)(panel.spill + TALL * SPAN);
    for (long k = 0; k < DEPTH; k++) steps[k] = k * WIDTH;
    panel.steps = steps;
    return panel;
}

/* Into how many strips of nearly equal height the rows of C are cut. */
static long NAME(strips)(const Product *p) {
    int most = p->N > LANES ? ROWS : TALL;
    return (p->M + most - 1) / most;
}

static void NAME(run_product)(const Product *p, void *scratch) {
    NAME(Panel) panel = NAME(panel)(scratch);
    const long strips = NAME(strips)(p);
    for (panel.n0 = 0; panel.n0 < p->N; panel.n0 += COLUMNS) {
        panel.columns = p->N - panel.n0 < COLUMNS ? p->N - panel.n0 : COLUMNS;
        for (panel.k0 = 0; panel.k0 < p->K; panel.k0 += DEPTH) {
            panel.depth = p->K - panel.k0 < DEPTH ? p->K - panel.k0 : DEPTH;
            for (long m0 = 0, left = strips, rows; left; m0 += rows, left--) {
                rows = (p->M - m0 + left - 1) / left;
                NAME(strip)(p, &panel, m0, (int)rows, NULL, 0);
            }
        }
    }
}

/* Apply an optimiser's rule to parameters first .. first + n, their gradient at `gradient` or
   in its place. Each result has a step of its own, which writes where it belongs. */
static void NAME(run_rule)(const Map *rule, long first, long n, const void *gradient, void *scratch) {
    T *registers[REGISTERS], *moving[OPERANDS], *blocks = scratch;
    const int every = rule->sources + rule->targets;
    for (int k = 0; k < rule->registers; k++) registers[k] = blocks + k * CHUNK;
    for (int k = 0; k < every; k++) {
        const Operand *operand = &rule->operands[k];
        moving[k] = operand->buffer == GRADIENT && gradient ? (T *)gradient : (T *)operand->base + first;
    }
    for (long at = 0; at < n; at += CHUNK) {
        for (int k = 0; k < every; k++)
            if (rule->operands[k].role != UNIFORM)
                registers[k < rule->sources ? k : rule->results[k - rule->sources]] = moving[k] + at;
        NAME(steps)(rule, registers, n - at < CHUNK ? n - at : CHUNK);
    }
}

/* A product that is a gradient, and the rule that spends it: a block of parameters is updated
   while its gradient is in the cache, which is never stored as a whole. Returns 0, or NaN where
   a number of it is not finite. */
static double NAME(run_fused)(const Product *p, const Map *rule, void *scratch) {
    NAME(Panel) panel = NAME(panel)(scratch);
    double zero = 0;
    panel.depth = p->K;
    const long strips = NAME(strips)(p), room = PANEL / (p->K * (long)sizeof(T)) & -64L;
    const long span = room < 64 ? 64 : room > SPAN ? SPAN : room;
    for (; panel.n0 < p->N; panel.n0 += span) {
        panel.columns = p->N - panel.n0 < span ? p->N - panel.n0 : span;
        long row = (panel.columns + LANES - 1) / LANES * LANES;
        int dense = p->cm == row; /* then rows follow one another in memory */
        for (long m0 = 0, left = strips, rows; left; m0 += rows, left--) {
            rows = (p->M - m0 + left - 1) / left;
            NAME(strip)(p, &panel, m0, (int)rows, panel.spill, row);
            zero += NAME(zero)(panel.spill, rows * row);
            long at = p->first + m0 * p->cm + panel.n0, n = dense ? rows * row : panel.columns;
            for (long i = 0; i < (dense ? 1 : rows); i++)
                NAME(run_rule)(rule, at + i * p->cm, n, panel.spill + i * row, scratch);
        }
    }
    return zero;
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
                if (index[(long)wanted] < 0) continue;
                T *x = base + index[(long)wanted] * row->step + (row->step > 1 || row->sources_lanes ? s : 0);
                if (row->operation == TAKE) out[s] = *x;
                else *x += out[s] * (T)row->scale;
            }
        }
    }
}

#include "_replay_tape.h"

static const Kernels NAME(set) = {
    NAME(run_map), NAME(run_product), NAME(run_lanewise), NAME(run_row), NAME(run_tape),
    NAME(places), NAME(zero), NAME(run_rule), NAME(run_fused), NAME(prepare), LANES, TALL,
};
