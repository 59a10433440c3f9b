/* A connection in a process of its own.  The fiber that would have handled it
 * forks, waits for the child and reaps it; so limits, drain and cancellation
 * are those of any other connection. */
#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include "net/socket.h"
#include "server/server.h"

#define CHILD_TERM_SPAN TN_SECOND /* between asking it to end and ending it */

/* ---- in the child ------------------------------------------------------ */

/* Of those whose PROXY header the parent still waits for there is a copy here,
 * and while it is open their clients would not see them end. */
static void
child_close_others(const struct tn__connection *c)
{
	TN__LIST_FOR(node, &c->acceptor->connections) {
		struct tn__connection *other =
		    TN__CONTAINER(node, struct tn__connection, node);

		struct tn_socket *socket = tn_stream_socket(other->carrier);

		if (other != c && socket != NULL)
			tn__net()->close(socket->io.fd);
	}
}

/* The port is the parent's, and so are the other connections. */
static void
child_forget_server(struct tn__connection *c)
{
	struct tn_server *s = c->request.server;

	child_close_others(c);
	s->accepting = NULL;
	s->acceptor_count = 0;
	tn__list_init(&c->acceptor->connections);
	tn__list_push_back(&c->acceptor->connections, &c->node);
	if (s->packet == NULL)
		(void)tn_socket_close(s->listener);
}

static void
child_drain_unheard(void *arg)
{
	struct tn__connection *c = arg;

	tn__connections_end(c->acceptor, true);
}

/* The parent says so once: whoever is idle has had his time. */
static void
child_drain_idle(void *arg)
{
	struct tn__connection *c = arg;
	struct tn_server *s = c->request.server;

	atomic_store(&s->impatient, true);
	tn__connections_end(c->acceptor, false);
	tn__connections_end(c->acceptor, false);
	tn__flag_watch(&s->drained[TN__DRAIN_UNHEARD], child_drain_unheard, c);
}

/* The parent drains: so do we, with the one connection that is ours. */
static void
child_drain(void *arg)
{
	struct tn__connection *c = arg;
	struct tn_server *s = c->request.server;

	atomic_store(&s->draining, true);
	tn__connections_end(c->acceptor, false);
	tn__flag_watch(&s->drained[TN__DRAIN_IDLE], child_drain_idle, c);
}

static int
child_main(struct tn__connection *c)
{
	child_forget_server(c);
	tn__flag_watch(&c->request.server->drained[TN__DRAIN_BEGINS],
	    child_drain, c);
	return tn__connection_serve(c);
}

/* ---- in the parent ----------------------------------------------------- */

static int
child_wait(struct tn__connection *c, struct tn__process *child)
{
	int pid = child->pid, status = 0;
	int r = tn__process_wait(child, &status);

	if (r < 0) { /* cancelled, or out of time */
		tn__process_end(child, CHILD_TERM_SPAN, &status);
		return r;
	}
	if (status >= 0)
		return 0;
	r = tn_error_set(-ECHILD, "child %d: ended by signal %d", pid, -status);
	tn__connection_error(c, r);
	return r;
}

int
tn__child_serve(struct tn__connection *c)
{
	struct tn__process child;
	int r = tn__process_fork(&child);

	if (r == 0)
		tn__process_exit(child_main(c) < 0);
	tn__connection_leave(c);
	if (r < 0)
		tn__connection_error(c, r);
	tn_stream_free(TN_TAKE(c->request.stream)); /* the child has its own */
	return r < 0 ? r : child_wait(c, &child);
}
