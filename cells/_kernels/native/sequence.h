/* One layer in one direction over a ragged batch, as Python hands it over, and the layout of what is kept.
 *
 * B rows, T steps, I inputs, H units, M = the sum of the rows' lengths. Rows come sorted, the longest first, so that the
 * rows alive at a step are the first ones. "Columns" are the values of all gates of a row at a step, in the order in which
 * the kernels compute them; `gate_of` and `unit_of` say which gate and unit a column is.
 */
#ifndef WORKBENCH_SEQUENCE_H
#define WORKBENCH_SEQUENCE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum cell { LSTM, GRU, TEXTBOOK_GRU, RNN };

struct workbench_sequence {
    int32_t cell;
    int32_t batch, time, input, hidden;
    int32_t steps;    /* of the longest row: up to T */
    int32_t reversed; /* each row is read from its own end */
    int32_t threads;
    int32_t keep; /* a backward pass follows: gates and memory are kept */
    const int32_t *order;   /* (B): the row of the batch that stands at each sorted place */
    const int32_t *lengths; /* (B): of the sorted rows, descending */
    /* (B,T,I), in floats from one step to the next and from one row to the next */
    const float *x;
    int64_t x_step, x_row;
    const float *weight_ih, *weight_hh; /* (G·H,I), (G·H,H) */
    const float *bias_ih, *bias_hh;     /* (G·H); either may be missing */
    const float *h0, *c0;               /* (B,H); missing: zeros */
    float *output;                      /* (B,T,H) */
    int64_t output_step, output_row;
    float *h_last, *c_last; /* (B,H); may be missing */
    float *gates;           /* (M,columns): activated gates; an RNN keeps none */
    float *memory;          /* (M,units): c of an LSTM, r ⊙ h of the textbook's GRU; the others keep none */
    /* of the backward pass */
    const float *d_output; /* (B,T,H) */
    int64_t d_output_step, d_output_row;
    const float *d_h_last, *d_c_last; /* (B,H); may be missing */
    float *d_x;                       /* (B,T,I); may be missing */
    int64_t d_x_step, d_x_row;
    float *d_weight_ih, *d_weight_hh, *d_bias_ih, *d_bias_hh; /* missing: not asked for */
    float *d_h0, *d_c0;
};

/* Columns, units and panels of a cell at a level whose vectors hold `vl` floats. A panel is four vectors of columns. */
struct layout {
    int cell, hidden, vl, panel;
    int panels;  /* of all columns */
    int first;   /* of them, those computed from h itself: all but the textbook GRU's candidate */
    int columns; /* panels * panel */
    int units;   /* H, rounded up to whole panels of units */
    int gates;   /* G: gates in the weights */
};

static inline int whole(int count, int part) { return (count + part - 1) / part; }

static inline struct layout layout_of(int cell, int hidden, int vl) {
    struct layout a = {.cell = cell, .hidden = hidden, .vl = vl, .panel = 4 * vl};
    const int narrow = whole(hidden, vl), wide = whole(hidden, 4 * vl), half = whole(hidden, 2 * vl);
    a.gates = cell == LSTM ? 4 : cell == RNN ? 1 : 3;
    a.first = cell == RNN ? wide : cell == TEXTBOOK_GRU ? half : narrow;
    a.panels = cell == TEXTBOOK_GRU ? half + wide : a.first;
    a.columns = a.panels * a.panel;
    a.units = wide * 4 * vl;
    return a;
}

/* Return the unit of a column; `hidden` or more: none, the column only fills its panel. */
static inline int unit_of(const struct layout *a, int column) {
    const int at = column / a->panel, in = column % a->panel;
    switch (a->cell) {
    case RNN: return column;
    case TEXTBOOK_GRU: return at < a->first ? at * 2 * a->vl + in % (2 * a->vl) : column - a->first * a->panel;
    default: return at * a->vl + in % a->vl;
    }
}

/* Return the gate of a column in the weights of the input or of the state; -1: that side has no part in it. */
static inline int gate_of(const struct layout *a, int column, int of_state) {
    const int at = column / a->panel, in = column % a->panel;
    switch (a->cell) {
    case RNN: return 0;
    case LSTM: return in / a->vl;
    case TEXTBOOK_GRU: return at < a->first ? in / (2 * a->vl) : 2;
    default: { /* GRU: the candidate's input, r, z, the candidate's state */
        static const int of_x[4] = {2, 0, 1, -1}, of_h[4] = {-1, 0, 1, 2};
        return of_state ? of_h[in / a->vl] : of_x[in / a->vl];
    }
    }
}

/* Return a column's row in `weight_ih` or `weight_hh`; -1: none. */
static inline int64_t weight_row(const struct layout *a, int column, int of_state) {
    const int gate = gate_of(a, column, of_state), unit = unit_of(a, column);
    return gate < 0 || unit >= a->hidden ? -1 : (int64_t)gate * a->hidden + unit;
}

/* Time of a sorted row's own step s. */
static inline int time_of(const struct workbench_sequence *q, int row, int s) {
    return q->reversed ? q->lengths[row] - 1 - s : s;
}

static inline const float *input_row(const struct workbench_sequence *q, int row, int s) {
    return q->x + q->order[row] * q->x_row + time_of(q, row, s) * q->x_step;
}

static inline float *output_row(const struct workbench_sequence *q, int row, int s) {
    return q->output + q->order[row] * q->output_row + time_of(q, row, s) * q->output_step;
}

/* Return the hidden state before a step, (H). */
static inline const float *state_before(const struct workbench_sequence *q, int row, int s, const float *zeros) {
    if (s > 0) return output_row(q, row, s - 1);
    return q->h0 ? q->h0 + (int64_t)q->order[row] * q->hidden : zeros;
}

/* The rows alive at each step, and the place of each step's first row among all M. */
struct places {
    int *alive;      /* (steps) */
    int64_t *offset; /* (steps) */
};

static inline int smaller(int a, int b) { return a < b ? a : b; }

#endif
