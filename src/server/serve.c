/* Serving: acceptors on their loops until the server is shut down, then the
 * drain. */
#include <errno.h>
#include <tenon/error.h>
#include "base/memory.h"
#include "net/socket.h"
#include "server/server.h"

/* How long who is idle may still send the request that was under way; and in
 * which turn of so many those go who were silent so far: after a second. */
#define SERVE_DRAIN_PAUSE (250 * TN_MILLISECOND)
#define SERVE_DRAIN_UNHEARD 4

/* ---- acceptors --------------------------------------------------------- */

static void
serve_close_acceptors(struct tn__acceptor *acceptors, int count)
{
	for (int i = 0; i < count; i++) {
		tn_group_free(acceptors[i].group);
		pthread_mutex_destroy(&acceptors[i].lock);
	}
	tn__free(acceptors);
}

static int
serve_open_acceptors(struct tn_server *s, int count, struct tn__acceptor **ret)
{
	struct tn__acceptor *acceptors;
	int r = 0, i = 0;

	acceptors = tn__zalloc((size_t)count * sizeof(*acceptors));
	if (acceptors == NULL)
		return tn__error_nomem();
	for (; i < count && r == 0; i++) {
		acceptors[i].server = s;
		acceptors[i].listener = s->listener;
		pthread_mutex_init(&acceptors[i].lock, NULL);
		tn__list_init(&acceptors[i].connections);
		r = tn_group_open(&acceptors[i].group);
	}
	if (r < 0) {
		serve_close_acceptors(acceptors, i);
		return r;
	}
	*ret = acceptors;
	return 0;
}

/* Each loop needs the listener in its own poller. */
static int
serve_share(struct tn_server *s)
{
	int r = 0;

	for (int i = 0; i < s->acceptor_count && r == 0; i++)
		r = tn__socket_share(s->listener, &s->acceptors[i].listener);
	return r;
}

/* Those of acceptors that never ran. */
static void
serve_unshare(struct tn_server *s, struct tn__acceptor *acceptors, int count)
{
	for (int i = 0; i < count; i++) {
		if (acceptors[i].listener != s->listener)
			tn_socket_free(acceptors[i].listener);
	}
}

static void
serve_close_listener(struct tn_server *s)
{
	if (s->listener->io.fd >= 0)
		(void)tn_socket_close(s->listener);
}

/* ---- from begin to end ------------------------------------------------- */

static int
serve_actions(void *arg)
{
	struct tn_server *s = arg;
	tn_time pause = tn__span_ms(s->options.poll_ms);
	int r;

	tn_fiber_name("service actions");
	while ((r = tn_sleep_until(tn_after(pause))) == 0)
		s->options.service_actions(s);
	return r;
}

/* From now on shutdown finds something to stop; one that came before counts. */
static int
serve_publish(struct tn_server *s, struct tn_group *accepting,
    struct tn__acceptor *acceptors, int count)
{
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (s->accepting != NULL) {
		r = -EBUSY;
	} else {
		s->accepting = accepting;
		s->acceptors = acceptors;
		s->acceptor_count = count;
		if (tn_server_draining(s))
			tn_group_cancel(accepting);
	}
	pthread_mutex_unlock(&s->lock);
	return r < 0 ? tn_error_set(r, "serve: it is serving already") : 0;
}

static int
serve_open(struct tn_server *s)
{
	int count = s->kind->every_loop && s->packet == NULL ?
	    tn_loop_count() : 1;
	struct tn__acceptor *acceptors = NULL;
	struct tn_group *accepting = NULL;
	int r = s->kind->forks ? tn__process_may_fork() : 0;

	if (s->listener->io.fd < 0)
		r = tn_error_set(-EBADF, "serve: it was shut down");
	if (r == 0)
		r = serve_open_acceptors(s, count, &acceptors);
	if (r == 0)
		r = tn_group_open(&accepting);
	if (r == 0)
		r = serve_publish(s, accepting, acceptors, count);
	if (r < 0) {
		tn_group_free(accepting);
		serve_close_acceptors(acceptors, acceptors == NULL ? 0 : count);
	}
	return r;
}

static int
serve_start(struct tn_server *s)
{
	int first = s->acceptor_count == 1 ? tn_loop_index() : 0;
	int r = s->acceptor_count == 1 ? 0 : serve_share(s);

	for (int i = 0; i < s->acceptor_count && r == 0; i++)
		r = tn_go_on(s->accepting, first + i, tn__accept_main,
		    &s->acceptors[i]);
	if (r == 0 && s->options.service_actions != NULL)
		r = tn_go(s->accepting, serve_actions, s);
	return r == -ECANCELED && tn_server_draining(s) ? 0 : r;
}

/* Whatever runs still is cancelled.  Datagrams are answered through the
 * listener, so it lasts as long as they do. */
static void
serve_close(struct tn_server *s)
{
	struct tn__acceptor *acceptors;
	struct tn_group *accepting;
	int count;

	pthread_mutex_lock(&s->lock);
	accepting = TN_TAKE(s->accepting);
	acceptors = TN_TAKE(s->acceptors);
	count = s->acceptor_count;
	s->acceptor_count = 0;
	pthread_mutex_unlock(&s->lock);

	tn_group_free(accepting);
	serve_unshare(s, acceptors, count);
	if (tn_server_draining(s) && s->packet == NULL)
		serve_close_listener(s);
	serve_close_acceptors(acceptors, count);
	if (tn_server_draining(s))
		serve_close_listener(s);
}

/* ---- drain ------------------------------------------------------------- */

/* Those who wait in the backlog were promised an answer; more who come
 * meanwhile were not. */
static int
serve_backlog(struct tn_server *s)
{
	int r = 1;

	while (s->backlog_left > 0 && r > 0) {
		r = tn__accept_one(&s->acceptors[0]);
		s->backlog_left--;
	}
	if (r < 0)
		return r;
	s->backlog_left = 0;
	if (s->packet == NULL)
		serve_close_listener(s);
	return 0;
}

/* 0 when all have ended, 1 when it is `until`, or an error of the wait. */
static int
serve_drain_until(struct tn_server *s, tn_time until)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, until);
	r = serve_backlog(s);
	for (int i = 0; i < s->acceptor_count && r == 0; i++)
		r = tn_group_wait(s->acceptors[i].group);
	return tn_scope_close(&scope) && r == -ETIMEDOUT ? 1 : r;
}

/* At the beginning, and then every SERVE_DRAIN_PAUSE.  Children hear of three
 * of these turns. */
static void
serve_end_connections(struct tn_server *s, int turn)
{
	static const int steps[] = {
		[TN__DRAIN_BEGINS] = 0,
		[TN__DRAIN_IDLE] = 1,
		[TN__DRAIN_UNHEARD] = SERVE_DRAIN_UNHEARD,
	};

	for (int i = 0; i < s->acceptor_count; i++)
		tn__connections_end(&s->acceptors[i],
		    turn == SERVE_DRAIN_UNHEARD);
	for (int i = 0; s->kind->forks && i < TN__DRAIN_STEPS; i++)
		if (steps[i] == turn)
			tn__flag_raise(&s->drained[i]);
}

static void
serve_drain(struct tn_server *s)
{
	tn_time end = tn_after(tn__span_ms(s->options.drain_ms));
	tn_time next = tn_now();
	int r = 1;

	for (int turn = 0; r == 1 && next < end; turn++) {
		serve_end_connections(s, turn);
		next += SERVE_DRAIN_PAUSE;
		r = serve_drain_until(s, next < end ? next : end);
	}
}

/* ---- the public ones --------------------------------------------------- */

static int
serve(void *arg)
{
	struct tn_server *s = arg;
	struct tn__error why = { 0 };
	int r = serve_open(s);

	if (r < 0)
		return r;
	r = serve_start(s);
	if (r == 0)
		r = tn_group_wait(s->accepting);
	if (r < 0)
		tn__error_move(&why, tn__error_current);
	/* When acceptors are left it is we who cannot wait any more. */
	if (tn_server_draining(s) && tn_group_count(s->accepting) == 0)
		serve_drain(s);
	serve_close(s);
	if (r < 0)
		tn__error_move(tn__error_current, &why);
	return r;
}

int
tn_server_serve_forever(struct tn_server *s)
{
	const struct tn_run_options options = {
		.loops = s->kind->every_loop ? s->options.loops : 1,
	};

	return tn_loop_count() > 0 ? serve(s) : tn_run(serve, s, &options);
}

int
tn_server_handle_request(struct tn_server *s)
{
	struct tn__caller *caller = NULL;
	struct tn_scope scope;
	bool fired;
	int r;

	tn_scope_open(&scope, tn_after(tn__span_ms(s->options.timeout_ms)));
	r = tn__accept_wait(s, &caller);
	fired = tn_scope_close(&scope);
	if (r > 0)
		return tn__connection_main(caller);
	if (r != -ETIMEDOUT || !fired || s->options.handle_timeout == NULL)
		return r;
	s->options.handle_timeout(s);
	return 0;
}
