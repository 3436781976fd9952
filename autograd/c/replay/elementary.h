/* exp and tanh for one number type and instruction set; included by kernels.h.

   e^x by x = n ln 2 + r, |r| <= ln 2 / 2, and the series of e^r; 2^n is multiplied in two
   halves, so that results near the limits overflow and underflow as they should. Written
   without branches, for the compiler to vectorise. ROUND leaves the nearest whole number in
   the low bits of a sum; POWER makes 2^n of it. */

#ifdef FLOAT
#define ROUND 0x1.8p23f
#define POWER(shifted) bits_float((float_bits(shifted) + 127) << 23)
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define LOWEST -104.0f
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
#define HIGHEST 710.0
#define LARGEST 18.7
#define SATURATED 19.0615
#define ABSOLUTE fabs
#define SIGNED copysign
#endif
#define LOG2E (T)1.4426950408889634

/* e^r - 1 = r + r^2 q(r); of all polynomials of its degree, q has the least largest error for
   -ln 2 / 2 <= r <= 3/4 ln 2: 1.8e-17 (5.8e-9 in float). Summed as a tree, which waits less
   than a chain. */
static inline T NAME(series)(T r) {
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

static inline T NAME(exp)(T x) {
    x = x < LOWEST ? LOWEST : x;
    x = x > HIGHEST ? HIGHEST : x;
    T n = MULADD(x, LOG2E, ROUND) - ROUND;
    T r = MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, x));
    T half = n * (T)0.5 + ROUND, rest = n - (half - ROUND) + ROUND;
    return (1 + NAME(series)(r)) * POWER(half) * POWER(rest);
}

/* tanh|x| = e / (e + 2) with e = e^(2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1); n is such that
   -1/4 ln 2 <= r, so that little cancels. */
static inline T NAME(reduced)(T x, T *two) {
    T size = ABSOLUTE(x), t = size > LARGEST ? 2 * LARGEST : size + size;
    T shifted = MULADD(t - (T)0.17328679513998632, LOG2E, ROUND), n = shifted - ROUND;
    *two = POWER(shifted);
    return MULADD(-n, LN2_LOW, MULADD(-n, LN2_HIGH, t));
}

/* The sum e + 2 loses `lost`, known exactly while e < 2^54 (2^25), and 1 / (e + 2) is
   (1 - tanh|x|) / 2. */
static inline T NAME(quotient)(T e, T x) {
    T sum = e + 2, lost = e - (sum - 2), y = e / sum;
    y = MULADD(-y * lost, MULADD(y, (T)-0.5, (T)0.5), y);
    return SIGNED(ABSOLUTE(x) > SATURATED ? (T)1 : y, x);
}

static inline T NAME(tanh)(T x) {
    T two, r = NAME(reduced)(x, &two);
    return NAME(quotient)(MULADD(two, NAME(series)(r), two - 1), x);
}

/* The same for n numbers, CHUNK at a time in three rounds: of short chains of operations a
   processor can have more under way than of long ones. */
static void NAME(tanh_rounds)(T *out, const T *x, const T *b, const T *c, long n) {
    T r[CHUNK], two[CHUNK];
    (void)b; (void)c;
    for (long left = n; left > 0; left -= CHUNK, x += CHUNK, out += CHUNK) {
        n = left < CHUNK ? left : CHUNK;
        for (long i = 0; i < n; i++) r[i] = NAME(reduced)(x[i], &two[i]);
        for (long i = 0; i < n; i++) r[i] = MULADD(two[i], NAME(series)(r[i]), two[i] - 1);
        _Pragma("GCC ivdep")
        for (long i = 0; i < n; i++) out[i] = NAME(quotient)(r[i], x[i]);
    }
}

#undef ROUND
#undef POWER
#undef LN2_HIGH
#undef LN2_LOW
#undef LOWEST
#undef HIGHEST
#undef LARGEST
#undef SATURATED
#undef ABSOLUTE
#undef SIGNED
#undef LOG2E
