/* Reading the words of a product. */

static int64_t *offsets(Replay *self, int64_t outer, int64_t stride, int64_t inner,
                        int64_t inner_stride)
{
    int64_t *table = own(self, outer * inner * sizeof(int64_t));
    if (!table) {
        PyErr_NoMemory();
        return NULL;
    }
    for (int64_t i = 0; i < outer; i++)
        for (int64_t j = 0; j < inner; j++)
            table[i * inner + j] = i * stride + j * inner_stride;
    return table;
}

/* Whether such a table increases, so that a stretch is consecutive as soon as its ends are. That of
 * an operand without lanes does not, where lanes are summed: it stands at 0, 0, 3, 3 for two. */
static int increases(int64_t outer, int64_t stride, int64_t inner, int64_t inner_stride)
{
    return (inner == 1 || inner_stride > 0) && (outer == 1 || stride > (inner - 1) * inner_stride);
}

/* What a product costs, roughly, in cycles: tiles, packing B (whose columns may lie in one
 * piece), and scattering C; or dot products, where rows of A and the only column of B do. */
static double cost(const Replay *self, int64_t M, int64_t N, int64_t K, int64_t a_next,
                   int64_t b_step, int64_t b_next, int c_direct)
{
    const double m = (double)M, n = (double)N, k = (double)K;
    if (N == 1 && a_next == 1 && b_next == 1)
        return m * (k / self->kernels->lanes + 5);
    const double vectors = ceil(n / self->kernels->lanes), strips = ceil(m / self->kernels->rows);
    double tiles = strips * k * fmax(m / strips * vectors / 2, 4 * ceil(vectors / 4));
    double packing = b_step == 1 ? 0 : n * k * (b_next == 1 ? 0.5 : 1.5);
    return tiles + packing + (c_direct ? 0.0 : 2.0 * m * n);
}

/* Exchange the roles of A and B (C turns with them) where that is cheaper. */
static int turn(Replay *self, Product *p)
{
    int64_t cn = p->N > 1 ? p->cn[1] - p->cn[0] : 1, bn = p->N > 1 ? p->bn[1] - p->bn[0] : 1;
    int64_t bk = p->K > 1 ? p->bk[1] - p->bk[0] : 1, ak = p->K > 1 ? p->ak[1] - p->ak[0] : 1;
    double now = cost(self, p->M, p->N, p->K, ak, bn, bk, cn == 1), then;
    then = cost(self, p->N, p->M, p->K, bk, p->M == 1 ? 1 : p->am, ak, p->cm == 1 || p->M == 1);
    if (then >= now)
        return 0;
    Product old = *p;
    p->M = old.N;
    p->N = old.M;
    p->a = old.b;
    p->b = old.a;
    p->ak = old.bk;
    p->bk = old.ak;
    p->am = bn;
    p->cm = cn;
    p->bn = offsets(self, p->N, old.am, 1, 0);
    p->cn = offsets(self, p->N, old.cm, 1, 0);
    p->ak_runs = old.bk_runs;
    p->bk_runs = old.ak_runs;
    p->b_runs = increases(p->N, old.am, 1, 0);
    p->c_runs = increases(p->N, old.cm, 1, 0);
    return p->bn && p->cn ? 0 : -1;
}

/* Whether a product is the gradient of a matrix of parameters that lies in one piece, large
 * enough to be updated block by block. */
static int is_fusible(const Product *p, int64_t buffer)
{
    return buffer == GRADIENT && !p->add && !p->lanewise && !p->start && p->K <= DEPTH &&
           p->M * p->N >= LARGE && p->cm == p->N && p->c_runs && p->cn[p->N - 1] == p->N - 1;
}

/* Whether a product is a matrix times a vector, by rows that lie in one piece. */
static int is_of_dots(const Product *p)
{
    return p->N == 1 && p->K > 1 && p->M > 1 && !p->lanewise && p->ak_runs && p->bk_runs &&
           p->ak[p->K - 1] - p->ak[0] == p->K - 1 && p->bk[p->K - 1] - p->bk[0] == p->K - 1;
}

/* Make room to read inputs, where those are B and lanes are summed, from rows of examples. */
static int prepare_to_lend(Replay *self, const int64_t *right, int64_t depth, Product *p)
{
    p->own = (Right){p->b, p->bk, p->bn, p->b_runs, p->bk_runs};
    p->input = -1;
    if (right[0] != VALUE_LANES || depth > 1 || p->K != self->lanes || p->N == 1 || p->lanewise ||
        p->b != base_of(self, right[0], right[1], &(int64_t){0}) ||
        (p->N > 1 && p->bn[1] - p->bn[0] != self->lanes))
        return 0;
    p->lent = (Right){NULL, offsets(self, p->K, 0, 1, 0), offsets(self, p->N, 1, 1, 0), 1, 1};
    if (!p->lent.bk || !p->lent.bn)
        return -1;
    p->input = right[1];
    return 0;
}

static int read_product(Replay *self, const int64_t *word, Product *p)
{
    int64_t lanes = word[2] ? self->lanes : 1, size[3] = {word[4], word[5], word[6]};
    int64_t has[3], step[3], at[3][2];
    void *base[3];
    p->add = (int)word[3];
    word += 7;
    for (int k = 0; k < 3; k++, word += 4) { /* left, right, destination */
        base[k] = base_of(self, word[0], word[1], &step[k]);
        has[k] = word[0] & 1 && lanes > 1;
        at[k][0] = word[2] * step[k];
        at[k][1] = word[3] * step[k];
    }
    p->lanewise = has[0] && has[1] && has[2];
    int left = 0, right = 1;
    if (has[0] && !has[1] && has[2]) { /* let the operand without lanes come first */
        left = 1;
        right = 0;
        int64_t swap = size[0];
        size[0] = size[1];
        size[1] = swap;
        swap = at[2][0];
        at[2][0] = at[2][1];
        at[2][1] = swap;
    }
    int64_t over_n = has[2] && !p->lanewise ? lanes : 1, over_k = has[2]               ? 1
                                                                  : (has[0] || has[1]) ? lanes
                                                                                       : 1;
    p->M = size[0];
    p->N = size[1] * over_n;
    p->K = size[2] * over_k;
    p->a = base[left];
    p->b = base[right];
    p->c = base[2];
    p->am = at[left][0];
    p->cm = at[2][0];
    p->lanes = lanes;
    p->scale = word[-4] & 1 ? 1.0 : 1.0 / (double)lanes;
    p->start = NULL;
    if (word[0] >= 0) {
        p->start = base_of(self, word[0], word[1], &p->start_row);
        p->start_row = word[2];
    }
    p->ak = offsets(self, size[2], at[left][1], over_k, has[left]);
    p->bk = offsets(self, size[2], at[right][1], over_k, has[right]);
    p->bn = offsets(self, size[1], at[right][0], over_n, has[right]);
    p->cn = offsets(self, size[1], at[2][1], over_n, has[2]);
    if (!p->ak || !p->bk || !p->bn || !p->cn)
        return -1;
    p->ak_runs = increases(size[2], at[left][1], over_k, has[left]);
    p->bk_runs = increases(size[2], at[right][1], over_k, has[right]);
    p->b_runs = increases(size[1], at[right][0], over_n, has[right]);
    p->c_runs = increases(size[1], at[2][1], over_n, has[2]);
    if (!p->lanewise && !p->start && over_n == 1 && turn(self, p) < 0)
        return -1;
    if (prepare_to_lend(self, &word[-8], size[2], p) < 0)
        return -1;
    p->dots = is_of_dots(p);
    p->fused = is_fusible(p, word[-4]);
    p->first = word[-3];
    return 0;
}
