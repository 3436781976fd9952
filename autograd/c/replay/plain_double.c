/* The kernels for 64-bit numbers and every processor. */

#include "plain.h"
#include "kernels.h"
