/* What a run works on: tables with a row of numbers for each node. */

#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *kinds;
    uint8_t *codes, *active; /* what each node does; which a parameter or an input reaches */
    const int64_t *flat, *starts;
    double *values, *adjoints;
    int64_t nodes, count, root;
    double noise, smallest, largest; /* of a number that the precision at hand can hold */
    const double *pool; /* numbers in (-1, 1) that look random, those from `at` on are next */
    int64_t pooled, at;
    uint64_t seed;
} Run;

#define CODE(name, ...) CODE_##name,
#define NAME(name, ...) #name,
enum {
    ELEMENTWISE(CODE, CODE) CODE_dot,
    CODE_total,
    CODE_argmax,
    CODE_sum_minus_one,
    CODE_take,
    CODE_peak,
    LEAF
};
static const char *const names_of_codes[] = {
    ELEMENTWISE(NAME, NAME) "dot", "total", "argmax", "sum_minus_one", "take", "peak"};

/* How many operands each operation reads at least; a leaf none. */
#define ARITY(name, arity, ...) arity,
static const uint8_t fewest[] = {ELEMENTWISE(ARITY, ARITY) 1, 1, 1, 1, 2, 1, 0};

enum { MOST_POINTS = 16 };
enum { SEED_STEP = 1009 }; /* from the first number of an opinion to that of the next */
enum { PARAMETER_LEAF, INPUT_LEAF, CONSTANT_LEAF }; /* kinds; the last needs no derivative */

static inline int64_t end_of(const Run *run, int64_t node)
{
    return node + 1 < run->nodes ? run->starts[node + 1] : run->count;
}

/* Whether operands come first, and every operation is known and has as many as it reads. Finds out
 * on the way what each node does, by the table of names, and who is active. */
__attribute__((noinline)) static int is_a_graph(Run *run, const uint16_t *names,
                                                const uint8_t *table, int64_t known)
{
    for (int64_t node = 0; node < run->nodes; node++) {
        const int64_t first = run->starts[node], count = end_of(run, node) - first;
        const int64_t *x = run->flat + first;
        const int code = names[node] < known ? table[names[node]] : LEAF + 1;
        if (code > LEAF || first < 0 || first + count > run->count || count < fewest[code] ||
            (code == CODE_dot && !(count & 1)))
            return 0;
        int found = code == LEAF && run->kinds[node] != CONSTANT_LEAF;
        for (int64_t k = 0; k < count; k++) {
            if ((uint64_t)x[k] >= (uint64_t)node)
                return 0;
            found |= run->active[x[k]];
        }
        run->codes[node] = (uint8_t)code;
        run->active[node] = found && code != CODE_argmax && code != CODE_peak;
    }
    return run->root >= 0 && run->root < run->nodes;
}

/* Take so many of the numbers that look random: from the first ones on where they are used up. */
static inline const double *drawn(Run *run, int64_t count)
{
    const double *found = run->pool + run->at;
    run->at += count;
    if (run->at > run->pooled - count)
        run->at -= run->pooled - count;
    return found;
}
