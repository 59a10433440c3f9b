/* One handler, served four ways, over every kind of socket; each server is a
 * process of its own and leaves no descriptor, child or memory behind. */
#include "unit/server/check.h"

#define CLIENTS 5

static const struct kind {
	const char *name;
	enum tn_server_kind kind;
	int loops;
} kinds[] = {
	{ "fiber", TN_SERVER_FIBER, 1 },
	{ "fiber, three loops", TN_SERVER_FIBER, 3 },
	{ "serial", TN_SERVER_SERIAL, 1 },
	{ "threading", TN_SERVER_THREADING, 1 },
	{ "forking", TN_SERVER_FORKING, 1 },
};

static const struct row {
	const char *name, *address;
	int type;
} rows[] = {
	{ "tcp", "tcp:127.0.0.1:0", SOCK_STREAM },
	{ "tcp over IPv6", "[::1]:0", SOCK_STREAM },
	{ "unix", "unix:@tenon-kinds-stream-%d", SOCK_STREAM },
	{ "unix path", "unix:/tmp/tenon-kinds-%d", SOCK_STREAM },
	{ "udp", "udp:127.0.0.1:0", SOCK_DGRAM },
	{ "unix datagram", "unixgram:@tenon-kinds-datagram-%d", SOCK_DGRAM },
	{ "unix datagram path", "unixgram:/tmp/tenon-kinds-d-%d", SOCK_DGRAM },
};

static void
one_after_another(const struct row *row, const struct tn_address *at)
{
	for (int i = 0; i < CLIENTS; i++) {
		int fd = check_try_call(at, row->type);

		CHECK(fd >= 0);
		check_say(fd, "hello");
		check_hear(fd, "hello");
		check_say(fd, "again, and longer");
		check_hear(fd, "again, and longer");
		close(fd);
	}
}

/* All of them speak before the first one is heard; a server that takes one at a
 * time answers the next when the one before has left. */
static void
at_once(const struct row *row, const struct tn_address *at)
{
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = check_try_call(at, row->type);
		CHECK(fds[i] >= 0);
		check_say(fds[i], check_printf("I am %d", i));
	}
	for (int i = 0; i < CLIENTS; i++) {
		check_hear(fds[i], check_printf("I am %d", i));
		close(fds[i]);
	}
}

/* The answer is the whole of it, and the end comes after the last byte. */
static void
half_closed(const struct tn_address *at)
{
	int fd = check_call(at);

	check_say(fd, "last words");
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
	check_hear(fd, "last words");
	check_hear_end(fd);
}

/* A datagram of nothing is a request too, which here says nothing. */
static void
empty_datagram(const struct tn_address *at)
{
	int fd = check_try_call(at, SOCK_DGRAM);

	CHECK_INT(send(fd, "", 0, 0), 0);
	check_say(fd, "still there?");
	check_hear(fd, "still there?");
	close(fd);
}

static void
serve_one(const struct kind *kind, const struct row *row)
{
	char address[64];
	struct tn_server_options options = {
		.handle = check_echo, .kind = kind->kind, .loops = kind->loops
	};
	struct check_process p;

	snprintf(address, sizeof(address), "%s", row->address);
	if (strstr(row->address, "%d") != NULL)
		snprintf(address, sizeof(address), "%.*s%d",
		    (int)strlen(row->address) - 2, row->address, getpid());
	options.address = address;
	check_process_start(&p, &options);
	one_after_another(row, &p.at);
	at_once(row, &p.at);
	if (row->type == SOCK_STREAM)
		half_closed(&p.at);
	else
		empty_datagram(&p.at);
	check_process_stop(&p);
	if (strchr(address, '/') != NULL)
		CHECK_INT(access(strchr(address, '/'), F_OK), -1);
}

static void
test_row(void **state)
{
	const struct kind *kind = *state;

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		serve_one(kind, &rows[i]);
}

int
main(void)
{
	struct CMUnitTest tests[TN_COUNT(kinds)] = { 0 };

	for (size_t i = 0; i < TN_COUNT(kinds); i++) {
		tests[i].name = kinds[i].name;
		tests[i].test_func = test_row;
		tests[i].initial_state = (void *)(uintptr_t)&kinds[i];
	}
	return cmocka_run_group_tests_name("server/kinds", tests, NULL, NULL);
}
