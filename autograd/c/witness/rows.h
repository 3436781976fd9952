/* Both passes over rows of 2 * POINTS numbers: points as they are, and with noise.
 *
 * Included once for each number of points. Numbers stay in vectors on their way: to write them one
 * by one and read them together would have the processor wait. */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi" /* all that takes or gives vectors is inline */

#define WIDTH (2 * POINTS)
#define SIZED_(name, points) name##_##points
#define SIZED__(name, points) SIZED_(name, points)
#define SIZED(name) SIZED__(name, POINTS)
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
#define BOTH(of, f) ((ROW){AT_POINTS(of, f, plain), AT_POINTS(of, f, noisy)})
#define ALONG static inline __attribute__((always_inline))

typedef double HALF __attribute__((vector_size(POINTS * 8), aligned(8), may_alias));
typedef int64_t BITS __attribute__((vector_size(POINTS * 8)));

typedef struct {
    HALF plain, noisy;
} ROW;

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

/* Add a term to a sum, with the noise of both. */
ALONG void SIZED(receive)(Run *run, ROW *sum, ROW term)
{
    const HALF scale = SIZED(size_of)(sum->noisy) + SIZED(size_of)(term.noisy);
    sum->plain += term.plain;
    sum->noisy = SIZED(disturbed)(run, sum->noisy + term.noisy, scale);
}

ALONG ROW *SIZED(values_of)(const Run *run, int64_t node)
{
    return (ROW *)(void *)run->values + node;
}

ALONG ROW *SIZED(adjoints_of)(const Run *run, int64_t node)
{
    return (ROW *)(void *)run->adjoints + node;
}

ALONG ROW SIZED(product)(ROW x, ROW y)
{
    return (ROW){x.plain * y.plain, x.noisy * y.noisy};
}

#include "forward.h"
#include "backward.h"

static void SIZED(both)(Run *run)
{
    SIZED(forward)(run);
    const HALF seed = (HALF){0} + (double)run->active[run->root];
    *SIZED(adjoints_of)(run, run->root) = (ROW){seed, seed};
    SIZED(backward)(run);
}

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
        if (sums[c] != 0 || (c >= POINTS && most[c] > run->largest))
            return 0;
    return 1;
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
#undef BOTH
#undef ALONG

#pragma GCC diagnostic pop
