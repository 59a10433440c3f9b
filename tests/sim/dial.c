/* tn_dial() to a name with several addresses, by the virtual clock: how long a
 * dead one holds it up, and what it says when none lives. */
#include <string.h>
#include <tenon/dial.h>
#include <tenon/socket.h>
#include "sim/check.h"

#define WAIT_MAX (300 * TN_MILLISECOND)

static int
live_main(void *arg)
{
	struct tn_socket *listener, *s;
	struct tn_address peer;

	(void)arg;
	CHECK(tn_listen("[::]:80", NULL, &listener) == 0);
	while (tn_socket_accept(listener, &s, &peer) == 0)
		tn_socket_free(s);
	tn_socket_free(listener);
	return 0;
}

static int
dead_main(void *arg)
{
	(void)arg;
	return tn_sleep(TN_SECOND);
}

/* Nobody answers at the first address, in either family. */
static int
main_dead_first(void *arg)
{
	static const char *const firsts[] = { "192.0.2.7", "2001:db8::7" };
	char name[] = "both0.test";

	(void)arg;
	CHECK(tn_sim_host("live.test", "192.0.2.8", live_main, NULL) == 0);
	CHECK(tn_sleep(10 * TN_MILLISECOND) == 0);
	for (size_t i = 0; i < 2; i++) {
		struct tn_stream *s;
		tn_time start;

		name[4] = (char)('0' + i);
		CHECK(tn_sim_host(name, firsts[i], dead_main, NULL) == 0);
		CHECK(tn_sim_name(name, "192.0.2.8") == 0);
		CHECK(tn_sim_partition("here", name, true) == 0);
		start = tn_now();
		CHECK(tn_dial(i == 0 ? "both0.test:80" : "both1.test:80", NULL,
			  &s) == 0);
		CHECK(tn_now() - start >= 250 * TN_MILLISECOND);
		CHECK(tn_now() - start <= WAIT_MAX);
		tn_stream_free(s);
	}
	return 0;
}

static void
test_dead_first(void **state)
{
	(void)state;
	check_seeds(20, NULL, main_dead_first);
}

/* One silent, one that refuses, one that is not there at all. */
static int
main_all_dead(void *arg)
{
	struct tn_dial_options options = { .timeout_ms = 2000 };
	struct tn_stream *s;
	tn_time start;

	(void)arg;
	CHECK(tn_sim_host("dead.test", "192.0.2.7", dead_main, NULL) == 0);
	CHECK(tn_sim_host("shut.test", "192.0.2.8", dead_main, NULL) == 0);
	CHECK(tn_sim_name("dead.test", "192.0.2.8") == 0);
	CHECK(tn_sim_name("dead.test", "2001:db8::99") == 0);
	CHECK(tn_sim_partition("here", "dead.test", true) == 0);
	start = tn_now();
	CHECK(tn_dial("dead.test:80", &options, &s) < 0);
	CHECK(tn_now() - start <= 2001 * TN_MILLISECOND);
	CHECK(strstr(tn_error_text(), "; 192.0.2.7 no answer after ") != NULL);
	CHECK(strstr(tn_error_text(), "; 2001:db8::99 no answer") != NULL);
	CHECK(strstr(tn_error_text(), "; 192.0.2.8 refused after ") != NULL);
	tn_sim_note("%s", tn_error_text());
	return 0;
}

static void
test_all_dead(void **state)
{
	(void)state;
	check_seeds(20, NULL, main_all_dead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dead_first),
		cmocka_unit_test(test_all_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
