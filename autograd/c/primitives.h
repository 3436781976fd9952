/* Scalar formulas, each once, for all C code.
 *
 * A formula is said in x, y and z, numbers of the type T, by the rows of the table in
 * primitives.py, operation for operation, so that both agree bit for bit (compile with
 * -ffp-contract=off). T is double unless the includer has said T, EXP, FADE (e^x for x <= 0),
 * TANH, SQRT and LEAST, of its own making, beforehand. tests/c/test_primitives.py holds every
 * formula to its row. */

#ifndef AUTOGRAD_PRIMITIVES_H
#define AUTOGRAD_PRIMITIVES_H

#include <math.h>

/* Raised, here and in engine.py, when the C and the Python code change together. */
#define AUTOGRAD_INTERFACE 25

#ifndef EXP
typedef double T;
#define EXP exp
#define FADE exp
#define TANH tanh
#define SQRT sqrt
#define LEAST 0.03125
#endif

#define ABS(x) ((x) < 0 ? -(x) : (x))
#define LARGER(x, y) ((x) >= (y) || (x) != (x) ? (x) : (y))  /* NaN if x is */
#define SMALLER(x, y) ((x) <= (y) || (x) != (x) ? (x) : (y)) /* likewise */

static inline T heaviside_of(T x)
{
    return x > 0 ? (T)1 : x <= 0 ? (T)0 : x;
}

static inline T sign_of(T x)
{
    return x > 0 ? (T)1 : x < 0 ? (T)-1 : x == 0 ? (T)0 : x;
}

/* Without a branch, for the compiler to vectorise; e^-|x| does not overflow. */
static inline T sigmoid_of(T x)
{
    const T e = FADE(-ABS(x));
    return (x >= 0 ? (T)1 : e) / (1 + e);
}

/* 1 / cosh x, whose square is the derivative of tanh x. */
static inline T sech_of(T x)
{
    const T e = FADE(-ABS(x));
    return 2 * e / (1 + e * e);
}

/* The derivative of sigmoid x, sigmoid(x) sigmoid(-x). */
static inline T logistic_of(T x)
{
    const T e = FADE(-ABS(x));
    return e / ((1 + e) * (1 + e));
}

/* The derivatives of y = tanh x and of y = sigmoid x once y is known. As long as 1 - y² and 1 - y
 * are LEAST or more they have nearly all digits of y; nearer to 0 they are had from e^-|x|. */
static inline T tanh_slope(T x, T y)
{
    const T slope = (1 - y) * (1 + y), both = 1 + ABS(y);
    return slope < LEAST ? FADE(-2 * ABS(x)) * (both * both) : slope;
}

static inline T sigmoid_slope(T x, T y)
{
    const T rest = 1 - y;
    return y * (rest < LEAST ? FADE(-ABS(x)) * y : rest);
}

/* x times the normal distribution; far out the argument of erfc needs what its rounding lost. */
static inline double gelu_of(double x)
{
    const double high = 0.7071067811865476, low = -4.833646656726457e-17; /* 1 / sqrt(2) */
    const double a = -x * high, lost = x < 0 && x > -40 ? fma(-x, high, -a) - x * low : 0;
    return 0.5 * x * (lost == 0 ? erfc(a) : erfc(a) - 1.1283791670955126 * exp(-a * a) * lost);
}

static inline T softplus_of(T x)
{
    return (T)log1p(FADE(-ABS(x))) + (x > 0 ? x : (T)0);
}

/* Scaled by the larger one, whose square may overflow or fade out; 0 at the origin. */
static inline T direction_of(T x, T y)
{
    const T largest = ABS(y) > ABS(x) ? ABS(y) : ABS(x);
    if (largest == 0 || isinf(largest))
        return largest == 0 || !isinf(x) ? (T)0 : (T)NAN;
    return (T)(x / largest / hypot(x / largest, y / largest));
}

static inline double logaddexp_of(double x, double y)
{
    return x == y ? x + 0.6931471805599453 : LARGER(x, y) + log1p(exp(-fabs(x - y)));
}

/* Python's %: the remainder with the sign of the divisor. */
static inline double mod_of(double x, double y)
{
    const double rest = fmod(x, y);
    return rest == 0 ? copysign(0, y) : (rest < 0) != (y < 0) ? rest + y : rest;
}

/* Python's //, which agrees with % where the quotient is rounded. */
static inline double floordiv_of(double x, double y)
{
    const double rest = fmod(x, y);
    const double ratio = (x - rest) / y - (rest != 0 && (rest < 0) != (y < 0) ? 1 : 0);
    const double whole = floor(ratio);
    return ratio == 0 ? copysign(0, x / y) : ratio - whole > 0.5 ? whole + 1 : whole;
}

// clang-format off

/* ROW(name, formula), or OWN(name, formula) where a unit may have a loop of its own. After the
 * rows of the table come the pieces that only programs have: `gap` is x less the largest y, which
 * may be infinite as well; `first` finds the first 1; a pullback is a partial times the adjoint. */
#define OPERATIONS_WITH(ROW, OWN) \
    ROW(add, x + y) ROW(sub, x - y) ROW(mul, x * y) ROW(div, x / y) ROW(neg, -x) \
    ROW(pow, pow(x, y)) ROW(abs, fabs(x)) ROW(exp, EXP(x)) ROW(expm1, expm1(x)) \
    ROW(log, log(x)) ROW(log1p, log1p(x)) ROW(log2, log2(x)) ROW(log10, log10(x)) \
    ROW(sqrt, SQRT(x)) ROW(sin, sin(x)) ROW(cos, cos(x)) ROW(tan, tan(x)) \
    ROW(asin, asin(x)) ROW(acos, acos(x)) ROW(atan, atan(x)) ROW(atan2, atan2(x, y)) \
    ROW(hypot, hypot(x, y)) ROW(sinh, sinh(x)) ROW(cosh, cosh(x)) OWN(tanh, TANH(x)) \
    ROW(asinh, asinh(x)) ROW(acosh, acosh(x)) ROW(atanh, atanh(x)) \
    ROW(direction, direction_of(x, y)) \
    ROW(erf, erf(x)) ROW(erfc, erfc(x)) \
    ROW(exp2, exp2(x)) ROW(cbrt, cbrt(x)) ROW(logaddexp, logaddexp_of(x, y)) \
    ROW(floor, floor(x)) ROW(ceil, ceil(x)) ROW(trunc, trunc(x)) ROW(rint, rint(x)) \
    ROW(fmod, fmod(x, y)) ROW(mod, mod_of(x, y)) ROW(floordiv, floordiv_of(x, y)) \
    ROW(copysign, copysign(x, y)) \
    ROW(sign, sign_of(x)) ROW(heaviside, heaviside_of(x)) ROW(detach, x) \
    ROW(maximum, LARGER(x, y)) ROW(minimum, SMALLER(x, y)) \
    ROW(clip, SMALLER(LARGER(x, y), z)) ROW(where, x != 0 ? y : z) \
    ROW(relu, x <= 0 ? (T)0 : x) ROW(leaky_relu, x > 0 ? x : (T)0.01 * x) \
    ROW(elu, x > 0 ? x : expm1(x)) ROW(sigmoid, sigmoid_of(x)) ROW(softplus, softplus_of(x)) \
    ROW(silu, x * sigmoid_of(x)) ROW(gelu, gelu_of(x)) \
    ROW(softsign, x / (1 + ABS(x))) \
    ROW(gap, x == y ? (T)0 : x - y) ROW(copy, x) ROW(equal, x == y ? (T)1 : (T)0) \
    ROW(first, x == 1 && y == 0 ? (T)1 : (T)0) \
    ROW(sech, sech_of(x)) \
    ROW(logistic, logistic_of(x)) \
    OWN(tanh_pullback, tanh_slope(x, y) * z) \
    OWN(sigmoid_pullback, sigmoid_slope(x, y) * z) \
    ROW(relu_pullback, heaviside_of(x) * y) \
    ROW(add_product, x + y * z) ROW(sub_product, x - y * z)
#define OPERATIONS(ROW) OPERATIONS_WITH(ROW, ROW)

// clang-format on

#define SCALAR(name, formula) \
    static inline T op_##name(T x, T y, T z) \
    { \
        (void)x, (void)y, (void)z; \
        return (T)(formula); \
    }
OPERATIONS(SCALAR)

#endif
