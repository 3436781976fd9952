/* For x86-64 with AVX2 and FMA. */

#pragma GCC target("avx2,fma")
#include <immintrin.h>

#include "types.h"
#include "number.h"

#define SET(name) JOIN(v3, TYPED(name))
#define BYTES 32
#define ROWS 6
#define TALL 6
#define WIDE 2
#define FMADD(a, b, c) INTRINSIC(_mm256_fmadd)(a, b, c)
#define BELOW(x, limit, at, list, length) \
    kept(INTRINSIC(_mm256_movemask)(INTRINSIC(_mm256_cmp)(x, SPREAD((T)(limit)), _CMP_LT_OQ)), at, \
         list, length)
#define MULADD FUSED

/* Write the places of the bits of a mask, counted from `at` on, to the end of a list. */
static inline int kept(int mask, int at, int *list, int length)
{
    for (unsigned bits = (unsigned)mask; bits; bits &= bits - 1)
        list[length++] = at + __builtin_ctz(bits);
    return length;
}
