/* Matrix products for one number type and instruction set; included by kernels.h.
 *
 * C[m, n] = or += start[m] + scale * sum_k A[m am + ak[k]] B[bn[n] + bk[k]], n at C[m cm + cn[n]].
 *
 * Blocks of DEPTH k and at most SPAN n; columns that are not consecutive in B are packed. A tile of
 * ROWS rows and WIDE vectors of columns is kept in registers. */

typedef struct {
    const T *a, *b;
    const int64_t *ak, *bk;
    int64_t am, depth;
} Strip;

ALWAYS_INLINE void tile(const int rows, const int vectors, const Strip *strip, T *c, int64_t cm,
                        int add, T scale, const T *start, int64_t start_row)
{
    VEC acc[TALL][WIDE];
    const T *a = strip->a, *b = strip->b;
    const int64_t *ak = strip->ak, *bk = strip->bk;
    const int64_t am = strip->am, depth = strip->depth;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            acc[i][v] = SPREAD(start ? start[i * start_row] : (T)0);
    if (add)
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                PREFETCH(c + i * cm + v * LANES);
    for (int64_t k = 0; k < depth; k++) {
        const T *row = b + bk[k], *column = a + ak[k];
        VEC x[WIDE];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            x[v] = LOAD(row + v * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            VEC w = SPREAD(column[i * am]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                acc[i][v] = FMADD(w, x[v], acc[i][v]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            T *to = c + i * cm + v * LANES;
            if (add)
                SAVE(to, FMADD(SPREAD(scale), acc[i][v], LOAD(to)));
            else
                SAVE(to, acc[i][v] * scale);
        }
}

static void run_tile(int rows, int vectors, const Strip *strip, T *c, int64_t cm, int add, T scale,
                     const T *start, int64_t start_row)
{
    // clang-format off
#define TILE(r, v) \
    case 8 * v + r - 1: tile(r, v, strip, c, cm, add, scale, start, start_row); break;
#define TILES(v) TILE(1, v) TILE(2, v) TILE(3, v) TILE(4, v)
#define MORE(v) TILE(5, v) TILE(6, v)
    switch (8 * vectors + rows - 1) {
        TILES(1) TILES(2)
#if ROWS > 4
        MORE(1) MORE(2)
#endif
#if TALL > 6
        TILE(7, 1) TILE(8, 1)
#endif
#if WIDE > 2
        TILES(4) MORE(4)
#endif
    }
    // clang-format on
}

enum { WIDTH = WIDE * LANES };

/* How many vectors a tile takes of so many columns. */
static inline int vectors_for(int64_t columns)
{
#if WIDE > 2
    if (columns > 3 * LANES)
        return 4;
#endif
    return columns > LANES ? 2 : 1;
}

#if LANES > 1
/* Copy LANES rows of LANES numbers at `rows` as columns: exchange halves, quarters and so on. */
static inline void transpose(const T *const *rows, int64_t k, T *to, int64_t step)
{
    const Places places = PLACES;
    VEC x[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        x[i] = LOAD(rows[i] + k);
#pragma GCC unroll 4
    for (int s = 1; s < LANES; s *= 2) {
        const Places from_b = ((places & s) != 0) & (LANES - s);
        const Places low = places + from_b, high = low + s;
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            if (i & s)
                continue;
            VEC a = x[i], b = x[i + s];
            x[i] = __builtin_shuffle(a, b, low);
            x[i + s] = __builtin_shuffle(a, b, high);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        SAVE(to + i * step, x[i]);
}
#endif

/* Copy columns n0 .. n0 + width of B to a panel, zeros after the last. */
static void pack(const Product *p, int64_t k0, int64_t depth, int64_t n0, int64_t width, T *panel)
{
    const int64_t *bk = p->bk + k0, *bn = p->bn + n0;
    const int runs = p->bk_runs && bk[depth - 1] - bk[0] == depth - 1;
    const T *B = (const T *)p->b + (runs ? bk[0] : 0);
    const int64_t used = vectors_for(width) * LANES;
    int64_t j = 0;
    if (width < used)
        for (int64_t k = 0; k < depth; k++)
            SAVE(panel + k * WIDTH + used - LANES, SPREAD((T)0));
#if LANES > 1
    for (; runs && j + LANES <= width; j += LANES) {
        const T *columns[LANES];
        int64_t k = 0;
        for (int i = 0; i < LANES; i++)
            columns[i] = B + bn[j + i];
        for (; k + LANES <= depth; k += LANES)
            transpose(columns, k, panel + k * WIDTH + j, WIDTH);
        for (; k < depth; k++)
            for (int i = 0; i < LANES; i++)
                panel[k * WIDTH + j + i] = columns[i][k];
    }
#endif
    for (; j < width; j++)
        for (int64_t k = 0; k < depth; k++)
            panel[k * WIDTH + j] = B[bn[j] + (runs ? k : bk[k])];
}

typedef struct {
    int64_t k0, depth, n0, columns;
    const int64_t *steps; /* k * WIDTH: where row k of packed columns starts */
    T *packed, *spill,
        *across;           /* the last: rows of a turned A, from `from` on; -1: there are none */
    const int64_t *depths; /* k * ACROSS */
    int64_t from;
} Panel;

/* Some rows of C from m0 (or of `whole`, a dense copy of them) on the columns of a panel. */
static void run_strip(const Product *p, const Panel *panel, int64_t m0, int rows, T *whole,
                      int64_t whole_row)
{
    const int64_t k0 = panel->k0, depth = panel->depth;
    T *C = p->c, *out = panel->spill, scale = (T)p->scale;
    int add = p->add || k0;
    const T *start = p->start && !k0 ? (const T *)p->start + m0 * p->start_row : NULL;
    Strip strip = {(const T *)p->a + m0 * p->am, NULL, p->ak + k0, NULL, p->am, depth};
    if (panel->from >= 0) {
        strip.a = panel->across + m0 - panel->from;
        strip.ak = panel->depths;
    }
    T *packed = panel->packed;
    const int lap = !add && !whole && p->b_runs && p->c_runs;
    for (int64_t j = 0, width; j < panel->columns; j += width, packed += depth * WIDTH) {
        int vectors = vectors_for(panel->columns - j);
        width = panel->columns - j < vectors * LANES ? panel->columns - j : vectors * LANES;
        if (width < vectors * LANES && lap && j + width >= vectors * LANES) {
            j -= vectors * LANES - width; /* compute some columns twice rather than copy the rest */
            width = vectors * LANES;
        }
        int full = width == vectors * LANES;
        const int64_t *bn = p->bn + panel->n0 + j, *cn = p->cn + panel->n0 + j;
        if (full && p->b_runs && bn[width - 1] - bn[0] == width - 1) {
            strip.b = (const T *)p->b + bn[0];
            strip.bk = p->bk + k0;
        } else {
            strip.b = packed;
            strip.bk = panel->steps;
            if (!m0)
                pack(p, k0, depth, panel->n0 + j, width, packed);
        }
        if (whole) {
            run_tile(rows, vectors, &strip, whole + j, whole_row, 0, scale, start, p->start_row);
            continue;
        }
        if (full && p->c_runs && cn[width - 1] - cn[0] == width - 1) {
            run_tile(rows, vectors, &strip, C + m0 * p->cm + cn[0], p->cm, add, scale, start,
                     p->start_row);
            continue;
        }
        run_tile(rows, vectors, &strip, out, WIDTH, 0, scale, start, p->start_row);
        for (int i = 0; i < rows; i++) {
            T *c = C + (m0 + i) * p->cm;
            for (int64_t n = 0; n < width; n++)
                c[cn[n]] = add ? c[cn[n]] + out[i * WIDTH + n] : out[i * WIDTH + n];
        }
    }
}

static Panel new_panel(void *scratch)
{
    Panel panel = {0};
    panel.packed = (T *)scratch + (int64_t)REGISTERS * CHUNK;
    panel.spill = panel.packed + (int64_t)DEPTH * (SPAN + 2 * WIDTH);
    panel.across = panel.spill + TALL * SPAN;
    panel.steps = (const int64_t *)((T *)scratch + SCRATCH); /* as open_scratch wrote them */
    panel.depths = panel.steps + DEPTH;
    panel.from = -1;
    return panel;
}

/* Into how many strips of nearly equal height the rows of C are cut. */
static int64_t strips_of(const Product *p)
{
    int most = p->N > LANES ? ROWS : TALL;
    return (p->M + most - 1) / most;
}

/* Whether the rows of A are side by side and its k far apart, each in another page or so. */
static int is_turned(const Product *p)
{
    return p->am == 1 && p->K > 1 && (p->ak[1] - p->ak[0]) * SIZE >= FAR;
}

/* Copy some rows of a turned A, from m0 on, so that its k are together. */
static void turn_over(const Product *p, Panel *panel, int64_t m0)
{
    const int64_t rows = p->M - m0 < ACROSS ? p->M - m0 : ACROSS;
    const T *a = (const T *)p->a + m0;
    for (int64_t k = 0; k < panel->depth; k++)
        memcpy(panel->across + k * ACROSS, a + p->ak[panel->k0 + k], (size_t)rows * sizeof(T));
    panel->from = m0;
}

/* How many columns a block has: as many as stay in the nearest cache while all strips pass. */
static int64_t span_of(const Product *p)
{
    int64_t depth = p->K < DEPTH ? p->K : DEPTH,
            room = PANEL / (depth * (int64_t)sizeof(T)) & -(int64_t)64;
    if (is_turned(p)) /* each pass over it costs more */
        room = 4 * (room < 64 ? 64 : room);
    return room < 64 ? 64 : room > SPAN ? SPAN : room;
}

static void run_product(const Product *p, void *scratch)
{
    if (LANES > 1 && p->dots) {
        run_dots(p);
        return;
    }
    Panel panel = new_panel(scratch);
    const int64_t strips = strips_of(p), span = span_of(p);
    const int turned = is_turned(p);
    for (panel.n0 = 0; panel.n0 < p->N; panel.n0 += span) {
        panel.columns = p->N - panel.n0 < span ? p->N - panel.n0 : span;
        for (panel.k0 = 0; panel.k0 < p->K; panel.k0 += DEPTH) {
            panel.depth = p->K - panel.k0 < DEPTH ? p->K - panel.k0 : DEPTH;
            for (int64_t m0 = 0, left = strips, rows; left; m0 += rows, left--) {
                rows = (p->M - m0 + left - 1) / left;
                if (turned && (!m0 || m0 + rows > panel.from + ACROSS))
                    turn_over(p, &panel, m0);
                run_strip(p, &panel, m0, (int)rows, NULL, 0);
            }
        }
    }
}

/* The same lane by lane, for operands that both have lanes. */
static void run_lanewise(const Product *p, void *scratch)
{
    (void)scratch;
    const T *A = p->a, *B = p->b;
    for (int64_t m = 0; m < p->M; m++)
        for (int64_t n = 0; n < p->N; n++) {
            T *c = (T *)p->c + m * p->cm + p->cn[n];
            if (!p->add)
                memset(c, 0, p->lanes * sizeof(T));
            for (int64_t k = 0; k < p->K; k++) {
                const T *a = A + m * p->am + p->ak[k], *b = B + p->bn[n] + p->bk[k];
                INDEPENDENT for (int64_t s = 0; s < p->lanes; s++)
                    c[s] += a[s] * b[s];
            }
        }
}
