/* Backward pass over a thread's rows. Included once a level. */

/* Rows whose gate gradients are collected before they are multiplied into the weights' gradients: more where those do not
 * stay in the cache between one time and the next.
 */
static inline int NAME(chunk_rows)(const struct workbench_sequence *q, const struct layout *a) {
    return (int64_t)(q->input + q->hidden) * a->columns < 1 << 20 ? 256 : 512;
}

/* Columns of gate gradients that one side's product reads: `k` of each of `runs` panels, from `from` on. */
struct NAME(side) {
    int panel, from, k, runs;
};

static inline struct NAME(side) NAME(side_of)(const struct layout *a, int of_state) {
    if (a->cell == GRU && !LOWERED) return (struct NAME(side)){0, of_state ? VL : 0, 3 * VL, a->panels};
    return (struct NAME(side)){0, 0, PANEL, of_state ? a->first : a->panels};
}

static inline struct NAME(side) NAME(candidate_side)(const struct layout *a) {
    return (struct NAME(side)){a->first, 0, PANEL, a->panels - a->first};
}

static inline size_t NAME(side_items)(struct NAME(side) side, int width) {
    return (size_t)side.runs * side.k * whole(width, VL) * VL;
}

/* Pack a weight (G·H,width) by panels of its inputs: (panel, runs·k, up to PANEL). */
FUNCTION void NAME(pack_side)(const struct layout *a, struct NAME(side) side, const float *weight, int width, int of_state,
                              int panel, item *packed) {
    const int from = panel * PANEL, columns = smaller(4, whole(width - from, VL)) * VL, real = smaller(columns, width - from);
    item *to = packed + (size_t)side.runs * side.k * from;
    for (int run = 0; run < side.runs; run++)
        for (int i = 0; i < side.k; i++) {
            const int64_t row = weight_row(a, (side.panel + run) * PANEL + side.from + i, of_state);
            for (int j = 0; j < columns; j++)
                to[PLACE(run * side.k + i, j, columns)] = NAME(item_of)(row < 0 || j >= real ? 0.0f : weight[row * width + from + j]);
        }
}

/* out[r] (width) += or = the gate gradients of each row times a packed weight. */
FUNCTION void NAME(side_product)(struct NAME(side) side, const item *packed, int width, const item *grads, int64_t apart,
                                 int64_t row_apart, int rows, float **out, int add, int padded) {
    float sums[MR * PANEL];
    for (int from = 0; from < width; from += PANEL) {
        const int count = smaller(4, whole(width - from, VL));
        const item *b = packed + (size_t)side.runs * side.k * from;
        for (int r = 0; r < rows; r += MR) {
            const int n = smaller(MR, rows - r);
            const item *a[MR];
            for (int j = 0; j < n; j++) a[j] = grads + side.panel * apart + (r + j) * row_apart + side.from;
            NAME(product_block)(n, count, a, row_apart, side.k, side.runs, apart, b, sums);
            for (int j = 0; j < n; j++)
                for (int v = 0; v < count; v++) {
                    float *to = out[r + j] + from + v * VL;
                    const int left = padded ? VL : width - from - v * VL;
                    vf value = NAME(load)(sums + j * PANEL + v * VL);
                    if (add) value += NAME(load_part)(to, left);
                    NAME(store_part)(to, value, left);
                }
        }
    }
}

/* A thread's gradients and what it works with; every row of units is padded to `units`. */
struct NAME(backward_room) {
    const float *zeros;
    float *d_h, *d_c, *d_reset; /* (rows,units): of the state after the step at hand; of r ⊙ h */
    float *grads;               /* (panels,chunk,PANEL): of the gates before activation */
    int64_t apart;              /* floats from one panel to the next */
    item *collected;            /* of each row x, h before, 1, and of the textbook GRU r ⊙ h, each in whole blocks */
    item *inputs;               /* the same as the outer products read them */
    item *lowered;              /* the gate gradients as the products read them, where that is not `grads` itself */
    float **to;                 /* (rows) */
    int chunk, filled;
    float *weights; /* (I+H+1,columns) */
};

/* Zero what only fills a vector up: it is NaN where x is infinite, and the products read it. */
INLINE void NAME(clear)(float *p, int count) {
    for (int j = count; j < VL; j++) p[j] = 0.0f;
}

/* Gate gradients of one row at one step; the direct part of the gradient of the state before it is left in d_h. */
FUNCTION void NAME(row_gradients)(const struct workbench_sequence *q, const struct layout *a, const struct places *places,
                                  struct NAME(backward_room) *w, int row, int at, int s, float *grads) {
    const int64_t place = places->offset[s] + row;
    const float *gates = q->gates ? q->gates + place * a->columns : NULL;
    const float *h = state_before(q, row, s, w->zeros), *out = output_row(q, row, s);
    const float *given = q->d_output ? q->d_output + q->order[row] * q->d_output_row + time_of(q, row, s) * q->d_output_step : NULL;
    float *d_h = w->d_h + (size_t)at * a->units, *d_c = w->d_c + (size_t)at * a->units;
    for (int unit = 0; unit < a->hidden; unit += VL) {
        const int left = a->hidden - unit;
        vf d = NAME(load)(d_h + unit);
        if (given) d += NAME(load_part)(given + unit, left);
        if (a->cell == LSTM) {
            const float *in = gates + unit * 4;
            float *to = grads + unit / VL * w->apart;
            const vf i = NAME(load)(in), f = NAME(load)(in + VL), g = NAME(load)(in + 2 * VL), o = NAME(load)(in + 3 * VL);
            const float *memory = q->memory + place * a->units + unit;
            const vf shown = NAME(hyperbolic)(NAME(load)(memory));
            vf before;
            if (s) before = NAME(load)(q->memory + (places->offset[s - 1] + row) * a->units + unit);
            else before = q->c0 ? NAME(load_part)(q->c0 + (int64_t)q->order[row] * q->hidden + unit, left) : NAME(all)(0);
            const vf dc = NAME(load)(d_c + unit) + d * o * (1.0f - shown * shown);
            NAME(store)(d_c + unit, dc * f);
            NAME(store)(to, dc * g * i * (1.0f - i));
            NAME(store)(to + VL, dc * before * f * (1.0f - f));
            NAME(store)(to + 2 * VL, dc * i * (1.0f - g * g));
            NAME(store)(to + 3 * VL, d * shown * o * (1.0f - o));
            for (int v = 0; v < 4; v++) NAME(clear)(to + v * VL, left);
        } else if (a->cell == GRU) {
            const float *in = gates + unit * 4;
            float *to = grads + unit / VL * w->apart;
            const vf n = NAME(load)(in), reset = NAME(load)(in + VL), z = NAME(load)(in + 2 * VL), of_state = NAME(load)(in + 3 * VL);
            const vf before = NAME(load_part)(h + unit, left);
            const vf dn = d * (1.0f - z) * (1.0f - n * n);
            NAME(store)(to, dn);
            NAME(store)(to + VL, dn * of_state * reset * (1.0f - reset));
            NAME(store)(to + 2 * VL, d * (before - n) * z * (1.0f - z));
            NAME(store)(to + 3 * VL, dn * reset);
            for (int v = 0; v < 4; v++) NAME(clear)(to + v * VL, left);
            NAME(store)(d_h + unit, d * z);
        } else if (a->cell == RNN) {
            const vf after = NAME(load_part)(out + unit, left);
            NAME(store)(grads + unit / PANEL * w->apart + unit % PANEL, d * (1.0f - after * after));
        } else {
            const int panel = unit / (2 * VL), in = unit % (2 * VL) + 2 * VL, candidate = a->first + unit / PANEL;
            const vf z = NAME(load)(gates + panel * PANEL + in), n = NAME(load)(gates + a->first * PANEL + unit);
            const vf before = NAME(load_part)(h + unit, left);
            NAME(store)(grads + panel * w->apart + in, d * (before - n) * z * (1.0f - z));
            NAME(store)(grads + candidate * w->apart + unit % PANEL, d * (1.0f - z) * (1.0f - n * n));
            NAME(clear)(grads + panel * w->apart + in, left);
            NAME(clear)(grads + candidate * w->apart + unit % PANEL, left);
            NAME(store)(d_h + unit, d * z);
        }
    }
}

/* Textbook GRU: from the gradient of r ⊙ h those of r and, in part, of h. */
FUNCTION void NAME(reset_gradients)(const struct workbench_sequence *q, const struct layout *a, const struct places *places,
                                    struct NAME(backward_room) *w, int row, int at, int s, float *grads) {
    const float *gates = q->gates + (places->offset[s] + row) * a->columns, *h = state_before(q, row, s, w->zeros);
    float *d_h = w->d_h + (size_t)at * a->units, *d_reset = w->d_reset + (size_t)at * a->units;
    for (int unit = 0; unit < a->hidden; unit += VL) {
        const int panel = unit / (2 * VL), in = unit % (2 * VL);
        const vf reset = NAME(load)(gates + panel * PANEL + in), d = NAME(load)(d_reset + unit);
        NAME(store)(grads + panel * w->apart + in, d * NAME(load_part)(h + unit, a->hidden - unit) * reset * (1.0f - reset));
        NAME(clear)(grads + panel * w->apart + in, a->hidden - unit);
        NAME(store)(d_h + unit, NAME(load)(d_h + unit) + d * reset);
    }
}

/* weights += inputsᵀ·grads for `vectors` of each panel from `first` to `end`, and `count` inputs in the blocks from `block` on.
 *
 * So many blocks at a time as stay in the cache while the panels pass by.
 */
FUNCTION void NAME(add_weights)(const struct layout *a, const struct NAME(backward_room) *w, int first, int end, int block,
                                int count, int vectors, int from, int into) {
    const int blocks = (1 << 16) / (w->chunk * MR) + 1, inputs = blocks * MR;
    for (int begin = 0; begin < count; begin += inputs)
        for (int p = first; p < end; p++) {
            const item *grads = NAME(panel_operand)(w->grads + p * w->apart, w->lowered + p * w->apart) + from * VL * TERMS;
            float *weights = w->weights + (size_t)into * a->columns + p * PANEL + from * VL;
            for (int j = begin; j < smaller(begin + inputs, count); j += MR)
                NAME(outer_block)(smaller(MR, count - j), vectors, w->inputs + (int64_t)(block + j / MR) * w->chunk * MR, w->chunk,
                                  grads, DEPTH(w->filled), weights + (size_t)j * a->columns, a->columns);
        }
}

static inline int NAME(input_blocks)(const struct workbench_sequence *q) {
    return whole(q->input, MR) + whole(q->hidden, MR) * (q->cell == TEXTBOOK_GRU ? 2 : 1) + 1;
}

FUNCTION void NAME(flush)(const struct workbench_sequence *q, const struct layout *a, struct NAME(backward_room) *w) {
    const int vectors = a->cell == GRU ? 3 : 4, input = whole(q->input, MR), state = whole(q->hidden, MR);
    NAME(turn)(w->collected, NAME(input_blocks)(q), w->chunk, w->filled, w->inputs);
    for (int p = 0; p < a->panels; p++) NAME(write_panel)(w->grads + p * w->apart, w->filled, w->lowered + p * w->apart);
    NAME(add_weights)(a, w, 0, a->panels, 0, q->input, vectors, 0, 0);
    NAME(add_weights)(a, w, 0, a->first, input, q->hidden, vectors, 4 - vectors, q->input);
    NAME(add_weights)(a, w, a->first, a->panels, input + state + 1, q->hidden, vectors, 4 - vectors, q->input);
    NAME(add_weights)(a, w, 0, a->panels, input + state, 1, 4, 0, q->input + q->hidden);
    w->filled = 0;
}

/* Packed weights of the backward pass: those of the state, of the input, of the textbook GRU's candidate. */
struct NAME(sides) {
    struct NAME(side) state, input, candidate;
    size_t at_input, at_candidate, items;
};

static inline struct NAME(sides) NAME(sides_of)(const struct workbench_sequence *q, const struct layout *a) {
    struct NAME(sides) sides = {NAME(side_of)(a, 1), NAME(side_of)(a, 0), NAME(candidate_side)(a), 0, 0, 0};
    sides.at_input = NAME(side_items)(sides.state, q->hidden);
    sides.at_candidate = sides.at_input + (q->d_x ? NAME(side_items)(sides.input, q->input) : 0);
    sides.items = sides.at_candidate + NAME(side_items)(sides.candidate, q->hidden);
    return sides;
}

/* All steps of the sorted rows from `begin` to `end`, from the last to the first; `weights` (I+H+1,columns) may be missing. */
FUNCTION int NAME(backward)(const struct workbench_sequence *q, const struct layout *a, const struct places *places,
                            const item *packed, int begin, int end, float *weights) {
    const struct NAME(sides) sides = NAME(sides_of)(q, a);
    const int rows = end - begin, least = NAME(chunk_rows)(q, a), chunk = DEPTH(rows > least ? rows : least);
    const size_t state = (size_t)rows * a->units;
    float *floats = calloc(q->hidden + VL + 3 * state + (size_t)chunk * a->columns, sizeof(float));
    const size_t collected = (size_t)chunk * NAME(input_blocks)(q) * MR;
    item *inputs = calloc(collected * (1 + TURNED), sizeof(item));
    item *lowered = NAME(item_room)(chunk, a->columns);
    float **to = malloc((size_t)rows * sizeof(float *));
    if (!floats || !inputs || !lowered || !to) {
        free(floats);
        free(inputs);
        free(lowered);
        free(to);
        return -1;
    }
    struct NAME(backward_room) w = {.zeros = floats, .collected = inputs + collected * TURNED, .inputs = inputs, .lowered = lowered, .to = to, .chunk = chunk};
    w.weights = weights;
    w.apart = (int64_t)chunk * PANEL;
    w.d_h = floats + q->hidden + VL;
    w.d_c = w.d_h + state;
    w.d_reset = w.d_c + state;
    w.grads = w.d_reset + state;
    for (int r = 0; r < rows; r++) {
        const int64_t from = (int64_t)q->order[begin + r] * q->hidden;
        if (q->d_h_last) memcpy(w.d_h + (size_t)r * a->units, q->d_h_last + from, q->hidden * sizeof(float));
        if (q->d_c_last) memcpy(w.d_c + (size_t)r * a->units, q->d_c_last + from, q->hidden * sizeof(float));
    }
    const int direct = a->cell == GRU || a->cell == TEXTBOOK_GRU;
    int64_t apart, row_apart;
    BEGIN_PRODUCTS
    for (int s = q->steps - 1; s >= 0; s--) {
        const int alive = smaller(places->alive[s], end) - begin;
        if (alive <= 0) continue;
        if (w.filled + alive > chunk) NAME(flush)(q, a, &w);
        float *grads = w.grads + (size_t)w.filled * PANEL;
        for (int r = 0; r < alive; r++) NAME(row_gradients)(q, a, places, &w, begin + r, r, s, grads + (size_t)r * PANEL);
        if (a->first < a->panels) {
            const item *items = NAME(row_operands)(grads, w.apart, a->first, a->panels, a->columns, alive, lowered, &apart, &row_apart);
            for (int r = 0; r < alive; r++) to[r] = w.d_reset + (size_t)r * a->units;
            NAME(side_product)(sides.candidate, packed + sides.at_candidate, q->hidden, items, apart, row_apart, alive, to, 0, 1);
            for (int r = 0; r < alive; r++) NAME(reset_gradients)(q, a, places, &w, begin + r, r, s, grads + (size_t)r * PANEL);
        }
        const item *items = NAME(row_operands)(grads, w.apart, 0, a->panels, a->columns, alive, lowered, &apart, &row_apart);
        for (int r = 0; r < alive; r++) to[r] = w.d_h + (size_t)r * a->units;
        NAME(side_product)(sides.state, packed, q->hidden, items, apart, row_apart, alive, to, direct, 1);
        if (q->d_x) {
            for (int r = 0; r < alive; r++) to[r] = q->d_x + q->order[begin + r] * q->d_x_row + time_of(q, begin + r, s) * q->d_x_step;
            NAME(side_product)(sides.input, packed + sides.at_input, q->input, items, apart, row_apart, alive, to, 0, 0);
        }
        if (!weights) continue;
        for (int r = 0; r < alive; r++) {
            const float one = 1.0f;
            const int blocks = NAME(input_blocks)(q), at = w.filled + r;
            int block = NAME(collect)(w.collected, blocks, chunk, 0, input_row(q, begin + r, s), q->input, at);
            block = NAME(collect)(w.collected, blocks, chunk, block, state_before(q, begin + r, s, w.zeros), q->hidden, at);
            block = NAME(collect)(w.collected, blocks, chunk, block, &one, 1, at);
            if (a->cell == TEXTBOOK_GRU) {
                const float *reset = q->memory + (places->offset[s] + begin + r) * a->units;
                NAME(collect)(w.collected, blocks, chunk, block, reset, q->hidden, at);
            }
        }
        w.filled += alive;
    }
    if (weights) NAME(flush)(q, a, &w);
    END_PRODUCTS
    for (int r = 0; r < rows; r++) {
        const int64_t into = (int64_t)q->order[begin + r] * q->hidden;
        if (q->d_h0) memcpy(q->d_h0 + into, w.d_h + (size_t)r * a->units, q->hidden * sizeof(float));
        if (q->d_c0) memcpy(q->d_c0 + into, w.d_c + (size_t)r * a->units, q->hidden * sizeof(float));
        for (int t = q->lengths[begin + r]; q->d_x && t < q->time; t++)
            memset(q->d_x + q->order[begin + r] * q->d_x_row + t * q->d_x_step, 0, q->input * sizeof(float));
    }
    free(floats);
    free(inputs);
    free(lowered);
    free(to);
    return 0;
}
