/* SIGPIPE, which sendfile, splice and write raise and MSG_NOSIGNAL does not
 * reach: blocked on the threads of loops, and on any other thread for the
 * length of the call. */
#include <time.h>
#include "rt/internal.h"

static void
sigpipe_set(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGPIPE);
}

void
tn__sigpipe_block(struct tn__sigpipe *ret)
{
	const struct tn__loop *loop = tn__loop_current;
	sigset_t pipe_only, pending;

	ret->blocked = loop == NULL || loop->owner == NULL;
	if (!ret->blocked)
		return;
	sigpipe_set(&pipe_only);
	sigemptyset(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &ret->before);
	sigpending(&pending);
	ret->pending = sigismember(&pending, SIGPIPE) == 1;
}

void
tn__sigpipe_restore(const struct tn__sigpipe *before, bool raised)
{
	sigset_t pipe_only;

	if (!before->blocked)
		return;
	sigpipe_set(&pipe_only);
	if (raised && !before->pending)
		sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0 });
	pthread_sigmask(SIG_SETMASK, &before->before, NULL);
}
