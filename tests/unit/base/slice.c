#include "check.h"

static const struct nocase_row {
	const char *name, *a, *b;
	bool equal;
} nocase[] = {
	{ "empty", "", "", true },
	{ "case apart", "Content-LENGTH", "cONTENT-length", true },
	{ "slice longer", "abc", "ab", false },
	{ "string longer", "ab", "abc", false },
	{ "only letters fold", "@[`{", "`{@[", false },
	{ "bytes above 127", "\xc4", "\xe4", false },
};

static void
test_nocase(void **state)
{
	const struct nocase_row *t = *state;
	size_t len = strlen(t->a);

	for (size_t cut = 0; cut <= len; cut++) {
		struct tn_slice a = check_exact(tn_slice(t->a, cut));

		if (cut == len)
			assert_int_equal(tn_slice_equal_nocase(a, t->b),
			    t->equal);
		else if (cut != strlen(t->b))
			assert_false(tn_slice_equal_nocase(a, t->b));
		check_exact_free(a);
	}
}

static const struct search_row {
	const char *name, *in, *needle;
	int at;
	bool starts, ends;
} search[] = {
	{ "empty in empty", "", "", 0, true, true },
	{ "empty in some", "ab", "", 0, true, true },
	{ "some in empty", "", "a", -1, false, false },
	{ "whole", "abc", "abc", 0, true, true },
	{ "too long", "abc", "abcd", -1, false, false },
	{ "start", "abcabd", "abc", 0, true, false },
	{ "end", "abcabd", "abd", 3, false, true },
	{ "middle", "aaab!", "ab", 2, false, false },
	{ "case counts", "ABC", "b", -1, false, false },
};

static void
test_search(void **state)
{
	const struct search_row *t = *state;
	struct tn_slice s = check_exact(tn_slice_str(t->in));
	struct tn_slice needle = check_exact(tn_slice_str(t->needle));

	assert_int_equal(tn_slice_search(s, needle), t->at);
	assert_int_equal(tn_slice_starts(s, needle), t->starts);
	assert_int_equal(tn_slice_ends(s, needle), t->ends);
	if (needle.len == 1)
		assert_int_equal(tn_slice_find(s, needle.data[0]), t->at);
	check_exact_free(s);
	check_exact_free(needle);
}

static const struct trim_row {
	const char *name, *in, *out;
} trim[] = {
	{ "empty", "", "" },
	{ "blank", " \t\r\n ", "" },
	{ "both ends", "\t a b \r\n", "a b" },
	{ "nothing to do", "a", "a" },
	{ "other space stays", "\v\fa\xa0", "\v\fa\xa0" },
};

static void
test_trim(void **state)
{
	const struct trim_row *t = *state;

	assert_true(tn_slice_equal(tn_slice_trim(tn_slice_str(t->in)),
	    tn_slice_str(t->out)));
}

static const struct split_row {
	const char *name, *in, *parts[5];
} split[] = {
	{ "empty", "", { "" } },
	{ "no separator", "abc", { "abc" } },
	{ "some", "a,bc,d", { "a", "bc", "d" } },
	{ "at the ends", ",a,", { "", "a", "" } },
	{ "alone", ",", { "", "" } },
};

static void
test_split(void **state)
{
	const struct split_row *t = *state;
	struct tn_slice rest = tn_slice_str(t->in);
	size_t n = 0;

	while (rest.data != NULL) {
		struct tn_slice part = tn_slice_split(&rest, ',');

		assert_non_null(t->parts[n]);
		assert_true(tn_slice_equal(part, tn_slice_str(t->parts[n])));
		n++;
	}
	assert_null(t->parts[n]);
	assert_int_equal(rest.len, 0);
	assert_int_equal(tn_slice_split(&rest, ',').len, 0);
}

static void
test_inline(void **state)
{
	struct tn_slice none = { NULL, 0 }, abc = TN_SLICE("abc");

	assert_null(tn_slice_skip(none, 0).data);
	assert_null(tn_slice_skip(none, 7).data);
	assert_null(tn_slice_head(none, 7).data);
	assert_ptr_equal(tn_slice_skip(abc, 9).data, abc.data + 3);
	assert_int_equal(tn_slice_skip(abc, 9).len, 0);
	assert_true(tn_slice_equal(tn_slice_skip(abc, 1), TN_SLICE("bc")));
	assert_true(tn_slice_equal(tn_slice_head(abc, 1), TN_SLICE("a")));
	assert_true(tn_slice_equal(none, tn_slice_str(NULL)));
	assert_true(tn_slice_equal(none, TN_SLICE("")));
	assert_int_equal(tn_slice_find(none, 'a'), -1);
	assert_int_equal(tn_slice_trim(none).len, 0);
}

static void
test_take(void **state)
{
	char letter, *from = &letter, *to = TN_TAKE(from);

	assert_null(from);
	assert_ptr_equal(to, &letter);
}

static void
test_version(void **state)
{
	assert_true(tn_version()[0] >= '0' && tn_version()[0] <= '9');
	assert_true(tn_has("guard-install"));
	assert_true(tn_has("asm-fibers") != tn_has("ucontext-fibers"));
	assert_false(tn_has("perpetual-motion"));
	assert_false(tn_has(""));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inline),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_version),
	};

	return CHECK_ROWS(nocase, test_nocase) +
	    CHECK_ROWS(search, test_search) + CHECK_ROWS(trim, test_trim) +
	    CHECK_ROWS(split, test_split) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
