/* Both passes over rows of POINTS numbers, and with NOISE as many again: the same points with every
 * result off by some noise.
 *
 * Included once for each number of points, with noise and without. Numbers stay in vectors on their
 * way: to write them one by one and read them together would have the processor wait. */

#define WIDTH ((1 + NOISE) * POINTS)
#define SIZED_(name, points, noise) name##_##points##_##noise
#define SIZED__(name, points, noise) SIZED_(name, points, noise)
#define SIZED(name) SIZED__(name, POINTS, NOISE)
#define HALF SIZED(Half)
#define BITS SIZED(Bits)
#define ROW SIZED(Row)
#define EACH_POINT for (int c = 0; c < POINTS; c++)
#if POINTS == 2
#define AT_POINTS(of, f, half) ((HALF){of(f, half, 0), of(f, half, 1)})
#else
#define AT_POINTS(of, f, half) \
    ((HALF){of(f, half, 0), of(f, half, 1), of(f, half, 2), of(f, half, 3)})
#endif
#if NOISE
#define ROW_OF(of, f) ((ROW){AT_POINTS(of, f, plain), AT_POINTS(of, f, noisy)})
#define EACH_HALF(DO) DO(plain) DO(noisy)
#else
#define ROW_OF(of, f) ((ROW){AT_POINTS(of, f, plain)})
#define EACH_HALF(DO) DO(plain)
#endif
#define ALONG static inline __attribute__((always_inline))

typedef double HALF __attribute__((vector_size(POINTS * 8), aligned(8), may_alias));
typedef int64_t BITS __attribute__((vector_size(POINTS * 8)));

typedef struct {
    HALF plain;
#if NOISE
    HALF noisy;
#endif
} ROW;

#if NOISE
ALONG HALF SIZED(size_of)(HALF x)
{
    return (HALF)((BITS)x & INT64_MAX);
}

/* Numbers off by a part of `scale`, and by the smallest normal number unless they are 0, whose
 * sign is left to chance. */
ALONG HALF SIZED(disturbed)(Run *run, HALF x, HALF scale)
{
    const HALF eta = *(const HALF *)drawn(run, POINTS);
    const HALF other = x + (run->noise * scale + run->smallest) * eta;
    const BITS none = x == 0.0;
    return (HALF)((none & (BITS)(0.0 * eta)) | (~none & (BITS)other));
}
#endif

/* Add a term to a sum, with the noise of both. */
ALONG void SIZED(receive)(Run *run, ROW *sum, ROW term)
{
    (void)run;
    sum->plain += term.plain;
#if NOISE
    const HALF scale = SIZED(size_of)(sum->noisy) + SIZED(size_of)(term.noisy);
    sum->noisy = SIZED(disturbed)(run, sum->noisy + term.noisy, scale);
#endif
}

ALONG ROW SIZED(product)(ROW x, ROW y)
{
#define MULTIPLY(half) x.half *= y.half;
    EACH_HALF(MULTIPLY)
#undef MULTIPLY
    return x;
}

ALONG ROW *SIZED(values_of)(const Run *run, int64_t node)
{
    return (ROW *)(void *)run->values + node;
}

ALONG ROW *SIZED(adjoints_of)(const Run *run, int64_t node)
{
    return (ROW *)(void *)run->adjoints + node;
}

#include "forward.h"
#include "backward.h"

/* Whether all numbers of a table are finite, in the precision at hand. */
static int SIZED(is_finite)(const Run *run, const double *table)
{
    double most[WIDTH] = {0}, sums[WIDTH] = {0};
    for (int64_t node = 0; node < run->nodes; node++, table += WIDTH)
        for (int c = 0; c < WIDTH; c++) {
            most[c] = most[c] > fabs(table[c]) ? most[c] : fabs(table[c]);
            sums[c] += table[c] * 0.0; /* NaN if it is not finite */
        }
    for (int c = 0; c < WIDTH; c++)
        if (sums[c] != 0 || (c >= WIDTH - POINTS && most[c] > run->largest))
            return 0;
    return 1;
}

/* Run both passes; return whether all numbers are finite. */
static int SIZED(both)(Run *run)
{
    ROW *seed = SIZED(adjoints_of)(run, run->root);
    SIZED(forward)(run);
#define SEED(half) seed->half = (HALF){0} + (double)run->active[run->root];
    EACH_HALF(SEED)
#undef SEED
    SIZED(backward)(run);
    return SIZED(is_finite)(run, run->values) && SIZED(is_finite)(run, run->adjoints);
}

#undef WIDTH
#undef SIZED_
#undef SIZED__
#undef SIZED
#undef HALF
#undef BITS
#undef ROW
#undef EACH_POINT
#undef AT_POINTS
#undef ROW_OF
#undef EACH_HALF
#undef ALONG
