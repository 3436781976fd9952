/* A table that was read: words have become instructions whose addresses are pointers. */

#include "types.h"
#include "operations.h"

/* CPython keeps functions as void *, which ISO C only grants by way of a number. */
#define SLOT(function) ((void *)(uintptr_t)(function))

typedef struct {
    int kind;
    int64_t work; /* operations, roughly */
    union {
        Map map;
        Product product;
        Row row;
    } is;
} Instruction;

enum { FORWARD, BACKWARD, GRADIENTS, REMAINING, UPDATE, SECTIONS }; /* of a table */

typedef struct {
    PyObject_HEAD
    const Kernels *kernels;
    int64_t size; /* of one number */
    int64_t lanes;
    Py_buffer buffers[BUFFERS]; /* values, lanes of values, adjoints, lanes of them, state */
    Py_buffer constants, index;
    Py_buffer tables[SECTIONS];
    Instruction *code[SECTIONS];
    int64_t count[SECTIONS];
    void **owned; /* what a table's reading allocated */
    int64_t owned_count, owned_room;
    Py_buffer room; /* for what instructions keep for themselves, from `scratch` on */
    void *scratch;
} Replay;

static void *own(Replay *self, size_t bytes)
{
    if (self->owned_count == self->owned_room) {
        int64_t room = 2 * self->owned_room + 16;
        void **more = PyMem_RawRealloc(self->owned, room * sizeof(void *));
        if (!more)
            return NULL;
        self->owned = more;
        self->owned_room = room;
    }
    void *block = PyMem_RawMalloc(bytes ? bytes : 1);
    if (block)
        self->owned[self->owned_count++] = block;
    return block;
}

static char *base_of(Replay *self, int64_t buffer, int64_t offset, int64_t *step)
{
    *step = buffer & 1 ? self->lanes : 1;
    return (char *)self->buffers[buffer].buf + offset * *step * self->size;
}

static const int64_t *index_of(Replay *self, int64_t start)
{
    return start < 0 ? NULL : (const int64_t *)self->index.buf + start;
}
