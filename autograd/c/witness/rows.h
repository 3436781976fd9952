/* Both passes over rows of POINTS numbers, and with NOISE as many again: the same points with every
 * result off by some noise.
 *
 * Included once with noise and once without. Numbers stay in vectors on their way: to write them
 * one by one and read them together would have the processor wait. */

#define WIDTH ((1 + NOISE) * POINTS)
#define SIZED_(name, noise) name##_##noise
#define SIZED__(name, noise) SIZED_(name, noise)
#define SIZED(name) SIZED__(name, NOISE)
#define HALF SIZED(Half)
#define BITS SIZED(Bits)
#define ROW SIZED(Row)
#define EACH_POINT for (int c = 0; c < POINTS; c++)
#define AT_POINTS(of, f, half) ((HALF){of(f, half, 0), of(f, half, 1)})
#if NOISE
#define ROW_OF(of, f) ((ROW){AT_POINTS(of, f, plain), AT_POINTS(of, f, noisy)})
#define EACH_HALF(DO) DO(plain) DO(noisy)
#else
#define ROW_OF(of, f) ((ROW){AT_POINTS(of, f, plain)})
#define EACH_HALF(DO) DO(plain)
#endif

typedef double HALF __attribute__((vector_size(POINTS * 8), aligned(8), may_alias));
typedef int64_t BITS __attribute__((vector_size(POINTS * 8)));

typedef struct {
    HALF plain;
#if NOISE
    HALF noisy;
#endif
} ROW;

ALONG HALF SIZED(size_of)(HALF x)
{
    return (HALF)((BITS)x & INT64_MAX);
}

#if NOISE
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

/* Let a sum that is 0 become NaN where a number is not finite, or one that the precision at hand
 * cannot hold: `beyond` times this one overflows. */
ALONG void SIZED(look)(const Run *run, ROW *seen, ROW x)
{
#define LOOK(half) seen->half += x.half * run->beyond * 0.0;
    EACH_HALF(LOOK)
#undef LOOK
}

ALONG int SIZED(all_finite)(const ROW *seen)
{
    const double *sums = (const double *)seen;
    for (int c = 0; c < WIDTH; c++)
        if (sums[c] != 0)
            return 0;
    return 1;
}

#include "forward.h"
#include "backward.h"

/* Run both passes; return whether all numbers are finite. */
static int SIZED(both)(Run *run, const Leaves *leaves)
{
    if (!SIZED(forward)(run, leaves))
        return 0;
    ROW *seed = SIZED(adjoints_of)(run, run->root);
#define SEED(half) seed->half = (HALF){0} + (double)run->active[run->root];
    EACH_HALF(SEED)
#undef SEED
    if (run->active[run->root])
        run->active[run->root] |= REACHED_NODE;
    return SIZED(backward)(run);
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
