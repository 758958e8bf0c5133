/* Whole-sequence kernels of the recurrences: forward and backward, one call a layer and direction.
 *
 * One translation unit in plain C, without torch's or Python's headers. Everything in level.h is compiled once for each
 * kind of vector arithmetic; which one runs is chosen by the CPU at hand. The Python cells are the reference.
 */
#include "sequence.h"

/* Threads that a pass is shared out to: each has whole blocks of rows. */
static int parts_of(const struct workbench_sequence *q, int block) {
    const int most = whole(q->batch, block);
    return q->threads < 1 ? 1 : smaller(q->threads, most);
}

/* First sorted row of a part: parts have about as many steps, and whole blocks of rows. */
static int part_begin(const struct workbench_sequence *q, int part, int parts, int block) {
    if (part <= 0) return 0;
    if (part >= parts) return q->batch;
    int64_t all = 0, sum = 0;
    for (int r = 0; r < q->batch; r++) all += q->lengths[r];
    int row = 0;
    while (row < q->batch && sum * parts < all * part) sum += q->lengths[row++];
    const int rounded = (row + block / 2) / block * block;
    return smaller(rounded, q->batch);
}

#define LEVEL portable
#define VL 4
#define MR 3
#define MORE_ROWS(CALL)
#define LOWERED 0
#define TARGET
#include "level.h"

#if defined(__x86_64__)
#define LEVEL avx2
#define VL 8
#define MR 3
#define MORE_ROWS(CALL)
#define LOWERED 0
#define TARGET __attribute__((target("avx2,fma")))
#include "level.h"

#define LEVEL avx512
#define VL 16
#define MR 6
#define MORE_ROWS(CALL) \
    case 4: CALL(4); break; \
    case 5: CALL(5); break; \
    case 6: CALL(6); break;
#define LOWERED 0
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#include "level.h"
#endif

enum { PORTABLE = 1, AVX2 = 2, AVX512 = 4 };

static int vector_floats(int level) { return level >= AVX512 ? 16 : level == AVX2 ? 8 : 4; }

/* Return the floats that are kept for each of the M steps: `gates` or else `memory`. */
int64_t workbench_kept(int cell, int hidden, int level, int memory) {
    const struct layout a = layout_of(cell, hidden, vector_floats(level));
    if (memory) return cell == LSTM || cell == TEXTBOOK_GRU ? a.units : 0;
    return cell == RNN ? 0 : a.columns;
}

/* Compute a pass, forward or backward; returns 0, or -1 where there is no memory for it. */
int workbench_pass(const struct workbench_sequence *q, int level, int backward) {
    int *alive = malloc(((size_t)q->steps + 1) * sizeof(int));
    int64_t *offset = malloc(((size_t)q->steps + 1) * sizeof(int64_t));
    int failed = !alive || !offset;
    if (!failed) {
        int64_t sum = 0;
        int rows = q->batch;
        for (int s = 0; s < q->steps; s++) {
            while (rows > 0 && q->lengths[rows - 1] <= s) rows--;
            alive[s] = rows;
            offset[s] = sum;
            sum += rows;
        }
        const struct places places = {alive, offset};
        switch (level) {
#if defined(__x86_64__)
        case AVX512: failed = backward ? run_backward_avx512(q, &places) : run_forward_avx512(q, &places); break;
        case AVX2: failed = backward ? run_backward_avx2(q, &places) : run_forward_avx2(q, &places); break;
#endif
        default: failed = backward ? run_backward_portable(q, &places) : run_forward_portable(q, &places); break;
        }
    }
    free(alive);
    free(offset);
    return failed ? -1 : 0;
}
