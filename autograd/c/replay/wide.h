/* Run a stretch of a tape for `lanes` numbers a slot, one operation for all of them after another;
 * the place of an operation is its number, and slots are counted in numbers. */
static void run_wide(Operation *start, const Stretch *stretch, const Mend *mends, void *numbers,
                     int64_t lanes)
{
    T *v = numbers;
#define EACH(...) \
    INDEPENDENT for (int64_t s = 0; s < lanes; s++) { \
        __VA_ARGS__; \
    } \
    break;
    for (int64_t times = stretch->times; times > 0; times--) {
        for (const Operation *code = start; code->place != OPERATION_stop; code++) {
            T *out = v + code->out, *c = v + code->c;
            const T *a = v + code->a, *b = v + code->b;
            switch (code->place) {
            case OPERATION_accumulate:
                EACH(out[s] += b[s])
            case OPERATION_accumulate_first:
                EACH(out[s] = b[s])
            case OPERATION_subtract:
                EACH(out[s] -= b[s])
            case OPERATION_subtract_first:
                EACH(out[s] = -b[s])
            case OPERATION_multiply_accumulate:
                EACH(out[s] += a[s] * b[s])
            case OPERATION_multiply_accumulate_first:
                EACH(out[s] = a[s] * b[s])
            case OPERATION_sine_and_cosine:
                EACH(out[s] = sine_and_cosine(a[s], c + s))
            default:
                elementwise[code->place](out, a, b, c, lanes);
            }
        }
        v += stretch->shift;
        for (int64_t k = 0; k < stretch->mends; k++)
            ((int32_t *)start)[mends[k].word] += mends[k].growth;
    }
}
