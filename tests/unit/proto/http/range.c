/* Range: RFC 9110 sections 14.1.2 and 14.2, of 1,000 bytes unless said. */
#include "unit/base/check.h"

#include <stdio.h>

#include "proto/http/select.h"

#define IGNORED "ignored"
#define NONE "416"

static const struct row {
	const char *name; /* the field */
	const char *ranges; /* "first+size ..." */
	int64_t size; /* 0: 1,000; -1: 0 */
} rows[] = {
	{ "bytes=0-499", "0+500", 0 },
	{ "bytes=500-999", "500+500", 0 },
	{ "bytes=500-", "500+500", 0 },
	{ "bytes=-500", "500+500", 0 },
	{ "bytes=0-0", "0+1", 0 },
	{ "bytes=999-", "999+1", 0 },
	{ "bytes=-1", "999+1", 0 },
	{ "bytes=-1000", "0+1000", 0 },
	{ "bytes=-99999", "0+1000", 0 },
	{ "bytes=0-99999", "0+1000", 0 },
	{ "bytes=0-18446744073709551616", "0+1000", 0 },
	{ "bytes=1000-", NONE, 0 },
	{ "bytes=18446744073709551616-", NONE, 0 },
	{ "bytes=-0", NONE, 0 },
	{ "bytes=0-", NONE, -1 },
	{ "bytes=0-0", NONE, -1 },
	{ "bytes=-5", NONE, -1 },
	{ "bytes=1000-,5000-6000", NONE, 0 },
	{ "bytes=1000-,5-6", "5+2", 0 },
	{ "BYTES=1-2", "1+2", 0 },
	{ "bytes= 1-2 ", "1+2", 0 },
	{ "bytes=,1-2,,", "1+2", 0 },
	{ "bytes=0-9 , 200-209", "0+10 200+10", 0 },
	{ "bytes=200-209,0-9", "200+10 0+10", 0 },
	{ "bytes=200-209,0-9,205-219", "0+10 200+20", 0 },
	{ "bytes=0-9,10-19", "0+20", 0 },
	{ "bytes=0-9,89-90", "0+91", 0 },
	{ "bytes=0-9,90-90", "0+10 90+1", 0 },
	{ "bytes=100-109,0-999", "0+1000", 0 },
	{ "bytes=0-,0-,0-", "0+1000", 0 },
	{ "bytes=-1,0-0", "999+1 0+1", 0 },
	{ "bytes=0-9,200-209,900-", "0+10 200+10 900+100", 0 },
	{ "bytes=5-4", IGNORED, 0 },
	{ "bytes=0-9,5-4", IGNORED, 0 },
	{ "bytes=2000-1000", IGNORED, 0 },
	{ "bytes=-", IGNORED, 0 },
	{ "bytes=", IGNORED, 0 },
	{ "bytes=,", IGNORED, 0 },
	{ "bytes", IGNORED, 0 },
	{ "", IGNORED, 0 },
	{ "bytes=a-b", IGNORED, 0 },
	{ "bytes=1", IGNORED, 0 },
	{ "bytes=1-2-3", IGNORED, 0 },
	{ "bytes=+1-2", IGNORED, 0 },
	{ "bytes=1 -2", IGNORED, 0 },
	{ "bytes=0x0-1", IGNORED, 0 },
	{ "lines=1-2", IGNORED, 0 },
	{ "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,"
	  "0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", "0+1", 0 },
	{ "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,"
	  "0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", IGNORED, 0 },
};

static void
test_ranges(void **state)
{
	const struct row *t = *state;
	int64_t size = t->size == 0 ? 1000 : t->size < 0 ? 0 : t->size;
	struct tn__http_range ranges[TN__HTTP_RANGES_MAX];
	struct tn_slice field = check_exact(tn_slice_str(t->name));
	char text[1024] = "";
	int n = tn__http_ranges(field, size, ranges);

	check_exact_free(field);
	if (n <= 0)
		strcpy(text, n == -ERANGE ? NONE : IGNORED);
	for (int i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%lld+%lld", i == 0 ? "" : " ",
		    (long long)ranges[i].first, (long long)ranges[i].size);
	assert_string_equal(text, t->ranges);
}

/* Whatever is asked, what is given lies inside and is given once. */
static void
test_inside(void **state)
{
	static const char alphabet[] = "0123456789-,,--= ";
	struct tn__http_range ranges[TN__HTTP_RANGES_MAX];
	uint64_t seed = 1;
	int given = 0;

	for (int i = 0; i < 20000; i++) {
		char text[40] = "bytes=";
		size_t len = 6 + check_random(&seed) % 30;
		int64_t size = (int64_t)(check_random(&seed) % 300);
		int64_t all = 0;
		int n;

		for (size_t at = 6; at < len; at++)
			text[at] = alphabet[check_random(&seed) %
			    (sizeof(alphabet) - 1)];
		n = tn__http_ranges(tn_slice(text, len), size, ranges);
		assert_true(n >= 0 || n == -ERANGE);
		for (int k = 0; k < n; k++) {
			assert_true(ranges[k].first >= 0 &&
			    ranges[k].size > 0 &&
			    ranges[k].first + ranges[k].size <= size);
			all += ranges[k].size;
		}
		assert_true(all <= size);
		given += n > 0;
	}
	assert_true(given > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_inside) };

	return CHECK_ROWS(rows, test_ranges) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
