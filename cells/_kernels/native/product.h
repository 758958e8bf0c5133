/* Products in float32: a block of up to MR rows by up to four vectors of columns. Included once a level. */

typedef float item; /* what products multiply */
#define DEPTH(k) (k)      /* terms of a product, with those that fill it up */
#define PLACE(i, j, columns) ((int64_t)(i) * (columns) + (j)) /* of term i of column j in a packed panel */
#define TERMS 1           /* of a column that lie side by side */
#define TURNED 0
#define WHOLE_BLOCKS(rows) ((size_t)(rows))
#define BEGIN_PRODUCTS
#define END_PRODUCTS

INLINE item NAME(item_of)(float value) { return value; }

/* Room for operands that are not read where they lie: none. */
static inline item *NAME(item_room)(int rows, int64_t width) { return calloc(1 + 0 * rows * width, sizeof(item)); }

/* Return a row of values as an operand. */
INLINE const item *NAME(operand)(const float *values, int count, item *room) {
    (void)count, (void)room;
    return values;
}

/* Gate gradients of a panel, (k,PANEL), as the outer product's second operand: they are, in `grads`. */
INLINE const item *NAME(panel_operand)(const float *grads, const item *room) {
    (void)room;
    return grads;
}
INLINE void NAME(write_panel)(const float *grads, int k, item *room) { (void)grads, (void)k, (void)room; }

/* Gate gradients of a step's rows as operands of a product: where they lie, `apart` from panel to panel. */
INLINE const item *NAME(row_operands)(const float *grads, int64_t panels_apart, int first, int end, int columns, int rows,
                                      item *room, int64_t *apart, int64_t *row_apart) {
    (void)first, (void)end, (void)columns, (void)rows, (void)room;
    *apart = panels_apart;
    *row_apart = PANEL;
    return grads;
}

/* Turn collected rows into blocks of inputs: they are, (blocks, chunk, MR). */
INLINE void NAME(turn)(const item *rows, int blocks, int chunk, int filled, item *inputs) {
    (void)rows, (void)blocks, (void)chunk, (void)filled, (void)inputs;
}

/* Put one row's values into the blocks of inputs from `block` on; return the block after them. */
FUNCTION int NAME(collect)(item *inputs, int blocks, int chunk, int block, const float *values, int count, int row) {
    (void)blocks;
    for (int j = 0; j < count; j += MR, block++) {
        item *to = inputs + ((int64_t)block * chunk + row) * MR;
        const int n = smaller(MR, count - j);
        for (int i = 0; i < n; i++) to[i] = values[j + i];
    }
    return block;
}

/* Add a·b to rows of accumulators: a row of `a` has `runs` runs of k floats, `stride` apart; b is (runs·k, count·VL). */
INLINE void NAME(add_product)(const int rows, const int count, const int from, vf sums[MR][4], const float *const *a, int k,
                              int runs, int64_t stride, const float *b) {
    for (int run = 0; run < runs; run++) {
        const float *row[MR];
        for (int r = 0; r < rows; r++) row[r] = a[r] + run * stride;
        for (int i = 0; i < k; i++, b += count * VL) {
            vf given[MR];
            for (int r = 0; r < rows; r++) given[r] = NAME(all)(row[r][i]);
            for (int v = 0; v < count; v++) {
                const vf w = NAME(load)(b + v * VL);
                for (int r = 0; r < rows; r++) sums[r][from + v] += given[r] * w;
            }
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

/* out (rows,count·VL) += aᵀ·b over k examples: a (k,MR) and b (k,PANEL). */
INLINE void NAME(outer_product)(const int rows, const int count, const float *a, int64_t chunk, const float *b, int k,
                                float *out, int64_t out_stride) {
    (void)chunk;
    vf sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) sums[r][v] = NAME(load)(out + r * out_stride + v * VL);
    for (int i = 0; i < k; i++, a += MR, b += PANEL) {
        vf given[MR];
        for (int r = 0; r < rows; r++) given[r] = NAME(all)(a[r]);
        for (int v = 0; v < count; v++) {
            const vf w = NAME(load)(b + v * VL);
            for (int r = 0; r < rows; r++) sums[r][v] += given[r] * w;
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) NAME(store)(out + r * out_stride + v * VL, sums[r][v]);
}
