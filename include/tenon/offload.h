/* tenon/offload.h - work that would block a loop, done on a worker thread. */
#ifndef TENON_OFFLOAD_H
#define TENON_OFFLOAD_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs `fn(arg)` on a worker thread and waits until it has returned, whatever
 * happens, so `arg` may live on the caller's stack.  Returns 0 with fn's result
 * in `*ret`; -ECANCELED or -ETIMEDOUT, reported after the job ended and with
 * `*ret` set too, when this fiber was cancelled or its deadline passed
 * meanwhile.  When they had before, or with -EAGAIN (no thread to be had), fn
 * never ran and `*ret` is untouched.  On a thread without a loop fn runs right
 * here. */
TN_API TN_CHECK int tn_offload(int (*fn)(void *arg), void *arg, int *ret);

#ifdef __cplusplus
}
#endif

#endif
