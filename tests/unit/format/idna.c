/* Names of hosts in other letters: each row with memory failing at each
 * allocation, and every prefix of it. */
#include <tenon/idna.h>

#include "unit/base/check.h"

#define BEFORE "before "

static const struct row {
	const char *name, *in, *out; /* NULL: the error */
	int code;
	const char *text;
} rows[] = {
	{ "ASCII", "Example.ORG", "example.org", 0, NULL },
	{ "ASCII that DNS would not have", "a_b..-x.", "a_b..-x.", 0, NULL },
	{ "an address", "FE80::1%eth0", "fe80::1%eth0", 0, NULL },
	{ "in ASCII already", "xn--bcher-kva.test", "xn--bcher-kva.test", 0,
	    NULL },
	{ "and wrong", "xn--a", "xn--a", 0, NULL },

	{ "German", "b\xc3\xbc" "cher.test", "xn--bcher-kva.test", 0, NULL },
	{ "upper case", "B\xc3\x9c" "CHER.Test", "xn--bcher-kva.test", 0,
	    NULL },
	{ "in two characters", "bu\xcc\x88" "cher.test", "xn--bcher-kva.test",
	    0, NULL },
	{ "not transitional", "fa\xc3\x9f.test", "xn--fa-hia.test", 0, NULL },
	{ "Chinese", "\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95",
	    "xn--fsqu00a.xn--0zwm56d", 0, NULL },
	{ "Arabic", "\xd9\x85\xd8\xab\xd8\xa7\xd9\x84", "xn--mgbh0fb", 0,
	    NULL },
	{ "a face", "\xf0\x9f\x98\x80.test", "xn--e28h.test", 0, NULL },
	{ "another full stop", "a\xe3\x80\x82" "b", "a.b", 0, NULL },
	{ "a stop at the end", "\xc3\xbc.test.", "xn--tda.test.", 0, NULL },
	{ "wide letters", "\xef\xbd\x81.test", "a.test", 0, NULL },
	{ "wide digits", "\xef\xbc\x91" "27.0.0.1", "127.0.0.1", 0, NULL },
	{ "hyphens in strange places", "-a\xe2\x80\xa0--", "xn---a---wb7a", 0,
	    NULL },
	{ "a joiner that joins", "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d",
	    "xn--11b6iy14e", 0, NULL },

	{ "nothing", "", NULL, -EINVAL, "name of a host: it is empty" },
	{ "a space", "a b.test", NULL, -EINVAL,
	    "name a b.test: no name has spaces or control characters" },
	{ "a control character", "\x1f" "a.test", NULL, -EINVAL,
	    "name \\x1fa.test: no name has spaces or control characters" },
	{ "no UTF-8", "a\xc3.test", NULL, -EILSEQ,
	    "name a\\xc3.test: it is no UTF-8" },
	{ "nobody's letter", "a\xef\xbf\xbd.test", NULL, -EINVAL,
	    "it has a character that no name of a host may have" },
	{ "a mark of no letter", "\xcc\x80" "a.test", NULL, -EINVAL,
	    "a label of it begins with a mark that belongs to a letter" },
	{ "encoded, and wrong", "xn--\xc3\xbc.test", NULL, -EINVAL,
	    "a label of it begins with xn-- and cannot be decoded" },
	{ "encoded in vain", "xn--a.\xc3\xbc", NULL, -EINVAL,
	    "a label of it begins with xn-- and stands for what would be" },
	{ "from both sides", "\xd7\x90" "a.test", NULL, -EINVAL,
	    "a label of it mixes letters that are written from the right" },
	{ "a joiner that does not", "a\xe2\x80\x8d" "b.test", NULL, -EINVAL,
	    "it has a joiner in a place where nothing is to be joined" },
	{ "a slash in disguise", "\xe2\x84\x80.test", NULL, -EINVAL,
	    "it has a character that stands for one that ends a name" },
	{ "an at sign in disguise", "a\xef\xbc\xa0" "evil.test", NULL, -EINVAL,
	    "it has a character that stands for one that ends a name" },
	{ "a space among them", "a b.\xc3\xbc", NULL, -EINVAL,
	    "it has a character that stands for one that ends a name" },
	{ "nothing that shows", "\xc2\xad", NULL, -EINVAL,
	    "nothing of it is left" },
};

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static int
call(struct tn_slice host, struct tn_buffer *b)
{
	CHECK_INT(tn_buffer_append_str(b, BEFORE), 0);
	return tn_idna_to_ascii(host, b);
}

static void
test_row(void **state)
{
	const struct row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->in));
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
	bool without = !tn_has("idna") && !is_ascii(t->in) &&
	    t->code != -EILSEQ;
	int r = call(in, &b);

	CHECK_INT(r, without ? -EOPNOTSUPP : t->code);
	CHECK(tn_slice_starts(tn_buffer_slice(&b), TN_SLICE(BEFORE)));
	CHECK_TEXT(b.data + strlen(BEFORE), r < 0 ? "" : t->out);
	if (r < 0 && !without)
		CHECK(strstr(tn_error_text(), t->text) != NULL);
	check_exact_free(in);
}

/* Whatever it is cut to it has a result or an error. */
static void
test_prefixes(void **state)
{
	const struct row *t = *state;

	for (size_t i = 0; i < strlen(t->in); i++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
		struct tn_slice in = check_exact(tn_slice(t->in, i));
		int r = call(in, &b);

		CHECK(r <= 0 && (r == 0 || b.len == strlen(BEFORE)));
		CHECK(r == 0 || tn_error_code() == r);
		CHECK(is_ascii(b.data));
		check_exact_free(in);
	}
}

static void
test_failing(void **state)
{
	const struct row *t = *state;
	int r = -ENOMEM;

	for (int n = 0; r == -ENOMEM; n++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

		CHECK_INT(tn_buffer_append_str(&b, BEFORE), 0);
		b.cap = b.len + 1; /* the next byte needs memory */
		check_fail_after(n);
		r = tn_idna_to_ascii(tn_slice_str(t->in), &b);
		check_fail_after(-1);
		CHECK(r == 0 || b.len == strlen(BEFORE));
	}
}

static void
test_limits(void **state)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer in = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer small = { .max = 10 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	int r;

	CHECK_INT(tn_idna_to_ascii(TN_SLICE("0123456789a"), &small),
	    TN_ELIMIT);
	CHECK_INT(small.len, 0);
	while (in.len + 2 <= TN_IDNA_BYTES_MAX)
		CHECK_INT(tn_buffer_append_str(&in, "\xc3\xbc"), 0);
	r = tn_idna_to_ascii(tn_buffer_slice(&in), &out);
	CHECK_INT(r, tn_has("idna") ? 0 : -EOPNOTSUPP);
	CHECK_INT(tn_buffer_append_str(&in, "."), 0);
	CHECK_INT(tn_idna_to_ascii(tn_buffer_slice(&in), &out), TN_ELIMIT);
	/* One character that becomes eighteen. */
	tn_buffer_clear(&in);
	while (in.len + 3 <= TN_IDNA_BYTES_MAX)
		CHECK_INT(tn_buffer_append_str(&in, "\xef\xb7\xba"), 0);
	CHECK(tn_idna_to_ascii(tn_buffer_slice(&in), &out) < 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) +
	    CHECK_ROWS(rows, test_row) + CHECK_ROWS(rows, test_prefixes) +
	    CHECK_ROWS(rows, test_failing);
}
