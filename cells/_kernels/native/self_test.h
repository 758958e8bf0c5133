/* A small sequence of each cell, forward and backward, at one level beside the portable one. */

#include <stddef.h>

enum { TEST_ROWS = 7, TEST_STEPS = 4, TEST_INPUT = 5, TEST_HIDDEN = 19 };

/* All that a pass reads and writes, one after the other. */
struct test_room {
    float x[TEST_ROWS * TEST_STEPS * TEST_INPUT], d_output[TEST_ROWS * TEST_STEPS * TEST_HIDDEN];
    float weight_ih[4 * TEST_HIDDEN * TEST_INPUT], weight_hh[4 * TEST_HIDDEN * TEST_HIDDEN], bias[4 * TEST_HIDDEN];
    struct {
        float output[TEST_ROWS * TEST_STEPS * TEST_HIDDEN], d_x[TEST_ROWS * TEST_STEPS * TEST_INPUT];
        float d_weight_ih[4 * TEST_HIDDEN * TEST_INPUT], d_weight_hh[4 * TEST_HIDDEN * TEST_HIDDEN];
        float d_bias_ih[4 * TEST_HIDDEN], d_bias_hh[4 * TEST_HIDDEN];
    } out;
    float gates[TEST_ROWS * TEST_STEPS * 4 * 64], memory[TEST_ROWS * TEST_STEPS * 64];
};

static int test_passes(struct test_room *room, int cell, int level) {
    static const int32_t order[TEST_ROWS] = {3, 0, 6, 1, 2, 5, 4}, lengths[TEST_ROWS] = {4, 4, 3, 3, 2, 2, 1};
    memset(&room->out, 0, sizeof room->out);
    const struct workbench_sequence q = {
        .cell = cell, .batch = TEST_ROWS, .time = TEST_STEPS, .input = TEST_INPUT, .hidden = TEST_HIDDEN, .steps = TEST_STEPS,
        .reversed = 1, .threads = 1, .keep = 1, .order = order, .lengths = lengths,
        .x = room->x, .x_step = TEST_INPUT, .x_row = TEST_STEPS * TEST_INPUT,
        .weight_ih = room->weight_ih, .weight_hh = room->weight_hh, .bias_ih = room->bias, .bias_hh = room->bias,
        .output = room->out.output, .output_step = TEST_HIDDEN, .output_row = TEST_STEPS * TEST_HIDDEN,
        .gates = cell == RNN ? NULL : room->gates, .memory = cell == LSTM || cell == TEXTBOOK_GRU ? room->memory : NULL,
        .d_output = room->d_output, .d_output_step = TEST_HIDDEN, .d_output_row = TEST_STEPS * TEST_HIDDEN,
        .d_x = room->out.d_x, .d_x_step = TEST_INPUT, .d_x_row = TEST_STEPS * TEST_INPUT,
        .d_weight_ih = room->out.d_weight_ih, .d_weight_hh = room->out.d_weight_hh,
        .d_bias_ih = room->out.d_bias_ih, .d_bias_hh = room->out.d_bias_hh,
    };
    return workbench_pass(&q, level, 0) || workbench_pass(&q, level, 1);
}

enum { LINEAR_ROWS = 5, LINEAR_ALL = 14, LINEAR_UNITS = 19 };

/* All that a pass through an elementwise linear recurrence reads and writes; numbers are floats or doubles. */
struct linear_room {
    double a[LINEAR_ALL * 2 * LINEAR_UNITS], b[LINEAR_ALL * 2 * LINEAR_UNITS], first[LINEAR_ROWS * 2 * LINEAR_UNITS];
    double d_h[LINEAR_ALL * 2 * LINEAR_UNITS], d_last[LINEAR_ROWS * 2 * LINEAR_UNITS];
    struct {
        double h[LINEAR_ALL * 2 * LINEAR_UNITS], d_a[LINEAR_ALL * 2 * LINEAR_UNITS], d_b[LINEAR_ALL * 2 * LINEAR_UNITS];
        double d_constant[2 * LINEAR_UNITS], d_first[LINEAR_ROWS * 2 * LINEAR_UNITS];
    } out;
};

/* One kind of it, by the bits of `kind`: complex, of doubles, with a constant decay. */
static void test_linear(struct linear_room *room, int kind, int level) {
    static const int32_t lengths[LINEAR_ROWS] = {4, 4, 3, 2, 1};
    memset(&room->out, 0, sizeof room->out);
    const struct workbench_linear q = {
        .batch = LINEAR_ROWS, .units = LINEAR_UNITS, .steps = 4, .parts = 1,
        .complex = kind & 1, .wide = kind >> 1 & 1, .constant = kind >> 2 & 1, .lengths = lengths,
        .a = room->a, .b = room->b, .first = room->first, .h = room->out.h, .d_h = room->d_h, .d_last = room->d_last,
        .d_a = room->out.d_a, .d_constant = room->out.d_constant, .d_b = room->out.d_b, .d_first = room->out.d_first,
    };
    workbench_linear(&q, level, 0);
    workbench_linear(&q, level, 1);
}

static void test_values(uint32_t *seed, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        values[i] = ((float)(*seed >> 8) / 8388608.0f - 1.0f) * 0.5f;
    }
}

/* Return whether the elementwise linear recurrences of a level are those of the portable one. */
static int test_every_linear(int level) {
    struct linear_room *here = malloc(sizeof *here), *portable = malloc(sizeof *portable);
    int right = here && portable;
    for (int kind = 0; kind < 8 && right; kind++) {
        uint32_t seed = 1;
        const int wide = kind >> 1 & 1;
        const size_t given = offsetof(struct linear_room, out);
        test_values(&seed, (float *)here, given / sizeof(float));
        for (size_t i = 0; wide && i < given / sizeof(double); i++) {
            float value;
            test_values(&seed, &value, 1);
            ((double *)here)[i] = value;
        }
        memcpy(portable, here, sizeof *here);
        test_linear(here, kind, level);
        test_linear(portable, kind, WORKBENCH_PORTABLE);
        const double *sum = here->out.d_constant, *other = portable->out.d_constant;
        for (size_t i = 0; i < 2 * LINEAR_UNITS; i++) right &= sum[i] - other[i] <= 1e-5 && other[i] - sum[i] <= 1e-5;
        memset(here->out.d_constant, 0, sizeof here->out.d_constant);
        memset(portable->out.d_constant, 0, sizeof portable->out.d_constant);
        for (size_t i = 0; i < sizeof here->out / (wide ? sizeof(double) : sizeof(float)); i++) {
            const double a = wide ? ((double *)&here->out)[i] : ((float *)&here->out)[i];
            const double b = wide ? ((double *)&portable->out)[i] : ((float *)&portable->out)[i];
            right &= a - b <= 1e-5 && b - a <= 1e-5;
        }
    }
    free(here);
    free(portable);
    return right;
}

/* Return 0 where the kernels of a level (one bit of workbench_levels) compute what the portable ones do. */
WORKBENCH_API int workbench_self_test(int level) {
    if (!(level & workbench_levels())) return 1;
    struct test_room *here = malloc(sizeof *here), *portable = malloc(sizeof *portable);
    int wrong = !here || !portable;
    if (!wrong) {
        uint32_t seed = 1;
        test_values(&seed, here->x, sizeof here->x / sizeof(float));
        test_values(&seed, here->d_output, sizeof here->d_output / sizeof(float));
        test_values(&seed, here->weight_ih, sizeof here->weight_ih / sizeof(float));
        test_values(&seed, here->weight_hh, sizeof here->weight_hh / sizeof(float));
        test_values(&seed, here->bias, sizeof here->bias / sizeof(float));
        memcpy(portable, here, sizeof *here);
        const float bound = level >= WORKBENCH_AVX512BF16 ? 0.1f : 1e-4f;
        for (int cell = LSTM; cell <= RNN && !wrong; cell++) {
            wrong = test_passes(here, cell, level) || test_passes(portable, cell, WORKBENCH_PORTABLE);
            const float *a = (const float *)&here->out, *b = (const float *)&portable->out;
            for (size_t i = 0; i < sizeof here->out / sizeof(float); i++) {
                const float difference = a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
                if (!(difference <= bound)) wrong = 1;
            }
        }
    }
    free(here);
    free(portable);
    if (level <= WORKBENCH_AVX512 && !wrong) wrong = !test_every_linear(level);
    return wrong;
}
