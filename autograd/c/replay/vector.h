/* A vector of numbers, of BYTES bytes, and its operations; one number where BYTES is its size. */

#define LANES (BYTES / SIZE)

#if LANES == 1
typedef T VEC;
#define SPREAD(x) (x)
#define LOAD(at) (*(at))
#define SAVE(at, x) (*(at) = (x))
#else
typedef T VEC __attribute__((vector_size(BYTES)));
typedef T Loose __attribute__((vector_size(BYTES), aligned(SIZE), may_alias)); /* anywhere */
typedef Whole Places __attribute__((vector_size(BYTES))); /* of the parts of a vector */
#define SPREAD(x) ((x) - (VEC){0}) /* x - 0 is x, -0 too */
#define LOAD(at) (*(const Loose *)(at))
#define SAVE(at, x) (*(Loose *)(at) = (x))
#endif

#if LANES == 2
#define PLACES {0, 1}
#elif LANES == 4
#define PLACES {0, 1, 2, 3}
#elif LANES == 8
#define PLACES {0, 1, 2, 3, 4, 5, 6, 7}
#elif LANES == 16
#define PLACES {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#endif

/* Add the places, from `at` on, of the parts that are less than a limit to a list; return its
 * length. It may write as many places as a vector has. */
static inline int below(VEC x, T limit, int at, int *list, int length)
{
#ifdef BELOW
    return BELOW(x, limit, at, list, length);
#elif LANES > 1
    for (int k = 0; k < LANES; k++) {
        list[length] = at + k;
        length += x[k] < limit;
    }
#else
    list[length] = at;
    length += x < limit;
#endif
    return length;
}

/* The sum of the parts, halves first. */
static inline T across(VEC x)
{
#if LANES > 1
    const Places places = PLACES;
#pragma GCC unroll 4
    for (int half = LANES / 2; half; half /= 2)
        x += __builtin_shuffle(x, (places + half) & (LANES - 1));
    return x[0];
#else
    return x;
#endif
}
