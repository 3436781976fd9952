/* Sums of products whose places are found by an index, but lie side by side in segments, for one
 * number type and instruction set; included by kernels.h. The rows of a triangle are such: what
 * attention looks back at grows from place to place. */

/* sum_k a[k] b[k] */
static T product_of_segments(const T *a, const T *b, int64_t n)
{
    VEC sum = SPREAD((T)0);
    T rest = 0;
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES)
        sum = FMADD(LOAD(a + k), LOAD(b + k), sum);
#ifdef LOAD_FIRST
    sum = FMADD(LOAD_FIRST(a + k, n - k), LOAD_FIRST(b + k, n - k), sum);
#else
    for (; k < n; k++)
        rest += a[k] * b[k];
#endif
    return across(sum) + rest;
}

/* to[k] += a b[k] */
static void add_multiple(T *to, T a, const T *b, int64_t n)
{
    const VEC all = SPREAD(a);
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES)
        SAVE(to + k, FMADD(all, LOAD(b + k), LOAD(to + k)));
#ifdef LOAD_FIRST
    SAVE_FIRST(to + k, n - k, FMADD(all, LOAD_FIRST(b + k, n - k), LOAD_FIRST(to + k, n - k)));
#else
    for (; k < n; k++)
        to[k] = MULADD(a, b[k], to[k]);
#endif
}

static void run_segments(const Map *map)
{
    const T *a = map->operands[0].base, *b = map->operands[1].base;
    T *to = map->operands[2].base;
    const Segment *at = map->segments, *end = at + map->sizes[0];
    if (map->sums == WITHIN_SEGMENTS)
        for (; at < end; at++)
            to[at->to] += product_of_segments(a + at->a, b + at->b, at->n);
    else
        for (; at < end; at++)
            add_multiple(to + at->to, a[at->a], b + at->b, at->n);
}
