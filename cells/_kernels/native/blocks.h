/* Blocks of a product with the numbers of rows and vectors known to the compiler, so that it keeps the sums in registers.
 * Included once a level.
 */

#if MR == 6
#define MORE_ROWS(CALL) \
    case 3: CALL(3); break; \
    case 4: CALL(4); break; \
    case 5: CALL(5); break; \
    default: CALL(6); break;
#elif MR == 3
#define MORE_ROWS(CALL) default: CALL(3); break;
#else
#define MORE_ROWS(CALL)
#endif
#define FOR_ROWS(rows, CALL) \
    switch (rows) { \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    MORE_ROWS(CALL) \
    }

FUNCTION void NAME(gate_block)(int rows, int count, const float *bias, const item *const *x, int input, const item *wx,
                               const item *const *h, int hidden, const item *wh, float *out) {
#define SUMS4(n) NAME(gate_sums)(n, 4, bias, x, input, wx, h, hidden, wh, out)
#define SUMS3(n) NAME(gate_sums)(n, 3, bias, x, input, wx, h, hidden, wh, out)
    if (count == 4) {
        FOR_ROWS(rows, SUMS4)
    } else {
        FOR_ROWS(rows, SUMS3)
    }
#undef SUMS4
#undef SUMS3
}

FUNCTION void NAME(product_block)(int rows, int count, const item *const *a, int64_t a_stride, int k, int runs, int64_t stride,
                                  const item *b, float *out) {
    (void)a_stride; /* each row has its own pointer */
#define PLAIN4(n) NAME(plain_product)(n, 4, a, k, runs, stride, b, out)
#define PLAIN3(n) NAME(plain_product)(n, 3, a, k, runs, stride, b, out)
#define PLAIN2(n) NAME(plain_product)(n, 2, a, k, runs, stride, b, out)
#define PLAIN1(n) NAME(plain_product)(n, 1, a, k, runs, stride, b, out)
    switch (count) {
    case 1: FOR_ROWS(rows, PLAIN1) break;
    case 2: FOR_ROWS(rows, PLAIN2) break;
    case 3: FOR_ROWS(rows, PLAIN3) break;
    default: FOR_ROWS(rows, PLAIN4) break;
    }
#undef PLAIN4
#undef PLAIN3
#undef PLAIN2
#undef PLAIN1
}

FUNCTION void NAME(outer_block)(int rows, int count, const item *a, int64_t chunk, const item *b, int k, float *out,
                                int64_t out_stride) {
#define OUTER4(n) NAME(outer_product)(n, 4, a, chunk, b, k, out, out_stride)
#define OUTER3(n) NAME(outer_product)(n, 3, a, chunk, b, k, out, out_stride)
    if (count == 4) {
        FOR_ROWS(rows, OUTER4)
    } else {
        FOR_ROWS(rows, OUTER3)
    }
#undef OUTER4
#undef OUTER3
}

#undef MORE_ROWS
#undef FOR_ROWS
