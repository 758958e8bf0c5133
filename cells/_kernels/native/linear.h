/* Elementwise linear recurrences, h_t = a_t h_{t-1} + b_t: all cells of cells/_linear.py.
 *
 * B sequences, the longest first, N units, M = the sum of the lengths. All steps lie one after the other, the rows alive
 * at a step side by side. A complex number is its real and its imaginary part.
 */
#ifndef WORKBENCH_LINEAR_H
#define WORKBENCH_LINEAR_H

#include "sequence.h"

struct workbench_linear {
    int32_t batch, units, steps;
    int32_t parts;    /* of the rows, each computed by a thread; no more than there are rows */
    int32_t complex;  /* a, b and h are */
    int32_t wide;     /* numbers are doubles, else floats */
    int32_t constant; /* a is the same at every step: (N) */
    const int32_t *lengths; /* (B), descending */
    const void *a;          /* (M,N), or (N) */
    const void *b;          /* (M,N) */
    const void *first;      /* (B,N) */
    void *h;                /* (M,N) */
    /* of the backward pass */
    const void *d_h;    /* (M,N); may be missing */
    const void *d_last; /* (B,N), of each sequence's last step; may be missing */
    void *d_a;          /* (M,N); not for a constant a */
    double *d_constant; /* (parts,N), to be added up; for a constant a alone */
    void *d_b;          /* (M,N) */
    void *d_first;      /* (B,N) */
};

#endif
