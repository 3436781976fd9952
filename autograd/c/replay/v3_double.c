/* The kernels for 64-bit numbers and AVX2. */

#include "types.h"
#ifdef HAS_SETS
#include "v3.h"
#include "kernels.h"
#endif
