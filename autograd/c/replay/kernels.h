/* The kernels of the native executor for one number type and one instruction set.

   Included by a unit of its own for each, after a header that says
     T            double or float (FLOAT is defined)
     SET(x)       x with the names of both
     BYTES        the size of a vector
     FMADD        x y + z of vectors
     MULADD       x y + z of numbers, in one rounding where the processor can
     ROWS, WIDE   the rows and vectors of C that one tile computes at most
     TALL         the rows of one that is a single vector wide
     STRETCH      the set that tapes run with, if it is another

   Elementwise loops are strict IEEE arithmetic in the order written; only the tiles of the
   matrix product and the series of exp and tanh use fused multiply-add. */

#include "vector.h"
#include "operations.h"
#include "elementary.h"
#include "maps.h"
#include "products.h"
#include "updates.h"

/* --- rows: the largest of a row, the rest of its exponentials, one that an index takes ------ */

static void peak(const Row *row, const long *index, T *out) {
    const T *base = row->base;
    memcpy(out, base + index[0] * row->lanes, row->lanes * sizeof(T));
    for (long k = 1; k < row->width; k++) {
        const T *x = base + index[k] * row->lanes;
        for (long s = 0; s < row->lanes; s++)
            out[s] = x[s] > out[s] || x[s] != x[s] ? x[s] : out[s];
    }
}

/* The sum without the first 1, the peak's own; `seen` tells in which lanes it was met. */
static void rest(const Row *row, const long *index, T *out, T *seen) {
    for (long from = 0; from < row->lanes; from += CHUNK) {
        long n = row->lanes - from < CHUNK ? row->lanes - from : CHUNK;
        for (long s = 0; s < n; s++) out[from + s] = seen[s] = 0;
        for (long k = 0; k < row->width; k++) {
            const T *x = (const T *)row->base + index[k] * row->lanes + from;
            for (long s = 0; s < n; s++) {
                T first = x[s] == 1 && seen[s] == 0 ? (T)1 : (T)0;
                out[from + s] += x[s] - first;
                seen[s] += first;
            }
        }
    }
}

/* Take the number that an index in each lane names, NaN where it names none, or give back. */
static void choose(const Row *row, const long *index, const T *chosen, T *out) {
    const int take = row->operation == TAKE;
    for (long s = 0; s < row->lanes; s++) {
        T wanted = chosen[s * row->chosen_lane];
        if (!(wanted >= 0 && wanted < row->width && wanted == (T)(long)wanted)) {
            if (take) out[s] = (T)NAN;
            continue;
        }
        long at = index[(long)wanted];
        if (at < 0) continue;
        T *x = (T *)row->base + at * row->step + (row->step > 1 || row->sources_lanes ? s : 0);
        if (take) out[s] = *x;
        else *x += out[s] * (T)row->scale;
    }
}

static void run_row(const Row *row, void *scratch) {
    for (long r = 0; r < row->rows; r++) {
        const long *index = row->index + r * row->width;
        T *out = (T *)row->target + r * row->lanes;
        if (row->operation == PEAK) peak(row, index, out);
        else if (row->operation == REST) rest(row, index, out, scratch);
        else {
            long at = row->chosen_index ? row->chosen_index[r] * row->chosen_step : r * row->chosen_row;
            choose(row, index, (const T *)row->chosen + at, out);
        }
    }
}

#include "wide.h"

#ifndef STRETCH
#define STRETCH SET(stretch)
#include "stretch.h"
#endif

const Kernels SET(kernels) = {
    run_map, run_product, run_lanewise, run_row, STRETCH, run_wide, zero_if_finite, run_rule, run_fused,
    prepare, LANES, TALL,
};
