/* A matrix times a vector, row by row, for one number type and instruction set; included by
 * kernels.h. Rows that lie in one piece need no packing, and no tile of one column. */

#if LANES > 1
enum { DOTS = 4 };

/* Some rows of C, which is one column: rows of A in one piece times B in one. */
ALWAYS_INLINE void dots(const int rows, const Product *p, int64_t m)
{
    const T *a = (const T *)p->a + p->ak[0] + m * p->am, *b = (const T *)p->b + p->bn[0] + p->bk[0];
    T rest[DOTS] = {0}, *to = (T *)p->c + p->cn[0] + m * p->cm;
    VEC acc[DOTS];
    int64_t k = 0;
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
        acc[i] = SPREAD((T)0);
    for (; k + LANES <= p->K; k += LANES)
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++)
            acc[i] = FMADD(LOAD(a + i * p->am + k), LOAD(b + k), acc[i]);
    for (; k < p->K; k++)
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++)
            rest[i] += a[i * p->am + k] * b[k];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        T sum = across(acc[i]) + rest[i], start = 0;
        if (p->start)
            start = ((const T *)p->start)[(m + i) * p->start_row];
        sum = (start + sum) * (T)p->scale;
        to[i * p->cm] = p->add ? to[i * p->cm] + sum : sum;
    }
}
#endif

static void run_dots(const Product *p)
{
    int64_t m = 0;
#if LANES > 1
    for (; m + DOTS <= p->M; m += DOTS)
        dots(DOTS, p, m);
    for (; m < p->M; m++)
        dots(1, p, m);
#else
    (void)p;
    (void)m;
#endif
}
