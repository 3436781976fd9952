/* Finding segments in the index lists of a Map that adds products: stretches along which one of
 * the three operands stays where it is, and the two others go on by one. */

enum { SHORTEST = 3 }; /* numbers of a segment, on average, for them to be worth it */

typedef struct {
    int64_t at[3]; /* a, b and where their product is added */
} Place;

static Place place_of(const Map *map, int64_t entry)
{
    Place place;
    for (int i = 0; i < 3; i++) {
        const Operand *x = &map->operands[i];
        place.at[i] = x->index ? x->index[entry] * x->step : entry * x->strides[0];
    }
    return place;
}

/* Which operand stays from one place to the next, while the others go on by one; -1: none. */
static int stays(Place before, Place after)
{
    int64_t step[3];
    for (int i = 0; i < 3; i++) {
        step[i] = after.at[i] - before.at[i];
        if (step[i] != 0 && step[i] != 1)
            return -1;
    }
    return step[0] + step[1] + step[2] != 2 ? -1 : !step[0] ? 0 : !step[1] ? 1 : 2;
}

/* The entry that is looked at next: the first of each `period` of them, then the second of each. */
static int64_t next_entry(int64_t entry, int64_t period, int64_t count)
{
    return entry + period < count ? entry + period : entry + period - count + 1;
}

/* Return which operand stays most often, and write how many segments there are then. */
static int count_segments(const Map *map, int64_t period, int64_t *segments)
{
    const int64_t count = map->sizes[0];
    int64_t follow[3] = {0}, entry = 0;
    Place last = place_of(map, 0);
    int which = 0;
    for (int64_t k = 1; k < count; k++) {
        entry = next_entry(entry, period, count);
        const Place now = place_of(map, entry);
        const int one = stays(last, now);
        if (one >= 0)
            follow[one]++;
        last = now;
    }
    for (int i = 1; i < 3; i++)
        which = follow[i] > follow[which] ? i : which;
    *segments = count - follow[which];
    return which;
}

/* For how many entries, at the beginning, one operand stays; 1 where all are no multiple of it. */
static int64_t period_of(const Map *map)
{
    const int64_t count = map->sizes[0];
    const Place first = place_of(map, 0);
    int64_t period = 1;
    for (int i = 0; i < 3; i++) {
        int64_t k = 1;
        while (k < count && place_of(map, k).at[i] == first.at[i])
            k++;
        period = k > period && k < count ? k : period;
    }
    return count % period ? 1 : period;
}

/* Replace the entries of a Map by segments, along which operand `which` stays; it comes first, if
 * it is a factor. */
static int write_segments(Replay *self, Map *map, int64_t period, int which, int64_t segments)
{
    const int64_t count = map->sizes[0];
    Segment *first = own(self, segments * sizeof(Segment)), *out = first;
    if (!out) {
        PyErr_NoMemory();
        return -1;
    }
    int64_t entry = 0;
    Place last = {{0}};
    for (int64_t k = 0; k < count; k++, entry = next_entry(entry, period, count)) {
        const Place now = place_of(map, entry);
        if (k && stays(last, now) == which)
            out[-1].n++;
        else
            *out++ = (Segment){now.at[which == 1], now.at[which != 1], now.at[2], 1};
        last = now;
    }
    if (which == 1) {
        const Operand moves = map->operands[0];
        map->operands[0] = map->operands[1];
        map->operands[1] = moves;
    }
    map->sums = which == 2 ? WITHIN_SEGMENTS : OF_SEGMENTS;
    map->segments = first;
    map->sizes[0] = segments;
    return 0;
}

/* Let a Map that does nothing but add products run by segments, where its entries form long ones.
 * Sums may be taken in any order, so that rows of equally many may be walked column by column. */
static int find_segments(Replay *self, Map *map)
{
    const Step *step = map->code;
    if (map->dimensions != 1 || map->rows || map->sources != 2 || map->targets != 1 ||
        map->steps != 1 || map->lead || !map->add || map->operands[2].scale != 1 ||
        map->sizes[0] < SHORTEST)
        return 0;
    if (step->operation != OPERATION_mul || step->a + step->b != 1 || step->result != *map->results)
        return 0;
    int64_t segments, fewer, period = 1;
    int which = count_segments(map, 1, &segments);
    const int64_t other = SHORTEST * segments > map->sizes[0] ? period_of(map) : 1;
    if (other > 1) {
        const int found = count_segments(map, other, &fewer);
        if (fewer < segments) {
            which = found;
            segments = fewer;
            period = other;
        }
    }
    if (SHORTEST * segments > map->sizes[0])
        return 0;
    return write_segments(self, map, period, which, segments);
}
