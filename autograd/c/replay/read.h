/* Reading a table: words become instructions whose addresses are pointers.

   The layout of a table is written down beside its writer, in executors/native/table.py. */

typedef struct { int kind; union { Map map; Product product; Row row; } is; } Instruction;

enum { FORWARD, BACKWARD, GRADIENTS, REMAINING, UPDATE, SECTIONS }; /* of a table */

typedef struct {
    PyObject_HEAD
    const Kernels *kernels;
    size_t size;              /* of one number */
    long lanes;
    Py_buffer buffers[BUFFERS]; /* values, lanes of values, adjoints, lanes of them, state */
    Py_buffer constants, index;
    Py_buffer tables[SECTIONS];
    int opened;
    Instruction *code[SECTIONS];
    long count[SECTIONS];
    void **owned;             /* what a table's reading allocated */
    long owned_count, owned_room;
    void *scratch, *unaligned;
} Replay;

static void *own(Replay *self, size_t bytes) {
    if (self->owned_count == self->owned_room) {
        long room = 2 * self->owned_room + 16;
        void **more = PyMem_RawRealloc(self->owned, room * sizeof(void *));
        if (!more) return NULL;
        self->owned = more;
        self->owned_room = room;
    }
    void *block = PyMem_RawMalloc(bytes ? bytes : 1);
    if (block) self->owned[self->owned_count++] = block;
    return block;
}

static char *base_of(Replay *self, long buffer, long offset, long *step) {
    *step = buffer & 1 ? self->lanes : 1;
    return (char *)self->buffers[buffer].buf + offset * *step * self->size;
}

static const long *index_of(Replay *self, long start) {
    return start < 0 ? NULL : (const long *)self->index.buf + start;
}

/* Merge neighbouring dimensions that every operand walks as one. */
static void coalesce(Map *map) {
    int every = map->sources + map->targets, d = 0;
    for (int k = 0; k < every; k++) if (map->operands[k].index) return;
    while (d + 1 < map->dimensions) {
        int joins = 1;
        for (int k = 0; k < every; k++) {
            const long *strides = map->operands[k].strides;
            joins &= strides[d] == strides[d + 1] * map->sizes[d + 1];
        }
        if (!joins && map->sizes[d] != 1 && map->sizes[d + 1] != 1) { d++; continue; }
        int drop = map->sizes[d] == 1 || joins ? d : d + 1, keep = drop == d ? d + 1 : d;
        if (joins) { map->sizes[keep] *= map->sizes[d]; drop = d; keep = d + 1; }
        (void)keep;
        for (int e = drop; e + 1 < map->dimensions; e++) {
            map->sizes[e] = map->sizes[e + 1];
            for (int k = 0; k < every; k++)
                map->operands[k].strides[e] = map->operands[k].strides[e + 1];
        }
        map->dimensions--;
        if (d) d--;
    }
}

/* Whether just one step writes a destination's register, so that it can write in its place. */
static int is_written_once(const Map *map, int result) {
    int writers = 0;
    for (int k = map->lead; k < map->steps; k++) writers += map->code[k].result == result;
    for (int k = 0; k < map->targets; k++) writers += map->results[k] == result;
    return writers == 2 && result >= map->sources + map->constants;
}

static void find_roles(Map *map) {
    const int last = map->dimensions - 1;
    for (int k = 0; k < map->sources + map->targets; k++) {
        Operand *x = &map->operands[k];
        const int source = k < map->sources, target = k - map->sources;
        int varies = x->index != NULL;
        for (int d = 0; d <= last; d++) varies |= x->strides[d] && map->sizes[d] > 1;
        x->role = x->index && !map->rows ? INDEXED
                  : source && !varies ? UNIFORM
                  : x->strides[last] == 0 ? REPEATED
                  : x->strides[last] != 1 ? STRIDED
                  : DIRECT;
        map->fixed |= x->role == UNIFORM;
        if (source) continue;
        if (x->role == DIRECT && (map->add >> target & 1 || !is_written_once(map, map->results[target])))
            x->role = WHOLE;
        for (int d = 0; d < last && !x->index; d++) {
            if (x->strides[d]) continue;
            map->folds |= (uint64_t)1 << (target * DIMENSIONS + d);
            if (x->role == DIRECT) x->role = WHOLE;
        }
    }
    map->fixed |= map->constants || map->lead;
    map->sums = last == 1 && map->sources == 1 && map->targets == 1 && !map->steps && !map->rows &&
                !map->folds && map->operands[0].role == DIRECT && map->operands[1].role == REPEATED;
}

static int read_map(Replay *self, const long *word, Map *map) {
    memset(map, 0, sizeof *map);
    long lanes = word[2], indexed = word[10];
    map->dimensions = (int)word[3];
    map->sources = (int)word[4];
    map->targets = (int)word[5];
    map->constants = (int)word[6];
    map->numbers = (const double *)self->constants.buf + word[7];
    map->steps = (int)word[8];
    map->registers = (int)word[9];
    int every = map->sources + map->targets, given = map->dimensions, inner = 0;
    if (every > OPERANDS || map->targets > RESULTS || map->registers > REGISTERS ||
        given + 1 >= DIMENSIONS) {
        PyErr_SetString(PyExc_NotImplementedError, "an instruction is too large for the native executor");
        return -1;
    }
    map->lead = (int)word[11];
    word += 12;
    for (int d = 0; d < given; d++) map->sizes[d] = *word++;
    if (!given) { map->sizes[0] = 1; map->dimensions = 1; }
    if (lanes && self->lanes > 1) {
        map->sizes[map->dimensions++] = self->lanes;
        inner = 1;
    }
    map->rows = inner && indexed;
    for (int k = 0; k < every; k++) {
        Operand *operand = &map->operands[k];
        long buffer = *word++, offset = *word++, start = *word++, step;
        operand->base = base_of(self, buffer, offset, &step);
        operand->index = index_of(self, start);
        operand->step = step;
        operand->scale = 1.0;
        operand->buffer = (int)buffer;
        for (int d = 0; d < given; d++) operand->strides[d] = *word++ * step;
        if (inner) operand->strides[map->dimensions - 1] = buffer & 1;
        if (k >= map->sources) {
            map->results[k - map->sources] = (int)*word++;
            map->add |= (unsigned)*word++ << (k - map->sources);
            if (lanes && !(buffer & 1)) operand->scale = 1.0 / self->lanes;
        }
    }
    map->code = own(self, map->steps * sizeof(Step));
    if (!map->code) { PyErr_NoMemory(); return -1; }
    for (int k = 0; k < map->steps; k++, word += 5)
        map->code[k] = (Step){(int)word[0], (int)word[1], (int)word[2], (int)word[3], (int)word[4]};
    if (!indexed) coalesce(map);
    find_roles(map);
    return 0;
}

static long *offsets(Replay *self, long outer, long stride, long inner, long inner_stride) {
    long *table = own(self, outer * inner * sizeof(long));
    if (!table) { PyErr_NoMemory(); return NULL; }
    for (long i = 0; i < outer; i++)
        for (long j = 0; j < inner; j++) table[i * inner + j] = i * stride + j * inner_stride;
    return table;
}

static int is_increasing(const long *table, long n) {
    for (long i = 1; i < n; i++) if (table[i] <= table[i - 1]) return 0;
    return 1;
}

/* In which tables a stretch is consecutive as soon as its ends are: in increasing ones. An
   operand without lanes is not, where lanes are summed: it stands at 0, 0, 3, 3 for two. */
static void find_runs(Product *p) {
    p->b_runs = is_increasing(p->bn, p->N);
    p->c_runs = is_increasing(p->cn, p->N);
    p->ak_runs = is_increasing(p->ak, p->K);
    p->bk_runs = is_increasing(p->bk, p->K);
}

/* What a product costs, roughly, in cycles: tiles, packing B (whose columns may lie in one
   piece), and scattering C. */
static double cost(const Replay *self, long M, long N, long K, long b_step, long b_next, int c_direct) {
    double most = self->kernels->rows, vectors = ceil((double)N / self->kernels->lanes);
    double strips = ceil(M / most), tall = M / strips;
    double tiles = strips * K * fmax(tall * vectors / 2, 4 * ceil(vectors / 4));
    double packing = b_step == 1 ? 0 : N * K * (b_next == 1 ? 0.5 : 1.5);
    return tiles + packing + (c_direct ? 0.0 : 2.0 * M * N);
}

/* Exchange the roles of A and B (C turns with them) where that is cheaper. */
static int turn(Replay *self, Product *p) {
    long cn = p->N > 1 ? p->cn[1] - p->cn[0] : 1, bn = p->N > 1 ? p->bn[1] - p->bn[0] : 1;
    long bk = p->K > 1 ? p->bk[1] - p->bk[0] : 1, ak = p->K > 1 ? p->ak[1] - p->ak[0] : 1;
    double now = cost(self, p->M, p->N, p->K, bn, bk, cn == 1);
    double then = cost(self, p->N, p->M, p->K, p->M == 1 ? 1 : p->am, ak, p->cm == 1 || p->M == 1);
    if (then >= now) return 0;
    Product old = *p;
    p->M = old.N; p->N = old.M;
    p->a = old.b; p->b = old.a;
    p->ak = old.bk; p->bk = old.ak;
    p->am = bn; p->cm = cn;
    p->bn = offsets(self, p->N, old.am, 1, 0);
    p->cn = offsets(self, p->N, old.cm, 1, 0);
    if (!p->bn || !p->cn) return -1;
    find_runs(p);
    return 0;
}

/* Whether a product is the gradient of a matrix of parameters that lies in one piece, large
   enough to be updated block by block. */
static int is_fusible(const Product *p, long buffer) {
    return buffer == GRADIENT && !p->add && !p->lanewise && !p->start && p->K <= DEPTH &&
           p->M * p->N >= LARGE && p->cm == p->N && p->c_runs && p->cn[p->N - 1] == p->N - 1;
}

static int read_product(Replay *self, const long *word, Product *p) {
    long lanes = word[2] ? self->lanes : 1, size[3] = {word[4], word[5], word[6]};
    long has[3], step[3], at[3][2];
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
        left = 1; right = 0;
        long swap = size[0]; size[0] = size[1]; size[1] = swap;
        swap = at[2][0]; at[2][0] = at[2][1]; at[2][1] = swap;
    }
    long over_n = has[2] && !p->lanewise ? lanes : 1, over_k = has[2] ? 1 : (has[0] || has[1]) ? lanes : 1;
    p->M = size[0];
    p->N = size[1] * over_n;
    p->K = size[2] * over_k;
    p->a = base[left]; p->b = base[right]; p->c = base[2];
    p->am = at[left][0];
    p->cm = at[2][0];
    p->lanes = lanes;
    p->scale = word[-4] & 1 ? 1.0 : 1.0 / lanes;
    p->start = NULL;
    if (word[0] >= 0) {
        p->start = base_of(self, word[0], word[1], &p->start_row);
        p->start_row = word[2];
    }
    p->ak = offsets(self, size[2], at[left][1], over_k, has[left]);
    p->bk = offsets(self, size[2], at[right][1], over_k, has[right]);
    p->bn = offsets(self, size[1], at[right][0], over_n, has[right]);
    p->cn = offsets(self, size[1], at[2][1], over_n, has[2]);
    if (!p->ak || !p->bk || !p->bn || !p->cn) return -1;
    find_runs(p);
    if (!p->lanewise && !p->start && over_n == 1 && turn(self, p) < 0) return -1;
    p->fused = is_fusible(p, word[-4]);
    p->first = word[-3];
    return 0;
}

static void read_row(Replay *self, const long *word, Row *row) {
    long step;
    row->operation = (int)word[2];
    row->lanes = word[3] ? self->lanes : 1;
    row->rows = word[4];
    row->width = word[5];
    row->index = index_of(self, word[6]);
    row->sources_lanes = (int)word[7] && self->lanes > 1;
    int back = row->operation == UNTAKE;
    row->base = base_of(self, 2 * back + word[7], 0, &row->step);
    row->target = base_of(self, word[8], word[9], &step);
    row->scale = row->lanes > 1 && !word[7] ? 1.0 / row->lanes : 1.0;
    if (word[10] < 0) return;
    row->chosen = base_of(self, word[10], word[11], &row->chosen_step);
    row->chosen_lane = word[10] & 1 && self->lanes > 1;
    row->chosen_index = index_of(self, word[12]);
    row->chosen_row = word[13] * row->chosen_step;
}

static int read_table(Replay *self, int section) {
    const long *word = self->tables[section].buf;
    const long *end = word + self->tables[section].len / sizeof(long);
    long count = 0;
    for (const long *at = word; at < end; at += at[1]) count++;
    Instruction *code = self->code[section] = own(self, count * sizeof(Instruction));
    if (!code) { PyErr_NoMemory(); return -1; }
    for (; word < end; word += word[1], code++) {
        code->kind = (int)word[0];
        if (code->kind == MAP) { if (read_map(self, word, &code->is.map) < 0) return -1; }
        else if (code->kind == PRODUCT) {
            if (read_product(self, word, &code->is.product) < 0) return -1;
        } else read_row(self, word, &code->is.row);
    }
    self->count[section] = count;
    return 0;
}
