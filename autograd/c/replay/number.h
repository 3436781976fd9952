/* The type of number of a unit, double or (with FLOAT) float, and how its names end. */

#ifdef FLOAT
typedef float T;
#define TYPED(x) x##_float
#define INTRINSIC(x) x##_ps
#define FUSED __builtin_fmaf
#define SIZE 4
#define SQRT sqrtf
typedef int32_t Whole; /* as wide as T */
#else
typedef double T;
#define TYPED(x) x##_double
#define INTRINSIC(x) x##_pd
#define FUSED __builtin_fma
#define SIZE 8
#define SQRT sqrt
typedef int64_t Whole;
#endif
