/* The hot rows of the table in primitives.py, repeated for the C code, once.
 *
 * A row gives the result and the local partials as expressions of the operands x and y and
 * of the result `out`, operation for operation as in Python, so that both agree bit for bit
 * (compile with -ffp-contract=off). `domain` and `smooth` say when the expressions may be
 * used for the result and for the partials; elsewhere the Python row is asked, which also
 * words the error. tests/test_implementations.py holds every entry to its row. */

#ifndef AUTOGRAD_PRIMITIVES_H
#define AUTOGRAD_PRIMITIVES_H

#include <math.h>

/* Raised, here and in engine.py, when the C and the Python code change together. */
#define AUTOGRAD_INTERFACE 7

static inline double primitive_heaviside(double x)
{
    return x > 0.0 ? 1.0 : x <= 0.0 ? 0.0 : x;
}

static inline double primitive_sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x;
}

static inline double primitive_sigmoid(double x)
{
    if (x >= 0.0)
        return 1.0 / (1.0 + exp(-x));
    double e = exp(x);
    return e / (1.0 + e);
}

static inline int primitive_power_is_real(double x, double n)
{
    return x > 0.0 || (x < 0.0 ? floor(n) == n : n >= 0.0);
}

static inline double primitive_power_by_base(double x, double n)
{
    return n == 0.0 ? 0.0 : n == 1.0 ? 1.0 : n == 2.0 ? 2.0 * x : n * pow(x, n - 1.0);
}

static inline int primitive_power_is_smooth(double x, double n)
{
    return n == 0.0 || n == 1.0 || n == 2.0 || primitive_power_is_real(x, n - 1.0);
}

/* ROW(CODE, name, domain, forward, smooth, partial) */
#define UNARY_PRIMITIVES(ROW) \
    ROW(NEG,     "neg",     1,           -x,                    1,          -1.0) \
    ROW(ABS,     "abs",     1,           fabs(x),               1,          primitive_sign(x)) \
    ROW(EXP,     "exp",     1,           exp(x),                1,          out) \
    ROW(LOG,     "log",     !(x <= 0.0), log(x),                1,          1.0 / x) \
    ROW(SQRT,    "sqrt",    !(x < 0.0),  sqrt(x),               out != 0.0, 0.5 / out) \
    ROW(SIN,     "sin",     !isinf(x),   sin(x),                1,          cos(x)) \
    ROW(COS,     "cos",     !isinf(x),   cos(x),                1,          -sin(x)) \
    ROW(TANH,    "tanh",    1,           tanh(x),               1,          1.0 - out * out) \
    ROW(SIGMOID, "sigmoid", 1,           primitive_sigmoid(x),  1,          out * (1.0 - out)) \
    ROW(RELU,    "relu",    1,           x <= 0.0 ? 0.0 : x,    1,          primitive_heaviside(x))

/* ROW(CODE, name, domain, forward, smooth, partial by x, partial by y)
 * The partial of a power by an exponent that is a Value is left to Python. */
#define BINARY_PRIMITIVES(ROW) \
    ROW(ADD, "add", 1,        x + y, 1, 1.0,     1.0) \
    ROW(SUB, "sub", 1,        x - y, 1, 1.0,     -1.0) \
    ROW(MUL, "mul", 1,        x * y, 1, y,       x) \
    ROW(DIV, "div", y != 0.0, x / y, 1, 1.0 / y, -out / y) \
    ROW(POW, "pow", primitive_power_is_real(x, y), pow(x, y), \
        primitive_power_is_smooth(x, y), primitive_power_by_base(x, y), 0.0)

#endif
