/* What a world is asked that it cannot do: each is refused, and the words say
 * what was wrong. */
#include <string.h>
#include "sim/check.h"

#define SAYS(call, code, words)                                                \
	do {                                                                   \
		CHECK((call) == (code));                                       \
		CHECK(strstr(tn_error_text(), words) != NULL);                 \
	} while (0)

static int
main_nothing(void *arg)
{
	return 0;
}

/* ---- options ----------------------------------------------------------- */

static int
refused(const struct tn_sim_options *options, const char *words)
{
	SAYS(tn_sim_run(1, options, main_nothing, NULL, NULL), -EINVAL, words);
	return 0;
}

static void
test_options(void **state)
{
	struct tn_sim_options o = { .rates = { [TN_SIM_LOSE] = 1000001 } };

	assert_int_equal(refused(&o, "\"lost datagram\" (rates[8]) is 1000001"),
	    0);
	o.rates[TN_SIM_LOSE] = -2;
	assert_int_equal(refused(&o, "is -2"), 0);
	o.rates[TN_SIM_LOSE] = -1;
	assert_int_equal(tn_sim_run(1, &o, main_nothing, NULL, NULL), 0);
	o.rates[TN_SIM_LOSE] = 1000000;
	assert_int_equal(tn_sim_run(1, &o, main_nothing, NULL, NULL), 0);
	o = (struct tn_sim_options){ .loops = 65 };
	assert_int_equal(refused(&o, "loops is 65; it can be 0 to 64"), 0);
	o = (struct tn_sim_options){ .latency_us = -2 };
	assert_int_equal(refused(&o, "latency_us is -2"), 0);
	o = (struct tn_sim_options){ .steps_max = -1 };
	assert_int_equal(refused(&o, "steps_max is -1"), 0);
	assert_int_equal(tn_sim_run(1, NULL, NULL, NULL, NULL), -EINVAL);
	assert_non_null(strstr(tn_error_text(), "main() is NULL"));
}

/* Under every fault one can be left out. */
static int
main_names(void *arg)
{
	for (int i = 0; i < 1000; i++)
		(void)tn_wall_now();
	return 0;
}

static void
test_off(void **state)
{
	struct tn_sim_options o = { .every_fault = true };
	struct tn_sim_result result;

	assert_int_equal(tn_sim_run(1, &o, main_names, NULL, &result), 0);
	assert_true(result.faults[TN_SIM_CLOCK_JUMP] > 10);
	o.rates[TN_SIM_CLOCK_JUMP] = -1;
	assert_int_equal(tn_sim_run(1, &o, main_names, NULL, &result), 0);
	assert_int_equal(result.faults[TN_SIM_CLOCK_JUMP], 0);
}

/* ---- hosts and names --------------------------------------------------- */

static int
host(const char *name, const char *address, int code, const char *words)
{
	SAYS(tn_sim_host(name, address, main_nothing, NULL), code, words);
	return 0;
}

static int
main_hosts(void *arg)
{
	static const char *const addresses[] = { "224.0.0.1", "ff02::1",
		"255.255.255.255", "127.0.0.1", "::1", "0.0.0.0", "::",
		"::ffff:192.0.2.9", "192.0.2", "", NULL };
	static const char *const names[] = { "localhost", "LocalHost",
		"192.0.2.9", "::1", "a b", "", "n\303\251", NULL };

	for (size_t i = 0; i < TN_COUNT(addresses); i++)
		CHECK(host("a.test", addresses[i], -EINVAL, "address") == 0);
	for (size_t i = 0; i < TN_COUNT(names); i++) {
		CHECK(host(names[i], "192.0.2.9", -EINVAL, "name") == 0);
		CHECK(tn_sim_name(names[i], "192.0.2.9") == -EINVAL);
		CHECK(tn_sim_name_fails(names[i], TN_EGAI_FAIL) == -EINVAL);
	}
	SAYS(tn_sim_host("a.test", "192.0.2.9", NULL, NULL), -EINVAL,
	    "main() is NULL");
	CHECK(tn_sim_host("a.test", "192.0.2.9", main_nothing, NULL) == 0);
	CHECK(host("A.Test", "192.0.2.10", -EEXIST, "taken") == 0);
	CHECK(host("HERE", "192.0.2.10", -EEXIST, "taken") == 0);
	CHECK(host("b.test", "192.0.2.9", -EEXIST, "taken") == 0);
	SAYS(tn_sim_name("b.test", NULL), -EINVAL, "no IP address");
	SAYS(tn_sim_name_fails("b.test", 3), -EINVAL, "TN_EGAI_");
	SAYS(tn_sim_name_fails("b.test", 0), -EINVAL, "TN_EGAI_");
	SAYS(tn_sim_name_fails("b.test", -ENOENT), -EINVAL, "TN_EGAI_");
	CHECK(tn_sim_name_fails("b.test", TN_EGAI_NONAME) == 0);
	CHECK(tn_sim_name_fails("b.test", TN_EGAI_FLAGS) == 0);
	return 0;
}

/* ---- what happens to them ---------------------------------------------- */

static int
main_events(void *arg)
{
	struct tn_buffer b = { 0 };

	CHECK(tn_sim_host("a.test", "192.0.2.9", main_nothing, NULL) == 0);
	SAYS(tn_sim_crash("a.test", -1), -EINVAL, "for -1 ns");
	SAYS(tn_sim_crash("a.test", TN_NEVER), -EINVAL, "no span");
	SAYS(tn_sim_crash("b.test", 1), -EINVAL, "no simulated host");
	SAYS(tn_sim_crash(NULL, 1), -EINVAL, "no simulated host");
	SAYS(tn_sim_crash("here", 1), -EINVAL, "begins and ends");
	CHECK(tn_sim_crash("a.test", 3600 * TN_SECOND) == 0);
	SAYS(tn_sim_crash("A.TEST", 1), -EINVAL, "no power");
	SAYS(tn_sim_link("here", "a.test", -2, 0), -EINVAL, "latency_us is -2");
	SAYS(tn_sim_link("here", NULL, 0, 0), -EINVAL, "not two");
	SAYS(tn_sim_partition("a.test", "A.test", true), -EINVAL, "not two");
	SAYS(tn_sim_file_write("b.test", "/tmp/x", TN_SLICE("x")), -EINVAL,
	    "no host");
	SAYS(tn_sim_file_read("a.test", NULL, &b), -EINVAL, "path is NULL");
	SAYS(tn_sim_file_read("a.test", "/tmp/x", &b), -ENOENT, "/tmp/x");
	return 0;
}

static void
test_inside(void **state)
{
	assert_int_equal(tn_sim_run(1, NULL, main_hosts, NULL, NULL), 0);
	assert_int_equal(tn_sim_run(1, NULL, main_events, NULL, NULL), 0);
}

static int
outside(void)
{
	static const char words[] = "inside tn_sim_run()";
	struct tn_buffer b = { 0 };

	CHECK(host("a.test", "192.0.2.9", -EINVAL, words) == 0);
	SAYS(tn_sim_name("a.test", "192.0.2.9"), -EINVAL, words);
	SAYS(tn_sim_name_fails("a.test", TN_EGAI_FAIL), -EINVAL, words);
	SAYS(tn_sim_link("here", "a.test", 0, 0), -EINVAL, words);
	SAYS(tn_sim_partition("here", "a.test", true), -EINVAL, words);
	SAYS(tn_sim_crash("a.test", 1), -EINVAL, words);
	SAYS(tn_sim_file_write("here", "/x", TN_SLICE("x")), -EINVAL, words);
	SAYS(tn_sim_file_read("here", "/x", &b), -EINVAL, words);
	tn_sim_note("nobody hears this");
	return 0;
}

static void
test_outside(void **state)
{
	assert_int_equal(outside(), 0);
}

/* ---- the trace --------------------------------------------------------- */

static int
main_note(void *arg)
{
	tn_sim_note("one\n000000.000000 two \033[31m");
	tn_sim_note("%s", "");
	return 0;
}

static void
test_note(void **state)
{
	struct tn_sim_options options = { .trace = tmpfile() };
	char text[1000];
	size_t n;

	assert_int_equal(tn_sim_run(1, &options, main_note, NULL, NULL), 0);
	rewind(options.trace);
	n = fread(text, 1, sizeof(text) - 1, options.trace);
	text[n] = '\0';
	fclose(options.trace);
	assert_non_null(strstr(text, " here note: one\\x0a000000.000000 two "
	    "\\x1b[31m\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
