/* The memory of nodes.
 *
 * They lie in slabs, each behind its head, all aligned to a line of the cache. A slab starts at a
 * multiple of its size, so that a node's address tells its slab; slabs are had from the system
 * some at a time, as a block. One that became empty hands out its places in order again: a graph
 * then lies in memory as it was made, which is the order of the sweeps. */

#define SLAB_BYTES ((size_t)1 << 12)
#define SLAB_NODES ((int)(SLAB_BYTES / sizeof(Node)) - 1)
#define BLOCK_SLABS 32
#define KEPT_SLABS (32 * BLOCK_SLABS) /* so many empty ones are kept for use again */

typedef struct Slab {
    struct Slab *next, *before; /* among those with room */
    struct Slab *block;         /* the first slab of its block, which has these: */
    void *memory;               /* the block, as the system gave it */
    int busy;                   /* the slabs of the block that have nodes */
    int used, passed, made;     /* nodes; places handed out in order; places that were nodes */
    Node *free;                 /* a list of places given back */
} Slab;

static Slab *open_slabs; /* those with room; nodes are made in the first one */
static int empty_slabs;

static inline Slab *slab_of(Node *node)
{
    return (Slab *)((uintptr_t)node & ~(uintptr_t)(SLAB_BYTES - 1));
}

static inline void open_slab(Slab *slab)
{
    slab->next = open_slabs;
    slab->before = NULL;
    if (open_slabs)
        open_slabs->before = slab;
    open_slabs = slab;
}

static inline void close_slab(Slab *slab)
{
    if (slab->before)
        slab->before->next = slab->next;
    else
        open_slabs = slab->next;
    if (slab->next)
        slab->next->before = slab->before;
}

/* Open the slabs of a new block; NULL without memory. */
static Slab *open_block(void)
{
    char *memory = PyMem_RawMalloc((BLOCK_SLABS + 1) * SLAB_BYTES);
    if (!memory)
        return (void *)PyErr_NoMemory();
    char *first = (char *)(((uintptr_t)memory + SLAB_BYTES - 1) & ~(uintptr_t)(SLAB_BYTES - 1));
    for (int k = BLOCK_SLABS; k-- > 0;) {
        Slab *slab = (Slab *)(void *)(first + (size_t)k * SLAB_BYTES);
        *slab = (Slab){.block = (Slab *)(void *)first, .memory = memory};
        open_slab(slab);
    }
    empty_slabs += BLOCK_SLABS;
    return open_slabs;
}

static void free_block(Slab *block)
{
    for (int k = 0; k < BLOCK_SLABS; k++)
        close_slab((Slab *)(void *)((char *)block + (size_t)k * SLAB_BYTES));
    empty_slabs -= BLOCK_SLABS;
    PyMem_RawFree(block->memory);
}

/* Return the next place in order. The type of nodes outlives them: they do not count as its. */
static inline Node *pass_place(Slab *slab)
{
    Node *node = (Node *)(void *)slab + ++slab->passed;
    if (slab->passed > slab->made) {
        slab->made++;
        PyObject_Init((PyObject *)node, ValueType);
        Py_DECREF(ValueType);
    }
    return node;
}

/* Return a place for a node; NULL without memory. */
static inline Node *take_place(void)
{
    Slab *slab = open_slabs ? open_slabs : open_block();
    if (!slab)
        return NULL;
    Node *node = slab->free;
    if (node)
        slab->free = node->next;
    else
        node = pass_place(slab);
    if (!slab->used++) {
        slab->block->busy++;
        empty_slabs--;
    }
    if (slab->used == SLAB_NODES)
        close_slab(slab);
    return node;
}

static void empty_slab(Slab *slab)
{
    slab->free = NULL;
    slab->passed = 0;
    empty_slabs++;
    if (!--slab->block->busy && empty_slabs > KEPT_SLABS)
        free_block(slab->block);
}

static inline void give_place(Node *node)
{
    Slab *slab = slab_of(node);
    node->next = slab->free;
    slab->free = node;
    if (slab->used-- == SLAB_NODES)
        open_slab(slab);
    if (!slab->used)
        empty_slab(slab);
}
