/* exp, tanh, sin and cos for one number type and instruction set; included by kernels.h.
 *
 * e^x by x = n ln 2 + r, |r| <= ln 2 / 2, and the series of e^r; 2^n is multiplied in two
 * halves, so that results near the limits overflow and underflow as they should. Written
 * without branches, for the compiler to vectorise. ROUND leaves the nearest whole number in
 * the low bits of a sum; POWER makes 2^n of it. */

static inline double bits_double(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, 8);
    return x;
}
static inline uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, 8);
    return bits;
}
#ifdef FLOAT
static inline float bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, 4);
    return x;
}
static inline uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}
#endif

#ifdef FLOAT
#define ROUND 0x1.8p23f
#define POWER(shifted) bits_float((float_bits(shifted) + 127) << 23)
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define LOWEST -104.0f
#define LEAST 0.125f /* of 1 - tanh squared: it has lost three bits */
#define ABOVE(shifted) bits_float((float_bits(shifted) + 127 + 64) << 23)
#define HIGHEST 89.0f
#define LARGEST 8.65f
#define SATURATED 9.011f
#define ABSOLUTE fabsf
#define SIGNED copysignf
#else
#define ROUND 0x1.8p52
#define POWER(shifted) bits_double((double_bits(shifted) + 1023) << 52)
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LOWEST -746.0
#define LEAST 0.03125
#define ABOVE(shifted) bits_double((double_bits(shifted) + 1023 + 64) << 52)
#define HIGHEST 710.0
#define LARGEST 18.7
#define SATURATED 19.0615
#define ABSOLUTE fabs
#define SIGNED copysign
#endif
#define EXP exp_of
#define FADE fade_of
#define TANH tanh_of
#define LOG2E (T)1.4426950408889634

/* e^r - 1 = r + r^2 q(r); of all polynomials of its degree, q has the least largest error for
 * -ln 2 / 2 <= r <= 3/4 ln 2: 1.8e-17 (5.8e-9 in float). Summed as a tree, which waits less
 * than a chain. */
static inline T series(T r)
{
    const T r2 = r * r, r4 = r2 * r2;
#ifdef FLOAT
    T a = MULADD(0x1.555560p-3f, r, 0.5f), b = MULADD(0x1.10fe2cp-7f, r, 0x1.5554e8p-5f);
    T c = MULADD(0x1.bdd24ap-13f, r, 0x1.6d3122p-10f);
    T q = MULADD(c, r4, MULADD(b, r2, a));
#else
    T a = MULADD(0x1.555555555554cp-3, r, 0.5);
    T b = MULADD(0x1.1111111114ee8p-7, r, 0x1.55555555557eep-5);
    T c = MULADD(0x1.a01a01881998fp-13, r, 0x1.6c16c16aec6eep-10);
    T d = MULADD(0x1.71de623831de1p-19, r, 0x1.a01a07cbd6c98p-16);
    T e = MULADD(0x1.aea2f18272e9fp-26, r, 0x1.27d7148d60243p-22);
    T high = MULADD(0x1.35a4bce9bf7a5p-29, r2, e);
    T q = MULADD(high, r4 * r4, MULADD(MULADD(d, r2, c), r4, MULADD(b, r2, a)));
#endif
    return MULADD(r2, q, r);
}

static inline T exp_of(T x)
{
    x = x < LOWEST ? LOWEST : x;
    x = x > HIGHEST ? HIGHEST : x;
    T n = MULADD(x, LOG2E, ROUND) - ROUND;
    T r = MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, x));
    T half = n * (T)0.5 + ROUND, rest = n - (half - ROUND) + ROUND;
    return (1 + series(r)) * POWER(half) * POWER(rest);
}

/* The same for x <= 0, in fewer operations: 2^n is 2^(n + 64) / 2^64. */
static inline T fade_of(T x)
{
    x = x < LOWEST ? LOWEST : x;
    T shifted = MULADD(x, LOG2E, ROUND), n = shifted - ROUND;
    T r = MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, x));
    return (1 + series(r)) * ABOVE(shifted) * (T)0x1p-64;
}

/* tanh|x| = e / (e + 2) with e = e^(2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1); n is such that
 * -1/4 ln 2 <= r, so that little cancels. */
static inline T reduced(T x, T *two)
{
    T size = ABSOLUTE(x), t = size > LARGEST ? 2 * LARGEST : size + size;
    T shifted = MULADD(t - (T)0.17328679513998632, LOG2E, ROUND), n = shifted - ROUND;
    *two = POWER(shifted);
    return MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, t));
}

/* The sum e + 2 loses `lost`, known exactly while e < 2^54 (2^25), and 1 / (e + 2) is
 * (1 - tanh|x|) / 2. */
static inline T quotient(T e, T x)
{
    T sum = e + 2, lost = e - (sum - 2), y = e / sum;
    y = MULADD(-y * lost, MULADD(y, (T)-0.5, (T)0.5), y);
    return SIGNED(ABSOLUTE(x) > SATURATED ? (T)1 : y, x);
}

static inline T tanh_of(T x)
{
    T two, r = reduced(x, &two);
    return quotient(MULADD(two, series(r), two - 1), x);
}

/* The same for n numbers, CHUNK at a time in three rounds: of short chains of operations a
 * processor can have more under way than of long ones. */
static void k_tanh(T *out, const T *x, const T *b, const T *c, int64_t n)
{
    T r[CHUNK], two[CHUNK];
    (void)b;
    (void)c;
    for (int64_t left = n; left > 0; left -= CHUNK, x += CHUNK, out += CHUNK) {
        n = left < CHUNK ? left : CHUNK;
        for (int64_t i = 0; i < n; i++)
            r[i] = reduced(x[i], &two[i]);
        for (int64_t i = 0; i < n; i++)
            r[i] = MULADD(two[i], series(r[i]), two[i] - 1);
        INDEPENDENT for (int64_t i = 0; i < n; i++)
            out[i] = quotient(r[i], x[i]);
    }
}

#ifdef __FMA__
#define JOINED __builtin_fma
#else
#define JOINED(x, y, z) ((x) * (y) + (z))
#endif

/* sin x and, beside it, cos x, to 3 ulp: x = n pi / 256 + d with |d| <= pi / 512, the n-th
 * entry of the table, and the series of sin d and cos d - 1. */
static inline T sine_and_cosine(double x, T *cosine)
{
    if (!(fabs(x) < 5e3)) {
        *cosine = (T)cos(x);
        return (T)sin(x);
    }
    double shifted = JOINED(x, 0x1.45f306dc9c883p+6, 0x1.8p52), n = shifted - 0x1.8p52;
    double d = JOINED(-n, ARC_LOW, JOINED(-n, ARC_MIDDLE, JOINED(-n, ARC_HIGH, x)));
    double s = circle[double_bits(shifted) % ARCS][0], c = circle[double_bits(shifted) % ARCS][1];
    double z = d * d, odd = d * z * JOINED(z, 1.0 / 120, -1.0 / 6);
    double even = z * JOINED(z, JOINED(z, -1.0 / 720, 1.0 / 24), -0.5);
    *cosine = (T)(JOINED(-s, d, c) + JOINED(c, even, -s * odd));
    return (T)(JOINED(c, d, s) + JOINED(s, even, c * odd));
}
