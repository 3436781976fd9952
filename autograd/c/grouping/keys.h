/* Keys told apart: each gets a number, in the order of first appearance. */

/* Numbers one after another, with room for more. */
typedef struct {
    int64_t *at;
    int64_t used, room;
} Longs;

typedef struct {
    Longs all;      /* the numbers of all keys */
    Longs ends;     /* where key k ends in them */
    Longs hashes;   /* of key k */
    int64_t *slots; /* the number of a key plus 1, 0 where there is none */
    int64_t size;   /* of slots, a power of two */
} Keys;

static int more_longs(Longs *longs, int64_t more)
{
    if (longs->used + more <= longs->room)
        return 0;
    int64_t room = 2 * (longs->used + more) + 64;
    int64_t *at = PyMem_Realloc(longs->at, (size_t)(room * LONG));
    if (!at) {
        PyErr_NoMemory();
        return -1;
    }
    longs->at = at;
    longs->room = room;
    return 0;
}

static inline int append(Longs *longs, int64_t number)
{
    if (more_longs(longs, 1) < 0)
        return -1;
    longs->at[longs->used++] = number;
    return 0;
}

static uint64_t hash_of(const int64_t *key, int64_t length)
{
    uint64_t hash = 0x9E3779B97F4A7C15u ^ (uint64_t)length;
    for (int64_t k = 0; k < length; k++) {
        hash = (hash ^ (uint64_t)key[k]) * 0xBF58476D1CE4E5B9u;
        hash ^= hash >> 29;
    }
    return hash;
}

static int fit_slots(Keys *keys, int64_t size)
{
    int64_t *slots = PyMem_Calloc((size_t)size, (size_t)LONG);
    if (!slots) {
        PyErr_NoMemory();
        return -1;
    }
    for (int64_t k = 0; k < keys->ends.used; k++) {
        uint64_t place = (uint64_t)keys->hashes.at[k] & (uint64_t)(size - 1);
        while (slots[place])
            place = (place + 1) & (uint64_t)(size - 1);
        slots[place] = k + 1;
    }
    PyMem_Free(keys->slots);
    keys->slots = slots;
    keys->size = size;
    return 0;
}

static inline int is_key(const Keys *keys, int64_t number, uint64_t hash, const int64_t *key,
                         int64_t length)
{
    if ((uint64_t)keys->hashes.at[number] != hash)
        return 0;
    int64_t start = number ? keys->ends.at[number - 1] : 0;
    return keys->ends.at[number] - start == length &&
           !memcmp(keys->all.at + start, key, (size_t)(length * LONG));
}

/* Return the number of a key, the next one where it is new; -1 without memory. */
static int64_t number_of_key(Keys *keys, const int64_t *key, int64_t length)
{
    if (2 * keys->ends.used >= keys->size &&
        fit_slots(keys, keys->size ? 4 * keys->size : 1024) < 0)
        return -1;
    const uint64_t hash = hash_of(key, length), mask = (uint64_t)(keys->size - 1);
    uint64_t place = hash & mask;
    for (; keys->slots[place]; place = (place + 1) & mask)
        if (is_key(keys, keys->slots[place] - 1, hash, key, length))
            return keys->slots[place] - 1;
    if (more_longs(&keys->all, length) < 0 || more_longs(&keys->ends, 1) < 0 ||
        append(&keys->hashes, (int64_t)hash) < 0)
        return -1;
    memcpy(keys->all.at + keys->all.used, key, (size_t)(length * LONG));
    keys->all.used += length;
    keys->ends.at[keys->ends.used++] = keys->all.used;
    keys->slots[place] = keys->ends.used;
    return keys->ends.used - 1;
}

static void free_keys(Keys *keys)
{
    PyMem_Free(keys->all.at);
    PyMem_Free(keys->ends.at);
    PyMem_Free(keys->hashes.at);
    PyMem_Free(keys->slots);
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Let the numbers from a place on be ascending, each once. */
static void make_set(Longs *longs, int64_t start)
{
    int64_t *at = longs->at + start, count = longs->used - start, kept = 0;
    if (count < 2)
        return;
    qsort(at, (size_t)count, (size_t)LONG, ascending);
    for (int64_t k = 1; k < count; k++)
        if (at[k] != at[kept])
            at[++kept] = at[k];
    longs->used = start + kept + 1;
}
