/* What a run works on: tables with a row of numbers for each node. */

#include <stdint.h>
#include <string.h>

typedef struct {
    const uint16_t *names; /* what each node does, for `table` to say it in numbers of our own */
    const uint8_t *kinds, *table;
    uint8_t *codes, *active; /* what each node does; which a parameter or an input reaches, and
                                on the way back which an adjoint reaches as well */
    const int64_t *flat, *starts;
    double *values, *adjoints;
    int64_t nodes, count, root, known;
    double noise, smallest; /* of a number that the precision at hand can hold; */
    double beyond;          /* times this, numbers overflow that are too large for it */
    const double *pool;     /* numbers in (-1, 1) that look random, those from `at` on are next */
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

enum { ACTIVE_NODE = 1, REACHED_NODE = 2 };
enum { SEED_STEP = 1009 }; /* from the first number of an opinion to that of the next */
enum { PARAMETER_LEAF, INPUT_LEAF, CONSTANT_LEAF, COMPUTED }; /* kinds of nodes */

static inline int64_t end_of(const Run *run, int64_t node)
{
    return node + 1 < run->nodes ? run->starts[node + 1] : run->count;
}

/* Whether operands come first, and every operation is known and has as many as it reads. Finds out
 * on the way what each node does, by the table of names, and who is active. */
__attribute__((noinline)) static int is_a_graph(const Run *run)
{
    const uint16_t *names = run->names;
    const uint8_t *kinds = run->kinds, *table = run->table;
    const int64_t *flat = run->flat, *starts = run->starts;
    const int64_t known = run->known, nodes = run->nodes, all = run->count;
    uint8_t *codes = run->codes, *active = run->active;
    int64_t first = nodes ? starts[0] : 0;
    int sound = first >= 0;
    for (int64_t node = 0; sound && node < nodes; node++) {
        const int64_t end = node + 1 < nodes ? starts[node + 1] : all, count = end - first;
        const int code = names[node] < known ? table[names[node]] : LEAF + 1;
        if (code > LEAF || end > all || count < fewest[code] || (code == CODE_dot && !(count & 1)))
            return 0;
        uint8_t found = code == LEAF && kinds[node] != CONSTANT_LEAF;
        for (int64_t k = first; k < end; k++) {
            const uint64_t x = (uint64_t)flat[k];
            if (x >= (uint64_t)node)
                return 0;
            found |= active[x];
        }
        codes[node] = (uint8_t)code;
        active[node] = found & (code != CODE_argmax && code != CODE_peak);
        first = end;
    }
    return sound;
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
