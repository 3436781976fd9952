/* The kernels for 32-bit numbers and every processor. */

#define FLOAT 1
#include "plain.h"
#include "kernels.h"
