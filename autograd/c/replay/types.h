/* What the native executor reads a table into: operands, instructions, kernels. */

#ifndef AUTOGRAD_REPLAY_TYPES_H
#define AUTOGRAD_REPLAY_TYPES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#define INDEPENDENT _Pragma("GCC ivdep") /* the turns of the loop that follows */
#else
#define INDEPENDENT
#endif

#ifdef __GNUC__
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define PREFETCH(at) __builtin_prefetch(at, 1)
#else
#define ALWAYS_INLINE static inline
#define PREFETCH(at) ((void)(at))
#endif

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

enum { CHUNK = 256 }; /* numbers that a step of an elementwise instruction takes at once */
enum { DIMENSIONS = 7, OPERANDS = 16, RESULTS = 8, REGISTERS = 96 }; /* of one, at most */
enum { DEPTH = 128, SPAN = 512, PANEL = 32768 }; /* a block of a product: k, columns, bytes */
enum { ACROSS = 48, FAR = 2048 }; /* rows copied of a turned A, whose k are bytes apart */
enum {
    WIDEST = 64, /* numbers in a packed row */
    TALLEST = 8, /* rows of a tile */
    SCRATCH = REGISTERS * CHUNK + DEPTH * (SPAN + 2 * WIDEST + ACROSS) + TALLEST * SPAN
}; /* numbers that an instruction keeps for itself; 2 DEPTH words of products are behind them */
enum { SCRATCH_BYTES = SCRATCH * sizeof(double) + 2 * DEPTH * sizeof(int64_t) + 64 };
enum { LARGE = 2048 }; /* parameters in a matrix, for that to be worth it */
enum { MAP = 1, PRODUCT = 2, ROW = 3 };
enum { ARGMAX, REST, TAKE, UNTAKE, PEAK };
enum { VALUES, VALUE_LANES, GRADIENT, ADJOINT_LANES, STATE, BUFFERS };

typedef struct {
    void *base;
    int64_t strides[DIMENSIONS];
    const int64_t *index; /* addresses, times step */
    int64_t step;
    double scale;
    int buffer, role;
} Operand;

/* How an operand meets a line of numbers: in one piece, the same number all along the line (as
 * a destination, their sum), the same in all lines, with gaps, or by an index. */
enum { DIRECT, REPEATED, UNIFORM, STRIDED, INDEXED, WHOLE };

typedef struct {
    int operation, result, a, b, c;
} Step;

/* Numbers of a Map that sums products, `n` of them side by side: to[k] += a b[k], or, within the
 * segment, to += a[k] b[k]. */
typedef struct {
    int64_t a, b, to, n;
} Segment;

enum { OF_ROWS = 1, OF_SEGMENTS, WITHIN_SEGMENTS }; /* what a Map sums and does nothing else */

typedef struct {
    int dimensions, sources, targets, constants, steps, registers, lead;
    int rows, fixed, sums; /* lines found by an index; blocks to fill; nothing but sums, of what */
    int plain;             /* short lines, each operand DIRECT or UNIFORM */
    unsigned add;          /* a bit for each destination */
    uint64_t folds;        /* bits k * DIMENSIONS + d: destination k lacks the outer dimension d */
    int64_t sizes[DIMENSIONS];
    Operand operands[OPERANDS];
    int results[RESULTS];
    const double *numbers;
    union {
        Step *code;
        const Segment *segments; /* as many as the only size */
    };
} Map;

typedef struct {
    const void *b;
    int64_t *bk, *bn;
    int b_runs, bk_runs;
} Right; /* where a product finds B */

typedef struct {
    int64_t M, N, K, am, cm, lanes, start_row;
    int64_t *ak, *bk, *bn, *cn;
    const void *a, *b, *start;
    void *c;
    int add, b_runs, c_runs, ak_runs, bk_runs, lanewise, fused; /* are bn, cn, ak, bk increasing? */
    int dots;      /* a matrix whose rows lie in one piece, times a vector that does */
    int64_t first; /* of the parameters whose gradient it is, where it is fused with an update */
    double scale;
    int64_t input;   /* the first of the inputs that are B, -1 where others are */
    Right own, lent; /* for inputs: their lanes, and the rows that these were copied from */
    double squares;  /* of the rows that are lent, -1 before it was asked for */
} Product;

typedef struct {
    int operation, sources_lanes;
    int64_t rows, width, lanes, step, chosen_row, chosen_lane, chosen_step;
    const int64_t *index, *chosen_index;
    void *base, *target, *chosen;
    double scale;
} Row;

typedef struct {
    uint64_t place;
    int32_t out, a, b, c;
} Operation;

typedef struct {
    int64_t length, times, shift, mends;
} Stretch;

enum { WORDS = sizeof(Operation) / sizeof(int32_t) };

typedef struct {
    int32_t word, growth;
} Mend; /* a word of a loop, in units of 32 bits */

/* Run a stretch of a tape; without one, return where the code of each operation is. */
typedef const void *const *RunStretch(Operation *, const Stretch *, const Mend *, void *);

typedef struct {
    int64_t first, rows, step, n, row;
    const void *gradient;
} Block; /* of parameters */

typedef struct {
    void (*map)(const Map *, void *);
    void (*product)(const Product *, void *);
    void (*lanewise)(const Product *, void *);
    void (*row)(const Row *, void *);
    RunStretch *stretch;
    void (*wide)(Operation *, const Stretch *, const Mend *, void *, int64_t);
    double (*zero)(const void *, int64_t);
    void (*rule)(const Map *, const Block *, void *);
    int (*bounded)(Product *);
    void (*fused)(const Product *, const Map *, void *);
    void (*prepare)(const Map *, void *);
    int lanes, rows, width; /* the last is that of a packed row */
} Kernels;

/* What the writers of tables and tapes in Python rely on. */
_Static_assert(sizeof(double) == 8 && sizeof(float) == 4, "numbers have 64 or 32 bits");
_Static_assert(sizeof(Operation) == 24 && sizeof(Stretch) == 32 && sizeof(Mend) == 8,
               "a tape is laid out as code.py writes it");
_Static_assert(sizeof(uintptr_t) <= sizeof(uint64_t), "the place of an operation holds a pointer");

/* One for each number type and instruction set, each in a unit of its own; what units share
 * stays within the extension. */
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(hidden)
#endif
extern const Kernels plain_kernels_double, plain_kernels_float;
extern RunStretch plain_stretch_double, plain_stretch_float;
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(_WIN32)
#define HAS_SETS 1 /* not on Windows, where gcc lays vectors of 32 bytes on the stack unaligned */
extern const Kernels v3_kernels_double, v3_kernels_float, v4_kernels_double, v4_kernels_float;
extern RunStretch v3_stretch_double, v3_stretch_float;
#endif

/* pi / 256 in three parts, two of them with 33 bits. */
#define ARC_HIGH 0x1.921fb544p-7
#define ARC_MIDDLE 0x1.0b4611a6p-41
#define ARC_LOW 0x1.3198a2e037073p-76

/* sin and cos of the 512 whole multiples of pi / 256 in (-pi, pi]. */
enum { ARCS = 512 };
extern double circle[ARCS][2];
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#endif
