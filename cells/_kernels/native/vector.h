/* Vectors of VL floats at one level, and the functions that gates need. Included once a level. */

typedef float NAME(vf) __attribute__((vector_size(4 * VL), aligned(4), may_alias));
typedef int32_t NAME(vi) __attribute__((vector_size(4 * VL), aligned(4), may_alias));
#define vf NAME(vf)
#define vi NAME(vi)

INLINE vf NAME(load)(const float *p) { return *(const vf *)p; }
INLINE void NAME(store)(float *p, vf v) { *(vf *)p = v; }
INLINE vf NAME(all)(float value) { return value - (vf){0}; }

/* The first `count` floats; the rest are zero. */
INLINE vf NAME(load_part)(const float *p, int count) {
    if (count >= VL) return NAME(load)(p);
    float part[VL] = {0};
    for (int j = 0; j < count; j++) part[j] = p[j];
    return NAME(load)(part);
}

INLINE void NAME(store_part)(float *p, vf v, int count) {
    if (count >= VL) {
        NAME(store)(p, v);
        return;
    }
    float part[VL];
    NAME(store)(part, v);
    for (int j = 0; j < count; j++) p[j] = part[j];
}

/* The smaller or the larger of both, NaN where x is NaN; 1/x of an x between 2^-100 and 2^100. */
#if VL == 16
INLINE vf NAME(at_most)(vf x, float bound) { return (vf)_mm512_min_ps(_mm512_set1_ps(bound), (__m512)x); }
INLINE vf NAME(at_least)(vf x, float bound) { return (vf)_mm512_max_ps(_mm512_set1_ps(bound), (__m512)x); }
INLINE vf NAME(reciprocal)(vf x) {
    const vf near = (vf)_mm512_rcp14_ps((__m512)x); /* to 2^-14; one step of Newton's method squares that */
    return near * (2.0f - x * near);
}
#elif VL == 8
INLINE vf NAME(at_most)(vf x, float bound) { return (vf)_mm256_min_ps(_mm256_set1_ps(bound), (__m256)x); }
INLINE vf NAME(at_least)(vf x, float bound) { return (vf)_mm256_max_ps(_mm256_set1_ps(bound), (__m256)x); }
INLINE vf NAME(reciprocal)(vf x) { return 1.0f / x; }
#else
INLINE vf NAME(at_most)(vf x, float bound) {
    const vi over = x > NAME(all)(bound);
    return (vf)(((vi)NAME(all)(bound) & over) | ((vi)x & ~over));
}
INLINE vf NAME(at_least)(vf x, float bound) {
    const vi under = x < NAME(all)(bound);
    return (vf)(((vi)NAME(all)(bound) & under) | ((vi)x & ~under));
}
INLINE vf NAME(reciprocal)(vf x) { return 1.0f / x; }
#endif

/* exp(x) for x from -87 to 69, beyond that as at the ends: x = n·ln 2 + r, a polynomial in |r| <= ln 2 / 2, error 1e-7. */
INLINE vf NAME(exponential)(vf x) {
    x = NAME(at_least)(NAME(at_most)(x, 69.0f), -87.0f);
    const vf shift = NAME(all)(12582912.0f); /* 1.5 · 2^23: adding it rounds to a whole number */
    const vf shifted = x * 1.44269504f + shift, n = shifted - shift;
    const vf r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    vf p = NAME(all)(0.001395060059f);
    p = p * r + 0.008368953929f;
    p = p * r + 0.04166620416f;
    p = p * r + 0.166665183f;
    p = p * r + 0.5000000096f;
    p = p * (r * r) + (r + 1.0f);
    const vi power = ((vi)shifted - (vi)shift + 127) << 23; /* 2^n; a product keeps NaN as NaN, whatever its bits */
    return p * (vf)power;
}

INLINE vf NAME(sigmoid)(vf x) { return NAME(reciprocal)(1.0f + NAME(exponential)(-x)); }

/* tanh(x) as a quotient of polynomials, relative error below 4e-7; the quotient is above 1 at 9.3, so that far ends are ±1. */
INLINE vf NAME(hyperbolic)(vf x) {
    x = NAME(at_least)(NAME(at_most)(x, 9.3f), -9.3f);
    const vf z = x * x;
    vf p = NAME(all)(1.331879131e-08f);
    p = p * z + 2.058327498e-05f;
    p = p * z + 0.003494021878f;
    p = p * z + 0.1337970723f;
    p = p * z + 0.999999979f;
    vf d = NAME(all)(7.761903459e-07f);
    d = d * z + 0.0003283072197f;
    d = d * z + 0.02587102484f;
    d = d * z + 0.4671302247f;
    d = d * z + 1.0f;
    return NAME(at_least)(NAME(at_most)(x * p * NAME(reciprocal)(d), 1.0f), -1.0f);
}
