/* Both passes over rows of 2 * POINTS numbers: points as they are, and with noise.
 *
 * Included once for each number of points. */

#define WIDTH (2 * POINTS)
#define SIZED_(name, points) name##_##points
#define SIZED__(name, points) SIZED_(name, points)
#define SIZED(name) SIZED__(name, POINTS)
#define EACH_COLUMN for (int c = 0; c < WIDTH; c++)

/* Let noisy results be off by a part of `scale`, which is theirs, and by the smallest normal number
 * unless they are 0, whose sign is left to chance. */
static inline void SIZED(disturb)(Run *run, double *restrict x, const double *restrict scale)
{
    const double *restrict eta = drawn(run, POINTS);
    const double noise = run->noise, smallest = run->smallest;
    for (int c = 0; c < POINTS; c++) {
        const double was = x[POINTS + c];
        x[POINTS + c] = was == 0 ? 0.0 * eta[c] : was + (noise * scale[c] + smallest) * eta[c];
    }
}

/* Add a term to a sum, with the noise of both. */
static inline void SIZED(receive)(Run *run, double *restrict sum, const double *restrict term)
{
    double scale[POINTS] = {0};
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

/* Whether all numbers of a table are finite, in the precision at hand. */
static int SIZED(is_finite)(const Run *run, const double *table)
{
    double most[WIDTH] = {0}, sums[WIDTH] = {0};
    for (int64_t node = 0; node < run->nodes; node++, table += WIDTH)
        EACH_COLUMN
        {
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
#undef EACH_COLUMN
