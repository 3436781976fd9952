/* The operations of steps and tapes; their formulas are in ../primitives.h. */

#include "../primitives.h"

// clang-format off

/* What only tapes do. `r` is the last result and `z` the last number that was given: what
 * the next operation reads waits in a register, x or y. A result receives a term: its first
 * one is stored, later ones are added; z is read anew, is the last result, or the same again;
 * in a sum the result is the one of the operation before. Frequent pairs take one jump. */
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

// clang-format on

#define CODE(name, ...) OPERATION_##name,
enum { OPERATIONS(CODE) TAPE_ONLY(CODE) OPERATION_stop, OPERATION_COUNT };
_Static_assert(OPERATION_COUNT <= 256, "the lowest byte of a tape's word holds an operation");

#if defined(__GNUC__) && !defined(__clang__)
#define ONE_JUMP_EACH __attribute__((optimize("no-crossjumping", "no-gcse")))
#else
#define ONE_JUMP_EACH
#endif
