/* AMX's tile instructions in plain C, for machines without them: 16 rows of 64 bytes each, as the kernels configure them.
 *
 * Products round as little as the instruction does: pairs of bfloat16, summed in float32.
 */
#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#define _tile_loadconfig(shape) emulated_config(shape)
#define _tile_release() ((void)0)
#define _tile_loadd emulated_load
#define _tile_stored emulated_store
#define _tile_zero(tile) memset(emulated[tile], 0, 1024)
#define _tile_dpbf16ps emulated_product

static _Thread_local uint8_t emulated[8][1024];

static void emulated_config(const void *shape) {
    const uint8_t *bytes = shape;
    for (int tile = 0; tile < 8; tile++)
        if (bytes[0] != 1 || bytes[16 + 2 * tile] != 64 || bytes[48 + tile] != 16) abort();
}

static void emulated_load(int tile, const void *from, int64_t stride) {
    for (int row = 0; row < 16; row++) memcpy(emulated[tile] + row * 64, (const uint8_t *)from + row * stride, 64);
}

static void emulated_store(int tile, void *to, int64_t stride) {
    for (int row = 0; row < 16; row++) memcpy((uint8_t *)to + row * stride, emulated[tile] + row * 64, 64);
}

static float emulated_float(uint16_t item) {
    const uint32_t bits = (uint32_t)item << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void emulated_product(int sums, int a, int b) {
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 16; column++) {
            float sum;
            memcpy(&sum, emulated[sums] + row * 64 + column * 4, 4);
            for (int pair = 0; pair < 16; pair++)
                for (int term = 0; term < 2; term++) {
                    uint16_t x, y;
                    memcpy(&x, emulated[a] + row * 64 + pair * 4 + term * 2, 2);
                    memcpy(&y, emulated[b] + pair * 64 + column * 4 + term * 2, 2);
                    sum += emulated_float(x) * emulated_float(y);
                }
            memcpy(emulated[sums] + row * 64 + column * 4, &sum, 4);
        }
}
