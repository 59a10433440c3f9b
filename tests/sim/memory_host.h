/* A machine that is a few arrays: one loop, a virtual clock, TCP connections
 * that are two buffers.  It proves that the seams carry everything: with it in
 * place no kernel socket is opened and no real time passes. */
#ifndef TESTS_SIM_MEMORY_HOST_H
#define TESTS_SIM_MEMORY_HOST_H

#include <tenon/base.h>

/* Puts it in the kernel's place for this thread, with everything it remembers
 * forgotten; and the kernel back. */
void memory_host_begin(void);
void memory_host_end(void);

/* What one send or one receive carries at most; 0 = all there is room for. */
void memory_host_chunk(size_t bytes);

/* Descriptors still open, and calls that came through the seam. */
int memory_host_open_count(void);
long memory_host_calls(void);

#endif
