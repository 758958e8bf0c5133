/* Elementwise linear recurrences over a thread's rows, forward and backward. Included once a level and kind of NUMBER,
 * which TYPED marks. Nothing is kept beside what is asked for.
 */

/* h = a h' + b of `count` units. */
INLINE void TYPED(linear_step)(int complex, const NUMBER *restrict a, const NUMBER *restrict before, const NUMBER *restrict b,
                               NUMBER *restrict h, int64_t count) {
    if (!complex) {
        for (int64_t k = 0; k < count; k++) h[k] = a[k] * before[k] + b[k];
        return;
    }
    for (int64_t k = 0; k < 2 * count; k += 2) {
        h[k] = a[k] * before[k] - a[k + 1] * before[k + 1] + b[k];
        h[k + 1] = a[k] * before[k + 1] + a[k + 1] * before[k] + b[k + 1];
    }
}

/* g' = conj(a) g + d of `count` units; d may be missing. */
INLINE void TYPED(linear_back)(int complex, const NUMBER *restrict a, const NUMBER *restrict g, const NUMBER *restrict d,
                               NUMBER *restrict to, int64_t count) {
    if (!complex) {
        for (int64_t k = 0; k < count; k++) to[k] = a[k] * g[k] + (d ? d[k] : 0);
        return;
    }
    for (int64_t k = 0; k < 2 * count; k += 2) {
        to[k] = a[k] * g[k] + a[k + 1] * g[k + 1] + (d ? d[k] : 0);
        to[k + 1] = a[k] * g[k + 1] - a[k + 1] * g[k] + (d ? d[k + 1] : 0);
    }
}

/* g of the rows that end at a step, from place `begin` to `end`; either part of it may be missing. */
INLINE void TYPED(linear_end)(const NUMBER *restrict d, const NUMBER *restrict last, NUMBER *restrict to, int64_t begin,
                              int64_t end) {
    for (int64_t k = begin; k < end; k++) to[k] = (d ? d[k] : 0) + (last ? last[k] : 0);
}

/* The gradient by a, g conj(h'), of `count` units. */
INLINE void TYPED(linear_product)(int complex, const NUMBER *restrict g, const NUMBER *restrict before, NUMBER *restrict to,
                                  int64_t count) {
    if (!complex) {
        for (int64_t k = 0; k < count; k++) to[k] = g[k] * before[k];
        return;
    }
    for (int64_t k = 0; k < 2 * count; k += 2) {
        to[k] = g[k] * before[k] + g[k + 1] * before[k + 1];
        to[k + 1] = g[k + 1] * before[k] - g[k] * before[k + 1];
    }
}

/* The same, added to that of a constant a. */
INLINE void TYPED(linear_sum)(int complex, const NUMBER *restrict g, const NUMBER *restrict before, double *restrict to,
                              int64_t count) {
    if (!complex) {
        for (int64_t k = 0; k < count; k++) to[k] += g[k] * before[k];
        return;
    }
    for (int64_t k = 0; k < 2 * count; k += 2) {
        to[k] += g[k] * before[k] + g[k + 1] * before[k + 1];
        to[k + 1] += g[k + 1] * before[k] - g[k] * before[k + 1];
    }
}

FUNCTION void TYPED(linear_forward)(const struct workbench_linear *q, int begin, int end) {
    const int64_t width = q->units * (q->complex ? 2 : 1);
    const NUMBER *a = q->a, *b = q->b, *before = (const NUMBER *)q->first + begin * width;
    NUMBER *h = q->h;
    int64_t at = 0;
    int alive = q->batch;
    for (int s = 0; s < q->steps; s++) {
        while (q->lengths[alive - 1] <= s) alive--;
        const int rows = smaller(alive, end) - begin;
        if (rows <= 0) return;
        const int64_t here = (at + begin) * width;
        if (!q->constant) TYPED(linear_step)(q->complex, a + here, before, b + here, h + here, (int64_t)rows * q->units);
        for (int r = 0; q->constant && r < rows; r++)
            TYPED(linear_step)(q->complex, a, before + r * width, b + here + r * width, h + here + r * width, q->units);
        before = h + here;
        at += alive;
    }
}

/* All steps of the rows from `begin` to `end`, from the last to the first. */
FUNCTION void TYPED(linear_backward)(const struct workbench_linear *q, int part, int begin, int end) {
    const int64_t width = q->units * (q->complex ? 2 : 1);
    const NUMBER *a = q->a, *h = q->h, *d_h = q->d_h, *d_last = q->d_last;
    NUMBER *d_a = q->d_a, *d_b = q->d_b, *d_first = q->d_first;
    double *sum = q->constant ? q->d_constant + part * width : NULL;
    if (sum) memset(sum, 0, width * sizeof *sum);
    int64_t at = 0, next = 0; /* places of the first row at this step, and of a thread's own at the one after it */
    for (int r = 0; r < q->batch; r++) at += q->lengths[r];
    int alive = 0, on = 0; /* rows alive at this step; of the thread's own, those that go on to the one after it */
    while (alive < q->batch && q->lengths[alive] >= q->steps) alive++;
    at -= alive;
    for (int s = q->steps - 1; s >= 0; s--) {
        int earlier = alive; /* rows alive at the step before */
        while (s && earlier < q->batch && q->lengths[earlier] >= s) earlier++;
        const int rows = smaller(alive, end) - begin;
        const int64_t here = (at + begin) * width, units = q->units;
        const NUMBER *before = s ? h + (at - earlier + begin) * width : (const NUMBER *)q->first + begin * width;
        const NUMBER *d = d_h ? d_h + here : NULL;
        NUMBER *g = d_b + here;
        if (rows > 0) {
            if (!q->constant) TYPED(linear_back)(q->complex, a + next, d_b + next, d, g, on * units);
            for (int r = 0; q->constant && r < on; r++)
                TYPED(linear_back)(q->complex, a, d_b + next + r * width, d ? d + r * width : NULL, g + r * width, units);
            TYPED(linear_end)(d, d_last ? d_last + begin * width : NULL, g, on * width, rows * width);
            if (!q->constant) TYPED(linear_product)(q->complex, g, before, d_a + here, rows * units);
            for (int r = 0; q->constant && r < rows; r++)
                TYPED(linear_sum)(q->complex, g + r * width, before + r * width, sum, units);
            on = rows;
        }
        next = here;
        alive = earlier;
        at -= s ? earlier : 0;
    }
    for (int r = 0; r < end - begin; r++)
        TYPED(linear_back)(q->complex, a + (q->constant ? 0 : (begin + r) * width), d_b + (begin + r) * width, NULL,
                           d_first + (begin + r) * width, q->units);
}

FUNCTION void TYPED(linear_pass)(const struct workbench_linear *q, int backward) {
    const struct workbench_sequence rows = {.batch = q->batch, .lengths = q->lengths, .threads = q->parts};
    const int parts = parts_of(&rows, 1);
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (int part = 0; part < parts; part++) {
        const int begin = part_begin(&rows, part, parts, 1), end = part_begin(&rows, part + 1, parts, 1);
        if (backward) TYPED(linear_backward)(q, part, begin, end);
        else if (begin < end) TYPED(linear_forward)(q, begin, end);
    }
}

#undef NUMBER
#undef TYPED
