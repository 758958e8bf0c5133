/* Calls the kernels over many shapes, with heap buffers of exactly the promised sizes, each level in turn.
 *
 * Linked with kernels.c under AddressSanitizer and UBSan by test_kernel_sanitizers.py: what reads or writes past a
 * buffer, or is undefined, ends the program. Every result must be a number, and results begin as NaN, so that what is
 * not written is found as well. Prints the levels that ran and the number of their passes; its status is 1 where a
 * result or a self-test was wrong.
 */
#include "linear.h"
#include "sequence.h"

#include <stdio.h>

int workbench_levels(void);
int workbench_self_test(int level);
int64_t workbench_kept(int cell, int hidden, int level, int memory);
int workbench_pass(const struct workbench_sequence *q, int level, int backward);
void workbench_linear(const struct workbench_linear *q, int level, int backward);

/* Over the vectors' widths (4, 8, 16 floats) and panels (four of them), one above and one below, and blocks of rows. */
static const int SIZES[] = {1, 3, 8, 15, 17, 33, 65};
static const int BATCHES[] = {1, 6, 17};
static const int STEPS[] = {1, 3};
#define EACH(value, of) \
    for (size_t _##value = 0; _##value < sizeof of / sizeof *of && ((value = of[_##value]), 1); _##value++)

static unsigned state = 1;

static unsigned next(void) {
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* All buffers of a pass, to be freed together. */
static void *taken[64];
static int count_taken;

static void *take(size_t bytes) {
    void *made = malloc(bytes);
    if ((!made && bytes) || count_taken == 64) abort();
    return taken[count_taken++] = made;
}

/* Return a buffer of exactly so many floats, filled with small numbers. */
static float *drawn(size_t count) {
    float *made = take(count * sizeof *made);
    for (size_t i = 0; i < count; i++) made[i] = ((float)next() / (float)(1u << 24) - 0.5f) * 0.5f;
    return made;
}

/* Results, which must all be written. */
static struct {
    float *values;
    size_t count;
} results[16];
static int count_results;

/* Return a buffer for results: every bit set, which is NaN. */
static float *unset(size_t count) {
    float *made = take(count * sizeof *made);
    memset(made, 0xff, count * sizeof *made);
    results[count_results].values = made;
    results[count_results++].count = count;
    return made;
}

static int written(void) {
    for (int k = 0; k < count_results; k++)
        for (size_t i = 0; i < results[k].count; i++)
            if (!(results[k].values[i] > -1e9f && results[k].values[i] < 1e9f)) return 0;
    return 1;
}

/* Return a batch (B,T,width) whose padding is NaN. */
static float *spoilt(const struct workbench_sequence *q, float *values, size_t width) {
    for (int r = 0; r < q->batch; r++) {
        float *row = values + (size_t)q->order[r] * q->time * width;
        memset(row + q->lengths[r] * width, 0xff, (q->time - q->lengths[r]) * width * sizeof *values);
    }
    return values;
}

/* A buffer or, where its bit of `missing` is set, none. */
#define MAY(bit, buffer) (missing >> (bit) & 1 ? NULL : (buffer))

/* One shape of a cell at one level, forward and backward; what is missing and kept goes by the bits of `missing`.
 * Returns whether all that was asked for was written. */
static int run(int level, int cell, int batch, int steps, int input, int hidden, unsigned missing) {
    const size_t rows = (size_t)batch * hidden, weights = (cell == LSTM ? 4 : cell == RNN ? 1 : 3) * (size_t)hidden;
    struct workbench_sequence q = {
        .cell = cell, .batch = batch, .time = steps + (missing >> 12 & 1), .input = input, .hidden = hidden, .steps = steps,
        .reversed = missing >> 13 & 1, .threads = 1 + (missing >> 14 & 1), .keep = 1,
    };
    int32_t *order = take(batch * sizeof *order), *lengths = take(batch * sizeof *lengths);
    int64_t all = 0;
    for (int r = 0; r < batch; r++) {
        order[r] = (r * 5 + 2) % batch; /* 5 divides no batch: a permutation */
        lengths[r] = r == 0 ? steps : (int)(next() % lengths[r - 1]) + 1;
        if (missing >> 15 & 1) lengths[r] = steps;
        all += lengths[r];
    }
    q.order = order, q.lengths = lengths;
    const size_t places = (size_t)batch * q.time;
    q.x = spoilt(&q, drawn(places * input), input), q.x_step = input, q.x_row = (int64_t)q.time * input;
    q.weight_ih = drawn(weights * input), q.weight_hh = drawn(weights * hidden);
    q.bias_ih = MAY(0, drawn(weights)), q.bias_hh = MAY(1, drawn(weights));
    q.h0 = MAY(2, drawn(rows)), q.c0 = cell == LSTM ? MAY(3, drawn(rows)) : NULL;
    q.output = unset(places * hidden), q.output_step = hidden, q.output_row = (int64_t)q.time * hidden;
    q.h_last = MAY(4, unset(rows)), q.c_last = cell == LSTM ? MAY(5, unset(rows)) : NULL;
    const size_t gates = workbench_kept(cell, hidden, level, 0) * all, memory = workbench_kept(cell, hidden, level, 1) * all;
    int right = 1;
    for (q.keep = 0; q.keep < 2; q.keep++) {
        q.gates = q.keep && gates ? take(gates * sizeof(float)) : NULL;
        q.memory = q.keep && memory ? take(memory * sizeof(float)) : NULL;
        if (workbench_pass(&q, level, 0) || !written()) right = 0;
    }
    q.keep = 1;
    q.d_output = MAY(6, spoilt(&q, drawn(places * hidden), hidden)), q.d_output_step = hidden, q.d_output_row = (int64_t)q.time * hidden;
    q.d_h_last = MAY(4, drawn(rows)), q.d_c_last = cell == LSTM ? MAY(5, drawn(rows)) : NULL;
    q.d_x = MAY(7, unset(places * input)), q.d_x_step = input, q.d_x_row = (int64_t)q.time * input;
    q.d_weight_ih = MAY(8, unset(weights * input)), q.d_weight_hh = MAY(9, unset(weights * hidden));
    q.d_bias_ih = MAY(10, unset(weights)), q.d_bias_hh = cell == TEXTBOOK_GRU ? NULL : MAY(11, unset(weights));
    q.d_h0 = MAY(2, unset(rows)), q.d_c0 = cell == LSTM ? MAY(3, unset(rows)) : NULL;
    if (workbench_pass(&q, level, 1) || !written()) right = 0;
    while (count_taken) free(taken[--count_taken]);
    count_results = 0;
    return right;
}

/* Return a buffer of so many numbers of a kind, small ones or, as results, every bit set; it is `wide` if of doubles. */
static void *numbers(int wide, size_t count, int given) {
    if (!wide) return given ? drawn(count) : unset(count);
    double *made = take(count * sizeof *made);
    memset(made, 0xff, count * sizeof *made);
    for (size_t i = 0; given && i < count; i++) made[i] = (double)next() / (double)(1u << 24) - 0.5;
    return made;
}

static int doubles_written(const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(values[i] > -1e9 && values[i] < 1e9)) return 0;
    return 1;
}

/* An elementwise linear recurrence at one level, forward and backward; its kind goes by the low bits of `kind`, what is
 * missing and the number of parts by others. Returns whether all that was asked for was written. */
static int run_linear(int level, int batch, int steps, int units, unsigned kind) {
    struct workbench_linear q = {
        .batch = batch, .units = units, .steps = steps, .parts = kind >> 3 & 1 ? (batch < 3 ? batch : 3) : 1,
        .complex = kind & 1, .wide = kind >> 1 & 1, .constant = kind >> 2 & 1,
    };
    int32_t *lengths = take(batch * sizeof *lengths);
    size_t all = 0;
    for (int r = 0; r < batch; r++) all += lengths[r] = r == 0 || kind >> 4 & 1 ? steps : (int)(next() % lengths[r - 1]) + 1;
    q.lengths = lengths;
    const size_t width = (size_t)units * (1 + q.complex), each = all * width, rows = batch * width;
    q.a = numbers(q.wide, q.constant ? width : each, 1), q.b = numbers(q.wide, each, 1), q.first = numbers(q.wide, rows, 1);
    q.h = numbers(q.wide, each, 0);
    workbench_linear(&q, level, 0);
    q.d_h = kind >> 5 & 1 ? NULL : numbers(q.wide, each, 1), q.d_last = kind >> 6 & 1 ? NULL : numbers(q.wide, rows, 1);
    q.d_a = q.constant ? NULL : numbers(q.wide, each, 0), q.d_b = numbers(q.wide, each, 0);
    q.d_constant = q.constant ? numbers(1, q.parts * width, 0) : NULL;
    q.d_first = numbers(q.wide, rows, 0);
    workbench_linear(&q, level, 1);
    int right = written() && (!q.constant || doubles_written(q.d_constant, q.parts * width));
    if (q.wide)
        right &= doubles_written(q.h, each) && doubles_written(q.d_b, each) && doubles_written(q.d_first, rows) &&
                 (q.constant || doubles_written(q.d_a, each));
    while (count_taken) free(taken[--count_taken]);
    count_results = 0;
    return right;
}

int main(void) {
    int levels = workbench_levels(), all_right = 1;
    const int own = levels;
#ifdef WORKBENCH_TILES_EMULATED
    if (levels & 4) levels |= 16; /* AVX-512 is what its other instructions are of */
#endif
    int batch = 0, steps = 0, hidden = 0;
    for (int level = 1; level <= levels; level <<= 1) {
        if (!(levels & level)) continue;
        int right = !(own & level) || workbench_self_test(level) == 0, passes = 0;
        EACH(batch, BATCHES)
        EACH(steps, STEPS)
        EACH(hidden, SIZES)
        for (int cell = LSTM; cell <= RNN; cell++) {
            const int input = SIZES[next() % (sizeof SIZES / sizeof *SIZES)];
            const unsigned missing = passes % 3 ? next() : next() & 0xf000; /* nothing missing in every third */
            if (!run(level, cell, batch, steps, input, hidden, missing)) {
                printf("level %d cell %d: B %d T %d I %d H %d, missing %#x\n", level, cell, batch, steps, input, hidden, missing);
                right = 0;
            }
            passes++;
        }
        EACH(batch, BATCHES)
        EACH(steps, STEPS)
        EACH(hidden, SIZES)
        for (unsigned kind = 0; kind < 8 && level <= 4; kind++) {
            const unsigned form = kind | (next() & 0x78);
            if (!run_linear(level, batch, steps, hidden, form)) {
                printf("level %d linear: B %d T %d N %d, form %#x\n", level, batch, steps, hidden, form);
                right = 0;
            }
            passes++;
        }
        printf("%d %s, %d shapes\n", level, right ? "right" : "wrong", passes);
        all_right &= right;
    }
    return !all_right;
}
