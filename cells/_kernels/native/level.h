/* Everything of one level. The file that includes this one sets LEVEL, its name; VL, floats of a vector; MR, rows of a
 * block; LOWERED, products are of bfloat16, and TILES, by AMX; TARGET, the mark of its functions.
 */

#define JOINED(name, level) name##_##level
#define JOIN(name, level) JOINED(name, level)
#define NAME(name) JOIN(name, LEVEL)
#define FUNCTION TARGET __attribute__((unused)) static
#define INLINE TARGET __attribute__((unused, always_inline)) static inline

#define PANEL (4 * VL)
#define item NAME(factor)

#include "vector.h"
#if LOWERED
#include "product_bf16.h"
#else
#include "product.h"
#endif
#if !LOWERED || !TILES
#include "blocks.h"
#endif
#include "forward.h"
#include "backward.h"

FUNCTION int NAME(run_forward)(const struct workbench_sequence *q, const struct places *places) {
    const struct layout a = layout_of(q->cell, q->hidden, VL);
    const int threads = parts_of(q, MR);
    float *packed = malloc(NAME(packed_bytes)(q, &a));
    if (!packed) return -1;
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
#pragma omp for schedule(static)
        for (int p = 0; p < a.panels; p++) NAME(pack)(q, &a, p, packed);
#pragma omp for schedule(static, 1)
        for (int part = 0; part < threads; part++) {
            const int begin = part_begin(q, part, threads, MR), end = part_begin(q, part + 1, threads, MR);
            if (begin < end) failed |= NAME(forward)(q, &a, places, packed, begin, end);
        }
    }
    free(packed);
    return failed;
}

/* Add the threads' gradients of the weights in their order and write them as torch has them. */
FUNCTION void NAME(write_gradients)(const struct workbench_sequence *q, const struct layout *a, const float *weights,
                                    int threads, int first) {
    const size_t all = (size_t)(q->input + q->hidden + 1) * a->columns;
    for (int of_state = 0; of_state < 2; of_state++) {
        float *matrix = of_state ? q->d_weight_hh : q->d_weight_ih, *bias = of_state ? q->d_bias_hh : q->d_bias_ih;
        const int width = of_state ? q->hidden : q->input;
        const float *from = weights + (of_state ? (size_t)q->input * a->columns : 0) + first;
        const float *ones = weights + (size_t)(q->input + q->hidden) * a->columns + first;
        int64_t row[VL];
        for (int j = 0; j < VL; j++) row[j] = weight_row(a, first + j, of_state);
        for (int i = 0; matrix && i < width; i++)
            for (int j = 0; j < VL; j++) {
                float sum = from[(size_t)i * a->columns + j];
                for (int part = 1; part < threads; part++) sum += from[part * all + (size_t)i * a->columns + j];
                if (row[j] >= 0) matrix[row[j] * width + i] = sum;
            }
        for (int j = 0; bias && j < VL; j++) {
            float sum = ones[j];
            for (int part = 1; part < threads; part++) sum += ones[part * all + j];
            if (row[j] >= 0) bias[row[j]] = sum;
        }
    }
}

FUNCTION int NAME(run_backward)(const struct workbench_sequence *q, const struct places *places) {
    const struct layout a = layout_of(q->cell, q->hidden, VL);
    const struct NAME(sides) sides = NAME(sides_of)(q, &a);
    const int weights = q->d_weight_ih || q->d_weight_hh || q->d_bias_ih || q->d_bias_hh;
    const size_t all = weights ? (size_t)(q->input + q->hidden + 1) * a.columns : 0;
    const int threads = fewer_parts(parts_of(q, MR), all); /* each has gradients of the weights of its own */
    item *packed = malloc(sides.items * sizeof(item));
    float *sums = calloc(threads * all + 1, sizeof(float));
    int failed = !packed || !sums;
    if (!failed) {
#pragma omp parallel num_threads(threads) reduction(| : failed)
        {
#pragma omp for schedule(static) nowait
            for (int p = 0; p < whole(q->hidden, PANEL); p++) {
                NAME(pack_side)(&a, sides.state, q->weight_hh, q->hidden, 1, p, packed);
                if (sides.candidate.runs) NAME(pack_side)(&a, sides.candidate, q->weight_hh, q->hidden, 1, p, packed + sides.at_candidate);
            }
#pragma omp for schedule(static)
            for (int p = 0; p < (q->d_x ? whole(q->input, PANEL) : 0); p++)
                NAME(pack_side)(&a, sides.input, q->weight_ih, q->input, 0, p, packed + sides.at_input);
#pragma omp for schedule(static, 1)
            for (int part = 0; part < threads; part++) {
                const int begin = part_begin(q, part, threads, MR), end = part_begin(q, part + 1, threads, MR);
                if (begin < end) failed |= NAME(backward)(q, &a, places, packed, begin, end, weights ? sums + part * all : NULL);
            }
            if (weights) {
#pragma omp for schedule(static)
                for (int first = 0; first < a.columns; first += VL) NAME(write_gradients)(q, &a, sums, threads, first);
            }
        }
    }
    free(packed);
    free(sums);
    return failed ? -1 : 0;
}

#if !LOWERED
#define NUMBER float
#define TYPED(name) NAME(name##_float)
#include "linear_steps.h"
#define NUMBER double
#define TYPED(name) NAME(name##_double)
#include "linear_steps.h"
FUNCTION void NAME(run_linear)(const struct workbench_linear *q, int backward) {
    if (q->wide) NAME(linear_pass_double)(q, backward);
    else NAME(linear_pass_float)(q, backward);
}
#endif

#undef vf
#undef vi
#undef PANEL
#undef LOWERED
#undef item
#undef END_PRODUCTS
#undef BEGIN_PRODUCTS
#undef WHOLE_BLOCKS
#undef TERMS
#undef TURNED
#undef PLACE
#undef DEPTH
#undef JOINED
#undef JOIN
#undef NAME
#undef FUNCTION
#undef INLINE
#undef LEVEL
#undef VL
#undef MR
#undef TILES
#undef TARGET
