#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <tenon/error.h>

#include "base/error.h"

static const struct code_row {
	const char *name;
	int code;
	const char *words;
} codes[] = {
	{ "ECONNREFUSED", -ECONNREFUSED, "connection refused" },
	{ "ETIMEDOUT", -ETIMEDOUT, "timed out" },
	{ "EAGAIN", -EWOULDBLOCK, "not ready yet" },
	{ "ENOENT", -ENOENT, "no such file or directory" },
	{ "TN_EPROTO", TN_EPROTO, "protocol error" },
	{ "TN_EGAI_NONAME", TN_EGAI_NONAME, "no such host or service" },
	{ "E?", 0, "unknown error" },
	{ "E?", ENOENT, "unknown error" },
	{ "E?", -4095, "unknown error" },
	{ "E?", INT32_MIN, "unknown error" },
};

static void
test_code(void **state)
{
	const struct code_row *t = *state;

	assert_string_equal(tn_error_name(t->code), t->name);
	assert_string_equal(tn_error_words(t->code), t->words);
}

/* No two codes share a name or words, and our own are all there. */
static void
test_registry(void **state)
{
	for (int code = -1; code > -5000; code--) {
		const char *name = tn_error_name(code);

		if (strcmp(name, "E?") == 0) {
			assert_true(code < TN_EDEADLOCK || code > TN_EPROTO);
			assert_true(code < TN_EGAI_FLAGS ||
			    code > TN_EGAI_NONAME);
			continue;
		}
		assert_int_equal(strncmp(name, "TN_", 3) == 0, code <= -4096);
		for (int other = code - 1; other > -5000; other--)
			assert_string_not_equal(tn_error_name(other), name);
	}
}

static void
test_line(void **state)
{
	tn__error_clear(NULL);
	assert_string_equal(tn_error_text(), "");
	assert_int_equal(tn_error_code(), 0);
	assert_int_equal(tn_error_prefix("nothing %s", "failed"), 0);
	assert_string_equal(tn_error_text(), "");

	assert_int_equal(tn_error_set(-ENOENT, "open %s: gone", "/x"), -ENOENT);
	assert_string_equal(tn_error_text(), "open /x: gone");
	assert_int_equal(tn_error_code(), -ENOENT);

	/* from the present line itself */
	tn_error_set(TN_EPROTO, "%s (%s)", tn_error_text(), "twice");
	assert_string_equal(tn_error_text(), "open /x: gone (twice)");
	assert_int_equal(tn_error_prefix("load %.6s", tn_error_text()),
	    TN_EPROTO);
	assert_string_equal(tn_error_text(),
	    "load open /: open /x: gone (twice)");

	assert_int_equal(tn__error_nomem(), -ENOMEM);
	assert_string_equal(tn_error_text(), "out of memory");
	assert_int_equal(tn_error_prefix("reading"), -ENOMEM);
	assert_string_equal(tn_error_text(), "reading: out of memory");
}

/* A line is cut at 511 octets, or before the sequence that would be cut. */
static void
test_long(void **state)
{
	char in[600];

	for (size_t lead = 500; lead < 520; lead++) {
		size_t len, kept = lead;

		memset(in, 'a', sizeof(in));
		memcpy(in + lead, "\xf0\x9f\x98\x80", 4);
		in[lead + 4] = '\0';
		tn_error_set(TN_EPROTO, "%s", in);
		len = strlen(tn_error_text());
		if (lead + 4 <= 511)
			kept = lead + 4;
		else if (lead > 511)
			kept = 511;
		assert_int_equal(len, kept);
		assert_memory_equal(tn_error_text(), in, len);
	}
	tn_error_prefix("%s", in);
	assert_int_equal(strlen(tn_error_text()), 511);
}

static void
test_no_memory(void **state)
{
	tn__error_clear(NULL);
	check_fail_after(0);
	assert_int_equal(tn_error_set(-ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(tn_error_text(), "no such file or directory");
	assert_int_equal(tn_error_prefix("load"), -ENOENT);
	assert_string_equal(tn_error_text(), "no such file or directory");
	check_fail_after(-1);
	tn_error_prefix("load");
	assert_string_equal(tn_error_text(), "load: no such file or directory");
}

/* What rt/ does for a fiber. */
static void
test_current(void **state)
{
	struct tn__error fiber = { 0 }, group = { 0 };

	tn_error_set(-EIO, "thread");
	tn__error_current = &fiber;
	assert_string_equal(tn_error_text(), "");
	tn_error_set(TN_EPROTO, "fiber");
	tn__error_move(&group, &fiber);
	assert_string_equal(tn_error_text(), "");
	assert_null(fiber.text);
	tn__error_current = NULL;
	assert_string_equal(tn_error_text(), "thread");

	tn__error_move(NULL, &group);
	assert_string_equal(tn_error_text(), "fiber");
	assert_int_equal(tn_error_code(), TN_EPROTO);
	tn__error_move(NULL, NULL);
	assert_string_equal(tn_error_text(), "fiber");
	tn__error_move(&fiber, NULL);
	assert_string_equal(tn_error_text(), "");
	tn__error_clear(&fiber);
	tn__error_clear(&fiber);
	assert_int_equal(fiber.code, 0);
}

static char thread_done;

/* The leak checker sees whether the line ends with its thread. */
static void *
thread(void *arg)
{
	struct tn__error fiber = { 0 };

	if (tn_error_text()[0] != '\0')
		return NULL;
	if (arg != NULL) {
		tn_error_set(-EIO, "in a thread");
	} else { /* the line comes from elsewhere */
		tn__error_current = &fiber;
		tn_error_set(-EIO, "in a thread");
		tn__error_current = NULL;
		tn__error_move(NULL, &fiber);
	}
	return strcmp(tn_error_text(), "in a thread") == 0 ? &thread_done
							   : NULL;
}

static void
test_threads(void **state)
{
	tn_error_set(-ENOENT, "main");
	for (int i = 0; i < 100; i++) {
		pthread_t id;
		void *ok = NULL;

		assert_int_equal(pthread_create(&id, NULL, thread,
				     i % 2 ? state : NULL),
		    0);
		assert_int_equal(pthread_join(id, &ok), 0);
		assert_ptr_equal(ok, &thread_done);
	}
	assert_string_equal(tn_error_text(), "main");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_current),
		cmocka_unit_test(test_threads),
	};

	return CHECK_ROWS(codes, test_code) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
