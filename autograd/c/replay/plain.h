/* Plain C, for every processor; with vectors of 16 bytes where the compiler offers them, as
 * every x86-64 and ARM64 processor has. */

#include "types.h"
#include "number.h"

#define SET(name) JOIN(plain, TYPED(name))
#if defined(__GNUC__) && !defined(__clang__)
#define BYTES 16
#else
#define BYTES SIZE
#endif
#define ROWS 4
#define TALL 4
#define WIDE 2
#define FMADD(a, b, c) ((a) * (b) + (c))
#define MULADD(x, y, z) ((x) * (y) + (z))
