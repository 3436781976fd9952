/* A loop for each operation of steps, for one number type and instruction set; included by
 * kernels.h. */

/* A loop for each operation; that of tanh is in elementary.h, pullbacks with one follow. */
#define KERNEL(name, formula) \
    static void k_##name(T *out, const T *a, const T *b, const T *c, int64_t n) \
    { \
        INDEPENDENT for (int64_t i = 0; i < n; i++) \
            out[i] = op_##name(a[i], b[i], c[i]); \
    }
#define NONE(name, formula)
OPERATIONS_WITH(KERNEL, NONE)

/* The exponentials of a slope only for the few numbers that need them, all of them together after
 * the others, where no operand is overwritten before. `rest` says by y = LOAD(b + i), as the
 * operation does by one y, what is too small then, and `slope`. */
#define PULLBACK(name, rest, slope) \
    static void k_##name(T *out, const T *a, const T *b, const T *c, int64_t n) \
    { \
        const int apart = out != a && out != b && out != c; \
        int late[CHUNK + LANES], few, i; \
        T of_a[LANES], of_b[LANES], of_c[LANES]; \
        while (apart && n >= LANES) { \
            const int whole = n < CHUNK ? (int)n & -LANES : CHUNK; \
            for (few = i = 0; i < whole; i += LANES) { \
                const VEC y = LOAD(b + i), left = rest; \
                SAVE(out + i, slope * LOAD(c + i)); \
                few = below(left, LEAST, i, late, few); \
            } \
            for (; few % LANES; few++) \
                late[few] = *late; \
            for (int j = 0; j < few; j += LANES) { \
                for (int k = 0; k < LANES; k++) \
                    i = late[j + k], of_a[k] = a[i], of_b[k] = b[i], of_c[k] = c[i]; \
                for (int k = 0; k < LANES; k++) \
                    of_a[k] = op_##name(of_a[k], of_b[k], of_c[k]); \
                for (int k = 0; k < LANES; k++) \
                    out[late[j + k]] = of_a[k]; \
            } \
            out += whole, a += whole, b += whole, c += whole, n -= whole; \
        } \
        for (int64_t k = 0; k < n; k++) \
            out[k] = op_##name(a[k], b[k], c[k]); \
    }
PULLBACK(tanh_pullback, (1 - y) * (1 + y), left)
PULLBACK(sigmoid_pullback, 1 - y, (y * left))

typedef void (*Elementwise)(T *, const T *, const T *, const T *, int64_t);
#define ENTRY(name, formula) k_##name,
static const Elementwise elementwise[] = {OPERATIONS(ENTRY)};
