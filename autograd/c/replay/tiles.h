/* The kernels of one number type for every instruction set; see kernels.h. */

#ifdef FLOAT
#define TYPED(x) x##_ps
#define FUSED __builtin_fmaf
#define INTEGER int
#define SUFFIX_OF(set) JOIN(float, set)
#else
#define TYPED(x) x##_pd
#define FUSED __builtin_fma
#define INTEGER long long
#define SUFFIX_OF(set) JOIN(double, set)
#endif

#define SUFFIX SUFFIX_OF(plain)
#define VEC T
#define LANES 1
#define ROWS 4
#define TALL 4
#define WIDE 2
#define SPREAD(x) (x)
#define LOAD(at) (*(at))
#define SAVE(at, x) (*(at) = (x))
#define FMADD(a, b, c) ((a) * (b) + (c))
#define SCALED(a, b) ((a) * (b))
#define MULADD(x, y, z) ((x) * (y) + (z))
#include "kernels.h"
#undef SUFFIX
#undef VEC
#undef LANES
#undef PLACES
#undef ROWS
#undef TALL
#undef WIDE
#undef SPREAD
#undef LOAD
#undef SAVE
#undef FMADD
#undef SCALED
#undef MULADD

#ifdef HAS_TILES
#pragma GCC push_options
#pragma GCC target("sse4.2")
#define SUFFIX SUFFIX_OF(v2)
#ifdef FLOAT
#define VEC __m128
#define LANES 4
#define PLACES {0, 1, 2, 3}
#else
#define VEC __m128d
#define LANES 2
#define PLACES {0, 1}
#endif
#define ROWS 4
#define TALL 4
#define WIDE 2
#define SPREAD(x) TYPED(_mm_set1)(x)
#define LOAD(at) TYPED(_mm_loadu)(at)
#define SAVE(at, x) TYPED(_mm_storeu)(at, x)
#define FMADD(a, b, c) TYPED(_mm_add)(TYPED(_mm_mul)(a, b), c)
#define SCALED(a, b) TYPED(_mm_mul)(a, b)
#define MULADD(x, y, z) ((x) * (y) + (z))
#include "kernels.h"
#pragma GCC pop_options
#undef SUFFIX
#undef VEC
#undef LANES
#undef PLACES
#undef ROWS
#undef TALL
#undef WIDE
#undef SPREAD
#undef LOAD
#undef SAVE
#undef FMADD
#undef SCALED
#undef MULADD

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define SUFFIX SUFFIX_OF(v3)
#ifdef FLOAT
#define VEC __m256
#define LANES 8
#define PLACES {0, 1, 2, 3, 4, 5, 6, 7}
#else
#define VEC __m256d
#define LANES 4
#define PLACES {0, 1, 2, 3}
#endif
#define ROWS 6
#define TALL 6
#define WIDE 2
#define SPREAD(x) TYPED(_mm256_set1)(x)
#define LOAD(at) TYPED(_mm256_loadu)(at)
#define SAVE(at, x) TYPED(_mm256_storeu)(at, x)
#define FMADD(a, b, c) TYPED(_mm256_fmadd)(a, b, c)
#define SCALED(a, b) TYPED(_mm256_mul)(a, b)
#define MULADD FUSED
#include "kernels.h"
#pragma GCC pop_options
#undef SUFFIX
#undef VEC
#undef LANES
#undef PLACES
#undef ROWS
#undef TALL
#undef WIDE
#undef SPREAD
#undef LOAD
#undef SAVE
#undef FMADD
#undef SCALED
#undef MULADD

#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")
#define SUFFIX SUFFIX_OF(v4)
#ifdef FLOAT
#define VEC __m512
#define LANES 16
#define PLACES {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#else
#define VEC __m512d
#define LANES 8
#define PLACES {0, 1, 2, 3, 4, 5, 6, 7}
#endif
#define ROWS 6
#define TALL 8
#define WIDE 4
#define SPREAD(x) TYPED(_mm512_set1)(x)
#define LOAD(at) TYPED(_mm512_loadu)(at)
#define SAVE(at, x) TYPED(_mm512_storeu)(at, x)
#define FMADD(a, b, c) TYPED(_mm512_fmadd)(a, b, c)
#define SCALED(a, b) TYPED(_mm512_mul)(a, b)
#define MULADD FUSED
#include "kernels.h"
#pragma GCC pop_options
#undef SUFFIX
#undef VEC
#undef LANES
#undef PLACES
#undef ROWS
#undef TALL
#undef WIDE
#undef SPREAD
#undef LOAD
#undef SAVE
#undef FMADD
#undef SCALED
#undef MULADD
#endif

#undef TYPED
#undef FUSED
#undef INTEGER
#undef SUFFIX_OF
