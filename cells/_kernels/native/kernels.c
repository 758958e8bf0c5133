/* Whole-sequence recurrences, forward and backward, in plain C: no header of Python's or torch's.
 *
 * One translation unit: the other parts are included. Built by compiler.py, called by ctypes.
 */
#include "levels.h"

/* Return 0 where the kernels of a level (one bit of workbench_levels) compute what they should. */
WORKBENCH_API int workbench_self_test(int level) {
    return !(level & workbench_levels());
}
