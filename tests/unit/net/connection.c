/* Happy eyeballs (RFC 8305) on loopback: addresses that live, refuse, or never
 * answer, all on one port. */
#include "fake.h"

#include <dirent.h>

#define LIVE "127.0.0.1"
#define SILENT "127.0.0.2"
#define SILENT_TOO "127.0.0.3"
#define REFUSES "127.0.0.4"
#define REFUSES_TOO "127.0.0.5"
#define REFUSES_V6 "::ffff:127.0.0.4" /* an IPv6 socket's way to IPv4 */
#define REFUSES_V6_TOO "::ffff:127.0.0.5"
#define UNREACHABLE "2001:db8::1"

/* A listener whose queue is full: the kernel drops what comes. */
struct silent {
	struct tn_socket *listener, *queued[2];
};

static struct world {
	char port[8];
	struct tn_socket *live;
	struct silent silent, silent_too;
} world;

static int
world_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct tn_address a = { .size = size };
	char text[TN_ADDRESS_TEXT_MAX];

	memcpy(&a.storage, address, size);
	tn_address_format(&a, text);
	if (strncmp(text, "[" UNREACHABLE "]", strlen(UNREACHABLE) + 2) == 0)
		return -ENETUNREACH;
	return tn__net_linux.connect(fd, address, size);
}

static bool
silent_open(struct silent *s, const char *host, const char *port)
{
	struct tn_listen_options options = { .backlog = 1 };
	struct tn_address a;

	if (tn_listen(check_printf("%s:%s", host, port), &options,
		&s->listener) < 0)
		return false;
	a = check_name(s->listener);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0,
			      &s->queued[i]),
		    0);
		CHECK_INT(tn_socket_connect(s->queued[i], &a), 0);
	}
	return true;
}

static void
silent_close(struct silent *s)
{
	tn_socket_free(s->listener);
	tn_socket_free(s->queued[0]);
	tn_socket_free(s->queued[1]);
}

/* The kernel chooses a port; it has to be free on the other addresses too. */
static void
world_open(void)
{
	for (int i = 0; i < 100; i++) {
		struct tn_address a;

		world.live = check_listen(LIVE ":0");
		a = check_name(world.live);
		snprintf(world.port, sizeof(world.port), "%u",
		    tn_address_port(&a));
		if (silent_open(&world.silent, SILENT, world.port)) {
			if (silent_open(&world.silent_too, SILENT_TOO,
				world.port))
				return;
			silent_close(&world.silent);
		}
		tn_socket_free(world.live);
	}
	check_fail(__FILE__, __LINE__, "there is a port for all");
}

static void
world_close(void)
{
	tn_socket_free(world.live);
	silent_close(&world.silent);
	silent_close(&world.silent_too);
}

static int
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* Runs the race; the winner must be LIVE.  Returns milliseconds. */
static int64_t
race(const char *const *addresses, const struct tn_connect_options *options)
{
	tn_time start = tn_now();
	int before = descriptors();
	struct tn_socket *s, *accepted;
	struct tn_address peer, mine, theirs;
	int64_t ms;

	fake_addresses = addresses;
	CHECK_INT(tn_net_create_connection("host.test", world.port, options,
		      &s),
	    0);
	ms = check_ms_since(start);
	CHECK_INT(descriptors(), before + 1);
	CHECK_INT(tn_socket_getpeername(s, &peer), 0);
	theirs = check_name(world.live);
	CHECK(tn_address_equal(&peer, &theirs));
	mine = check_name(s);
	if (options != NULL && options->source != NULL) {
		theirs = *options->source;
		tn_address_set_port(&theirs, tn_address_port(&mine));
		CHECK(tn_address_equal(&mine, &theirs));
	}
	CHECK_INT(tn_socket_accept(world.live, &accepted, &peer), 0);
	CHECK(tn_address_equal(&peer, &mine));
	CHECK_INT(tn_socket_sendall(s, "x", 1, 0), 0);
	CHECK_INT(tn_socket_recv(accepted, (char[1]){ 0 }, 1, 0), 1);
	tn_socket_free(accepted);
	tn_socket_free(s);
	return ms;
}

#define RACE(options, ...)                                                     \
	race((const char *const[]){ __VA_ARGS__, NULL }, options)

/* ---- one lives --------------------------------------------------------- */

static void
first_lives(void)
{
	CHECK(RACE(NULL, LIVE, SILENT) < 900);
}

static void
silent_first(void)
{
	struct tn_connect_options quick = { .attempt_delay_ms = 30 };
	int64_t ms = RACE(NULL, SILENT, LIVE);

	CHECK(ms >= 250 && ms < 900);
	ms = RACE(&quick, SILENT, SILENT_TOO, LIVE);
	CHECK(ms >= 60 && ms < 450);
	quick.attempt_delay_ms = 1; /* the least is 10 */
	ms = RACE(&quick, SILENT, SILENT_TOO, LIVE);
	CHECK(ms >= 20 && ms < 450);
}

static void
refused_first(void)
{
	struct tn_connect_options never = { .attempt_delay_ms = -1 };

	CHECK(RACE(&never, REFUSES, REFUSES_TOO, REFUSES_V6, LIVE) < 900);
	CHECK(RACE(&never, UNREACHABLE, LIVE) < 900);
}

/* One that fails makes way for the next at once, whoever else is silent. */
static void
refused_second(void)
{
	struct tn_connect_options slow = { .attempt_delay_ms = 500 };
	int64_t ms = RACE(&slow, SILENT, REFUSES, LIVE);

	CHECK(ms >= 500 && ms < 950);
}

static void
first_of_family(void)
{
	struct tn_connect_options v4 = { .family = AF_INET };
	struct tn_address source;
	struct tn_connect_options from = { .source = &source };

	CHECK(RACE(&v4, LIVE, SILENT) < 900);
	CHECK_INT(tn_address_from_ip(&(struct tn_ip){ { 127, 0, 0, 9 }, 4, "" },
		      0, &source),
	    0);
	CHECK(RACE(&from, LIVE) < 900);
}

/* ---- none does --------------------------------------------------------- */

static int
lose(const char *const *addresses, const struct tn_connect_options *options)
{
	int before = descriptors(), r;
	struct tn_socket *s;

	fake_addresses = addresses;
	r = tn_net_create_connection("host.test", world.port, options, &s);
	CHECK_INT(descriptors(), before);
	return r;
}

#define LOSE(options, ...)                                                     \
	lose((const char *const[]){ __VA_ARGS__, NULL }, options)

static void
all_refuse(void)
{
	struct tn_connect_options two = { .addresses_max = 2 };

	CHECK_ERROR(LOSE(NULL, REFUSES), -ECONNREFUSED,
	    check_printf("connect host.test:%s: 127.0.0.4 refused",
		world.port));
	CHECK_ERROR(LOSE(NULL, UNREACHABLE, REFUSES), -ENETUNREACH,
	    check_printf("connect host.test:%s: 2001:db8::1 no route; "
			 "127.0.0.4 refused",
		world.port));
	/* Families take turns. */
	CHECK_ERROR(LOSE(NULL, REFUSES_V6, REFUSES_V6_TOO, UNREACHABLE, REFUSES,
			REFUSES_TOO),
	    -ECONNREFUSED,
	    check_printf("connect host.test:%s: ::ffff:127.0.0.4 refused; "
			 "127.0.0.4 refused; ::ffff:127.0.0.5 refused; "
			 "127.0.0.5 refused; 2001:db8::1 no route",
		world.port));
	CHECK_ERROR(LOSE(&two, REFUSES_V6, REFUSES_V6_TOO, REFUSES),
	    -ECONNREFUSED,
	    check_printf("connect host.test:%s: ::ffff:127.0.0.4 refused; "
			 "127.0.0.4 refused",
		world.port));
}

static void
literals(void)
{
	struct tn_socket *s;
	uint16_t port = check_dead_port();
	const char *text = check_printf("%u", port);

	CHECK_ERROR(tn_net_create_connection(LIVE, text, NULL, &s),
	    -ECONNREFUSED,
	    check_printf("connect 127.0.0.1:%u: connection refused; "
				 "no program listens at that port", port));
	CHECK_ERROR(tn_net_create_connection("::1", text, NULL, &s),
	    -ECONNREFUSED,
	    check_printf("connect [::1]:%u: connection refused; no "
				 "program listens at that port", port));
	CHECK_ERROR(tn_net_create_connection(NULL, text, NULL, &s),
	    -ECONNREFUSED,
	    check_printf("connect localhost:%u: ::1 refused; 127.0.0.1 refused",
		port));
	CHECK_ERROR(tn_net_create_connection(LIVE, "", NULL, &s), -EINVAL,
	    "connect: a port is missing");
	CHECK_ERROR(tn_net_create_connection("gone.test", text, NULL, &s),
	    TN_EGAI_NONAME, "look up gone.test: no such host");
}

static void
deadline(void)
{
	struct tn_connect_options quick = { .attempt_delay_ms = 30 };
	tn_time start = tn_now();
	struct tn_scope scope;
	int first, second;

	tn_scope_open(&scope, tn_after(100 * TN_MILLISECOND));
	CHECK_INT(LOSE(&quick, SILENT, SILENT_TOO), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK(check_ms_since(start) < 900);
	CHECK_INT(sscanf(strchr(tn_error_text(), ' '),
		      " host.test:%*[0-9]: timed out; 127.0.0.2 no answer "
		      "after %d ms; 127.0.0.3 no answer after %d ms",
		      &first, &second),
	    2);
	CHECK(first > second && second > 0);

	tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
	CHECK_INT(LOSE(NULL, SILENT, SILENT_TOO, LIVE), -ETIMEDOUT);
	CHECK(tn_scope_close(&scope));
	CHECK(strstr(tn_error_text(), " ms; 2 more not tried") != NULL);
}

/* That of new sockets is that of the whole race; a scope around it is not the
 * one. */
static void
default_timeout(void)
{
	struct tn_connect_options quick = { .attempt_delay_ms = 30 };
	tn_time start;
	struct tn_scope scope;

	CHECK_INT(tn_net_setdefaulttimeout(100 * TN_MILLISECOND), 0);
	start = tn_now();
	tn_scope_open(&scope, tn_after(20 * TN_SECOND));
	CHECK_INT(LOSE(&quick, SILENT, SILENT_TOO), -ETIMEDOUT);
	CHECK(!tn_scope_close(&scope));
	CHECK(check_ms_since(start) >= 99 && check_ms_since(start) < 5000);
	CHECK_INT(tn_net_setdefaulttimeout(-1), 0);
	CHECK(strstr(tn_error_text(), ": timed out; 127.0.0.2 no answer") !=
	    NULL);
}

static int
fail_cancelled(void *arg)
{
	CHECK_INT(LOSE(NULL, SILENT), -ECANCELED);
	CHECK(strstr(tn_error_text(), ": cancelled; 127.0.0.2 no answer") !=
	    NULL);
	return 0;
}

static void
cancelled(void)
{
	struct tn_group *group = check_group();

	check_go(group, fail_cancelled, NULL);
	CHECK_INT(tn_sleep(40 * TN_MILLISECOND), 0);
	tn_group_cancel(group);
	check_group_end(group);
}

static void
slow_look_up(void)
{
	static const char *const live[] = { LIVE, NULL };
	tn_time start = tn_now();
	struct tn_scope scope;
	struct tn_socket *s;

	fake_addresses = live;
	tn_scope_open(&scope, tn_after(50 * TN_MILLISECOND));
	CHECK_ERROR(tn_net_create_connection("slow.test", "1", NULL, &s),
	    -ETIMEDOUT, "look up slow.test: timed out");
	CHECK(tn_scope_close(&scope));
	CHECK(check_ms_since(start) < FAKE_SLOW_MS - 100);
	CHECK_INT(tn_sleep(FAKE_SLOW_MS * TN_MILLISECOND), 0);
	fake_settle();
}

/* Each on a plain thread and in a fiber, with the tests' own look-up. */
static void
test_race(void **state)
{
	check_function **function = *state;
	struct tn__net_ops net = fake_net();

	net.connect = world_connect;
	world_open();
	check_both_with(*function, &net);
	world_close();
}

#define RACE_TEST(function)                                  \
	{                                                    \
		.name = #function, .test_func = test_race,   \
		.initial_state = (void *)&(check_function *) \
		{                                            \
			function                             \
		}                                            \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(first_lives),
		RACE_TEST(silent_first),
		RACE_TEST(refused_first),
		RACE_TEST(refused_second),
		RACE_TEST(first_of_family),
		RACE_TEST(all_refuse),
		RACE_TEST(literals),
		RACE_TEST(deadline),
		RACE_TEST(default_timeout),
		RACE_TEST(cancelled),
		RACE_TEST(slow_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
