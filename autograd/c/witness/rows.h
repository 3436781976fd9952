/* Both passes over rows of 2 * POINTS numbers: points as they are, and with noise.
 *
 * Included once for each number of points. */

#define WIDTH (2 * POINTS)
#define SIZED_(name, points) name##_##points
#define SIZED__(name, points) SIZED_(name, points)
#define SIZED(name) SIZED__(name, POINTS)
#define EACH_COLUMN for (int c = 0; c < WIDTH; c++)

/* Let noisy results be off by a part of `scale`, which is theirs, and by the smallest normal number unless they are
 * 0, whose sign is left to chance; they are infinite where the precision at hand ends. */
static inline void SIZED(disturb)(Run *run, double *restrict x, const double *restrict scale)
{
    const double *restrict eta = drawn(run, POINTS);
    const double noise = run->noise, smallest = run->smallest, largest = run->largest;
    for (int c = 0; c < POINTS; c++) {
        const double was = x[POINTS + c];
        const double moved = was + (noise * scale[c] + smallest) * eta[c];
        const double found = fabs(moved) > largest ? (double)INFINITY : moved;
        x[POINTS + c] = was == 0 ? 0.0 * eta[c] : found;
    }
}

/* Add a term to a sum, with the noise of both. */
static inline void SIZED(receive)(Run *run, double *restrict sum, const double *restrict term)
{
    double scale[POINTS];
    for (int c = 0; c < POINTS; c++)
        scale[c] = fabs(sum[POINTS + c]) + fabs(term[POINTS + c]);
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

/* Return 0 where all numbers of both tables are finite, else NaN. */
static double SIZED(spoiled)(const Run *run)
{
    double sums[WIDTH] = {0}, all = 0;
    for (int64_t node = 0; node < run->nodes; node++)
        EACH_COLUMN sums[c] +=
            run->values[node * WIDTH + c] * 0.0 + run->adjoints[node * WIDTH + c] * 0.0;
    EACH_COLUMN all += sums[c];
    return all;
}

#undef WIDTH
#undef SIZED_
#undef SIZED__
#undef SIZED
#undef EACH_COLUMN
