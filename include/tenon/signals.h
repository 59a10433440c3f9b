/* tenon/signals.h - signals as something to wait for.
 *
 * Opening installs handlers for the whole process; closing puts the earlier
 * ones back.  The library does so only when asked. */
#ifndef TENON_SIGNALS_H
#define TENON_SIGNALS_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_signals;

/* Catches the `count` signals of `numbers`.  -EBUSY when one of them is caught
 * by another struct tn_signals, -EINVAL for one that cannot be caught. */
TN_API TN_CHECK int tn_signals_open(const int *numbers, size_t count,
    struct tn_signals **ret);

/* The number of a signal that came, waiting for one; each delivery between two
 * calls is reported once at least.  -ECANCELED, -ETIMEDOUT. */
TN_API TN_CHECK int tn_signals_wait(struct tn_signals *signals);

/* Puts the earlier handlers back; nobody may be waiting.  NULL is fine. */
TN_API void tn_signals_free(struct tn_signals *signals);
TN_DEFINE_CLEANUP(struct tn_signals, tn_signals_free)

#ifdef __cplusplus
}
#endif

#endif
