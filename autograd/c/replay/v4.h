/* For x86-64 with AVX-512. Scalar operations gain nothing by it: tapes run as with AVX2. */

#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")
#include <immintrin.h>

#include "types.h"
#include "number.h"

#define SET(name) JOIN(v4, TYPED(name))
#define STRETCH JOIN(v3, TYPED(stretch))
#define BYTES 64
#define ROWS 6
#define TALL 8
#define WIDE 4
#define FMADD(a, b, c) INTRINSIC(_mm512_fmadd)(a, b, c)
#define BELOW(x, limit, at, list, length) \
    kept(JOIN(INTRINSIC(_mm512_cmp), mask)(x, SPREAD((T)(limit)), _CMP_LT_OQ), at, list, length)
#define MULADD FUSED
#ifdef FLOAT
typedef __mmask16 Mask; /* a bit for each number of a vector */
#else
typedef __mmask8 Mask;
#endif
#define FIRST(n) ((Mask)((1u << (n)) - 1))
#define LOAD_FIRST(at, n) INTRINSIC(_mm512_maskz_loadu)(FIRST(n), at)
#define SAVE_FIRST(at, n, x) INTRINSIC(_mm512_mask_storeu)(at, FIRST(n), x)

/* Write the places of the bits of a mask, counted from `at` on, to the end of a list. */
static inline int kept(unsigned mask, int at, int *list, int length)
{
    if (!mask) /* as a rule */
        return length;
#ifdef FLOAT
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i all = _mm512_add_epi32(places, _mm512_set1_epi32(at));
    _mm512_storeu_si512(list + length, _mm512_maskz_compress_epi32((__mmask16)mask, all));
#else
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i all = _mm256_add_epi32(places, _mm256_set1_epi32(at));
    _mm256_storeu_si256((__m256i *)(list + length),
                        _mm256_maskz_compress_epi32((__mmask8)mask, all));
#endif
    return length + __builtin_popcount(mask);
}
