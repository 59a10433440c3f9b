/* Reading from and writing to one end of a connection. */
#include "sim/sim.h"

#define END_TELL_AGAIN TN_SECOND

static struct tn__end *
end_of(struct tn__sim_socket *s)
{
	return TN__CONTAINER(s, struct tn__end, socket);
}

static void
end_edge(struct tn__end *e)
{
	tn__thing_edge(&e->socket.thing);
}

/* ---- reading ----------------------------------------------------------- */

static size_t
end_room(const struct tn__end *e)
{
	size_t max = e->out_max + (e->peer == NULL ? TN__END_BUFFER :
	    e->peer->in_max);

	return e->out_used < max ? max - e->out_used : 0;
}

/* As sk_stream_is_writeable(): a third free is worth waking for. */
bool
tn__end_has_room(const struct tn__end *e)
{
	return end_room(e) >= e->out_max / 3;
}

/* The other end knows now what was read here. */
void
tn__end_told(struct tn__event *event)
{
	struct tn__end *e = TN__CONTAINER(event, struct tn__end, reading);
	struct tn__end *p = e->peer;

	if (p == NULL || p->state == TN__END_DEAD)
		return;
	if (!e->local && tn__way_cut(e->socket.thing.boot->machine, e->far)) {
		if (e->untold_since == 0)
			e->untold_since = tn__world->now;
		if (tn__world->now - e->untold_since < TN__END_GIVE_UP)
			tn__event_at(event, tn__world->now + END_TELL_AGAIN);
		return;
	}
	e->untold_since = 0;
	p->out_used -= e->read < p->out_used ? e->read : p->out_used;
	e->read = 0;
	if (p->wants_room && tn__end_has_room(p)) {
		p->wants_room = false;
		end_edge(p);
	}
}

static void
end_tell(struct tn__end *e, size_t n)
{
	e->read += n;
	if (e->local)
		tn__end_told(&e->reading);
	else if (!tn__heap_contains(&e->reading.node))
		tn__event_at(&e->reading, tn__world->now +
		    tn__way_latency(e->socket.thing.boot->machine, e->far));
}

static ssize_t
end_recv_nothing(struct tn__end *e)
{
	int error = e->socket.error;

	if (e->state == TN__END_NEW || e->state == TN__END_LISTENING)
		return e->local ? -EINVAL : -ENOTCONN;
	if (e->in_ended)
		return 0;
	e->socket.error = 0;
	if (error != 0)
		return -error;
	return e->state == TN__END_DEAD || e->shut_in ? 0 : -EAGAIN;
}

static void
end_take(struct tn__end *e, size_t n)
{
	e->in_size -= n;
	e->in_start = e->in_size == 0 ? 0 : e->in_start + n;
	end_tell(e, n);
}

/* One packet, however much of it is wanted. */
static ssize_t
end_recv_packet(struct tn__end *e, struct tn__vector out, int flags,
    int *ret_flags)
{
	const char *from = e->in + e->in_start;
	size_t size, n;

	memcpy(&size, from, sizeof(size));
	n = tn__vector_put(out, from + sizeof(size), size);
	if (n < size)
		*ret_flags |= MSG_TRUNC;
	if (!(flags & MSG_PEEK))
		end_take(e, sizeof(size) + size);
	return (ssize_t)(flags & MSG_TRUNC ? size : n);
}

ssize_t
tn__end_recv(struct tn__sim_socket *s, struct tn__vector out, int flags,
    struct tn_address *from, int *ret_flags)
{
	struct tn__end *e = end_of(s);
	size_t size = tn__vector_size(out), n;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (flags & MSG_OOB)
		return -EINVAL;
	if (size == 0)
		return 0;
	if (tn__end_stalls(e) && !e->shut_in)
		return -EAGAIN;
	if (e->in_size == 0)
		return end_recv_nothing(e);
	if (s->type == SOCK_SEQPACKET)
		return end_recv_packet(e, out, flags, ret_flags);
	n = e->in_size < size ? e->in_size : size;
	if (n > 1 && tn__sim_strikes(TN_SIM_SHORT_READ)) {
		n = 1 + (size_t)tn__sim_below(n - 1);
		/* The kernel would have given it all, and whoever believes
		 * that waits for an edge: here it is. */
		end_edge(e);
	}
	tn__vector_put(out, e->in + e->in_start, n);
	if (!(flags & MSG_PEEK))
		end_take(e, n);
	return (ssize_t)n;
}

/* ---- writing ----------------------------------------------------------- */

static int
end_may_send(struct tn__end *e)
{
	int error = e->socket.error;

	if (e->state == TN__END_CONNECTING)
		return -EAGAIN;
	if (error != 0) {
		e->socket.error = 0;
		return -error;
	}
	if (e->state == TN__END_NEW && e->local)
		return -ENOTCONN;
	if (e->state != TN__END_CONNECTED || e->shut_out)
		return -EPIPE;
	if (e->local && (e->peer == NULL || tn__end_is_closed(e->peer) ||
	    e->peer->shut_in))
		return -EPIPE;
	return 0;
}

/* Somebody in the middle has had enough, at any byte; on one machine whoever
 * holds the other end has died. */
static void
end_send_reset(struct tn__end *e, const char *bytes, size_t size)
{
	size_t n = (size_t)tn__sim_below(size + 1);

	if (e->socket.type == SOCK_SEQPACKET)
		n = 0;
	if (n > 0)
		tn__end_push(e, TN__SEGMENT_DATA, bytes, n);
	tn__end_push(e, TN__SEGMENT_RST, NULL, 0);
	tn__end_push(e->peer, TN__SEGMENT_RST, NULL, 0);
}

static void
end_send_data(struct tn__end *e, const char *bytes, size_t size)
{
	size_t most = e->local ? SIZE_MAX :
	    tn__way_segment(e->socket.thing.boot->machine, e->far);

	while (size > most) {
		tn__end_push(e, TN__SEGMENT_DATA, bytes, most);
		bytes += most;
		size -= most;
	}
	tn__end_push(e, TN__SEGMENT_DATA, bytes, size);
}

static ssize_t
end_send_bytes(struct tn__end *e, struct tn__vector in, size_t size)
{
	char *bytes = tn__sim_zalloc(size + 1);

	if (bytes == NULL)
		return -ENOBUFS;
	tn__vector_get(in, bytes, size);
	e->out_used += size +
	    (e->socket.type == SOCK_SEQPACKET ? sizeof(size) : 0);
	if (tn__sim_strikes(TN_SIM_RESET))
		end_send_reset(e, bytes, size);
	else
		end_send_data(e, bytes, size);
	tn__free(bytes);
	return (ssize_t)size;
}

/* All of it or nothing. */
static ssize_t
end_send_packet(struct tn__end *e, struct tn__vector in, size_t size)
{
	if (size + sizeof(size) > e->out_max)
		return -EMSGSIZE;
	if (size + sizeof(size) > end_room(e)) {
		e->wants_room = true;
		return -EAGAIN;
	}
	return end_send_bytes(e, in, size);
}

ssize_t
tn__end_send(struct tn__sim_socket *s, struct tn__vector in, int flags,
    const struct tn_address *to)
{
	struct tn__end *e = end_of(s);
	size_t size = tn__vector_size(in), room;
	int r = end_may_send(e);

	if (s->type == SOCK_SEQPACKET)
		return r < 0 ? r : end_send_packet(e, in, size);
	if (r < 0 || size == 0)
		return r;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	room = end_room(e);
	if (size > room)
		e->wants_room = true;
	if (room == 0)
		return -EAGAIN;
	if (size > room)
		size = room;
	if (size > 1 && tn__sim_strikes(TN_SIM_SHORT_WRITE)) {
		size = 1 + (size_t)tn__sim_below(size - 1);
		end_edge(e); /* for whoever waits instead of trying again */
	}
	return end_send_bytes(e, in, size);
}
