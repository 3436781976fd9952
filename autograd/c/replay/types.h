/* What the native executor reads a table into: operands, instructions, kernels. */

#ifndef AUTOGRAD_REPLAY_TYPES_H
#define AUTOGRAD_REPLAY_TYPES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

enum { CHUNK = 256 };   /* numbers that a step of an elementwise instruction takes at once */
enum { DIMENSIONS = 7, OPERANDS = 16, RESULTS = 8, REGISTERS = 96 }; /* of one, at most */
enum { DEPTH = 128, SPAN = 512, PANEL = 32768 }; /* a block of a product: k, columns, bytes */
enum { LARGE = 2048 };                 /* parameters in a matrix, for that to be worth it */
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
enum { DIRECT, REPEATED, UNIFORM, STRIDED, INDEXED, WHOLE };

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
    int add, b_runs, c_runs, ak_runs, bk_runs, lanewise, fused; /* are bn, cn, ak, bk increasing? */
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

/* Run a stretch of a tape; without one, return where the code of each operation is. */
typedef const void *const *RunStretch(Operation *, const Stretch *, const Mend *, void *);

typedef struct { long first, rows, step, n, row; const void *gradient; } Block; /* of parameters */

typedef struct {
    void (*map)(const Map *, void *);
    void (*product)(const Product *, void *);
    void (*lanewise)(const Product *, void *);
    void (*row)(const Row *, void *);
    RunStretch *stretch;
    void (*wide)(Operation *, const Stretch *, const Mend *, void *, long);
    double (*zero)(const void *, long);
    void (*rule)(const Map *, const Block *, void *);
    double (*fused)(const Product *, const Map *, void *);
    void (*prepare)(const Map *, void *);
    int lanes, rows;
} Kernels;

/* One for each number type and instruction set, each in a unit of its own; what units share
   stays within the extension. */
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(hidden)
#endif
extern const Kernels plain_kernels_double, plain_kernels_float;
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define HAS_SETS 1
extern const Kernels v3_kernels_double, v3_kernels_float, v4_kernels_double, v4_kernels_float;
extern RunStretch v3_stretch_double, v3_stretch_float;
#endif

/* sin and cos of the 512 whole multiples of pi / 256 in (-pi, pi]. */
enum { ARCS = 512 };
extern double circle[ARCS][2];
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#endif
