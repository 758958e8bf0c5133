/* Products of bfloat16 with sums in float32: by AVX-512 BF16, a block of up to 6 rows, or by AMX, of up to 16.
 * Included once a level.
 *
 * An operand's terms lie in pairs: a packed panel is (k/2, columns, 2). Depths are filled up with zeros.
 */

typedef uint16_t item;
typedef int32_t NAME(pair) __attribute__((aligned(2), may_alias));
#if TILES
#define DEPTH(k) (whole(k, 32) * 32)
#else
#define DEPTH(k) (whole(k, 2) * 2)
#endif
#define PLACE(i, j, columns) (((int64_t)(i) / 2 * (columns) + (j)) * 2 + (i) % 2)
#define TERMS 2
#define TURNED 1 /* inputs are collected row by row and turned before they are multiplied */
#define WHOLE_BLOCKS(rows) ((size_t)whole(rows, MR) * MR)

/* Round to the nearest bfloat16, ties to even; NaN stays NaN. */
INLINE item NAME(item_of)(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return 0x7fc0;
    return (item)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/* The same of a vector, each in the low half of its place. */
INLINE vi NAME(items_of)(vf values) {
    typedef uint32_t unsigned_vector __attribute__((vector_size(4 * VL)));
    const unsigned_vector bits = (unsigned_vector)values;
    const vi rounded = (vi)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16), number = values == values;
    return (rounded & number) | (0x7fc0 & ~number);
}

static inline item *NAME(item_room)(int rows, int64_t width) { return calloc(WHOLE_BLOCKS(rows) * (size_t)width + 1, sizeof(item)); }

/* Write a row of values as an operand and return it; what fills it up stays zero. */
INLINE const item *NAME(operand)(const float *values, int count, item *room) {
    typedef uint16_t halves __attribute__((vector_size(2 * VL), aligned(2), may_alias));
    int j = 0;
    for (; j + VL <= count; j += VL) *(halves *)(room + j) = __builtin_convertvector(NAME(items_of)(NAME(load)(values + j)), halves);
    for (; j < count; j++) room[j] = NAME(item_of)(values[j]);
    return room;
}

/* Gate gradients of a panel, (k,PANEL), as the outer product's second operand: (k/2,PANEL,2) in `room`. */
INLINE const item *NAME(panel_operand)(const float *grads, const item *room) {
    (void)grads;
    return room;
}
FUNCTION void NAME(write_panel)(const float *grads, int k, item *room) {
    for (int i = 0; i < DEPTH(k); i += 2)
        for (int v = 0; v < PANEL; v += VL) {
            const vf none = NAME(all)(0), even = i < k ? NAME(load)(grads + (int64_t)i * PANEL + v) : none;
            const vf odd = i + 1 < k ? NAME(load)(grads + (int64_t)(i + 1) * PANEL + v) : none;
            *(vi *)(room + (int64_t)i * PANEL + 2 * v) = NAME(items_of)(even) | NAME(items_of)(odd) << 16;
        }
}

/* Gate gradients of a step's rows as operands of a product, (rows,columns): those of panels `first` to `end`. */
FUNCTION const item *NAME(row_operands)(const float *grads, int64_t panels_apart, int first, int end, int columns, int rows,
                                        item *room, int64_t *apart, int64_t *row_apart) {
    for (int r = 0; r < rows; r++)
        for (int p = first; p < end; p++)
            NAME(operand)(grads + p * panels_apart + r * PANEL, PANEL, room + (int64_t)r * columns + p * PANEL);
    *apart = PANEL;
    *row_apart = columns;
    return room;
}

/* Turn the collected rows (chunk, blocks·MR) into blocks of inputs (blocks·MR, chunk), filled up to a whole depth. */
FUNCTION void NAME(turn)(const item *rows, int blocks, int chunk, int filled, item *inputs) {
    const int64_t width = (int64_t)blocks * MR;
    for (int64_t block = 0; block < width; block += MR)
        for (int k = 0; k < DEPTH(filled); k += 2)
            for (int64_t i = block; i < block + MR; i++) {
                const uint32_t even = k < filled ? rows[k * width + i] : 0, odd = k + 1 < filled ? rows[(k + 1) * width + i] : 0;
                *(NAME(pair) *)(inputs + i * chunk + k) = (int32_t)(even | odd << 16);
            }
}

/* Put one row's values into its place among the collected rows, from `block` on; return the block after them. */
FUNCTION int NAME(collect)(item *rows, int blocks, int chunk, int block, const float *values, int count, int row) {
    (void)chunk;
    NAME(operand)(values, count, rows + ((int64_t)row * blocks + block) * MR);
    return block + whole(count, MR);
}

#if TILES

/* Sums (16,count·16) in tiles 0 to 3, an operand's rows in tile 4, panels in tiles 5 and 6. */
FUNCTION void NAME(begin_tiles)(void) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        shape.bytes[tile] = 64;
        shape.rows[tile] = 16;
    }
    _tile_loadconfig(&shape);
}
#define BEGIN_PRODUCTS NAME(begin_tiles)();
#define END_PRODUCTS _tile_release();

INLINE void NAME(load_sums)(int count, const float *sums, int64_t stride) {
    _tile_loadd(0, sums, stride * 4);
    if (count > 1) _tile_loadd(1, sums + VL, stride * 4);
    if (count > 2) _tile_loadd(2, sums + 2 * VL, stride * 4);
    if (count > 3) _tile_loadd(3, sums + 3 * VL, stride * 4);
}

INLINE void NAME(store_sums)(int count, float *sums, int64_t stride) {
    _tile_stored(0, sums, stride * 4);
    if (count > 1) _tile_stored(1, sums + VL, stride * 4);
    if (count > 2) _tile_stored(2, sums + 2 * VL, stride * 4);
    if (count > 3) _tile_stored(3, sums + 3 * VL, stride * 4);
}

/* Add a·b to `count` tiles from `from` on: a (16,k), its rows `a_stride` apart, b packed (k/2, b_columns, 2). */
INLINE void NAME(add_tiles)(const int count, const int from, const item *a, int64_t a_stride, int k, const item *b, int b_columns) {
    for (int i = 0; i < k; i += 32, b += 32 * (int64_t)b_columns) {
        _tile_loadd(4, a + i, a_stride * 2);
        _tile_loadd(5, b, b_columns * 4);
        if (from == 0) _tile_dpbf16ps(0, 4, 5);
        else _tile_dpbf16ps(1, 4, 5);
        if (count > 1) {
            _tile_loadd(6, b + 2 * VL, b_columns * 4);
            if (from == 0) _tile_dpbf16ps(1, 4, 6);
            else _tile_dpbf16ps(2, 4, 6);
        }
        if (count > 2) {
            _tile_loadd(5, b + 4 * VL, b_columns * 4);
            if (from == 0) _tile_dpbf16ps(2, 4, 5);
            else _tile_dpbf16ps(3, 4, 5);
        }
        if (count > 3) {
            _tile_loadd(6, b + 6 * VL, b_columns * 4);
            _tile_dpbf16ps(3, 4, 6);
        }
    }
}

FUNCTION void NAME(gate_block)(int rows, int count, const float *bias, const item *const *x, int input, const item *wx,
                               const item *const *h, int hidden, const item *wh, float *out) {
    (void)rows; /* the rows that fill a block up are computed too */
    NAME(load_sums)(4, bias, 0);
    if (count == 4) {
        NAME(add_tiles)(4, 0, x[0], input, input, wx, 4 * VL);
        NAME(add_tiles)(4, 0, h[0], hidden, hidden, wh, 4 * VL);
    } else {
        NAME(add_tiles)(3, 0, x[0], input, input, wx, 3 * VL);
        NAME(add_tiles)(3, 1, h[0], hidden, hidden, wh, 3 * VL);
    }
    NAME(store_sums)(4, out, PANEL);
}

FUNCTION void NAME(product_block)(int rows, int count, const item *const *a, int64_t a_stride, int k, int runs, int64_t stride,
                                  const item *b, float *out) {
    (void)rows, (void)stride; /* the runs lie side by side */
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    switch (count) {
    case 1: NAME(add_tiles)(1, 0, a[0], a_stride, k * runs, b, VL); break;
    case 2: NAME(add_tiles)(2, 0, a[0], a_stride, k * runs, b, 2 * VL); break;
    case 3: NAME(add_tiles)(3, 0, a[0], a_stride, k * runs, b, 3 * VL); break;
    default: NAME(add_tiles)(4, 0, a[0], a_stride, k * runs, b, 4 * VL); break;
    }
    NAME(store_sums)(4, out, PANEL);
}

FUNCTION void NAME(outer_block)(int rows, int count, const item *a, int64_t chunk, const item *b, int k, float *out,
                                int64_t out_stride) {
    float part[MR * PANEL], *sums = rows == MR ? out : part;
    const int64_t stride = rows == MR ? out_stride : PANEL;
    for (int r = 0; r < rows && sums != out; r++) memcpy(sums + r * stride, out + r * out_stride, count * VL * sizeof(float));
    NAME(load_sums)(count, sums, stride);
    if (count == 4) NAME(add_tiles)(4, 0, a, chunk, k, b, PANEL);
    else NAME(add_tiles)(3, 0, a, chunk, k, b, PANEL);
    NAME(store_sums)(count, sums, stride);
    for (int r = 0; r < rows && sums != out; r++) memcpy(out + r * out_stride, sums + r * stride, count * VL * sizeof(float));
}

#else

#define BEGIN_PRODUCTS
#define END_PRODUCTS

/* Add a·b to rows of sums: a row of `a` has k terms, b is packed (k/2, b_columns, 2). */
INLINE void NAME(add_product)(const int rows, const int count, const int from, __m512 sums[MR][4], const item *const *a, int k,
                              const item *b, int b_columns) {
    const item *row[MR];
    for (int r = 0; r < rows; r++) row[r] = a[r];
    for (int i = 0; i < k; i += 2, b += 2 * b_columns) {
        __m512bh given[MR];
        for (int r = 0; r < rows; r++) given[r] = (__m512bh)_mm512_set1_epi32(*(const NAME(pair) *)(row[r] + i));
        for (int v = 0; v < count; v++) {
            const __m512bh w = (__m512bh)_mm512_loadu_si512(b + v * 2 * VL);
            for (int r = 0; r < rows; r++) sums[r][from + v] = _mm512_dpbf16_ps(sums[r][from + v], given[r], w);
        }
    }
}

INLINE void NAME(gate_sums)(const int rows, const int count, const float *bias, const item *const *x, int input, const item *wx,
                            const item *const *h, int hidden, const item *wh, float *out) {
    __m512 sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) sums[r][v] = _mm512_loadu_ps(bias + v * VL);
    NAME(add_product)(rows, count, 0, sums, x, input, wx, count * VL);
    NAME(add_product)(rows, count, 4 - count, sums, h, hidden, wh, count * VL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) _mm512_storeu_ps(out + r * PANEL + v * VL, sums[r][v]);
}

INLINE void NAME(plain_product)(const int rows, const int count, const item *const *a, int k, int runs, int64_t stride,
                                const item *b, float *out) {
    (void)stride; /* the runs lie side by side */
    __m512 sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) sums[r][v] = _mm512_setzero_ps();
    NAME(add_product)(rows, count, 0, sums, a, k * runs, b, count * VL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) _mm512_storeu_ps(out + r * PANEL + v * VL, sums[r][v]);
}

INLINE void NAME(outer_product)(const int rows, const int count, const item *a, int64_t chunk, const item *b, int k,
                                float *out, int64_t out_stride) {
    const item *row[MR];
    for (int r = 0; r < rows; r++) row[r] = a + r * chunk;
    __m512 sums[MR][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) sums[r][v] = _mm512_loadu_ps(out + r * out_stride + v * VL);
    NAME(add_product)(rows, count, 0, sums, row, k, b, PANEL);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < count; v++) _mm512_storeu_ps(out + r * out_stride + v * VL, sums[r][v]);
}

#endif
