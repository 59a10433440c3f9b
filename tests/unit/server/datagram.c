/* Datagrams of strangers: with a forged sender, and more than anybody reads. */
#include <sys/un.h>
#include "net/socket.h"
#include "server/server.h"
#include "unit/server/check.h"

/* Sent from the server's own address, as a forger can: it is not answered, or
 * the server would talk to itself for ever. */
static void
test_from_ourselves(void **state)
{
	static const char *const addresses[] = { "udp:127.0.0.1:0", "udp::0" };

	for (size_t i = 0; i < TN_COUNT(addresses); i++) {
		const struct tn_server_options options = {
			.address = addresses[i], .handle = check_echo };
		struct check_server t = { 0 };
		struct tn_address local;
		int own, fd;

		check_server_start(&t, &options);
		own = t.server->listener->io.fd;
		local = t.at;
		if (local.storage.ss_family == AF_INET6)
			((struct sockaddr_in6 *)&local.storage)->sin6_addr =
			    in6addr_loopback;
		CHECK_INT(sendto(own, "loop", 4, 0,
		    (struct sockaddr *)&local.storage, local.size), 4);
		fd = check_try_call(&local, SOCK_DGRAM);
		check_say(fd, "me too");
		check_hear(fd, "me too");
		close(fd);
		CHECK_INT(tn_server_total(t.server), 1);
		check_server_stop(&t);
	}
}

static int
unix_caller(const struct tn_address *at, int number)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(own);

	/* An abstract name of its own, so that it can be answered. */
	snprintf(own.sun_path + 1, sizeof(own.sun_path) - 1,
	    "tenon-flood-%d-%d", (int)getpid(), number);
	CHECK_INT(bind(fd, (struct sockaddr *)&own, size), 0);
	CHECK_INT(connect(fd, (const struct sockaddr *)&at->storage, at->size),
	    0);
	return fd;
}

/* Who never reads holds a bounded number of replies, and once it is gone the
 * others are answered again.  (Until then the kernel counts what it left unread
 * against the send buffer of the one socket that all are answered through.) */
static void
test_flood(void **state)
{
	static char packet[60000];
	char address[64];
	struct tn_server_options options = { .handle = check_echo };
	struct check_server t = { 0 };
	tn_time until = tn_after(20 * TN_SECOND);
	int deaf, honest, sent = 0;

	snprintf(address, sizeof(address), "unixgram:@tenon-flood-%d",
	    (int)getpid());
	options.address = address;
	check_server_start(&t, &options);
	deaf = unix_caller(&t.at, 1);
	honest = unix_caller(&t.at, 2);
	while (sent < 300 && tn_now() < until) {
		if (send(deaf, packet, sizeof(packet), MSG_DONTWAIT) > 0)
			sent++;
		CHECK(tn_server_active(t.server) <= 64 + 32);
	}
	CHECK_INT(sent, 300);
	close(deaf);
	CHECK_SOON(tn_server_active(t.server) == 0);
	check_say(honest, "and I?");
	check_hear(honest, "and I?");
	close(honest);
	check_server_stop(&t);
}

/* Writes no bytes for an empty datagram, and nothing for any other but a "?". */
static int
handle_empty(struct tn_request *rq)
{
	struct tn_slice said;
	int r = tn_stream_fill(rq->stream, 1, &said);

	if (r == 0)
		return tn_stream_write(rq->stream, TN_SLICE(""));
	return tn_slice_equal(said, TN_SLICE("?")) ?
	    tn_stream_write(rq->stream, said) : 0;
}

static void
test_empty(void **state)
{
	const struct tn_server_options options = { .address = "udp:127.0.0.1:0",
		.handle = handle_empty };
	struct check_server t = { 0 };
	char got[16];
	int fd;

	check_server_start(&t, &options);
	fd = check_try_call(&t.at, SOCK_DGRAM);
	check_say(fd, "no answer");
	check_say(fd, "");
	CHECK_INT(recv(fd, got, sizeof(got), 0), 0);
	check_say(fd, "?");
	CHECK_INT(recv(fd, got, sizeof(got), 0), 1);
	close(fd);
	check_server_stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_ourselves),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("server/datagram", tests, NULL,
	    NULL);
}
