/* The kernels of the best instruction set that the processor has. */

static const Kernels *kernels_double, *kernels_float;
static const char *tile_name;

static void choose_kernels(const char *wanted)
{
    int level = 0;
#define CHOOSE(set) \
    kernels_double = &set##_kernels_double, kernels_float = &set##_kernels_float, tile_name = #set
    CHOOSE(plain);
#ifdef HAS_SETS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        level = 3;
    if (level == 3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        level = 4;
    if (wanted && wanted[0] == 'v' && wanted[1] - '0' < level)
        level = wanted[1] - '0';
    if (wanted && !strcmp(wanted, "plain"))
        level = 0;
    if (level == 3)
        CHOOSE(v3);
    if (level == 4)
        CHOOSE(v4);
#endif
#undef CHOOSE
    (void)wanted;
    (void)level;
}
