/* Sockets: TCP, UDP, Unix, names, and the four kinds of server. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <tenon/netdb.h>
#include <tenon/resolve.h>
#include <tenon/server.h>
#include <unistd.h>

#include "sweep/folder.h"
#include "sweep/sweep.h"

static struct tn_socket *sockets[2];

static void
sockets_free(void)
{
	tn_socket_free(TN_TAKE(sockets[0]));
	tn_socket_free(TN_TAKE(sockets[1]));
}

/* ---- TCP --------------------------------------------------------------- */

static int
tcp_serve(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	char text[64];
	ssize_t n;
	int r = tn_socket_accept(sockets[0], &s, NULL);

	if (r < 0)
		return r;
	n = tn_socket_recv(s, text, sizeof(text), 0);
	if (n > 0)
		r = tn_socket_sendall(s, text, (size_t)n, 0);
	else
		r = (int)n;
	return r;
}

static int
tcp_talk(struct tn_socket *s)
{
	int r = tn_socket_sendall(s, "hello", 5, 0), one = 1;
	char text[64] = "";
	ssize_t n;

	if (r == 0)
		r = tn_socket_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
	if (r == 0)
		r = tn_socket_wait_readable(s);
	if (r < 0)
		return r;
	n = tn_socket_recv(s, text, 5, MSG_WAITALL);
	if (n == 0)
		return tn_error_set(TN_ETRUNCATED, "talk: ended early");
	if (n < 0)
		return (int)n;
	SWEEP_CHECK(n == 5 && strcmp(text, "hello") == 0);
	return tn_socket_shutdown(s, SHUT_WR);
}

static int
tcp_ask(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address at;
	int r = tn_socket_getsockname(sockets[0], &at);

	if (r == 0)
		r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &s);
	if (r == 0)
		r = tn_socket_connect(s, &at);
	return r < 0 ? r : tcp_talk(s);
}

static int
run_tcp(void)
{
	int r = tn_listen("127.0.0.1:0", NULL, &sockets[0]);

	if (r == 0)
		r = sweep_both(tcp_serve, tcp_ask);
	sockets_free();
	return r;
}

/* By name: looked up, then raced. */
static int
name_ask(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address at;
	char port[8];
	int r = tn_socket_getsockname(sockets[0], &at);

	if (r < 0)
		return r;
	snprintf(port, sizeof(port), "%d", tn_address_port(&at));
	r = tn_net_create_connection("localhost", port, NULL, &s);
	return r < 0 ? r : tcp_talk(s);
}

static int
run_name(void)
{
	int r = tn_listen("127.0.0.1:0", NULL, &sockets[0]);

	if (r == 0)
		r = sweep_both(tcp_serve, name_ask);
	sockets_free();
	return r;
}

/* ---- datagrams --------------------------------------------------------- */

/* What was sent is there, or sending it failed. */
static int
datagrams(struct tn_socket *from, struct tn_socket *to)
{
	struct tn_address at, sender;
	struct iovec part;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	char text[64] = "", two[] = "two";
	ssize_t n;
	int r = tn_socket_getsockname(to, &at);

	if (r < 0)
		return r;
	n = tn_socket_sendto(from, "one", 3, 0, &at);
	if (n >= 0)
		n = tn_socket_recvfrom(to, text, sizeof(text), 0, &sender);
	if (n >= 0)
		SWEEP_CHECK(n == 3 && strcmp(text, "one") == 0);
	part = (struct iovec){ two, 3 };
	message.msg_name = &at.storage;
	message.msg_namelen = at.size;
	if (n >= 0)
		n = tn_socket_sendmsg(from, &message, 0);
	part = (struct iovec){ text, sizeof(text) };
	message = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	if (n >= 0)
		n = tn_socket_recvmsg(to, &message, 0);
	if (n >= 0)
		SWEEP_CHECK(n == 3 && strcmp(text, "two") == 0);
	return n < 0 ? (int)n : 0;
}

static int
udp_main(void *arg)
{
	int r = tn_listen("udp:127.0.0.1:0", NULL, &sockets[0]);

	if (r == 0)
		r = tn_listen("udp:127.0.0.1:0", NULL, &sockets[1]);
	if (r == 0)
		r = datagrams(sockets[0], sockets[1]);
	sockets_free();
	return r;
}

static int
run_udp(void)
{
	int r = tn_run(udp_main, NULL, NULL);

	return r < 0 ? r : udp_main(NULL);
}

static int
pair_main(void *arg)
{
	char text[8] = "";
	ssize_t n;
	int r = tn_socket_pair(AF_UNIX, SOCK_SEQPACKET, 0, sockets);

	if (r < 0)
		return r;
	n = tn_socket_send(sockets[0], "x", 1, 0);
	if (n >= 0)
		n = tn_socket_recv(sockets[1], text, sizeof(text), 0);
	if (n >= 0)
		SWEEP_CHECK(n == 1 && text[0] == 'x');
	sockets_free();
	return n < 0 ? (int)n : 0;
}

static int
run_pair(void)
{
	return tn_run(pair_main, NULL, NULL);
}

/* A path on which somebody listened before, with a mode of its own. */
static int
unix_main(void *arg)
{
	char where[128];
	struct tn_listen_options options = { .unix_mode = 0600 };
	struct sockaddr_un old = { .sun_family = AF_UNIX };
	int fd, r;

	snprintf(where, sizeof(where), "unix:%s/left", folder_path);
	snprintf(old.sun_path, sizeof(old.sun_path), "%s/left", folder_path);
	sweep_outside = true;
	unlink(old.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(fd, (struct sockaddr *)&old, sizeof(old));
	close(fd);
	sweep_outside = false;
	r = tn_listen(where, &options, &sockets[0]);
	sockets_free();
	return r;
}

static int
run_unix(void)
{
	return tn_run(unix_main, NULL, NULL);
}

/* ---- names ------------------------------------------------------------- */

static int
names_netdb(void)
{
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *forth = NULL;
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *back = NULL;
	TN_CLEANUP(tn_interfaces_freep) struct tn_interface *all = NULL;
	size_t count;
	int r = tn_net_gethostbyname_ex("localhost", AF_INET, &forth);

	if (r == 0)
		r = tn_net_gethostbyaddr("127.0.0.1", &back);
	if (r == 0)
		r = tn_net_interfaces(&all, &count);
	if (r < 0)
		return r;
	SWEEP_CHECK(strcmp(forth->name, "localhost") == 0 && count > 0);
	SWEEP_CHECK(forth->address_count > 0 && back->name != NULL);
	r = tn_net_getservbyname("http", "tcp");
	SWEEP_CHECK(r < 0 || r == 80);
	return r < 0 ? r : 0;
}

static int
names_main(void *arg)
{
	struct tn_address found[4];
	char host[256], service[64];
	int r = tn_net_getaddrinfo("localhost", "80", AF_UNSPEC, SOCK_STREAM,
	    false, found, 4);

	if (r < 0)
		return r;
	SWEEP_CHECK(r >= 1 && tn_address_port(&found[0]) == 80);
	r = tn_net_getnameinfo(&found[0], false, host, sizeof(host), service,
	    sizeof(service));
	return r < 0 ? r : names_netdb();
}

static int
run_names(void)
{
	int r = tn_run(names_main, NULL, NULL);

	return r < 0 ? r : names_main(NULL);
}

/* ---- servers ----------------------------------------------------------- */

static struct tn_server *server;

static int
server_handle(struct tn_request *rq)
{
	struct tn_slice said;
	int r;

	while ((r = tn_stream_fill(rq->stream, 1, &said)) > 0) {
		r = tn_stream_write(rq->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(rq->stream, said.len);
	}
	return r;
}

static int
server_serve(void)
{
	return tn_server_serve_forever(server);
}

/* Who is hung up on has an answer too, as long as the server goes on. */
static int
server_ask(void)
{
	struct tn_address at;
	int r = 0;

	tn_server_address(server, &at);
	for (int i = 0; i < 2 && r == 0; i++) {
		TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;

		r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &s);
		if (r == 0)
			r = tn_socket_connect(s, &at);
		if (r == 0)
			r = tcp_talk(s);
	}
	tn_server_shutdown(server);
	return r;
}

static int
server_run(enum tn_server_kind kind)
{
	struct tn_server_options options = {
		.kind = kind, .handle = server_handle, .drain_ms = 200
	};
	int r = tn_server_open(&options, &server);

	if (r == 0)
		r = sweep_both(server_serve, server_ask);
	tn_server_free(TN_TAKE(server));
	return r;
}

static int
run_fiber(void)
{
	return server_run(TN_SERVER_FIBER);
}

static int
run_serial(void)
{
	return server_run(TN_SERVER_SERIAL);
}

static int
run_threading(void)
{
	return server_run(TN_SERVER_THREADING);
}

static int
run_forking(void)
{
	return server_run(TN_SERVER_FORKING);
}

/* Replies may be lost; then it is asked again. */
static int
datagram_ask(void)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	struct tn_address at;
	ssize_t n = -ETIMEDOUT;
	char text[8] = "";
	int r;

	tn_server_address(server, &at);
	r = tn_listen("udp:127.0.0.1:0", NULL, &s);
	for (int i = 0; i < 20 && r == 0 && n == -ETIMEDOUT; i++) {
		struct tn_scope scope;

		tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
		n = tn_socket_sendto(s, "ping", 4, 0, &at);
		if (n >= 0)
			n = tn_socket_recvfrom(s, text, sizeof(text), 0, NULL);
		tn_scope_close(&scope);
	}
	if (r == 0 && n >= 0)
		SWEEP_CHECK(n == 4 && strcmp(text, "ping") == 0);
	tn_server_shutdown(server);
	return r < 0 ? r : n < 0 ? (int)n : 0;
}

static int
run_datagram(void)
{
	struct tn_server_options options = { .address = "udp:127.0.0.1:0",
		.handle = server_handle, .drain_ms = 200 };
	int r = tn_server_open(&options, &server);

	if (r == 0)
		r = sweep_both(server_serve, datagram_ask);
	tn_server_free(TN_TAKE(server));
	return r;
}

/* ------------------------------------------------------------------------ */

static const struct sweep_scenario scenarios[] = {
	{ "tcp", run_tcp },
	{ "name", run_name },
	{ "udp", run_udp },
	{ "pair", run_pair },
	{ "unix", run_unix, folder_begin, folder_end },
	{ "names", run_names },
	{ "fiber", run_fiber },
	{ "serial", run_serial },
	{ "threading", run_threading },
	{ "forking", run_forking },
	{ "datagram", run_datagram },
};

int
main(void)
{
	return sweep_main("sockets", scenarios, TN_COUNT(scenarios));
}
