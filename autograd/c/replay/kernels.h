/* The kernels of the native executor for one number type and one instruction set.
 *
 * Included by a unit of its own for each, after a header that says
 *   T            double or float (FLOAT is defined)
 *   SET(x)       x with the names of both
 *   BYTES        the size of a vector
 *   FMADD        x y + z of vectors
 *   MULADD       x y + z of numbers, in one rounding where the processor can
 *   BELOW        a short way for `below` in vector.h, if there is one
 *   ROWS, WIDE   the rows and vectors of C that one tile computes at most
 *   TALL         the rows of one that is a single vector wide
 *   LOAD_FIRST   a vector whose first n parts are read, fewer than all, the others 0,
 *   SAVE_FIRST   and how such a one is written, if there is a short way
 *   STRETCH      the set that tapes run with, if it is another
 *
 * Elementwise loops are strict IEEE arithmetic in the order written; only the tiles of the
 * matrix product and the series of exp and tanh use fused multiply-add. */

#include "vector.h"
#include "elementary.h"
#include "operations.h"
#include "elementwise.h"
#include "segments.h"
#include "maps.h"
#include "dots.h"
#include "products.h"
#include "updates.h"

_Static_assert((int)WIDTH <= (int)WIDEST && TALL <= TALLEST, "a panel fits into the scratch");

/* --- rows: the largest of a row, the rest of its exponentials, one that an index takes ------ */

/* The number of the first operand that is the largest, or of one that is NaN. */
static void argmax(const Row *row, const int64_t *index, T *out, T *most)
{
    for (int64_t from = 0; from < row->lanes; from += CHUNK) {
        int64_t n = row->lanes - from < CHUNK ? row->lanes - from : CHUNK;
        for (int64_t k = 0; k < row->width; k++) {
            const T *x = (const T *)row->base + index[k] * row->lanes + from;
            for (int64_t s = 0; s < n; s++) {
                int more = k == 0 || x[s] > most[s] || x[s] != x[s];
                most[s] = more ? x[s] : most[s];
                out[from + s] = more ? (T)k : out[from + s];
            }
        }
    }
}

/* The largest operand, or NaN. */
static void peak(const Row *row, const int64_t *index, T *out)
{
    const T *base = row->base;
    memcpy(out, base + index[0] * row->lanes, (size_t)row->lanes * sizeof(T));
    for (int64_t k = 1; k < row->width; k++) {
        const T *x = base + index[k] * row->lanes;
        for (int64_t s = 0; s < row->lanes; s++)
            out[s] = x[s] > out[s] || x[s] != x[s] ? x[s] : out[s];
    }
}

/* The sum without the first 1, the peak's own; `seen` tells in which lanes it was met. */
static void rest(const Row *row, const int64_t *index, T *out, T *seen)
{
    for (int64_t from = 0; from < row->lanes; from += CHUNK) {
        int64_t n = row->lanes - from < CHUNK ? row->lanes - from : CHUNK;
        for (int64_t s = 0; s < n; s++)
            out[from + s] = seen[s] = 0;
        for (int64_t k = 0; k < row->width; k++) {
            const T *x = (const T *)row->base + index[k] * row->lanes + from;
            for (int64_t s = 0; s < n; s++) {
                T first = x[s] == 1 && seen[s] == 0 ? (T)1 : (T)0;
                out[from + s] += x[s] - first;
                seen[s] += first;
            }
        }
    }
}

/* Take the number that an index in each lane names, NaN where it names none, or give back. */
static void choose(const Row *row, const int64_t *index, const T *chosen, T *out)
{
    const int take = row->operation == TAKE;
    for (int64_t s = 0; s < row->lanes; s++) {
        T wanted = chosen[s * row->chosen_lane];
        if (!(wanted >= 0 && wanted < (T)row->width && wanted == (T)(int64_t)wanted)) {
            if (take)
                out[s] = (T)NAN;
            continue;
        }
        int64_t at = index[(int64_t)wanted];
        if (at < 0)
            continue;
        T *x = (T *)row->base + at * row->step + (row->step > 1 || row->sources_lanes ? s : 0);
        if (take)
            out[s] = *x;
        else
            *x += out[s] * (T)row->scale;
    }
}

/* The same where every operand has lanes and so has the index, and operands are few: each of them
 * meets the index in vectors. */
static void choose_of_few(const Row *row, const int64_t *index, const T *chosen, T *out)
{
    for (int64_t from = 0; from < row->lanes; from += CHUNK) {
        const int64_t n = row->lanes - from < CHUNK ? row->lanes - from : CHUNK;
        const T *wanted = chosen + from;
        T *taken = out + from;
        if (row->operation == TAKE)
            for (int64_t s = 0; s < n; s++)
                taken[s] = (T)NAN;
        for (int64_t k = 0; k < row->width; k++) {
            if (index[k] < 0)
                continue;
            T *x = (T *)row->base + index[k] * row->step + from;
            if (row->operation == TAKE) {
                INDEPENDENT for (int64_t s = 0; s < n; s++)
                    taken[s] = wanted[s] == (T)k ? x[s] : taken[s];
            } else {
                INDEPENDENT for (int64_t s = 0; s < n; s++)
                    x[s] = wanted[s] == (T)k ? x[s] + taken[s] : x[s];
            }
        }
    }
}

/* What a row of one lane comes to: its numbers wait in registers. */
static T peak_of_one(const T *base, const int64_t *index, int64_t width)
{
    T most = base[*index];
    for (int64_t k = 1; k < width; k++) {
        T x = base[index[k]];
        most = x > most || x != x ? x : most;
    }
    return most;
}

static T argmax_of_one(const T *base, const int64_t *index, int64_t width)
{
    T most = base[*index], at = 0;
    for (int64_t k = 1; k < width; k++) {
        T x = base[index[k]];
        int more = x > most || x != x;
        most = more ? x : most;
        at = more ? (T)k : at;
    }
    return at;
}

static T rest_of_one(const T *base, const int64_t *index, int64_t width)
{
    T sum = 0;
    int64_t first = 0;
    while (first < width && base[index[first]] != 1)
        sum += base[index[first++]];
    for (int64_t k = first + 1; k < width; k++)
        sum += base[index[k]];
    return sum;
}

static T of_one(const Row *row, const int64_t *index)
{
    return (row->operation == PEAK     ? peak_of_one
            : row->operation == ARGMAX ? argmax_of_one
                                       : rest_of_one)(row->base, index, row->width);
}

static void run_row(const Row *row, void *scratch)
{
    const int chooses = row->operation == TAKE || row->operation == UNTAKE;
    const int few = row->sources_lanes && row->chosen_lane == 1 && row->width <= 2 * LANES &&
                    row->lanes >= LANES;
    for (int64_t r = 0; r < row->rows; r++) {
        const int64_t *index = row->index + r * row->width;
        T *out = (T *)row->target + r * row->lanes;
        if (!chooses && row->lanes == 1)
            *out = of_one(row, index);
        else if (row->operation == PEAK)
            peak(row, index, out);
        else if (row->operation == ARGMAX)
            argmax(row, index, out, scratch);
        else if (row->operation == REST)
            rest(row, index, out, scratch);
        else {
            int64_t at =
                row->chosen_index ? row->chosen_index[r] * row->chosen_step : r * row->chosen_row;
            (few ? choose_of_few : choose)(row, index, (const T *)row->chosen + at, out);
        }
    }
}

#include "wide.h"

#ifndef STRETCH
#define STRETCH SET(stretch)
#include "stretch.h"
#endif

const Kernels SET(kernels) = {
    .map = run_map,
    .product = run_product,
    .lanewise = run_lanewise,
    .row = run_row,
    .stretch = STRETCH,
    .wide = run_wide,
    .zero = zero_if_finite,
    .rule = run_rule,
    .bounded = is_bounded,
    .fused = run_fused,
    .prepare = prepare,
    .lanes = LANES,
    .rows = TALL,
    .width = WIDTH,
};
