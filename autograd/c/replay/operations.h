/* The scalar operations in terms of x, y and z, and those that only tapes have. */

#define ABS(x) ((x) < 0 ? -(x) : (x))
#define STEP_OF(x) ((x) > 0 ? (T)1 : (x) <= 0 ? (T)0 : (T)(x))
#define OPERATIONS_WITH(X, OWN_LOOP)                                                                     \
    X(add, x + y) X(sub, x - y) X(mul, x * y) X(div, x / y) X(neg, -x)                    \
    X(pow, pow(x, y)) X(abs, fabs(x)) X(exp, exp_of(x)) X(expm1, expm1(x))                   \
    X(log, log(x)) X(log1p, log1p(x)) X(log2, log2(x)) X(log10, log10(x))                 \
    X(sqrt, SQRT(x)) X(sin, sin(x)) X(cos, cos(x)) X(tan, tan(x))                         \
    X(asin, asin(x)) X(acos, acos(x)) X(atan, atan(x)) X(atan2, atan2(x, y))              \
    X(hypot, hypot(x, y)) X(sinh, sinh(x)) X(cosh, cosh(x)) OWN_LOOP(tanh, tanh_of(x))              \
    X(asinh, asinh(x)) X(acosh, acosh(x)) X(atanh, atanh(x))                              \
    X(direction, x == 0 && y == 0 ? (T)0 : x / hypot(x, y))                               \
    X(erf, erf(x)) X(erfc, erfc(x))                                                       \
    X(sign, x > 0 ? (T)1 : x < 0 ? (T)-1 : x * 0) X(heaviside, STEP_OF(x))                \
    X(maximum, x >= y || x != x ? x : y) X(minimum, x <= y || x != x ? x : y)             \
    X(clip, LEAST(x >= y || x != x ? x : y, z)) X(where, x != 0 ? y : z)                  \
    X(relu, x <= 0 ? (T)0 : x) X(leaky_relu, x > 0 ? x : (T)0.01 * x)                     \
    X(elu, x > 0 ? x : expm1(x)) X(sigmoid, (x >= 0 ? (T)1 : exp_of(-ABS(x))) / (1 + exp_of(-ABS(x)))) \
    X(softplus, log1p(exp_of(-ABS(x))) + (x > 0 ? x : (T)0))                                 \
    X(silu, x * ((x >= 0 ? (T)1 : exp_of(-ABS(x))) / (1 + exp_of(-ABS(x)))))                    \
    X(gelu, 0.5 * x * erfc(-x / 1.4142135623730951)) X(softsign, x / (1 + ABS(x)))        \
    X(gap, x == y ? (T)0 : x - y) X(copy, x) X(equal, x == y ? (T)1 : (T)0)               \
    X(first, x == 1 && y == 0 ? (T)1 : (T)0)                                                         \
    X(tanh_pullback, (1 - x * x) * y) X(sigmoid_pullback, (1 - x) * x * y)                \
    X(relu_pullback, STEP_OF(x) * y) X(add_product, x + y * z) X(sub_product, x - y * z)
#define OPERATIONS(X) OPERATIONS_WITH(X, X)
#define LEAST(a, b) ((a) <= (b) || (a) != (a) ? (a) : (b))

/* What only tapes do. `r` is the last result and `z` the last number that was given: what
   the next operation reads waits in a register, x or y. A result receives a term: its first
   one is stored, later ones are added; z is read anew, is the last result, or the same again;
   in a sum the result is the one of the operation before. Frequent pairs take one jump. */
#define GIVE(X, then, after, name, term)                                                  \
    X(name##then, z = B; OUT = r = OUT + (term); after)                                   \
    X(name##_first##then, z = B; OUT = r = (term); after)                                 \
    X(name##_last##then, z = r; OUT = r = OUT + (term); after)                            \
    X(name##_first_last##then, z = r; OUT = r = (term); after)                            \
    X(name##_again##then, OUT = r = OUT + (term); after)                                  \
    X(name##_first_again##then, OUT = r = (term); after)
#define GIVES(X, then, after)                                                             \
    GIVE(X, then, after, accumulate, z) GIVE(X, then, after, subtract, -z)                \
    GIVE(X, then, after, multiply_accumulate, A * z)
#define ARITHMETIC(X, then, after)                                                        \
    X(add##then, r = OUT = A + B; after) X(add_x##then, r = OUT = r + B; after)           \
    X(mul##then, r = OUT = A * B; after) X(mul_x##then, r = OUT = r * B; after)           \
    X(sub##then, r = OUT = A - B; after) X(sub_x##then, r = OUT = r - B; after)           \
    X(sub_y##then, r = OUT = A - r; after)
#define PAIRS(X)                                                                          \
    ARITHMETIC(X, __add, code++; OUT = z = r = A + B;)                                 \
    ARITHMETIC(X, __mul, code++; OUT = z = r = A * B;)                                 \
    ARITHMETIC(X, __sub, code++; OUT = z = r = A - B;)                                 \
    ARITHMETIC(X, __add_x, code++; OUT = z = r = r + B;)                               \
    ARITHMETIC(X, __mul_x, code++; OUT = z = r = r * B;)                               \
    ARITHMETIC(X, __sub_x, code++; OUT = z = r = r - B;)                               \
    ARITHMETIC(X, __sub_y, code++; OUT = z = r = A - r;)                               \
    GIVES(X, __multiply_accumulate_last, code++; z = r; OUT = r = OUT + A * z;)        \
    GIVES(X, __multiply_accumulate_first_last, code++; z = r; OUT = r = A * z;)        \
    GIVES(X, __multiply_accumulate_again, code++; OUT = r = OUT + A * z;)              \
    GIVES(X, __multiply_accumulate_first_again, code++; OUT = r = A * z;)
#define TAPE_ONLY(X)                                                                      \
    GIVES(X, , ) X(accumulate_sum, z = B; OUT = r = r + z;)                               \
    X(multiply_accumulate_sum, z = B; OUT = r = r + A * z;)                               \
    X(add_x, OUT = z = r = r + B;) X(mul_x, OUT = z = r = r * B;)                         \
    X(sub_x, OUT = z = r = r - B;) X(sub_y, OUT = z = r = A - r;)                         \
    X(div_x, OUT = z = r = r / B;) X(div_y, OUT = z = r = A / r;)                         \
    X(sine_and_cosine, r = sine_and_cosine(A, &C); OUT = z = r;)                    \
    X(sine_and_cosine_x, r = sine_and_cosine(r, &C); OUT = z = r;)                  \
    PAIRS(X)

#define CODE(name, ...) OPERATION_##name,
enum { OPERATIONS(CODE) TAPE_ONLY(CODE) OPERATION_stop, OPERATION_COUNT };

#if defined(__GNUC__) && !defined(__clang__)
#define ONE_JUMP_EACH __attribute__((optimize("no-crossjumping", "no-gcse")))
#else
#define ONE_JUMP_EACH
#endif

/* pi / 256 in three parts, two of them with 33 bits */
#define ARC_HIGH 0x1.921fb544p-7
#define ARC_MIDDLE 0x1.0b4611a6p-41
#define ARC_LOW 0x1.3198a2e037073p-76
