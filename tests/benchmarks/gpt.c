/* A step of a small GPT on one text, written by hand: loss, all gradients, Adam.
 *
 * One block: x = E[letter] + P[t]; a = x / rms(x); attention over the places so far, by 4 heads;
 * x += O att; x += D relu(U (x / rms(x))); scores = H x. The loss is the mean of -log softmax at
 * the letter that follows. Weights lie one after another: E, P, Q, K, V, O, U, D, H, row by row. */

#include <math.h>
#include <string.h>

enum { WIDE = 16, HEADS = 4, EACH = WIDE / HEADS, INNER = 64, LETTERS = 27, MOST = 16 };

typedef struct {
    double *letters, *places, *query, *key, *value, *out, *up, *down, *head;
} Weights;

/* Name the parts of an array of all weights, for texts of so many letters. */
static Weights parts_of(double *all, int length)
{
    Weights w = {.letters = all};
    w.places = w.letters + LETTERS * WIDE;
    w.query = w.places + length * WIDE;
    w.key = w.query + WIDE * WIDE;
    w.value = w.key + WIDE * WIDE;
    w.out = w.value + WIDE * WIDE;
    w.up = w.out + WIDE * WIDE;
    w.down = w.up + INNER * WIDE;
    w.head = w.down + WIDE * INNER;
    return w;
}

/* y += W x, for a matrix of `rows` rows. */
static void product(const double *restrict W, const double *restrict x, double *restrict y,
                    int rows, int columns)
{
    for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int c = 0; c < columns; c++)
            sum += W[r * columns + c] * x[c];
        y[r] += sum;
    }
}

/* Given ∂/∂y of y = W x: ∂/∂W += ∂y xᵀ, ∂/∂x += Wᵀ ∂y. */
static void product_back(const double *restrict W, const double *restrict x,
                         const double *restrict dy, double *restrict dW, double *restrict dx,
                         int rows, int columns)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            dW[r * columns + c] += dy[r] * x[c];
            dx[c] += W[r * columns + c] * dy[r];
        }
}

/* a = x s with s = 1 / √(mean x² + ε); return s. */
static double normal(const double *x, double *a)
{
    double squares = 0;
    for (int i = 0; i < WIDE; i++)
        squares += x[i] * x[i];
    double s = 1 / sqrt(squares / WIDE + 1e-5);
    for (int i = 0; i < WIDE; i++)
        a[i] = x[i] * s;
    return s;
}

/* ∂/∂x += s ∂a - x s³ mean(x ∂a) */
static void normal_back(const double *x, double s, const double *da, double *dx)
{
    double along = 0;
    for (int i = 0; i < WIDE; i++)
        along += x[i] * da[i];
    along *= s * s * s / WIDE;
    for (int i = 0; i < WIDE; i++)
        dx[i] += s * da[i] - x[i] * along;
}

typedef struct { /* of each place */
    double x[MOST][WIDE], a[MOST][WIDE], q[MOST][WIDE], k[MOST][WIDE], v[MOST][WIDE];
    double p[MOST][HEADS][MOST], att[MOST][WIDE], y[MOST][WIDE], n[MOST][WIDE];
    double h[MOST][INNER], z[MOST][WIDE], scores[MOST][LETTERS], s[MOST], r[MOST];
} Values;

static void attend(Values *f, int t)
{
    for (int head = 0; head < HEADS; head++) {
        double *p = f->p[t][head], peak = -INFINITY, whole = 0;
        int at = head * EACH;
        for (int u = 0; u <= t; u++) {
            p[u] = 0;
            for (int i = at; i < at + EACH; i++)
                p[u] += f->q[t][i] * f->k[u][i];
            p[u] /= sqrt(EACH);
            peak = p[u] > peak ? p[u] : peak;
        }
        for (int u = 0; u <= t; u++)
            whole += p[u] = exp(p[u] - peak);
        for (int u = 0; u <= t; u++) {
            p[u] /= whole;
            for (int i = at; i < at + EACH; i++)
                f->att[t][i] += p[u] * f->v[u][i];
        }
    }
}

static void attend_back(const Values *f, int t, const double *datt, double *dq, double (*dk)[WIDE],
                        double (*dv)[WIDE])
{
    for (int head = 0; head < HEADS; head++) {
        const double *p = f->p[t][head];
        double dp[MOST], mean = 0;
        int at = head * EACH;
        for (int u = 0; u <= t; u++) {
            dp[u] = 0;
            for (int i = at; i < at + EACH; i++) {
                dp[u] += datt[i] * f->v[u][i];
                dv[u][i] += p[u] * datt[i];
            }
            mean += p[u] * dp[u];
        }
        for (int u = 0; u <= t; u++) {
            double slope = p[u] * (dp[u] - mean) / sqrt(EACH);
            for (int i = at; i < at + EACH; i++) {
                dq[i] += slope * f->k[u][i];
                dk[u][i] += slope * f->q[t][i];
            }
        }
    }
}

/* Turn the scores of a place into their derivatives; return its loss. */
static double surprise(double *scores, int letter, int length)
{
    double peak = -INFINITY, whole = 0, chosen = scores[letter];
    for (int j = 0; j < LETTERS; j++)
        peak = scores[j] > peak ? scores[j] : peak;
    for (int j = 0; j < LETTERS; j++)
        whole += exp(scores[j] - peak);
    for (int j = 0; j < LETTERS; j++)
        scores[j] = (exp(scores[j] - peak) / whole - (j == letter)) / length;
    return (peak + log(whole) - chosen) / length;
}

static double forward(Values *f, const Weights *w, const int *text, int length)
{
    double loss = 0;
    memset(f, 0, sizeof *f);
    for (int t = 0; t < length; t++) {
        for (int i = 0; i < WIDE; i++)
            f->x[t][i] = w->letters[text[t] * WIDE + i] + w->places[t * WIDE + i];
        f->s[t] = normal(f->x[t], f->a[t]);
        product(w->query, f->a[t], f->q[t], WIDE, WIDE);
        product(w->key, f->a[t], f->k[t], WIDE, WIDE);
        product(w->value, f->a[t], f->v[t], WIDE, WIDE);
        attend(f, t);
        memcpy(f->y[t], f->x[t], sizeof f->y[t]);
        product(w->out, f->att[t], f->y[t], WIDE, WIDE);
        f->r[t] = normal(f->y[t], f->n[t]);
        product(w->up, f->n[t], f->h[t], INNER, WIDE);
        for (int i = 0; i < INNER; i++)
            f->h[t][i] = f->h[t][i] > 0 ? f->h[t][i] : 0;
        memcpy(f->z[t], f->y[t], sizeof f->z[t]);
        product(w->down, f->h[t], f->z[t], WIDE, INNER);
        product(w->head, f->z[t], f->scores[t], LETTERS, WIDE);
        loss += surprise(f->scores[t], text[t + 1], length);
    }
    return loss;
}

static void backward(const Values *f, const Weights *w, const Weights *d, const int *text,
                     int length)
{
    double dk[MOST][WIDE] = {{0}}, dv[MOST][WIDE] = {{0}};
    for (int t = length - 1; t >= 0; t--) {
        double dz[WIDE] = {0}, dh[INNER] = {0}, dn[WIDE] = {0}, datt[WIDE] = {0};
        double dq[WIDE] = {0}, da[WIDE] = {0};
        product_back(w->head, f->z[t], f->scores[t], d->head, dz, LETTERS, WIDE);
        product_back(w->down, f->h[t], dz, d->down, dh, WIDE, INNER);
        for (int i = 0; i < INNER; i++)
            dh[i] = f->h[t][i] > 0 ? dh[i] : 0;
        product_back(w->up, f->n[t], dh, d->up, dn, INNER, WIDE);
        normal_back(f->y[t], f->r[t], dn, dz); /* which is now by y, and by x */
        product_back(w->out, f->att[t], dz, d->out, datt, WIDE, WIDE);
        attend_back(f, t, datt, dq, dk, dv);
        product_back(w->query, f->a[t], dq, d->query, da, WIDE, WIDE);
        product_back(w->key, f->a[t], dk[t], d->key, da, WIDE, WIDE);
        product_back(w->value, f->a[t], dv[t], d->value, da, WIDE, WIDE);
        normal_back(f->x[t], f->s[t], da, dz);
        for (int i = 0; i < WIDE; i++) {
            d->letters[text[t] * WIDE + i] += dz[i];
            d->places[t * WIDE + i] += dz[i];
        }
    }
}

/* Write the gradient of all `count` weights; return the loss of a text and the letter behind it. */
double gradient(double *weights, double *slopes, int count, const int *text, int length)
{
    static Values f;
    Weights w = parts_of(weights, length), d = parts_of(slopes, length);
    memset(slopes, 0, (size_t)count * sizeof *slopes);
    double loss = forward(&f, &w, text, length);
    backward(&f, &w, &d, text, length);
    return loss;
}

/* Take so many steps of Adam; `memory` has room for slopes and both moments. */
void train(double *weights, double *memory, int count, const int *text, int length, int steps,
           double rate, double *losses)
{
    double *restrict g = memory, *restrict m = memory + count, *restrict v = memory + 2 * count;
    memset(memory, 0, 3 * (size_t)count * sizeof *memory);
    for (int step = 1; step <= steps; step++) {
        losses[step - 1] = gradient(weights, g, count, text, length);
        double first = 1 - pow(0.9, step), second = 1 - pow(0.999, step);
        for (int i = 0; i < count; i++) {
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
            weights[i] -= rate * (m[i] / first) / (sqrt(v[i] / second) + 1e-8);
        }
    }
}
