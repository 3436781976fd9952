/* The kernels for 64-bit numbers and AVX-512. */

#include "types.h"
#ifdef HAS_SETS
#include "v4.h"
#include "kernels.h"
#endif
