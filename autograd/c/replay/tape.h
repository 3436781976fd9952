/* Tapes: scalar operations one after another, for one number type and instruction set.

   Included by kernels.h. An operation says where its code is and the slots of its
   result and of a, b, c. A tape is cut into stretches, each ended by `stop`. One that runs
   several times is a loop: from one time to the next all slots move on by its `shift`; it runs
   in a copy, where words that move otherwise (parameters stay where they are) are mended. */

#ifdef __FMA__
#define JOINED __builtin_fma
#else
#define JOINED(x, y, z) ((x) * (y) + (z))
#endif

/* sin x and, beside it, cos x, to 3 ulp: x = n pi / 256 + d with |d| <= pi / 512, the n-th
   entry of the table, and the series of sin d and cos d - 1. */
static inline T NAME(sine_and_cosine)(double x, T *cosine) {
    if (!(fabs(x) < 5e3)) { *cosine = (T)cos(x); return (T)sin(x); }
    double shifted = JOINED(x, 0x1.45f306dc9c883p+6, 0x1.8p52), n = shifted - 0x1.8p52;
    double d = JOINED(-n, ARC_LOW, JOINED(-n, ARC_MIDDLE, JOINED(-n, ARC_HIGH, x)));
    double s = circle[double_bits(shifted) % ARCS][0], c = circle[double_bits(shifted) % ARCS][1];
    double z = d * d, odd = d * z * JOINED(z, 1.0 / 120, -1.0 / 6);
    double even = z * JOINED(z, JOINED(z, -1.0 / 720, 1.0 / 24), -0.5);
    *cosine = (T)(JOINED(-s, d, c) + JOINED(c, even, -s * odd));
    return (T)(JOINED(c, d, s) + JOINED(s, even, c * odd));
}

#define OUT v[code->out]
#define A v[code->a]
#define B v[code->b]
#define C v[code->c]

/* Run a stretch as often as it says. Without one, return where the code of each operation
   is: a place to jump to, or its number. */
ONE_JUMP_EACH
static const void *const *NAME(run_stretch)(Operation *start, const Stretch *stretch,
                                            const Mend *mends, T *v) {
    const Operation *code = start;
    long times = stretch ? stretch->times : 0;
    T r = 0, z = 0;
#define CASE(name, formula) LABEL(name) OUT = z = r = NAME(op_##name)(A, B, C); NEXT
#define ONLY(name, ...) LABEL(name) __VA_ARGS__ NEXT
#ifdef __GNUC__ /* a jump of its own after each operation lets the processor foresee the next */
#define PLACE(name, ...) &&do_##name,
    static const void *const places[] = {OPERATIONS(PLACE) TAPE_ONLY(PLACE) &&do_stop};
#undef PLACE
#define LABEL(name) do_##name:
#define NEXT code++; goto *(const void *)(uintptr_t)code->place;
    if (!start) return places;
    for (;;) {
        goto *(const void *)(uintptr_t)code->place;
#else
#define LABEL(name) case OPERATION_##name:
#define NEXT code++; break;
#define PLACE(name, ...) (const void *)(uintptr_t)OPERATION_##name,
    static const void *const places[] = {OPERATIONS(PLACE) TAPE_ONLY(PLACE) (const void *)(uintptr_t)OPERATION_stop};
#undef PLACE
    if (!start) return places;
    for (;;) switch (code->place) {
#endif
        OPERATIONS(CASE)
        TAPE_ONLY(ONLY)
        LABEL(stop)
            if (--times <= 0) return places;
            v += stretch->shift;
            for (long k = 0; k < stretch->mends; k++)
                ((int32_t *)start)[mends[k].word] += mends[k].growth;
            code = start;
    }
#undef CASE
#undef ONLY
#undef LABEL
#undef NEXT
}

#undef JOINED
#undef OUT
#undef A
#undef B
#undef C

/* The same for `lanes` numbers a slot, one operation for all of them after another; the place
   of an operation is its number, and slots are counted in numbers. */
static void NAME(run_wide)(Operation *start, const Stretch *stretch, const Mend *mends, T *v, long lanes) {
#define EACH(...) _Pragma("GCC ivdep") for (long s = 0; s < lanes; s++) { __VA_ARGS__; } break;
    for (long times = stretch->times; times > 0; times--) {
        for (const Operation *code = start; code->place != OPERATION_stop; code++) {
            T *out = v + code->out, *c = v + code->c;
            const T *a = v + code->a, *b = v + code->b;
            switch (code->place) {
            case OPERATION_accumulate: EACH(out[s] += b[s])
            case OPERATION_accumulate_first: EACH(out[s] = b[s])
            case OPERATION_subtract: EACH(out[s] -= b[s])
            case OPERATION_subtract_first: EACH(out[s] = -b[s])
            case OPERATION_multiply_accumulate: EACH(out[s] += a[s] * b[s])
            case OPERATION_multiply_accumulate_first: EACH(out[s] = a[s] * b[s])
            case OPERATION_sine_and_cosine: EACH(out[s] = NAME(sine_and_cosine)(a[s], c + s))
            default: NAME(kernels)[code->place](out, a, b, c, lanes);
            }
        }
        v += stretch->shift;
        for (long k = 0; k < stretch->mends; k++)
            ((int32_t *)start)[mends[k].word] += mends[k].growth;
    }
#undef EACH
}

static void NAME(run_tape)(const Tape *tape, void *numbers, long wide) {
    const Operation *code = tape->code;
    const Mend *mends = tape->mends;
    for (const Stretch *at = tape->stretches; at < tape->stretches + tape->count; at++) {
        Operation *start = at->mends ? tape->body : (Operation *)code; /* which stays */
        if (at->mends) memcpy(start, code, (at->length + 1) * sizeof *code);
        if (wide) NAME(run_wide)(start, at, mends, numbers, wide);
        else NAME(run_stretch)(start, at, mends, numbers);
        code += at->length + 1;
        mends += at->mends;
    }
}

static const void *const *NAME(places)(void) { return NAME(run_stretch)(NULL, NULL, NULL, NULL); }
