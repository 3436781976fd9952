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
#define ANY_BELOW(x, y) \
    (INTRINSIC(_mm256_movemask)(INTRINSIC(_mm256_cmp)(x, SPREAD((T)y), _CMP_LT_OQ)) != 0)
#define MULADD FUSED
