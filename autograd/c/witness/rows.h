/* Both passes over rows of 2 * POINTS numbers: points as they are, and with noise.
 *
 * Included once for each number of points. */

#define WIDTH (2 * POINTS)
#define SIZED_(name, points) name##_##points
#define SIZED__(name, points) SIZED_(name, points)
#define SIZED(name) SIZED__(name, POINTS)
#define EACH_COLUMN for (int c = 0; c < WIDTH; c++)

/* Let noisy results be off by a part of `scale`, and by the smallest normal number unless they are
 * 0, whose sign is left to chance; they are infinite where the precision at hand ends. */
static inline void SIZED(disturb)(Run *run, double *x, const double *scale)
{
    const uint64_t bits = draw(run);
    for (int c = POINTS; c < WIDTH; c++) {
        const double eta = ((double)(bits >> (8 * c) & 255) - 127.5) / 127.5;
        const double moved = x[c] + (run->noise * fabs(scale[c]) + run->smallest) * eta;
        x[c] = x[c] == 0                    ? copysign(0.0, eta)
               : fabs(moved) > run->largest ? (double)INFINITY
                                            : moved;
    }
    EACH_COLUMN run->spoiled[c] += x[c] * 0.0; /* NaN if it is not finite */
}

/* Add a term to a sum, with the noise of both. */
static inline void SIZED(receive)(Run *run, double *sum, const double *term)
{
    double scale[WIDTH];
    EACH_COLUMN scale[c] = fabs(sum[c]) + fabs(term[c]);
    EACH_COLUMN sum[c] += term[c];
    SIZED(disturb)(run, sum, scale);
}

static inline double *SIZED(values_of)(const Run *run, int64_t node)
{
    return run->values + node * WIDTH;
}

#include "forward.h"
#include "backward.h"

static void SIZED(both)(Run *run)
{
    SIZED(forward)(run);
    EACH_COLUMN run->adjoints[run->root * WIDTH + c] = run->active[run->root];
    SIZED(backward)(run);
}

#undef WIDTH
#undef SIZED_
#undef SIZED__
#undef SIZED
#undef EACH_COLUMN
