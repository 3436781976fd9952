/* Elementwise operations of recordings, each with its local partials, straight from the table.
 *
 * EXACT(name, arity, ...) rounds nothing; LOOSE(name, arity, ...) does. The partials by x, y and
 * z follow; `out` is the result. Formulas are those of ../primitives.h. */

#include <stdint.h>

#include "../primitives.h"

#define ROOT_PI 1.7724538509055159
#define ROOT_2 1.4142135623730951
#define PI 3.141592653589793
#define LN_2 0.6931471805599453
#define LOG2_E 1.4426950408889634
#define LOG10_E 0.4342944819032518

static inline double power_by_base(double x, double n)
{
    return n == 0 ? 0.0 : n == 1 ? 1.0 : n == 2 ? 2 * x : n * pow(x, n - 1);
}

static inline double complement_of(double x)
{
    return fabs(x) > 0.5 ? (1 - x) * (1 + x) : 1 - x * x;
}

/* sech² x, which costs an exponential only where 1 - out² would lose digits. */
static inline double square_of_sech(double x, double out)
{
    return fabs(out) < 0.9 ? (1 - out) * (1 + out) : sech_of(x) * sech_of(x);
}

/* The row `shifted` of the pieces, which primitives.h calls gap; those that are an addition or a
 * copy there. */
#define op_shifted op_gap
#define op_broadcast op_copy
static inline double op_increment(double x, double y, double z)
{
    (void)y, (void)z;
    return x + 1;
}

static inline double op_rest_of_share(double x, double y, double z)
{
    (void)x, (void)y;
    return z;
}

static inline double op_log_share(double x, double y, double z)
{
    (void)y;
    return x - log1p(z);
}

static inline double op_degrees(double x, double y, double z)
{
    (void)y, (void)z;
    return x * (180 / PI);
}
static inline double op_radians(double x, double y, double z)
{
    (void)y, (void)z;
    return x * (PI / 180);
}

// clang-format off

#define ELEMENTWISE(EXACT, LOOSE) \
    LOOSE(add, 2, 1, 1, 0) LOOSE(sub, 2, 1, -1, 0) LOOSE(mul, 2, y, x, 0) \
    LOOSE(div, 2, 1 / y, -out / y, 0) \
    LOOSE(pow, 2, power_by_base(x, y), out * log(x == 0 ? 1 : x), 0) EXACT(neg, 1, -1, 0, 0) \
    EXACT(abs, 1, sign_of(x), 0, 0) LOOSE(exp, 1, out, 0, 0) LOOSE(expm1, 1, exp(x), 0, 0) \
    LOOSE(log, 1, 1 / x, 0, 0) LOOSE(log1p, 1, 1 / (1 + x), 0, 0) \
    LOOSE(log2, 1, LOG2_E / x, 0, 0) LOOSE(log10, 1, LOG10_E / x, 0, 0) \
    LOOSE(sqrt, 1, 0.5 / out, 0, 0) LOOSE(sin, 1, cos(x), 0, 0) LOOSE(cos, 1, -sin(x), 0, 0) \
    LOOSE(tan, 1, 1 + out * out, 0, 0) LOOSE(asin, 1, 1 / sqrt(complement_of(x)), 0, 0) \
    LOOSE(acos, 1, -1 / sqrt(complement_of(x)), 0, 0) \
    LOOSE(atan, 1, 1 / hypot(1, x) / hypot(1, x), 0, 0) \
    LOOSE(atan2, 2, direction_of(y, x) / hypot(x, y), -direction_of(x, y) / hypot(x, y), 0) \
    LOOSE(hypot, 2, direction_of(x, y), direction_of(y, x), 0) \
    LOOSE(direction, 2, direction_of(y, x) * direction_of(y, x) / hypot(x, y), \
          -out * direction_of(y, x) / hypot(x, y), 0) \
    LOOSE(sinh, 1, cosh(x), 0, 0) LOOSE(cosh, 1, sinh(x), 0, 0) \
    LOOSE(tanh, 1, square_of_sech(x, out), 0, 0) LOOSE(sech, 1, -out * tanh(x), 0, 0) \
    LOOSE(asinh, 1, 1 / hypot(1, x), 0, 0) \
    LOOSE(acosh, 1, 1 / (sqrt(x - 1) * sqrt(x + 1)), 0, 0) \
    LOOSE(atanh, 1, 1 / complement_of(x), 0, 0) LOOSE(erf, 1, 2 / ROOT_PI * exp(-x * x), 0, 0) \
    LOOSE(erfc, 1, -2 / ROOT_PI * exp(-x * x), 0, 0) EXACT(sign, 1, 0, 0, 0) \
    EXACT(heaviside, 1, 0, 0, 0) EXACT(detach, 1, 0, 0, 0) \
    LOOSE(exp2, 1, LN_2 * out, 0, 0) LOOSE(cbrt, 1, 1 / (3 * out * out), 0, 0) \
    LOOSE(logaddexp, 2, sigmoid_of(x - y), sigmoid_of(y - x), 0) \
    LOOSE(degrees, 1, 180 / PI, 0, 0) LOOSE(radians, 1, PI / 180, 0, 0) \
    EXACT(floor, 1, 0, 0, 0) EXACT(ceil, 1, 0, 0, 0) EXACT(trunc, 1, 0, 0, 0) \
    EXACT(rint, 1, 0, 0, 0) EXACT(floordiv, 2, 0, 0, 0) LOOSE(mod, 2, 1, -floordiv_of(x, y), 0) \
    LOOSE(fmod, 2, 1, -rint((x - out) / y), 0) \
    EXACT(copysign, 2, sign_of(x) * copysign(1, y), 0, 0) \
    EXACT(maximum, 2, 1 - heaviside_of(y - x), heaviside_of(y - x), 0) \
    EXACT(minimum, 2, 1 - heaviside_of(x - y), heaviside_of(x - y), 0) \
    EXACT(clip, 3, (1 - heaviside_of(y - x)) * (1 - heaviside_of(x - z)), \
          heaviside_of(y - x) * (1 - heaviside_of(y - z)), heaviside_of(LARGER(x, y) - z)) \
    EXACT(where, 3, 0, x != 0, x == 0) EXACT(relu, 1, heaviside_of(x), 0, 0) \
    LOOSE(leaky_relu, 1, x > 0 ? 1 : 0.01, 0, 0) LOOSE(elu, 1, exp(x < 0 ? x : 0), 0, 0) \
    LOOSE(sigmoid, 1, logistic_of(x), 0, 0) LOOSE(logistic, 1, -out * tanh(0.5 * x), 0, 0) \
    LOOSE(softplus, 1, sigmoid_of(x), 0, 0) \
    LOOSE(silu, 1, sigmoid_of(x) * (1 + x * sigmoid_of(-x)), 0, 0) \
    LOOSE(gelu, 1, 0.5 * erfc(-x / ROOT_2) + x * exp(-0.5 * x * x) / (ROOT_2 * ROOT_PI), 0, 0) \
    LOOSE(softsign, 1, 1 / ((1 + fabs(x)) * (1 + fabs(x))), 0, 0) LOOSE(shifted, 2, 1, -1, 0) \
    EXACT(broadcast, 2, 1, 0, 0) LOOSE(increment, 1, 1, 0, 0) \
    LOOSE(rest_of_share, 3, y - 1 - z, -1, 1) LOOSE(log_share, 3, 0, -1 / (1 + z), 0)

// clang-format on

/* The partial of each operation by one of its operands; whether it is written as 0. */
#define IS_0(partial) (sizeof(#partial) == 2 && #partial[0] == '0')
#define PARTIAL(name, arity, by_x, by_y, by_z) \
    static inline double partial_##name(int64_t slot, double x, double y, double z, double out) \
    { \
        (void)x, (void)y, (void)z, (void)out; \
        return slot == 0 ? (by_x) : slot == 1 ? (by_y) : (by_z); \
    } \
    static inline int is_flat_##name(int64_t slot) \
    { \
        return slot == 0 ? IS_0(by_x) : slot == 1 ? IS_0(by_y) : IS_0(by_z); \
    }
ELEMENTWISE(PARTIAL, PARTIAL)
#undef PARTIAL
