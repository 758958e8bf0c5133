/* Levels of vector instructions: which ones the compiler, the CPU and the operating system have.
 *
 * Read from cpuid and xgetbv rather than by __builtin_cpu_supports, which older compilers refuse for newer names.
 * The file flags name no instruction set: code of a level stands in functions marked for it (WORKBENCH_TARGET_*),
 * and is called only where workbench_levels has its bit.
 */
#ifndef WORKBENCH_LEVELS_H
#define WORKBENCH_LEVELS_H

#define WORKBENCH_API __attribute__((visibility("default")))

enum {
    WORKBENCH_PORTABLE = 1,
    WORKBENCH_AVX2 = 2,        /* AVX2 and FMA */
    WORKBENCH_AVX512 = 4,      /* AVX-512 F, BW, VL, DQ */
    WORKBENCH_AVX512BF16 = 8,  /* and AVX512_BF16 */
    WORKBENCH_AMX = 16         /* and AMX tiles with bf16 products, permitted by the operating system */
};

#ifdef __linux__
#define WORKBENCH_LINUX 1
#else
#define WORKBENCH_LINUX 0
#endif

/* What the compiler can build: the code of a level stands in `#if WORKBENCH_HAS_…`. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define WORKBENCH_X86 1
#define WORKBENCH_HAS_AVX2 1
#define WORKBENCH_TARGET_AVX2 __attribute__((target("avx2,fma")))
#if defined(__apple_build_version__)
#define WORKBENCH_HAS_AVX512 1
#define WORKBENCH_HAS_AVX512BF16 0
#define WORKBENCH_HAS_AMX 0
#elif defined(__clang__)
#define WORKBENCH_HAS_AVX512 (__clang_major__ >= 7)
#define WORKBENCH_HAS_AVX512BF16 (__clang_major__ >= 10)
#define WORKBENCH_HAS_AMX (__clang_major__ >= 12 && WORKBENCH_LINUX)
#else
#define WORKBENCH_HAS_AVX512 (__GNUC__ >= 7)
#define WORKBENCH_HAS_AVX512BF16 (__GNUC__ >= 10)
#define WORKBENCH_HAS_AMX (__GNUC__ >= 11 && WORKBENCH_LINUX)
#endif
#define WORKBENCH_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq")))
#define WORKBENCH_TARGET_AVX512BF16 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define WORKBENCH_TARGET_AMX \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")))
#else
#define WORKBENCH_X86 0
#define WORKBENCH_HAS_AVX2 0
#define WORKBENCH_HAS_AVX512 0
#define WORKBENCH_HAS_AVX512BF16 0
#define WORKBENCH_HAS_AMX 0
#endif

#if WORKBENCH_X86

#include <cpuid.h>
#if WORKBENCH_HAS_AMX
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Return the register files that the operating system saves at a switch of tasks (XCR0). */
static unsigned workbench_saved_state(void) {
    unsigned low, high;
    __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0)); /* xgetbv */
    return low;
}

/* Ask Linux for the tiles' state, once for all threads of the process; return whether it is granted. */
static int workbench_permit_tiles(void) {
#if WORKBENCH_HAS_AMX
    return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* XTILEDATA */) == 0;
#else
    return 0;
#endif
}

static int workbench_x86_levels(void) {
    unsigned a, b, c, d, basic_c, b7, d7, subleaves;
    if (!__get_cpuid(1, &a, &b, &basic_c, &d)) return 0;
    if (!__get_cpuid_count(7, 0, &subleaves, &b7, &c, &d7)) return 0;
    const unsigned avx_fma_osxsave = 1u << 28 | 1u << 12 | 1u << 27;
    if ((basic_c & avx_fma_osxsave) != avx_fma_osxsave) return 0;
    const unsigned saved = workbench_saved_state();
    int levels = 0;
    if ((saved & 0x6) != 0x6 || !(b7 & 1u << 5)) return levels;
    levels |= WORKBENCH_AVX2;
    const unsigned f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    if ((saved & 0xe6) != 0xe6 || (b7 & f_dq_bw_vl) != f_dq_bw_vl || !WORKBENCH_HAS_AVX512) return levels;
    levels |= WORKBENCH_AVX512;
    if (!WORKBENCH_HAS_AVX512BF16 || subleaves < 1 || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return levels;
    if (!(a & 1u << 5)) return levels;
    levels |= WORKBENCH_AVX512BF16;
    const unsigned bf16_tile = 1u << 22 | 1u << 24, tiles = 1u << 17 | 1u << 18;
    if ((d7 & bf16_tile) != bf16_tile || (saved & tiles) != tiles || !workbench_permit_tiles()) return levels;
    return levels | WORKBENCH_AMX;
}

#endif

/* Return the levels that can be used here, as bits; each holds all that the lower ones have.
 *
 * Asked once: a virtual machine's cpuid takes some ten microseconds. Threads that ask at once find the same.
 */
WORKBENCH_API int workbench_levels(void) {
    static volatile int levels = 0;
#if WORKBENCH_X86
    if (!levels) levels = WORKBENCH_PORTABLE | workbench_x86_levels();
#else
    levels = WORKBENCH_PORTABLE;
#endif
    return levels;
}

/* Return 1 where the kernels are compiled with OpenMP. */
WORKBENCH_API int workbench_openmp(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

#endif
