/* Forward pass over a thread's rows. Included once a level. */

/* Weights in the order in which the products read them. */
struct NAME(packed) {
    int count;         /* vectors of a panel that each side's product has: 4; 3 of a GRU */
    const float *bias; /* (columns) */
    const item *x;     /* (panels, I, count·VL) */
    const item *h;     /* (panels, H, count·VL) */
};

static inline int NAME(panel_vectors)(const struct workbench_sequence *q) { return q->cell == GRU ? 3 : 4; }

static inline struct NAME(packed) NAME(unpack)(const struct workbench_sequence *q, const struct layout *a, const float *room) {
    const int count = NAME(panel_vectors)(q);
    const item *x = (const item *)(room + a->columns);
    return (struct NAME(packed)){count, room, x, x + (size_t)a->panels * count * VL * DEPTH(q->input)};
}

static inline size_t NAME(packed_bytes)(const struct workbench_sequence *q, const struct layout *a) {
    const size_t items = (size_t)a->panels * NAME(panel_vectors)(q) * VL * (DEPTH(q->input) + DEPTH(q->hidden));
    return a->columns * sizeof(float) + items * sizeof(item);
}

FUNCTION void NAME(pack_panel)(const struct layout *a, const float *weight, int width, int of_state, int first, int columns,
                               item *packed) {
    enum { LINES = 32 }; /* packed rows that stay in the cache while the columns are written into them */
    for (int begin = 0; begin < DEPTH(width); begin += LINES)
        for (int j = 0; j < columns; j++) {
            const int64_t row = weight_row(a, first + j, of_state);
            const float *from = weight + (row < 0 ? 0 : row) * width;
            const int end = smaller(begin + LINES, DEPTH(width)), real = row < 0 ? begin : smaller(end, width);
            int i = begin;
            for (; i < real; i++) packed[PLACE(i, j, columns)] = NAME(item_of)(from[i]);
            for (; i < end; i++) packed[PLACE(i, j, columns)] = 0;
        }
}

/* Pack one panel of all. */
FUNCTION void NAME(pack)(const struct workbench_sequence *q, const struct layout *a, int p, float *room) {
    const struct NAME(packed) m = NAME(unpack)(q, a, room);
    const int columns = m.count * VL;
    for (int column = p * PANEL; column < (p + 1) * PANEL; column++) {
        const int64_t of_x = weight_row(a, column, 0), of_h = weight_row(a, column, 1);
        room[column] = (q->bias_ih && of_x >= 0 ? q->bias_ih[of_x] : 0) + (q->bias_hh && of_h >= 0 ? q->bias_hh[of_h] : 0);
    }
    NAME(pack_panel)(a, q->weight_ih, q->input, 0, p * PANEL, columns, (item *)m.x + (size_t)p * columns * DEPTH(q->input));
    NAME(pack_panel)(a, q->weight_hh, q->hidden, 1, p * PANEL + PANEL - columns, columns,
                     (item *)m.h + (size_t)p * columns * DEPTH(q->hidden));
}

/* A step of a thread's rows. */
struct NAME(forward_room) {
    const float *zeros;   /* (H) */
    const float **h;      /* (rows): the state before it */
    const float **before; /* (rows): the memory before it */
    float **gates;        /* (rows): where its gates go */
    float **memory;       /* (rows) */
    const item **x_items, **h_items, **reset_items; /* (rows): the products' operands: x, h and r ⊙ h */
};

/* Gates of one panel: sums (rows,PANEL) → gates, memory, output. */
FUNCTION void NAME(activate)(const struct workbench_sequence *q, const struct layout *a, const struct NAME(forward_room) *w,
                             int row, int at, int rows, int s, int p, const float *sums) {
    for (int r = 0; r < rows; r++, sums += PANEL) {
        float *gates = w->gates[at + r] + p * PANEL, *out = output_row(q, row + r, s);
        const float *h = w->h[at + r];
        if (a->cell == LSTM) {
            const int unit = p * VL, left = a->hidden - unit;
            const vf i = NAME(sigmoid)(NAME(load)(sums)), f = NAME(sigmoid)(NAME(load)(sums + VL));
            const vf g = NAME(hyperbolic)(NAME(load)(sums + 2 * VL)), o = NAME(sigmoid)(NAME(load)(sums + 3 * VL));
            const vf c = f * NAME(load_part)(w->before[at + r] + unit, s ? VL : left) + i * g;
            NAME(store)(w->memory[at + r] + unit, c);
            NAME(store_part)(out + unit, o * NAME(hyperbolic)(c), left);
            if (!q->keep) continue;
            NAME(store)(gates, i);
            NAME(store)(gates + VL, f);
            NAME(store)(gates + 2 * VL, g);
            NAME(store)(gates + 3 * VL, o);
        } else if (a->cell == GRU) {
            const int unit = p * VL, left = a->hidden - unit;
            const vf of_state = NAME(load)(sums + 3 * VL);
            const vf reset = NAME(sigmoid)(NAME(load)(sums + VL)), z = NAME(sigmoid)(NAME(load)(sums + 2 * VL));
            const vf n = NAME(hyperbolic)(NAME(load)(sums) + reset * of_state);
            NAME(store_part)(out + unit, n + z * (NAME(load_part)(h + unit, left) - n), left);
            if (!q->keep) continue;
            NAME(store)(gates, n);
            NAME(store)(gates + VL, reset);
            NAME(store)(gates + 2 * VL, z);
            NAME(store)(gates + 3 * VL, of_state);
        } else if (a->cell == RNN) {
            for (int v = 0; v < 4 && p * PANEL + v * VL < a->hidden; v++) {
                const int unit = p * PANEL + v * VL;
                NAME(store_part)(out + unit, NAME(hyperbolic)(NAME(load)(sums + v * VL)), a->hidden - unit);
            }
        } else if (p < a->first) { /* textbook GRU: reset and update gates */
            for (int v = 0; v < 2; v++) {
                const int unit = p * 2 * VL + v * VL;
                const vf reset = NAME(sigmoid)(NAME(load)(sums + v * VL));
                NAME(store)(gates + v * VL, reset);
                NAME(store)(gates + (2 + v) * VL, NAME(sigmoid)(NAME(load)(sums + (2 + v) * VL)));
                const vf before = unit < a->hidden ? NAME(load_part)(h + unit, a->hidden - unit) : NAME(all)(0);
                NAME(store)(w->memory[at + r] + unit, reset * before);
            }
        } else { /* its candidate */
            for (int v = 0; v < 4 && (p - a->first) * PANEL + v * VL < a->hidden; v++) {
                const int unit = (p - a->first) * PANEL + v * VL, left = a->hidden - unit;
                const vf n = NAME(hyperbolic)(NAME(load)(sums + v * VL));
                const vf z = NAME(load)(w->gates[at + r] + unit / (2 * VL) * PANEL + 2 * VL + unit % (2 * VL));
                NAME(store)(gates + v * VL, n);
                NAME(store_part)(out + unit, n + z * (NAME(load_part)(h + unit, left) - n), left);
            }
        }
    }
}

/* All steps of the sorted rows from `begin` to `end`; returns 0, or -1 where there is no memory. */
FUNCTION int NAME(forward)(const struct workbench_sequence *q, const struct layout *a, const struct places *places,
                           const float *packed, int begin, int end) {
    const struct NAME(packed) m = NAME(unpack)(q, a, packed);
    const int rows = end - begin, kept = q->keep, input = DEPTH(q->input), hidden = DEPTH(q->hidden);
    /* what is not kept: one step's gates, two steps' memory */
    float *floats = calloc(q->hidden + VL + (size_t)rows * (a->columns + 2 * (size_t)a->units), sizeof(float));
    const void **pointers = malloc(7 * (size_t)rows * sizeof(void *));
    item *items = NAME(item_room)(rows, input + 2 * hidden);
    if (!floats || !pointers || !items) {
        free(floats);
        free(pointers);
        free(items);
        return -1;
    }
    float *own_gates = floats + q->hidden + VL, *own_memory = own_gates + (size_t)rows * a->columns;
    struct NAME(forward_room) w = {floats,
                                   (const float **)pointers,
                                   (const float **)pointers + rows,
                                   (float **)pointers + 2 * rows,
                                   (float **)pointers + 3 * rows,
                                   (const item **)pointers + 4 * rows,
                                   (const item **)pointers + 5 * rows,
                                   (const item **)pointers + 6 * rows};
    item *x_room = items, *h_room = x_room + WHOLE_BLOCKS(rows) * input, *reset_room = h_room + WHOLE_BLOCKS(rows) * hidden;
    float sums[MR * PANEL];
    BEGIN_PRODUCTS
    for (int s = 0; s < q->steps; s++) {
        const int alive = smaller(places->alive[s], end) - begin;
        if (alive <= 0) break;
        for (int r = 0; r < alive; r++) {
            const int64_t place = places->offset[s] + begin + r;
            w.h[r] = state_before(q, begin + r, s, w.zeros);
            w.before[r] = s ? w.memory[r] : q->c0 ? q->c0 + (int64_t)q->order[begin + r] * q->hidden : w.zeros;
            w.gates[r] = kept && q->gates ? q->gates + place * a->columns : own_gates + (size_t)r * a->columns;
            w.memory[r] = kept && q->memory ? q->memory + place * a->units
                                            : own_memory + ((size_t)(s & 1) * rows + r) * a->units;
            w.x_items[r] = NAME(operand)(input_row(q, begin + r, s), q->input, x_room + (size_t)r * input);
            w.h_items[r] = NAME(operand)(w.h[r], q->hidden, h_room + (size_t)r * hidden);
        }
        for (int p = 0; p < a->panels; p++) {
            const item *x = m.x + (size_t)p * m.count * VL * input, *h = m.h + (size_t)p * m.count * VL * hidden;
            if (p == a->first)
                for (int r = 0; r < alive; r++)
                    w.reset_items[r] = NAME(operand)(w.memory[r], q->hidden, reset_room + (size_t)r * hidden);
            const item *const *state = p < a->first ? w.h_items : w.reset_items;
            for (int r = 0; r < alive; r += MR) {
                const int n = smaller(MR, alive - r);
                NAME(gate_block)(n, m.count, m.bias + p * PANEL, w.x_items + r, input, x, state + r, hidden, h, sums);
                NAME(activate)(q, a, &w, begin + r, r, n, s, p, sums);
            }
        }
    }
    END_PRODUCTS
    for (int r = begin; r < end; r++) {
        const int last = q->lengths[r] - 1;
        if (q->h_last) memcpy(q->h_last + (int64_t)q->order[r] * q->hidden, output_row(q, r, last), q->hidden * sizeof(float));
        if (q->c_last) memcpy(q->c_last + (int64_t)q->order[r] * q->hidden, w.memory[r - begin], q->hidden * sizeof(float));
        for (int t = q->lengths[r]; t < q->time; t++)
            memset(q->output + q->order[r] * q->output_row + t * q->output_step, 0, q->hidden * sizeof(float));
    }
    free(floats);
    free(pointers);
    free(items);
    return 0;
}
