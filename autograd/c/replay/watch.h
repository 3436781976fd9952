/* Ctrl-C while the lock of the interpreter is away. */

/* Operations between two looks at the keyboard: a tenth of a second, as a rule less. */
#define PATIENCE ((int64_t)1 << 25)

typedef struct {
    PyThreadState *thread;
    int64_t work; /* since the last look */
} Watch;

static void away(Watch *watch)
{
    watch->work = 0;
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
    back(watch);
    const int status = PyErr_CheckSignals();
    away(watch);
    return status;
}
