/* Tapes: scalar operations one after another, for one number type and instruction set.
 *
 * Included by kernels.h. An operation says where its code is and the slots of its
 * result and of a, b, c. A tape is cut into stretches, each ended by `stop`. One that runs
 * several times is a loop: from one time to the next all slots move on by its `shift`; it runs
 * in a copy, where words that move otherwise (parameters stay where they are) are mended. */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* places to jump to, where the compiler has them */

#define OUT v[code->out]
#define A v[code->a]
#define B v[code->b]
#define C v[code->c]

/* Run a stretch as often as it says. Without one, return where the code of each operation
 * is: a place to jump to, or its number. */
ONE_JUMP_EACH const void *const *STRETCH(Operation *start, const Stretch *stretch,
                                         const Mend *mends, void *numbers)
{
    T *v = numbers;
    const Operation *code = start;
    int64_t times = stretch ? stretch->times : 0;
    T r = 0, z = 0;
    // clang-format off
#define CASE(name, formula) LABEL(name) OUT = z = r = op_##name(A, B, C); NEXT
#define ONLY(name, ...) LABEL(name) __VA_ARGS__ NEXT
#ifdef __GNUC__ /* a jump of its own after each operation lets the processor foresee the next */
#define PLACE(name, ...) &&do_##name,
#define LABEL(name) do_##name:
#define NEXT code++; JUMP
#define JUMP goto *(const void *)(uintptr_t)code->place;
#else
#define PLACE(name, ...) (const void *)(uintptr_t)OPERATION_##name,
#define LABEL(name) case OPERATION_##name:
#define NEXT code++; break;
#define JUMP switch (code->place)
#endif
    static const void *const places[] = {OPERATIONS(PLACE) TAPE_ONLY(PLACE) PLACE(stop, 0)};
    if (!start)
        return places;
    for (;;) {
        JUMP {
        OPERATIONS(CASE)
        TAPE_ONLY(ONLY)
        LABEL(stop)
            if (--times <= 0)
                return places;
            v += stretch->shift;
            for (int64_t k = 0; k < stretch->mends; k++)
                ((int32_t *)start)[mends[k].word] += mends[k].growth;
            code = start;
        }
    }
    // clang-format on
}

#pragma GCC diagnostic pop
