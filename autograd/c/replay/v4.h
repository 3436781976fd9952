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
#define ANY_BELOW(x, y) (JOIN(INTRINSIC(_mm512_cmp), mask)(x, SPREAD((T)y), _CMP_LT_OQ) != 0)
#define MULADD FUSED
