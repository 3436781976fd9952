/* The hot rows of the table: where C may compute them, and their partials.
 *
 * `domain` and `smooth` say when C may be used for the result and for the partials; elsewhere
 * the Python row is asked, which also words the error. */

#include "../primitives.h"

static inline int power_is_real(double x, double n)
{
    return x > 0.0 || (x < 0.0 ? floor(n) == n : n >= 0.0);
}

static inline double square_of(double x)
{
    return x * x;
}

static inline double power_by_base(double x, double n)
{
    return n == 0.0 ? 0.0 : n == 1.0 ? 1.0 : n == 2.0 ? 2.0 * x : n * pow(x, n - 1.0);
}

static inline int power_is_smooth(double x, double n)
{
    return n == 0.0 || n == 1.0 || n == 2.0 || power_is_real(x, n - 1.0);
}

// clang-format off

/* ROW(name, domain, smooth, partial) */
#define UNARY_ROWS(ROW) \
    ROW(neg,     1,           1,          -1.0) \
    ROW(abs,     1,           1,          sign_of(x)) \
    ROW(exp,     1,           1,          out) \
    ROW(log,     !(x <= 0.0), 1,          1.0 / x) \
    ROW(sqrt,    !(x < 0.0),  out != 0.0, 0.5 / out) \
    ROW(sin,     !isinf(x),   1,          cos(x)) \
    ROW(cos,     !isinf(x),   1,          -sin(x)) \
    ROW(tanh,    1,           1,          square_of(sech_of(x))) \
    ROW(sigmoid, 1,           1,          logistic_of(x)) \
    ROW(relu,    1,           1,          heaviside_of(x))

/* ROW(name, domain, smooth, partial by x, partial by y)
 * The partial of a power by an exponent that is a Value is left to Python. */
#define BINARY_ROWS(ROW) \
    ROW(add, 1,        1, 1.0,     1.0) \
    ROW(sub, 1,        1, 1.0,     -1.0) \
    ROW(mul, 1,        1, y,       x) \
    ROW(div, y != 0.0, 1, 1.0 / y, -out / y) \
    ROW(pow, power_is_real(x, y), power_is_smooth(x, y), power_by_base(x, y), 0.0)

// clang-format on
