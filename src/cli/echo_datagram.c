#include <errno.h>
#include <tenon/error.h>
#include <tenon/resolve.h>
#include <tenon/run.h>

#include "cli/echo_datagram.h"

static int
datagram_find(struct cli_datagram *d)
{
	struct tn_endpoint e;
	int r = tn_endpoint_parse(d->name, &e);

	if (r < 0)
		return r;
	if (e.local)
		r = tn_address_from_path(tn_slice_str(e.host), d->addresses);
	else
		r = tn_net_getaddrinfo(e.host, e.port, AF_UNSPEC, e.type, false,
		    d->addresses, TN_COUNT(d->addresses));
	d->count = e.local ? 1 : r;
	return r < 0 ? r : 0;
}

/* A socket that sends to the next address and hears nobody else. */
static int
datagram_connect(struct cli_datagram *d)
{
	const struct tn_address *to = &d->addresses[d->next++];
	/* Unix answers need a name too; the kernel finds one. */
	struct tn_address any = { .size = sizeof(sa_family_t) };
	int family = to->storage.ss_family, r;

	tn_socket_free(d->socket);
	d->socket = NULL;
	r = tn_socket_open(family, SOCK_DGRAM, 0, &d->socket);
	any.storage.ss_family = AF_UNIX;
	if (r == 0 && family == AF_UNIX)
		r = tn_socket_bind(d->socket, &any);
	return r < 0 ? r : tn_socket_connect(d->socket, to);
}

int
cli_datagram_open(const char *name, struct cli_datagram *ret)
{
	struct cli_datagram d = { .name = name };
	int r = datagram_find(&d);

	if (r == 0)
		r = datagram_connect(&d);
	if (r == 0)
		r = tn_buffer_reserve(&d.answer, CLI_DATAGRAM_MAX + 1);
	if (r < 0) {
		cli_datagram_close(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void
cli_datagram_close(struct cli_datagram *d)
{
	tn_socket_free(d->socket);
	tn_buffer_free(&d->answer);
	d->socket = NULL;
}

static ssize_t
datagram_try(struct cli_datagram *d, struct tn_slice text)
{
	ssize_t n = tn_socket_send(d->socket, text.data, text.len, 0);

	if (n < 0)
		return n;
	return tn_socket_recv(d->socket, d->answer.data, CLI_DATAGRAM_MAX, 0);
}

int
cli_datagram_ask(struct cli_datagram *d, struct tn_slice text,
    int64_t timeout_ms, struct tn_slice *ret)
{
	struct tn_scope scope;
	ssize_t n;
	int r = 0;

	tn_scope_open(&scope, tn_after(timeout_ms * TN_MILLISECOND));
	n = datagram_try(d, text);
	while (n == -ECONNREFUSED && !d->answered && d->next < d->count &&
	    r == 0) {
		r = datagram_connect(d);
		if (r == 0)
			n = datagram_try(d, text);
	}
	if (tn_scope_close(&scope) && n == -ETIMEDOUT)
		return tn_error_set(-ETIMEDOUT,
		    "%s: no answer within %lld ms; see --timeout", d->name,
		    (long long)timeout_ms);
	if (r < 0 || n < 0)
		return r < 0 ? r : (int)n;
	d->answered = true;
	*ret = tn_slice(d->answer.data, (size_t)n);
	return 0;
}
