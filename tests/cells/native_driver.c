/* Calls the kernels over many shapes, with heap buffers of exactly the promised sizes, each level in turn.
 *
 * Linked with kernels.c under AddressSanitizer and UBSan by test_kernel_sanitizers.py: what reads or writes past a
 * buffer, or is undefined, ends the program. Prints the levels that ran; its status is 1 where a self-test failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int workbench_levels(void);
int workbench_openmp(void);
int workbench_self_test(int level);

/* Over the vectors' widths (8, 16, 32 floats), one above and one below them, and the blocks of rows. */
static const int SIZES[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 65};
static const int BATCHES[] = {1, 3, 8, 17};
static const int STEPS[] = {1, 2, 5};
#define EACH(value, of) \
    for (size_t _##value = 0; _##value < sizeof of / sizeof *of && ((value = of[_##value]), 1); _##value++)

/* Return a buffer of exactly so many floats, filled with small numbers; of none: one that nothing may touch. */
static float *drawn(size_t count) {
    static unsigned state = 1;
    float *made = malloc(count * sizeof *made);
    if (!made && count) abort();
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        made[i] = ((float)(state >> 8) / (float)(1u << 24) - 0.5f) * 0.5f;
    }
    return made;
}

/* Return a buffer for results: every bit set, which is NaN. */
static float *unset(size_t count) {
    float *made = drawn(count);
    memset(made, 0xff, count * sizeof *made);
    return made;
}

/* One shape at one level: B rows, T steps, I inputs, H units. The entry points are called here. */
static void run(int level, int batch, int steps, int input, int hidden) {
    (void)level;
    float *x = drawn((size_t)batch * steps * input), *out = unset((size_t)batch * steps * hidden);
    free(x);
    free(out);
}

int main(void) {
    const int levels = workbench_levels();
    int batch = 0, steps = 0, input = 0, hidden = 0, wrong = 0;
    for (int level = 1; level <= levels; level <<= 1) {
        if (!(levels & level)) continue;
        if (workbench_self_test(level)) wrong = 1;
        EACH(batch, BATCHES)
        EACH(steps, STEPS)
        EACH(input, SIZES)
        EACH(hidden, SIZES) run(level, batch, steps, input, hidden);
        printf("%d %s\n", level, wrong ? "wrong" : "right");
    }
    return wrong;
}
