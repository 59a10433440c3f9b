/* Whose error line is the current one: rt/ points it at the running fiber. */
#ifndef TN__BASE_ERROR_H
#define TN__BASE_ERROR_H

#include <tenon/error.h>

struct tn__error {
	int code;
	char *text; /* allocated at the first failure, NULL before */
};

/* What every operation looks at is found without a call, in the shared library
 * too. */
#define TN__TLS __attribute__((tls_model("initial-exec")))

/* The running fiber's; NULL means the thread's own, which lives and dies with
 * the thread. */
extern _Thread_local struct tn__error *tn__error_current TN__TLS;

/* Below, NULL means the thread's own line. */

/* Frees the text and forgets the code. */
void tn__error_clear(struct tn__error *error);

/* Moves `from`'s line to `to`, freeing what `to` had. */
void tn__error_move(struct tn__error *to, struct tn__error *from);

/* Makes the present line "out of memory" without allocating; -ENOMEM. */
int tn__error_nomem(void);
#ifdef __clang_analyzer__ /* it cannot see the result */
#define tn__error_nomem() ((void)(tn__error_nomem)(), -12)
#endif

#endif
