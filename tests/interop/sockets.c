/* One end of a conversation whose other end is Python's socket module:
 *
 *     sockets echo KIND ADDRESS         says its address, answers one caller
 *     sockets call KIND ADDRESS         sends the standard input, line by line
 *     sockets give KIND ADDRESS FILE    FILE's descriptor goes along, twice
 *     sockets take KIND ADDRESS ROOM    so many descriptors, and what they hold
 *     sockets silent KIND ADDRESS       nobody answers in time
 *
 * KIND is stream, datagram or packets (SOCK_SEQPACKET). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/error.h>
#include <tenon/socket.h>
#include <unistd.h>

#define PATIENCE (30 * TN_SECOND)
#define PIECE 65536

static const char *kind, *address, *extra;

static int
kind_type(void)
{
	if (strcmp(kind, "datagram") == 0)
		return SOCK_DGRAM;
	return strcmp(kind, "packets") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
}

/* A literal, or a Unix path. */
static int
parse(struct tn_address *ret)
{
	struct tn_endpoint endpoint;
	struct tn_ip ip;
	int r = tn_endpoint_parse(address, &endpoint);

	if (r < 0)
		return r;
	if (endpoint.local)
		return tn_address_from_path(tn_slice_str(endpoint.host), ret);
	r = tn_ip_parse(tn_slice_str(endpoint.host), &ip);
	return r < 0 ? r :
	    tn_address_from_ip(&ip, (uint16_t)atoi(endpoint.port), ret);
}

static int
open_at(struct tn_address *ret_address, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int r = parse(ret_address);

	if (r == 0)
		r = tn_socket_open(ret_address->storage.ss_family, kind_type(),
		    0, &s);
	if (r == 0)
		r = tn_socket_settimeout(s, PATIENCE);
	if (r == 0)
		*ret = TN_TAKE(s);
	return r;
}

/* A Unix datagram socket is answered only when it has a name; the kernel
 * chooses one for an address that is nothing but a family. */
static int
name_caller(struct tn_socket *s)
{
	struct sockaddr any = { .sa_family = AF_UNIX };
	struct tn_address name;
	int r;

	if (tn_socket_family(s) != AF_UNIX || tn_socket_type(s) != SOCK_DGRAM)
		return 0;
	r = tn_address_from_sockaddr(&any, sizeof(any.sa_family), &name);
	return r < 0 ? r : tn_socket_bind(s, &name);
}

static int
call(struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address to;
	int r = open_at(&to, &s);

	if (r == 0)
		r = name_caller(s);
	if (r == 0)
		r = tn_socket_connect(s, &to);
	if (r == 0)
		*ret = TN_TAKE(s);
	return r;
}

/* Says where, and waits for one caller; datagrams need none. */
static int
answer(struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r = open_at(&at, &s);

	if (r == 0)
		r = tn_socket_bind(s, &at);
	if (r == 0 && kind_type() != SOCK_DGRAM)
		r = tn_socket_listen(s, 1);
	if (r == 0)
		r = tn_socket_getsockname(s, &at);
	if (r < 0)
		return r;
	printf("%s\n", tn_address_format(&at, text));
	fflush(stdout);
	if (kind_type() != SOCK_DGRAM)
		return tn_socket_accept(s, ret, NULL);
	*ret = TN_TAKE(s);
	return 0;
}

/* ---- echo -------------------------------------------------------------- */

/* Until an empty datagram. */
static int
echo_datagrams(struct tn_socket *s)
{
	static char bytes[PIECE];
	struct tn_address from;
	ssize_t n;

	while ((n = tn_socket_recvfrom(s, bytes, PIECE, 0, &from)) > 0) {
		n = tn_socket_sendto(s, bytes, (size_t)n, 0, &from);
		if (n < 0)
			break;
	}
	return (int)n;
}

static int
run_echo(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	static char bytes[PIECE];
	ssize_t n = answer(&s);

	if (n == 0 && kind_type() == SOCK_DGRAM)
		return echo_datagrams(s);
	while (n == 0 && (n = tn_socket_recv(s, bytes, PIECE, 0)) > 0)
		n = tn_socket_sendall(s, bytes, (size_t)n, 0);
	return (int)n;
}

/* ---- call -------------------------------------------------------------- */

/* The answer to `size` bytes: as many on a stream, one message elsewhere. */
static int
hear(struct tn_socket *s, size_t size)
{
	static char bytes[PIECE];
	ssize_t n = tn_socket_recv(s, bytes,
	    kind_type() == SOCK_STREAM ? size : PIECE, MSG_WAITALL);

	if (n > 0)
		fwrite(bytes, 1, (size_t)n, stdout);
	return n < 0 ? (int)n : n == (ssize_t)size ? 0 : TN_ETRUNCATED;
}

static int
run_call(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	static char line[PIECE];
	int r = call(&s);

	while (r == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		r = tn_socket_sendall(s, line, strlen(line), 0);
		if (r == 0)
			r = hear(s, strlen(line));
	}
	return r < 0 ? r : tn_socket_shutdown(s, SHUT_WR);
}

static int
run_silent(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	char byte;
	int r = call(&s);

	if (r == 0)
		r = tn_socket_settimeout(s, 100 * TN_MILLISECOND);
	return r < 0 ? r : (int)tn_socket_recv(s, &byte, 1, 0);
}

/* ---- descriptors ------------------------------------------------------- */

static int
run_give(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int r = call(&s), fds[2];
	ssize_t n;

	if (r < 0)
		return r;
	fds[0] = fds[1] = open(extra, O_RDONLY | O_CLOEXEC);
	if (fds[0] < 0)
		return tn_error_set(-errno, "open %s", extra);
	n = tn_socket_send_fds(s, "two", 3, fds, 2, 0);
	close(fds[0]);
	return n < 0 ? (int)n : 0;
}

static void
show(int fd)
{
	char bytes[64];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	printf(" %.*s", n < 0 ? 0 : (int)n, bytes);
	close(fd);
}

static int
run_take(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	size_t count = (size_t)atoi(extra);
	int fds[TN_SOCKET_FDS_MAX], flags = 0;
	char bytes[64];
	ssize_t n = answer(&s);

	if (n == 0)
		n = tn_socket_recv_fds(s, bytes, sizeof(bytes), fds, &count, 0,
		    &flags);
	if (n < 0)
		return (int)n;
	printf("%.*s %zu%s", (int)n, bytes, count,
	    flags & MSG_CTRUNC ? " cut" : "");
	for (size_t i = 0; i < count; i++)
		show(fds[i]);
	printf("\n");
	return 0;
}

static const struct role {
	const char *name;
	int (*run)(void);
} roles[] = {
	{ "echo", run_echo },
	{ "call", run_call },
	{ "silent", run_silent },
	{ "give", run_give },
	{ "take", run_take },
};

int
main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	kind = argv[2];
	address = argv[3];
	extra = argc > 4 ? argv[4] : "0";
	for (size_t i = 0; i < TN_COUNT(roles); i++) {
		if (strcmp(argv[1], roles[i].name) != 0)
			continue;
		if (roles[i].run() >= 0)
			return 0;
		fprintf(stderr, "%s\n", tn_error_text());
		return 1;
	}
	return 2;
}
