/* Whole-sequence recurrences, forward and backward, one call a layer and direction, in plain C: no header of Python's or
 * torch's.
 *
 * One translation unit: the other parts are included. Built by compiler.py, called by ctypes. Everything in level.h is
 * compiled once for each kind of vector instructions. The Python cells are the reference.
 */
#include "levels.h"
#include "linear.h"
#include "sequence.h"

#if WORKBENCH_X86
#include <immintrin.h>
#endif
#ifdef WORKBENCH_TILES_EMULATED /* a test's stand-in for AMX, in its own file */
#include WORKBENCH_TILES_EMULATED
#endif

/* Threads that a pass is shared out to: each has whole blocks of rows. */
static int parts_of(const struct workbench_sequence *q, int block) {
    const int most = whole(q->batch, block);
    return q->threads < 1 ? 1 : smaller(q->threads, most);
}

/* As many parts as have room for `floats` each in half a gigabyte, at least one. */
static int fewer_parts(int parts, size_t floats) {
    const size_t fit = ((size_t)1 << 27) / (floats + 1);
    return fit < 1 ? 1 : fit < (size_t)parts ? (int)fit : parts;
}

/* First sorted row of a part: parts have about as many steps, and whole blocks of rows. */
static int part_begin(const struct workbench_sequence *q, int part, int parts, int block) {
    if (part <= 0) return 0;
    if (part >= parts) return q->batch;
    int64_t all = 0, sum = 0;
    for (int r = 0; r < q->batch; r++) all += q->lengths[r];
    int row = 0;
    while (row < q->batch && sum * parts < all * part) sum += q->lengths[row++];
    return smaller((row + block / 2) / block * block, q->batch);
}

#define LEVEL portable
#define VL 4
#if defined(__aarch64__)
#define MR 6
#else
#define MR 2
#endif
#define LOWERED 0
#define TARGET
#include "level.h"

#if WORKBENCH_HAS_AVX2
#define LEVEL avx2
#define VL 8
#define MR 3
#define LOWERED 0
#define TARGET WORKBENCH_TARGET_AVX2
#include "level.h"
#endif

#if WORKBENCH_HAS_AVX512
#define LEVEL avx512
#define VL 16
#define MR 6
#define LOWERED 0
#define TARGET WORKBENCH_TARGET_AVX512
#include "level.h"
#endif

#if WORKBENCH_HAS_AVX512BF16
#define LEVEL avx512bf16
#define VL 16
#define MR 6
#define LOWERED 1
#define TILES 0
#define TARGET WORKBENCH_TARGET_AVX512BF16
#include "level.h"
#endif

#if WORKBENCH_HAS_AMX || defined(WORKBENCH_TILES_EMULATED)
#define LEVEL amx
#define VL 16
#define MR 16
#define LOWERED 1
#define TILES 1
#ifdef WORKBENCH_TILES_EMULATED
#define TARGET WORKBENCH_TARGET_AVX512
#else
#define TARGET WORKBENCH_TARGET_AMX
#endif
#include "level.h"
#endif

static int vector_floats(int level) { return level >= WORKBENCH_AVX512 ? 16 : level == WORKBENCH_AVX2 ? 8 : 4; }

/* Return the floats that are kept of each of the M steps, as `gates` or else as `memory`. */
WORKBENCH_API int64_t workbench_kept(int cell, int hidden, int level, int memory) {
    const struct layout a = layout_of(cell, hidden, vector_floats(level));
    if (memory) return cell == LSTM || cell == TEXTBOOK_GRU ? a.units : 0;
    return cell == RNN ? 0 : a.columns;
}

/* Return the bytes of the description of a sequence, which the caller's must have. */
WORKBENCH_API int workbench_sequence_bytes(void) { return sizeof(struct workbench_sequence); }

/* Compute a pass at a level, forward or backward; return 0, or -1 where there is no memory for it. */
WORKBENCH_API int workbench_pass(const struct workbench_sequence *q, int level, int backward) {
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
#if WORKBENCH_HAS_AMX || defined(WORKBENCH_TILES_EMULATED)
        case WORKBENCH_AMX: failed = backward ? run_backward_amx(q, &places) : run_forward_amx(q, &places); break;
#endif
#if WORKBENCH_HAS_AVX512BF16
        case WORKBENCH_AVX512BF16:
            failed = backward ? run_backward_avx512bf16(q, &places) : run_forward_avx512bf16(q, &places);
            break;
#endif
#if WORKBENCH_HAS_AVX512
        case WORKBENCH_AVX512: failed = backward ? run_backward_avx512(q, &places) : run_forward_avx512(q, &places); break;
#endif
#if WORKBENCH_HAS_AVX2
        case WORKBENCH_AVX2: failed = backward ? run_backward_avx2(q, &places) : run_forward_avx2(q, &places); break;
#endif
        default: failed = backward ? run_backward_portable(q, &places) : run_forward_portable(q, &places); break;
        }
    }
    free(alive);
    free(offset);
    return failed ? -1 : 0;
}

/* Return the bytes of the description of an elementwise linear recurrence. */
WORKBENCH_API int workbench_linear_bytes(void) { return sizeof(struct workbench_linear); }

/* Compute a pass of an elementwise linear recurrence at a level, forward or backward. It takes no memory. */
WORKBENCH_API void workbench_linear(const struct workbench_linear *q, int level, int backward) {
    switch (level) {
#if WORKBENCH_HAS_AVX512
    case WORKBENCH_AVX512: run_linear_avx512(q, backward); break;
#endif
#if WORKBENCH_HAS_AVX2
    case WORKBENCH_AVX2: run_linear_avx2(q, backward); break;
#endif
    default: run_linear_portable(q, backward); break;
    }
}

#include "self_test.h"
