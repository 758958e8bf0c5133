/* A small sequence of each cell, forward and backward, at one level beside the portable one. */

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

static void test_values(uint32_t *seed, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        values[i] = ((float)(*seed >> 8) / 8388608.0f - 1.0f) * 0.5f;
    }
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
    return wrong;
}
