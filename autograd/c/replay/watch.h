/* Ctrl-C while the lock of the interpreter is away. */

#include <time.h>

/* Operations between two looks at the clock: a twentieth of a second where each takes 10 ns. */
#define PATIENCE ((int64_t)1 << 22)

/* Seconds between two looks at the keyboard, for which the lock is needed. */
#define MOMENT 0.05

typedef struct {
    PyThreadState *thread;
    int64_t work; /* since the last look at the clock */
    double seen;  /* when the last look at the keyboard was */
} Watch;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void away(Watch *watch)
{
    watch->work = 0;
    watch->seen = 0;
    watch->thread = PyEval_SaveThread();
}

static void back(Watch *watch)
{
    PyEval_RestoreThread(watch->thread);
}

/* Count work that was done; -1 with an exception where a handler of signals raised one. */
static inline int interrupted(Watch *watch, int64_t work)
{
    watch->work += work;
    if (watch->work < PATIENCE)
        return 0;
    watch->work = 0;
    const double time = now();
    if (time - watch->seen < MOMENT)
        return 0;
    watch->seen = time;
    PyEval_RestoreThread(watch->thread);
    const int status = PyErr_CheckSignals();
    watch->thread = PyEval_SaveThread();
    return status;
}
