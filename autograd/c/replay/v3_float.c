/* The kernels for 32-bit numbers and AVX2. */

#define FLOAT 1
#include "types.h"
#ifdef HAS_SETS
#include "v3.h"
#include "kernels.h"
#endif
