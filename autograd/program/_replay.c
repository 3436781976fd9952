/* The native executor: interprets the instruction table of a program.

   A table is read once for a number of lanes (Replay objects); running it then touches no
   Python object, so that the interpreter lock is released. The caller holds the program's
   own lock. Kernels are compiled for several instruction sets; the best one that the
   processor has is chosen at import. The layout of a table is written down beside its
   writer, in run_native.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../primitives.h"

enum { CHUNK = 256, DIMENSIONS = 7, OPERANDS = 16, RESULTS = 8, REGISTERS = 96, DEPTH = 128, COLUMNS = 1024, SPAN = 512, PANEL = 32768, LARGE = 2048 };
enum { MAP = 1, PRODUCT = 2, ROW = 3 };
enum { PEAK, REST, TAKE, UNTAKE };
enum { VALUES, VALUE_LANES, GRADIENT, ADJOINT_LANES, STATE, BUFFERS };

typedef struct {
    void *base;
    long strides[DIMENSIONS];
    const long *index; /* addresses, times step */
    long step;
    double scale;
    int buffer, role;
} Operand;

/* How an operand meets a line of numbers: in one piece, the same number all along the line (as
   a destination, their sum), the same in all lines, with gaps, or by an index. */
enum { DIRECT, SPREAD, UNIFORM, STRIDED, INDEXED, WHOLE };

typedef struct { int operation, result, a, b, c; } Step;

typedef struct {
    int dimensions, sources, targets, constants, steps, registers, lead;
    int rows, fixed, sums; /* lines found by an index; blocks to fill; nothing but sums of rows */
    unsigned add;   /* a bit for each destination */
    uint64_t folds; /* bits k * DIMENSIONS + d: destination k lacks the outer dimension d */
    long sizes[DIMENSIONS];
    Operand operands[OPERANDS];
    int results[RESULTS];
    const double *numbers;
    Step *code;
} Map;

typedef struct {
    long M, N, K, am, cm, lanes, start_row;
    long *ak, *bk, *bn, *cn;
    const void *a, *b, *start;
    void *c;
    int add, b_runs, c_runs, lanewise, fused;
    long first; /* of the parameters whose gradient it is, where it is fused with an update */
    double scale;
} Product;

typedef struct {
    int operation, sources_lanes;
    long rows, width, lanes, step, chosen_row, chosen_lane, chosen_step;
    const long *index, *chosen_index;
    void *base, *target, *chosen;
    double scale;
} Row;

typedef struct { uint64_t place; int32_t out, a, b, c; } Operation;

typedef struct { long length, times, shift, mends; } Stretch;

typedef struct { int32_t word, growth; } Mend; /* a word of a loop, in units of 32 bits */

typedef struct {
    const Operation *code;
    Operation *body;
    const Mend *mends;
    const Stretch *stretches;
    long count;
} Tape;

typedef struct {
    void (*map)(const Map *, void *);
    void (*product)(const Product *, void *);
    void (*lanewise)(const Product *, void *);
    void (*row)(const Row *, void *);
    void (*tape)(const Tape *, void *);
    const void *const *(*places)(void);
    double (*zero)(const void *, long);
    void (*rule)(const Map *, long, long, const void *, void *);
    double (*fused)(const Product *, const Map *, void *);
    void (*prepare)(const Map *, void *);
    int lanes, rows;
} Kernels;

/* Bits of numbers, for the elementary functions in _replay_kernels.h. */

static inline double bits_double(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline uint64_t double_bits(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }
static inline float bits_float(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline uint32_t float_bits(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }

/* --- the operations, in terms of x, y, z ------------------------------------------------- */

#define ABS(x) ((x) < 0 ? -(x) : (x))
#define STEP_OF(x) ((x) > 0 ? (T)1 : (x) <= 0 ? (T)0 : (T)(x))
#define OPERATIONS(X)                                                                     \
    X(add, x + y) X(sub, x - y) X(mul, x * y) X(div, x / y) X(neg, -x)                    \
    X(pow, pow(x, y)) X(abs, fabs(x)) X(exp, NAME(exp)(x)) X(expm1, expm1(x))                   \
    X(log, log(x)) X(log1p, log1p(x)) X(log2, log2(x)) X(log10, log10(x))                 \
    X(sqrt, SQRT(x)) X(sin, sin(x)) X(cos, cos(x)) X(tan, tan(x))                         \
    X(asin, asin(x)) X(acos, acos(x)) X(atan, atan(x)) X(atan2, atan2(x, y))              \
    X(hypot, hypot(x, y)) X(sinh, sinh(x)) X(cosh, cosh(x)) X(tanh, NAME(tanh)(x))              \
    X(asinh, asinh(x)) X(acosh, acosh(x)) X(atanh, atanh(x))                              \
    X(direction, x == 0 && y == 0 ? (T)0 : x / hypot(x, y))                               \
    X(erf, erf(x)) X(erfc, erfc(x))                                                       \
    X(sign, x > 0 ? (T)1 : x < 0 ? (T)-1 : x * 0) X(heaviside, STEP_OF(x))                \
    X(maximum, x >= y || x != x ? x : y) X(minimum, x <= y || x != x ? x : y)             \
    X(clip, LEAST(x >= y || x != x ? x : y, z)) X(where, x != 0 ? y : z)                  \
    X(relu, x <= 0 ? (T)0 : x) X(leaky_relu, x > 0 ? x : (T)0.01 * x)                     \
    X(elu, x > 0 ? x : expm1(x)) X(sigmoid, (x >= 0 ? (T)1 : NAME(exp)(-ABS(x))) / (1 + NAME(exp)(-ABS(x)))) \
    X(softplus, log1p(NAME(exp)(-ABS(x))) + (x > 0 ? x : (T)0))                                 \
    X(silu, x * ((x >= 0 ? (T)1 : NAME(exp)(-ABS(x))) / (1 + NAME(exp)(-ABS(x)))))                    \
    X(gelu, 0.5 * x * erfc(-x / 1.4142135623730951)) X(softsign, x / (1 + ABS(x)))        \
    X(gap, x == y ? (T)0 : x - y) X(copy, x) X(equal, x == y ? (T)1 : (T)0)               \
    X(first, x == 1 && y == 0 ? (T)1 : (T)0)                                                         \
    X(tanh_pullback, (1 - x * x) * y) X(sigmoid_pullback, (1 - x) * x * y)                \
    X(relu_pullback, STEP_OF(x) * y) X(add_product, x + y * z) X(sub_product, x - y * z)
#define LEAST(a, b) ((a) <= (b) || (a) != (a) ? (a) : (b))

/* What only tapes do. `r` is the last result and `z` the last number that was given: what
   the next operation reads waits in a register, x or y. A result receives a term: its first
   one is stored, later ones are added; z is read anew, is the last result, or the same again;
   in a sum the result is the one of the operation before. Frequent pairs take one jump. */
#define GIVE(X, then, after, name, term)                                                  \
    X(name##then, z = B; OUT = r = OUT + (term); after)                                   \
    X(name##_first##then, z = B; OUT = r = (term); after)                                 \
    X(name##_last##then, z = r; OUT = r = OUT + (term); after)                            \
    X(name##_first_last##then, z = r; OUT = r = (term); after)                            \
    X(name##_again##then, OUT = r = OUT + (term); after)                                  \
    X(name##_first_again##then, OUT = r = (term); after)
#define GIVES(X, then, after)                                                             \
    GIVE(X, then, after, accumulate, z) GIVE(X, then, after, subtract, -z)                \
    GIVE(X, then, after, multiply_accumulate, A * z)
#define ARITHMETIC(X, then, after)                                                        \
    X(add##then, r = OUT = A + B; after) X(add_x##then, r = OUT = r + B; after)           \
    X(mul##then, r = OUT = A * B; after) X(mul_x##then, r = OUT = r * B; after)           \
    X(sub##then, r = OUT = A - B; after) X(sub_x##then, r = OUT = r - B; after)           \
    X(sub_y##then, r = OUT = A - r; after)
#define PAIRS(X)                                                                          \
    ARITHMETIC(X, __add, code++; OUT = z = r = A + B;)                                 \
    ARITHMETIC(X, __mul, code++; OUT = z = r = A * B;)                                 \
    ARITHMETIC(X, __sub, code++; OUT = z = r = A - B;)                                 \
    ARITHMETIC(X, __add_x, code++; OUT = z = r = r + B;)                               \
    ARITHMETIC(X, __mul_x, code++; OUT = z = r = r * B;)                               \
    ARITHMETIC(X, __sub_x, code++; OUT = z = r = r - B;)                               \
    ARITHMETIC(X, __sub_y, code++; OUT = z = r = A - r;)                               \
    GIVES(X, __multiply_accumulate_last, code++; z = r; OUT = r = OUT + A * z;)        \
    GIVES(X, __multiply_accumulate_first_last, code++; z = r; OUT = r = A * z;)        \
    GIVES(X, __multiply_accumulate_again, code++; OUT = r = OUT + A * z;)              \
    GIVES(X, __multiply_accumulate_first_again, code++; OUT = r = A * z;)
#define TAPE_ONLY(X)                                                                      \
    GIVES(X, , ) X(accumulate_sum, z = B; OUT = r = r + z;)                               \
    X(multiply_accumulate_sum, z = B; OUT = r = r + A * z;)                               \
    X(add_x, OUT = z = r = r + B;) X(mul_x, OUT = z = r = r * B;)                         \
    X(sub_x, OUT = z = r = r - B;) X(sub_y, OUT = z = r = A - r;)                         \
    X(div_x, OUT = z = r = r / B;) X(div_y, OUT = z = r = A / r;)                         \
    X(sine_and_cosine, r = NAME(sine_and_cosine)(A, &C); OUT = z = r;)                    \
    X(sine_and_cosine_x, r = NAME(sine_and_cosine)(r, &C); OUT = z = r;)                  \
    PAIRS(X)

#define TEXT(name, ...) #name,
#define CODE(name, ...) OPERATION_##name,
static const char *const operation_names[] = {OPERATIONS(TEXT) TAPE_ONLY(TEXT) "stop"};
enum { OPERATIONS(CODE) TAPE_ONLY(CODE) OPERATION_stop };
enum { OPERATION_COUNT = sizeof operation_names / sizeof *operation_names };

#if defined(__GNUC__) && !defined(__clang__)
#define ONE_JUMP_EACH __attribute__((optimize("no-crossjumping", "no-gcse")))
#else
#define ONE_JUMP_EACH
#endif

/* sin and cos of the 512 whole multiples of pi / 256 in (-pi, pi], for sine_and_cosine. */
#define ARC_HIGH 0x1.921fb544p-7 /* pi / 256 in three parts, two of them with 33 bits */
#define ARC_MIDDLE 0x1.0b4611a6p-41
#define ARC_LOW 0x1.3198a2e037073p-76
enum { ARCS = 512 };
static double circle[ARCS][2];

static void fill_circle(void) {
    for (int k = 0; k < ARCS; k++) {
        double n = k > ARCS / 2 ? k - ARCS : k, a = n * ARC_HIGH, rest = n * ARC_MIDDLE;
        circle[k][0] = k == ARCS / 2 ? 0.0 : sin(a) + cos(a) * rest;
        circle[k][1] = k % (ARCS / 2) == ARCS / 4 ? 0.0 : cos(a) - sin(a) * rest;
    }
}

/* --- one copy of the kernels for each type and instruction set --------------------------- */

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(x) JOIN(x, SUFFIX)

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define HAS_TILES 1
#include <immintrin.h>
#endif

#define T double
#define SQRT sqrt
#include "_replay_tiles.h"
#undef T
#undef SQRT
#define T float
#define FLOAT 1
#define SQRT sqrtf
#include "_replay_tiles.h"

static const Kernels *kernels_double, *kernels_float;
static const char *tile_name;

static void choose_kernels(const char *wanted) {
    int level = 0;
#ifdef HAS_TILES
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) level = 2;
    if (level && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) level = 3;
    if (level == 3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) level = 4;
    if (wanted && wanted[0] == 'v' && wanted[1] - '0' < level) level = wanted[1] - '0';
    if (wanted && !strcmp(wanted, "plain")) level = 0;
    if (level == 4) { kernels_double = &set_double_v4; kernels_float = &set_float_v4; tile_name = "v4"; return; }
    if (level == 3) { kernels_double = &set_double_v3; kernels_float = &set_float_v3; tile_name = "v3"; return; }
    if (level == 2) { kernels_double = &set_double_v2; kernels_float = &set_float_v2; tile_name = "v2"; return; }
#endif
    (void)wanted; (void)level;
    kernels_double = &set_double_plain;
    kernels_float = &set_float_plain;
    tile_name = "plain";
}

/* --- reading a table ----------------------------------------------------------------------- */

typedef struct { int kind; union { Map map; Product product; Row row; } is; } Instruction;

enum { FORWARD, BACKWARD, GRADIENTS, REMAINING, UPDATE, SECTIONS }; /* of a table */

typedef struct {
    PyObject_HEAD
    const Kernels *kernels;
    size_t size;              /* of one number */
    long lanes;
    Py_buffer buffers[BUFFERS]; /* values, lanes of values, adjoints, lanes of them, state */
    Py_buffer constants, index;
    Py_buffer tables[SECTIONS];
    int opened;
    Instruction *code[SECTIONS];
    long count[SECTIONS];
    void **owned;             /* what a table's reading allocated */
    long owned_count, owned_room;
    void *scratch, *unaligned;
} Replay;

static void *own(Replay *self, size_t bytes) {
    if (self->owned_count == self->owned_room) {
        long room = 2 * self->owned_room + 16;
        void **more = PyMem_RawRealloc(self->owned, room * sizeof(void *));
        if (!more) return NULL;
        self->owned = more;
        self->owned_room = room;
    }
    void *block = PyMem_RawMalloc(bytes ? bytes : 1);
    if (block) self->owned[self->owned_count++] = block;
    return block;
}

static char *base_of(Replay *self, long buffer, long offset, long *step) {
    *step = buffer & 1 ? self->lanes : 1;
    return (char *)self->buffers[buffer].buf + offset * *step * self->size;
}

static const long *index_of(Replay *self, long start) {
    return start < 0 ? NULL : (const long *)self->index.buf + start;
}

/* Merge neighbouring dimensions that every operand walks as one. */
static void coalesce(Map *map) {
    int every = map->sources + map->targets, d = 0;
    for (int k = 0; k < every; k++) if (map->operands[k].index) return;
    while (d + 1 < map->dimensions) {
        int joins = 1;
        for (int k = 0; k < every; k++) {
            const long *strides = map->operands[k].strides;
            joins &= strides[d] == strides[d + 1] * map->sizes[d + 1];
        }
        if (!joins && map->sizes[d] != 1 && map->sizes[d + 1] != 1) { d++; continue; }
        int drop = map->sizes[d] == 1 || joins ? d : d + 1, keep = drop == d ? d + 1 : d;
        if (joins) { map->sizes[keep] *= map->sizes[d]; drop = d; keep = d + 1; }
        (void)keep;
        for (int e = drop; e + 1 < map->dimensions; e++) {
            map->sizes[e] = map->sizes[e + 1];
            for (int k = 0; k < every; k++)
                map->operands[k].strides[e] = map->operands[k].strides[e + 1];
        }
        map->dimensions--;
        if (d) d--;
    }
}

/* Whether just one step writes a destination's register, so that it can write in its place. */
static int is_written_once(const Map *map, int result) {
    int writers = 0;
    for (int k = map->lead; k < map->steps; k++) writers += map->code[k].result == result;
    for (int k = 0; k < map->targets; k++) writers += map->results[k] == result;
    return writers == 2 && result >= map->sources + map->constants;
}

static void find_roles(Map *map) {
    const int last = map->dimensions - 1;
    for (int k = 0; k < map->sources + map->targets; k++) {
        Operand *x = &map->operands[k];
        const int source = k < map->sources, target = k - map->sources;
        int varies = x->index != NULL;
        for (int d = 0; d <= last; d++) varies |= x->strides[d] && map->sizes[d] > 1;
        x->role = x->index && !map->rows ? INDEXED
                  : source && !varies ? UNIFORM
                  : x->strides[last] == 0 ? SPREAD
                  : x->strides[last] != 1 ? STRIDED
                  : DIRECT;
        map->fixed |= x->role == UNIFORM;
        if (source) continue;
        if (x->role == DIRECT && (map->add >> target & 1 || !is_written_once(map, map->results[target])))
            x->role = WHOLE;
        for (int d = 0; d < last && !x->index; d++) {
            if (x->strides[d]) continue;
            map->folds |= (uint64_t)1 << (target * DIMENSIONS + d);
            if (x->role == DIRECT) x->role = WHOLE;
        }
    }
    map->fixed |= map->constants || map->lead;
    map->sums = last == 1 && map->sources == 1 && map->targets == 1 && !map->steps && !map->rows &&
                !map->folds && map->operands[0].role == DIRECT && map->operands[1].role == SPREAD;
}

static int read_map(Replay *self, const long *word, Map *map) {
    memset(map, 0, sizeof *map);
    long lanes = word[2], indexed = word[10];
    map->dimensions = (int)word[3];
    map->sources = (int)word[4];
    map->targets = (int)word[5];
    map->constants = (int)word[6];
    map->numbers = (const double *)self->constants.buf + word[7];
    map->steps = (int)word[8];
    map->registers = (int)word[9];
    int every = map->sources + map->targets, given = map->dimensions, inner = 0;
    if (every > OPERANDS || map->targets > RESULTS || map->registers > REGISTERS ||
        given + 1 >= DIMENSIONS) {
        PyErr_SetString(PyExc_NotImplementedError, "an instruction is too large for the native executor");
        return -1;
    }
    map->lead = (int)word[11];
    word += 12;
    for (int d = 0; d < given; d++) map->sizes[d] = *word++;
    if (!given) { map->sizes[0] = 1; map->dimensions = 1; }
    if (lanes && self->lanes > 1) {
        map->sizes[map->dimensions++] = self->lanes;
        inner = 1;
    }
    map->rows = inner && indexed;
    for (int k = 0; k < every; k++) {
        Operand *operand = &map->operands[k];
        long buffer = *word++, offset = *word++, start = *word++, step;
        operand->base = base_of(self, buffer, offset, &step);
        operand->index = index_of(self, start);
        operand->step = step;
        operand->scale = 1.0;
        operand->buffer = (int)buffer;
        for (int d = 0; d < given; d++) operand->strides[d] = *word++ * step;
        if (inner) operand->strides[map->dimensions - 1] = buffer & 1;
        if (k >= map->sources) {
            map->results[k - map->sources] = (int)*word++;
            map->add |= (unsigned)*word++ << (k - map->sources);
            if (lanes && !(buffer & 1)) operand->scale = 1.0 / self->lanes;
        }
    }
    map->code = own(self, map->steps * sizeof(Step));
    if (!map->code) { PyErr_NoMemory(); return -1; }
    for (int k = 0; k < map->steps; k++, word += 5)
        map->code[k] = (Step){(int)word[0], (int)word[1], (int)word[2], (int)word[3], (int)word[4]};
    if (!indexed) coalesce(map);
    find_roles(map);
    return 0;
}

static long *offsets(Replay *self, long outer, long stride, long inner, long inner_stride) {
    long *table = own(self, outer * inner * sizeof(long));
    if (!table) { PyErr_NoMemory(); return NULL; }
    for (long i = 0; i < outer; i++)
        for (long j = 0; j < inner; j++) table[i * inner + j] = i * stride + j * inner_stride;
    return table;
}

static int all_runs(const long *table, long n) {
    /* whether a stretch is consecutive as soon as its ends are: true of increasing tables */
    for (long i = 1; i < n; i++) if (table[i] <= table[i - 1]) return 0;
    return 1;
}

/* What a product costs, roughly, in cycles: tiles, packing B (whose columns may lie in one
   piece), and scattering C. */
static double cost(const Replay *self, long M, long N, long K, long b_step, long b_next, int c_direct) {
    double most = self->kernels->rows, vectors = ceil((double)N / self->kernels->lanes);
    double strips = ceil(M / most), tall = M / strips;
    double tiles = strips * K * fmax(tall * vectors / 2, 4 * ceil(vectors / 4));
    double packing = b_step == 1 ? 0 : N * K * (b_next == 1 ? 0.5 : 1.5);
    return tiles + packing + (c_direct ? 0.0 : 2.0 * M * N);
}

/* Exchange the roles of A and B (C turns with them) where that is cheaper. */
static int turn(Replay *self, Product *p) {
    long cn = p->N > 1 ? p->cn[1] - p->cn[0] : 1, bn = p->N > 1 ? p->bn[1] - p->bn[0] : 1;
    long bk = p->K > 1 ? p->bk[1] - p->bk[0] : 1, ak = p->K > 1 ? p->ak[1] - p->ak[0] : 1;
    double now = cost(self, p->M, p->N, p->K, bn, bk, cn == 1);
    double then = cost(self, p->N, p->M, p->K, p->M == 1 ? 1 : p->am, ak, p->cm == 1 || p->M == 1);
    if (then >= now) return 0;
    Product old = *p;
    p->M = old.N; p->N = old.M;
    p->a = old.b; p->b = old.a;
    p->ak = old.bk; p->bk = old.ak;
    p->am = bn; p->cm = cn;
    p->bn = offsets(self, p->N, old.am, 1, 0);
    p->cn = offsets(self, p->N, old.cm, 1, 0);
    if (!p->bn || !p->cn) return -1;
    p->b_runs = all_runs(p->bn, p->N);
    p->c_runs = all_runs(p->cn, p->N);
    return 0;
}

/* Whether a product is the gradient of a matrix of parameters that lies in one piece, large
   enough to be updated block by block. */
static int is_fusible(const Product *p, long buffer) {
    return buffer == GRADIENT && !p->add && !p->lanewise && !p->start && p->K <= DEPTH &&
           p->M * p->N >= LARGE && p->cm == p->N && p->c_runs && p->cn[p->N - 1] == p->N - 1;
}

static int read_product(Replay *self, const long *word, Product *p) {
    long lanes = word[2] ? self->lanes : 1, size[3] = {word[4], word[5], word[6]};
    long has[3], step[3], at[3][2];
    void *base[3];
    p->add = (int)word[3];
    word += 7;
    for (int k = 0; k < 3; k++, word += 4) { /* left, right, destination */
        base[k] = base_of(self, word[0], word[1], &step[k]);
        has[k] = word[0] & 1 && lanes > 1;
        at[k][0] = word[2] * step[k];
        at[k][1] = word[3] * step[k];
    }
    p->lanewise = has[0] && has[1] && has[2];
    int left = 0, right = 1;
    if (has[0] && !has[1] && has[2]) { /* let the operand without lanes come first */
        left = 1; right = 0;
        long swap = size[0]; size[0] = size[1]; size[1] = swap;
        swap = at[2][0]; at[2][0] = at[2][1]; at[2][1] = swap;
    }
    long over_n = has[2] && !p->lanewise ? lanes : 1, over_k = has[2] ? 1 : (has[0] || has[1]) ? lanes : 1;
    p->M = size[0];
    p->N = size[1] * over_n;
    p->K = size[2] * over_k;
    p->a = base[left]; p->b = base[right]; p->c = base[2];
    p->am = at[left][0];
    p->cm = at[2][0];
    p->lanes = lanes;
    p->scale = word[-4] & 1 ? 1.0 : 1.0 / lanes;
    p->start = NULL;
    if (word[0] >= 0) {
        p->start = base_of(self, word[0], word[1], &p->start_row);
        p->start_row = word[2];
    }
    p->ak = offsets(self, size[2], at[left][1], over_k, has[left]);
    p->bk = offsets(self, size[2], at[right][1], over_k, has[right]);
    p->bn = offsets(self, size[1], at[right][0], over_n, has[right]);
    p->cn = offsets(self, size[1], at[2][1], over_n, has[2]);
    if (!p->ak || !p->bk || !p->bn || !p->cn) return -1;
    p->b_runs = all_runs(p->bn, p->N);
    p->c_runs = all_runs(p->cn, p->N);
    if (!p->lanewise && !p->start && over_n == 1 && turn(self, p) < 0) return -1;
    p->fused = is_fusible(p, word[-4]);
    p->first = word[-3];
    return 0;
}

static void read_row(Replay *self, const long *word, Row *row) {
    long step;
    row->operation = (int)word[2];
    row->lanes = word[3] ? self->lanes : 1;
    row->rows = word[4];
    row->width = word[5];
    row->index = index_of(self, word[6]);
    row->sources_lanes = (int)word[7] && self->lanes > 1;
    int back = row->operation == UNTAKE;
    row->base = base_of(self, 2 * back + word[7], 0, &row->step);
    row->target = base_of(self, word[8], word[9], &step);
    row->scale = row->lanes > 1 && !word[7] ? 1.0 / row->lanes : 1.0;
    if (word[10] < 0) return;
    row->chosen = base_of(self, word[10], word[11], &row->chosen_step);
    row->chosen_lane = word[10] & 1 && self->lanes > 1;
    row->chosen_index = index_of(self, word[12]);
    row->chosen_row = word[13] * row->chosen_step;
}

static int read_table(Replay *self, int section) {
    const long *word = self->tables[section].buf;
    const long *end = word + self->tables[section].len / sizeof(long);
    long count = 0;
    for (const long *at = word; at < end; at += at[1]) count++;
    Instruction *code = self->code[section] = own(self, count * sizeof(Instruction));
    if (!code) { PyErr_NoMemory(); return -1; }
    for (; word < end; word += word[1], code++) {
        code->kind = (int)word[0];
        if (code->kind == MAP) { if (read_map(self, word, &code->is.map) < 0) return -1; }
        else if (code->kind == PRODUCT) {
            if (read_product(self, word, &code->is.product) < 0) return -1;
        } else read_row(self, word, &code->is.row);
    }
    self->count[section] = count;
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

static void run_section(const Replay *self, int section) {
    const Kernels *kernels = self->kernels;
    const Instruction *at = self->code[section], *end = at + self->count[section];
    for (; at < end; at++) {
        if (at->kind == MAP) kernels->map(&at->is.map, self->scratch);
        else if (at->kind == ROW) kernels->row(&at->is.row, self->scratch);
        else if (at->is.product.lanewise) kernels->lanewise(&at->is.product, self->scratch);
        else kernels->product(&at->is.product, self->scratch);
    }
}

static PyObject *Replay_run(Replay *self, PyObject *args) {
    int first, last;
    if (!PyArg_ParseTuple(args, "ii", &first, &last)) return NULL;
    if (first < 0 || last > SECTIONS) { PyErr_SetString(PyExc_IndexError, "no such section"); return NULL; }
    Py_BEGIN_ALLOW_THREADS
    for (int section = first; section < last; section++) run_section(self, section);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

/* Copy `lanes` rows of `width` numbers from `rows` to the lanes of the input nodes. */
static void load_rows(const Replay *self, const char *rows, const long *places, long width) {
    long lanes = self->lanes;
    for (long at = 0; at < width; at += 16) {
        long stop = at + 16 < width ? at + 16 : width;
        for (long k = at; k < stop; k++) {
            if (self->size == sizeof(double)) {
                const double *from = (const double *)rows + k;
                double *to = (double *)self->buffers[VALUE_LANES].buf + places[k] * lanes;
                for (long s = 0; s < lanes; s++) to[s] = from[s * width];
            } else {
                const float *from = (const float *)rows + k;
                float *to = (float *)self->buffers[VALUE_LANES].buf + places[k] * lanes;
                for (long s = 0; s < lanes; s++) to[s] = from[s * width];
            }
        }
    }
}

/* The sum of n numbers at an address of a buffer, as a double; NaN or inf if any is. */
static double sum_of(const Replay *self, long buffer, long at, long n) {
    double part[8] = {0};
    if (self->size == sizeof(double)) {
        const double *x = (const double *)self->buffers[buffer].buf + at;
        for (; n >= 8; n -= 8, x += 8) for (int k = 0; k < 8; k++) part[k] += x[k];
        while (n > 0) part[0] += x[--n];
    } else {
        const float *x = (const float *)self->buffers[buffer].buf + at;
        for (; n >= 8; n -= 8, x += 8) for (int k = 0; k < 8; k++) part[k] += (double)x[k];
        while (n > 0) part[0] += (double)x[--n];
    }
    return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}

static PyObject *Replay_load(Replay *self, PyObject *args) {
    Py_buffer rows, places;
    if (!PyArg_ParseTuple(args, "y*y*", &rows, &places)) return NULL;
    long width = places.len / (long)sizeof(long);
    int fits = rows.len == width * self->lanes * (long)self->size;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        load_rows(self, rows.buf, places.buf, width);
        Py_END_ALLOW_THREADS
    } else PyErr_SetString(PyExc_ValueError, "rows do not fit the number of lanes");
    PyBuffer_Release(&rows);
    PyBuffer_Release(&places);
    if (!fits) return NULL;
    Py_RETURN_NONE;
}

/* The rule of the update section, where it takes all parameters in the order of their
   addresses, so that it can be applied to a stretch of them. */
static const Map *plain_rule(const Replay *self, long parameters) {
    const Instruction *at = self->code[UPDATE];
    if (self->count[UPDATE] != 1 || at->kind != MAP) return NULL;
    const Map *rule = &at->is.map;
    if (rule->dimensions != 1 || rule->sizes[0] != parameters || parameters < 2) return NULL;
    for (int k = 0; k < rule->sources + rule->targets; k++) {
        const Operand *x = &rule->operands[k];
        if (x->index || (x->strides[0] != 1 && x->role != UNIFORM)) return NULL;
        if (x->buffer != STATE && x->base != self->buffers[x->buffer].buf) return NULL;
    }
    return rule;
}

typedef double (*OnStretch)(const Replay *, const Map *, long, long);

static double check_stretch(const Replay *self, const Map *rule, long first, long n) {
    (void)rule;
    return self->kernels->zero((char *)self->buffers[GRADIENT].buf + first * (long)self->size, n);
}

static double update_stretch(const Replay *self, const Map *rule, long first, long n) {
    self->kernels->rule(rule, first, n, NULL, self->scratch);
    return 0;
}

/* Do something for every stretch of parameters that no fused product updates. */
static double between(const Replay *self, const Map *rule, long parameters, OnStretch what) {
    const Instruction *at = self->code[GRADIENTS], *end = at + self->count[GRADIENTS];
    double sum = 0;
    long first = 0;
    for (; at < end; at++) {
        const Product *p = &at->is.product;
        if (!p->fused) continue;
        if (p->first > first) sum += what(self, rule, first, p->first - first);
        first = p->first + p->M * p->N;
    }
    if (parameters > first) sum += what(self, rule, first, parameters - first);
    return sum;
}

/* Gradients and update of one step: 1; 0 where a gradient is not finite and nothing was
   updated; -1 where one is not and some parameters were. */
static int finish_step(const Replay *self, const Map *rule, long parameters) {
    const Kernels *kernels = self->kernels;
    const Instruction *code = self->code[GRADIENTS];
    long count = self->count[GRADIENTS];
    if (!rule) {
        run_section(self, GRADIENTS);
        if (kernels->zero(self->buffers[GRADIENT].buf, parameters) != 0) return 0;
        run_section(self, UPDATE);
        return 1;
    }
    for (long k = 0; k < count; k++)
        if (!code[k].is.product.fused) kernels->product(&code[k].is.product, self->scratch);
    double zero = between(self, rule, parameters, check_stretch);
    if (zero != 0) return 0;
    kernels->prepare(rule, self->scratch);
    for (long k = 0; k < count; k++)
        if (code[k].is.product.fused) zero += kernels->fused(&code[k].is.product, rule, self->scratch);
    between(self, rule, parameters, update_stretch);
    return zero == 0 ? 1 : -1;
}

/* train(rows, places, starts, costs, root buffer, root address, parameters, address of the
   step in the state, first step, fuse): the number of steps that went well, or minus that
   less one where the last one left some parameters updated. */
static PyObject *Replay_train(Replay *self, PyObject *args) {
    Py_buffer rows, places, starts, costs;
    long root_buffer, root, parameters, counter, step, done = 0;
    int fuse, fine = 1;
    if (!PyArg_ParseTuple(args, "y*y*y*w*lllllp", &rows, &places, &starts, &costs, &root_buffer,
                          &root, &parameters, &counter, &step, &fuse)) return NULL;
    long steps = starts.len / (long)sizeof(long), width = places.len / (long)sizeof(long);
    long loaded = -1, lanes = root_buffer == VALUE_LANES ? self->lanes : 1;
    const long *start = starts.buf;
    const Map *rule = fuse ? plain_rule(self, parameters) : NULL;
    double *cost = costs.buf;
    Py_BEGIN_ALLOW_THREADS
    for (; done < steps; done++) {
        if (start[done] != loaded) {
            loaded = start[done];
            load_rows(self, (char *)rows.buf + loaded * width * (long)self->size, places.buf, width);
        }
        run_section(self, FORWARD);
        cost[done] = sum_of(self, root_buffer, root * lanes, lanes) / lanes;
        if (!isfinite(cost[done])) break;
        run_section(self, BACKWARD);
        if (self->size == sizeof(double)) ((double *)self->buffers[STATE].buf)[counter] = step + done;
        else ((float *)self->buffers[STATE].buf)[counter] = (float)(step + done);
        fine = finish_step(self, rule, parameters);
        if (fine <= 0) break;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&rows);
    PyBuffer_Release(&places);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&costs);
    return PyLong_FromLong(fine < 0 ? -done - 1 : done);
}

static void Replay_dealloc(Replay *self) {
    for (long k = 0; k < self->owned_count; k++) PyMem_RawFree(self->owned[k]);
    PyMem_RawFree(self->owned);
    PyMem_RawFree(self->unaligned);
    if (self->opened) {
        for (int k = 0; k < BUFFERS; k++) PyBuffer_Release(&self->buffers[k]);
        for (int k = 0; k < SECTIONS; k++) PyBuffer_Release(&self->tables[k]);
        PyBuffer_Release(&self->constants);
        PyBuffer_Release(&self->index);
    }
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *Replay_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *buffers, *tables, *constants, *index;
    int single;
    long lanes;
    if (kwargs && PyDict_GET_SIZE(kwargs)) { PyErr_SetString(PyExc_TypeError, "Replay takes no keywords"); return NULL; }
    if (!PyArg_ParseTuple(args, "plO!O!OO", &single, &lanes, &PyTuple_Type, &buffers,
                          &PyTuple_Type, &tables, &constants, &index)) return NULL;
    if (PyTuple_GET_SIZE(buffers) != BUFFERS || PyTuple_GET_SIZE(tables) != SECTIONS) {
        PyErr_SetString(PyExc_ValueError, "Replay takes 5 buffers and 5 tables");
        return NULL;
    }
    Replay *self = (Replay *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->opened = 1;
    self->lanes = lanes;
    self->size = single ? sizeof(float) : sizeof(double);
    self->kernels = single ? kernels_float : kernels_double;
    for (int k = 0; k < BUFFERS; k++)
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(buffers, k), &self->buffers[k], PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) < 0) goto failed;
    for (int k = 0; k < SECTIONS; k++)
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(tables, k), &self->tables[k], PyBUF_SIMPLE) < 0) goto failed;
    if (PyObject_GetBuffer(constants, &self->constants, PyBUF_SIMPLE) < 0) goto failed;
    if (PyObject_GetBuffer(index, &self->index, PyBUF_SIMPLE) < 0) goto failed;
    size_t numbers = (size_t)REGISTERS * CHUNK + (size_t)DEPTH * (COLUMNS + 128) + (size_t)8 * SPAN;
    self->unaligned = PyMem_RawMalloc(numbers * self->size + DEPTH * sizeof(long) + 64);
    self->scratch = (void *)(((uintptr_t)self->unaligned + 63) & ~(uintptr_t)63);
    if (!self->unaligned) { PyErr_NoMemory(); goto failed; }
    for (int k = 0; k < SECTIONS; k++) if (read_table(self, k) < 0) goto failed;
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

static PyMethodDef Replay_methods[] = {
    {"load", (PyCFunction)Replay_load, METH_VARARGS, "Copy rows of examples to the lanes."},
    {"train", (PyCFunction)Replay_train, METH_VARARGS,
     "Take steps over batches; return how many gave finite numbers."},
    {"run", (PyCFunction)Replay_run, METH_VARARGS, "Run the sections first to last - 1."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot Replay_slots[] = {
    {Py_tp_new, Replay_new},
    {Py_tp_dealloc, Replay_dealloc},
    {Py_tp_methods, Replay_methods},
    {Py_tp_doc, "An instruction table, read for a number of lanes."},
    {0, NULL},
};

static PyType_Spec Replay_spec = {
    "autograd.program._replay.Replay", sizeof(Replay), 0, Py_TPFLAGS_DEFAULT, Replay_slots,
};

/* run_tape(code, mends, stretches, numbers, single, lanes) */
static PyObject *run_tape(PyObject *self, PyObject *args) {
    Py_buffer code, mends, stretches, numbers;
    int single;
    long lanes;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*w*pl", &code, &mends, &stretches, &numbers, &single, &lanes))
        return NULL;
    const Kernels *kernels = single ? kernels_float : kernels_double;
    Tape tape = {code.buf, NULL, mends.buf, stretches.buf, stretches.len / (long)sizeof(Stretch)};
    long longest = 0;
    for (const Stretch *at = tape.stretches; at < tape.stretches + tape.count; at++)
        if (at->mends && at->length > longest) longest = at->length;
    tape.body = PyMem_RawMalloc((longest + 1) * sizeof(Operation));
    if (tape.body) {
        Py_BEGIN_ALLOW_THREADS
        for (long s = 0; s < lanes; s++)
            kernels->tape(&tape, (char *)numbers.buf + s * (numbers.len / lanes));
        Py_END_ALLOW_THREADS
        PyMem_RawFree(tape.body);
    } else PyErr_NoMemory();
    PyBuffer_Release(&code);
    PyBuffer_Release(&mends);
    PyBuffer_Release(&stretches);
    PyBuffer_Release(&numbers);
    if (!tape.body) return NULL;
    Py_RETURN_NONE;
}

/* places(single): where the code of each operation is, for the `place` of an operation */
static PyObject *places(PyObject *self, PyObject *single) {
    (void)self;
    int wanted = PyObject_IsTrue(single);
    if (wanted < 0) return NULL;
    const void *const *found = (wanted ? kernels_float : kernels_double)->places();
    PyObject *out = PyTuple_New(OPERATION_COUNT);
    for (int k = 0; out && k < OPERATION_COUNT; k++) {
        PyObject *place = PyLong_FromUnsignedLongLong((uintptr_t)found[k]);
        if (!place) Py_CLEAR(out);
        else PyTuple_SET_ITEM(out, k, place);
    }
    return out;
}

static PyMethodDef functions[] = {
    {"places", places, METH_O, "Return where the code of each operation of a tape is."},
    {"run_tape", run_tape, METH_VARARGS, "Run a tape of scalar operations, lane after lane."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_replay", "The native executor of programs.", -1, functions,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__replay(void) {
    choose_kernels(getenv("AUTOGRAD_TILE"));
    fill_circle();
    PyObject *self = PyModule_Create(&module), *names = PyTuple_New(OPERATION_COUNT);
    if (!self || !names) return NULL;
    for (int k = 0; k < OPERATION_COUNT; k++)
        PyTuple_SET_ITEM(names, k, PyUnicode_FromString(operation_names[k]));
    PyObject *type = PyType_FromSpec(&Replay_spec);
    if (!type || PyModule_AddObject(self, "Replay", type) < 0 ||
        PyModule_AddObject(self, "operations", names) < 0 ||
        PyModule_AddIntConstant(self, "interface", AUTOGRAD_INTERFACE) < 0 ||
        PyModule_AddStringConstant(self, "tile", tile_name) < 0) return NULL;
    return self;
}
