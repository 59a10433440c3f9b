/* Queries and forms: application/x-www-form-urlencoded. */
#include "unit/base/check.h"

#include <tenon/error.h>
#include <tenon/text.h>

/* What comes out is written name=value, with ";" between. */
static const struct row {
	const char *name; /* the input */
	const char *pairs;
} rows[] = {
	{ "a=1&b=2", "a=1;b=2;" },
	{ "", "" },
	{ "&", "" },
	{ "&&a=1&&", "a=1;" },
	{ "a", "a=;" },
	{ "a=", "a=;" },
	{ "=1", "=1;" },
	{ "=", "=;" },
	{ "a=1=2", "a=1=2;" },
	{ "a=1&a=2", "a=1;a=2;" },
	{ "a+b=c+d", "a b=c d;" },
	{ "a%20b=%2B%26", "a b=+&;" },
	{ "a=%e2%82%ac", "a=\xe2\x82\xac;" },
	{ "a=%", "a=%;" },
	{ "a=%4", "a=%4;" },
	{ "a=%zz", "a=%zz;" },
	{ "a=%%41", "a=%A;" },
	{ "a=1;b=2", "a=1;b=2;" }, /* one pair: ";" cuts nothing */
	{ "%26=%3D", "&==;" },
};

static void
test_next(void **state)
{
	const struct row *t = *state;
	struct tn_buffer name = { 0 }, value = { 0 }, all = { 0 };
	struct tn_slice in = check_exact(tn_slice_str(t->name));
	struct tn_slice rest = in;

	while (tn_query_next(&rest, &name, &value) > 0) {
		assert_int_equal(tn_buffer_append(&all,
		    tn_buffer_slice(&name)), 0);
		assert_int_equal(tn_buffer_append_byte(&all, '='), 0);
		assert_int_equal(tn_buffer_append(&all,
		    tn_buffer_slice(&value)), 0);
		assert_int_equal(tn_buffer_append_byte(&all, ';'), 0);
	}
	assert_true(tn_slice_equal(tn_buffer_slice(&all),
	    tn_slice_str(t->pairs)));
	check_exact_free(in);
	tn_buffer_free(&name);
	tn_buffer_free(&value);
	tn_buffer_free(&all);
}

/* Whatever a pair is made of, it comes back. */
static void
test_round(void **state)
{
	struct tn_buffer text = { 0 }, name = { 0 }, value = { 0 };
	uint64_t seed = 1;

	for (int i = 0; i < 1000; i++) {
		char bytes[2][8];
		struct tn_slice a = tn_slice(bytes[0],
		    check_random(&seed) % 8);
		struct tn_slice b = tn_slice(bytes[1],
		    check_random(&seed) % 8);
		struct tn_slice rest;

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k / 8][k % 8] = (char)check_random(&seed);
		tn_buffer_clear(&text);
		assert_int_equal(tn_query_append(&text, TN_SLICE("k"),
		    TN_SLICE("v w")), 0);
		assert_int_equal(tn_query_append(&text, a, b), 0);
		rest = tn_buffer_slice(&text);
		assert_int_equal(tn_query_next(&rest, &name, &value), 1);
		assert_int_equal(tn_query_next(&rest, &name, &value), 1);
		assert_true(tn_slice_equal(tn_buffer_slice(&name), a));
		assert_true(tn_slice_equal(tn_buffer_slice(&value), b));
		assert_int_equal(tn_query_next(&rest, &name, &value), 0);
	}
	tn_buffer_free(&text);
	tn_buffer_free(&name);
	tn_buffer_free(&value);
}

static void
test_limits(void **state)
{
	struct tn_buffer name = { .max = 3 }, value = { 0 };
	struct tn_slice text = TN_SLICE("abcd=1"), rest = text;

	assert_true(tn_query_next(&rest, &name, &value) < 0);
	assert_ptr_equal(rest.data, text.data);
	tn_buffer_free(&name);
	name = (struct tn_buffer){ 0 };
	check_fail_after(0);
	assert_int_equal(tn_query_append(&name, text, text), -ENOMEM);
	check_fail_after(-1);
	assert_int_equal(name.len, 0);
	tn_buffer_free(&name);
	tn_buffer_free(&value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_limits),
	};

	return CHECK_ROWS(rows, test_next) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
