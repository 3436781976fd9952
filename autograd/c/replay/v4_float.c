/* The kernels for 32-bit numbers and AVX-512. */

#define FLOAT 1
#include "types.h"
#ifdef HAS_SETS
#include "v4.h"
#include "kernels.h"
#endif
