/* The products that everything rests on: a block of up to MR rows by up to four vectors of columns. Included once a level. */

#define PANEL (4 * VL)

/* Add a·b to rows of accumulators: a row of `a` has `runs` runs of k floats, `stride` apart; b is (runs·k, count·VL). */
INLINE void NAME(add_product)(const int rows, const int count, const int from, vf sums[MR][4], const float *const *a, int k,
                              int runs, int64_t stride, const float *b) {
    for (int run = 0; run < runs; run++) {
        const float *row[MR];
        for (int r = 0; r < rows; r++) row[r] = a[r] + run * stride;
        for (int i = 0; i < k; i++, b += count * VL) {
            vf w[4];
            for (int v = 0; v < count; v++) w[v] = NAME(load)(b + v * VL);
            for (int r = 0; r < rows; r++)
                for (int v = 0; v < count; v++) sums[r][from + v] += row[r][i] * w[v];
        }
    }
}

/* out (rows,PANEL) = bias + x·wx + h·wh. The products may leave out the last or the first vector of the panel (GRU). */
INLINE void NAME(gate_sums)(const int rows, const int count, const float *bias, const float *const *x, int input,
                            const float *wx, const float *const *h, int hidden, const float *wh, float *out) {
    vf sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) sums[r][v] = NAME(load)(bias + v * VL);
    NAME(add_product)(rows, count, 0, sums, x, input, 1, 0, wx);
    NAME(add_product)(rows, count, 4 - count, sums, h, hidden, 1, 0, wh);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) NAME(store)(out + r * PANEL + v * VL, sums[r][v]);
}

/* out (rows,count·VL), rows PANEL apart = a·b. */
INLINE void NAME(plain_product)(const int rows, const int count, const float *const *a, int k, int runs, int64_t stride,
                                const float *b, float *out) {
    vf sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) sums[r][v] = NAME(all)(0);
    NAME(add_product)(rows, count, 0, sums, a, k, runs, stride, b);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) NAME(store)(out + r * PANEL + v * VL, sums[r][v]);
}

/* out (rows,count·VL) += aᵀ·b over k examples: a (k,rows) and b (k,count·VL), their rows `a_stride` and `b_stride` apart. */
INLINE void NAME(outer_product)(const int rows, const int count, const float *a, int64_t a_stride, const float *b,
                                int64_t b_stride, int k, float *out, int64_t out_stride) {
    vf sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) sums[r][v] = NAME(load)(out + r * out_stride + v * VL);
    for (int i = 0; i < k; i++, a += a_stride, b += b_stride) {
        vf w[4];
        for (int v = 0; v < count; v++) w[v] = NAME(load)(b + v * VL);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < count; v++) sums[r][v] += a[r] * w[v];
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) NAME(store)(out + r * out_stride + v * VL, sums[r][v]);
}

/* The functions above with the numbers of rows and vectors known to the compiler: it keeps the sums in registers. */
#define FOR_ROWS(rows, CALL) \
    switch (rows) { \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    case 3: CALL(3); break; \
    MORE_ROWS(CALL) \
    }

FUNCTION void NAME(gate_block)(int rows, int count, const float *bias, const float *const *x, int input, const float *wx,
                               const float *const *h, int hidden, const float *wh, float *out) {
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

FUNCTION void NAME(product_block)(int rows, int count, const float *const *a, int k, int runs, int64_t stride, const float *b,
                                  float *out) {
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

FUNCTION void NAME(outer_block)(int rows, int count, const float *a, int64_t a_stride, const float *b, int64_t b_stride, int k,
                                float *out, int64_t out_stride) {
#define OUTER4(n) NAME(outer_product)(n, 4, a, a_stride, b, b_stride, k, out, out_stride)
#define OUTER3(n) NAME(outer_product)(n, 3, a, a_stride, b, b_stride, k, out, out_stride)
    if (count == 4) {
        FOR_ROWS(rows, OUTER4)
    } else {
        FOR_ROWS(rows, OUTER3)
    }
#undef OUTER4
#undef OUTER3
}
