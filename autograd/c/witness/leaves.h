/* Numbers of leaves near the recorded ones, as verification/points.py says them. */

typedef struct {
    const double *numbers, *pool; /* as recorded; parts of their sizes by which leaves move */
    const int64_t *widths;    /* of how many an index is one, -1 for what stays; NULL: no index */
    int64_t own, end, pooled; /* parameters, parameters and inputs, parts in the pool */
    double far;
    int single;
} Leaves;

/* Return what a leaf is at a point, to which it moves by a part of its size. */
static double moved(const Leaves *leaves, int64_t node, int64_t point, double part)
{
    const double number = leaves->numbers[node];
    const int64_t width = leaves->widths ? leaves->widths[node] : 0;
    if (width > 0 && leaves->far != 0) {
        const double rest = fmod(number + (double)point, (double)width);
        return rest < 0 ? rest + (double)width : rest;
    }
    const double size = width ? 0 : number != 0 ? fabs(number) : 1;
    return number + leaves->far * (size * part);
}

/* Fill in a leaf at all points: inputs move otherwise at each one, parameters are the same at all.
 * Parts are taken from `at` on; return where the next one is. */
static int64_t fill_leaf(const Leaves *leaves, int64_t node, int64_t at, double *row)
{
    for (int64_t k = 0; k < POINTS; k++) {
        double x = leaves->numbers[node];
        if (node < leaves->own && k)
            x = row[0];
        else if (node < leaves->end) {
            x = moved(leaves, node, k, leaves->pool[at++]);
            at = at < leaves->pooled ? at : 0;
        }
        row[k] = leaves->single ? (double)(float)x : x;
    }
    return at;
}
