/* Dates: RFC 9110 section 5.6.7, ctime, access logs. */
#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/date.h>
#include <time.h>

#define FIRST INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static const struct known_row {
	const char *name; /* IMF-fixdate */
	int64_t seconds;
} known[] = {
	{ "Mon, 01 Jan 0001 00:00:00 GMT", FIRST },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", LAST },
	{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "Wed, 28 Feb 1900 23:59:59 GMT", -2203891201 }, /* no leap year */
	{ "Thu, 01 Mar 1900 00:00:00 GMT", -2203891200 },
	{ "Tue, 29 Feb 2000 12:00:00 GMT", 951825600 },
	{ "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
	{ "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
	{ "Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648) },
	{ "Tue, 29 Feb 2400 00:00:00 GMT", INT64_C(13574563200) },
};

static void
test_known(void **state)
{
	const struct known_row *t = *state;
	char out[TN_HTTP_DATE_SIZE];
	int64_t seconds = 1;

	assert_string_equal(tn_date_http(t->seconds, out), t->name);
	assert_int_equal(tn_date_http_parse(tn_slice_str(t->name), 0,
	    &seconds), 0);
	assert_true(seconds == t->seconds);
}

#define NOW INT64_C(1515627155) /* 2018-01-10T23:32:35Z */

static const struct parse_row {
	const char *name;
	int code;
	int64_t seconds;
} parse[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 0, 784111777 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", 0, 784111777 },
	{ "Sun Nov  6 08:49:37 1994", 0, 784111777 },
	{ "Sun Nov 16 08:49:37 1994", 0, 784111777 + 10 * 86400 },
	{ "Sun Nov 06 08:49:37 1994", 0, 784111777 },
	{ "Mon, 06 Nov 1994 08:49:37 GMT", 0, 784111777 }, /* weekday */
	{ "Sun, 06 Nov 1994 08:49:60 GMT", 0, 784111800 },

	/* the century of a two-digit year: at most 50 years ahead */
	{ "Wednesday, 10-Jan-18 23:32:35 GMT", 0, NOW },
	{ "Wednesday, 31-Dec-67 23:59:59 GMT", 0, INT64_C(3092601599) },
	{ "Tuesday, 10-Jan-68 23:32:35 GMT", 0, INT64_C(3093463955) },
	{ "Wednesday, 10-Jan-68 23:32:36 GMT", 0, -62296044 },
	{ "Wednesday, 01-Jan-69 00:00:00 GMT", 0, -31536000 },
	{ "Friday, 31-Dec-99 23:59:59 GMT", 0, 946684799 },
	{ "Saturday, 01-Jan-00 00:00:00 GMT", 0, 946684800 },

	{ "", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 08:49:37 UTC", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 08:49:37 +0000", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT ", -EINVAL, 0 },
	{ " Sun, 06 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 6 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
	{ "sun, 06 nov 1994 08:49:37 gmt", -EINVAL, 0 },
	{ "Sun 06 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 06-Nov-1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 06-Nov-94 08:49:37 GMT", -EINVAL, 0 },
	{ "Sunday, 06-Nov-1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun Nov 6 08:49:37 1994", -EINVAL, 0 },
	{ "Sun Nov  6 08:49:37 1994 GMT", -EINVAL, 0 },
	{ "Sun, 00 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 31 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 29 Feb 1994 08:49:37 GMT", -EINVAL, 0 },
	{ "Thu, 29 Feb 1900 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 06 Nov 0000 08:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 24:00:00 GMT", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 08:60:00 GMT", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 08:49:61 GMT", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 -8:49:37 GMT", -EINVAL, 0 },
	{ "Sun, 06 Nov 1994 8:49:37 GMT", -EINVAL, 0 },
	{ "784111777", -EINVAL, 0 },
};

/* And no beginning of a date is a date. */
static void
test_parse(void **state)
{
	const struct parse_row *t = *state;
	struct tn_slice in = check_exact(tn_slice_str(t->name));
	int64_t seconds = 42;

	for (size_t cut = 0; cut < in.len; cut++) {
		struct tn_slice start = check_exact(tn_slice_head(in, cut));

		if (t->code == 0)
			assert_int_equal(tn_date_http_parse(start, NOW,
			    &seconds), -EINVAL);
		check_exact_free(start);
	}
	assert_int_equal(seconds, 42);
	assert_int_equal(tn_date_http_parse(in, NOW, &seconds), t->code);
	assert_true(seconds == (t->code == 0 ? t->seconds : 42));
	check_exact_free(in);
}

/* The rule where the range of years ends. */
static void
test_century_ends(void **state)
{
	struct tn_slice in = TN_SLICE("Friday, 31-Dec-99 23:59:59 GMT");
	int64_t seconds = 42;

	assert_int_equal(tn_date_http_parse(in, LAST, &seconds), 0);
	assert_true(seconds == LAST);
	assert_int_equal(tn_date_http_parse(in, FIRST, &seconds), -EINVAL);
	assert_int_equal(tn_date_http_parse(in, INT64_MAX, &seconds), 0);
	assert_int_equal(tn_date_http_parse(in, INT64_MIN, &seconds), -EINVAL);
	/* 50 years after 29 February there is none. */
	assert_int_equal(tn_date_http_parse(
	    TN_SLICE("Thursday, 01-Mar-74 00:00:00 GMT"), 1709164800,
	    &seconds), 0);
	assert_true(seconds == 131328000);
}

static void
test_clamp(void **state)
{
	char out[TN_HTTP_DATE_SIZE];

	assert_string_equal(tn_date_http(FIRST - 1, out),
	    "Mon, 01 Jan 0001 00:00:00 GMT");
	assert_string_equal(tn_date_http(INT64_MIN, out),
	    "Mon, 01 Jan 0001 00:00:00 GMT");
	assert_string_equal(tn_date_http(LAST + 1, out),
	    "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_string_equal(tn_date_http(INT64_MAX, out),
	    "Fri, 31 Dec 9999 23:59:59 GMT");
}

static const struct invalid_row {
	const char *name;
	struct tn_date date;
} invalid[] = {
	{ "year 0", { 0, 1, 1, 0, 0, 0, 0 } },
	{ "year 10000", { 10000, 1, 1, 0, 0, 0, 0 } },
	{ "month 0", { 2000, 0, 1, 0, 0, 0, 0 } },
	{ "month 13", { 2000, 13, 1, 0, 0, 0, 0 } },
	{ "day 0", { 2000, 1, 0, 0, 0, 0, 0 } },
	{ "30 February", { 2000, 2, 30, 0, 0, 0, 0 } },
	{ "29 February", { 2001, 2, 29, 0, 0, 0, 0 } },
	{ "31 April", { 2000, 4, 31, 0, 0, 0, 0 } },
	{ "hour 24", { 2000, 1, 1, 24, 0, 0, 0 } },
	{ "hour -1", { 2000, 1, 1, -1, 0, 0, 0 } },
	{ "minute 60", { 2000, 1, 1, 0, 60, 0, 0 } },
	{ "second 61", { 2000, 1, 1, 0, 0, 61, 0 } },
	{ "second -1", { 2000, 1, 1, 0, 0, -1, 0 } },
};

static void
test_invalid(void **state)
{
	const struct invalid_row *t = *state;
	int64_t seconds = 42;

	assert_int_equal(tn_date_seconds(&t->date, &seconds), -EINVAL);
	assert_int_equal(seconds, 42);
}

/* Back and forth, and as the C library has it. */
static void
test_round_trip(void **state)
{
	uint64_t random = 1;

	for (int i = 0; i < 100000; i++) {
		int64_t seconds = FIRST + (int64_t)(check_random(&random) %
		    (uint64_t)(LAST - FIRST + 1)), back = 0, parsed = 0;
		char out[TN_HTTP_DATE_SIZE];
		struct tn_date date;
		time_t utc = (time_t)seconds;
		struct tm tm;

		tn_date_utc(seconds, &date);
		assert_int_equal(tn_date_seconds(&date, &back), 0);
		assert_true(back == seconds);
		assert_int_equal(tn_date_http_parse(
		    tn_slice_str(tn_date_http(seconds, out)), 0, &parsed), 0);
		assert_true(parsed == seconds);
		gmtime_r(&utc, &tm);
		assert_int_equal(date.year, tm.tm_year + 1900);
		assert_int_equal(date.month, tm.tm_mon + 1);
		assert_int_equal(date.day, tm.tm_mday);
		assert_int_equal(date.hour, tm.tm_hour);
		assert_int_equal(date.minute, tm.tm_min);
		assert_int_equal(date.second, tm.tm_sec);
		assert_int_equal(date.weekday, tm.tm_wday);
	}
}

/* Every day of the range follows the one before. */
static void
test_days(void **state)
{
	int64_t seconds = FIRST, back = 0;
	struct tn_date last = { 0 }, date;

	for (int weekday = 1; seconds <= LAST; seconds += 86400) {
		tn_date_utc(seconds, &date);
		assert_int_equal(date.weekday, weekday);
		weekday = (weekday + 1) % 7;
		assert_int_equal(tn_date_seconds(&date, &back), 0);
		assert_true(back == seconds);
		assert_true(date.day == last.day + 1 || date.day == 1);
		last = date;
	}
}

static const struct local_row {
	const char *name, *zone;
	int64_t seconds;
	const char *ctime, *log;
} locals[] = {
	{ "UTC", "UTC0", NOW, "Wed Jan 10 23:32:35 2018",
	    "10/Jan/2018:23:32:35 +0000" },
	{ "one hour east", "CET-1", NOW - 3600, "Wed Jan 10 23:32:35 2018",
	    "10/Jan/2018:23:32:35 +0100" },
	{ "nine and a half west", "WST+9:30", NOW, "Wed Jan 10 14:02:35 2018",
	    "10/Jan/2018:14:02:35 -0930" },
	{ "a single digit", "UTC0", 0, "Thu Jan  1 00:00:00 1970",
	    "01/Jan/1970:00:00:00 +0000" },
	{ "summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1530403200,
	    "Sun Jul  1 02:00:00 2018", "01/Jul/2018:02:00:00 +0200" },
	{ "the last second", "CET-1", LAST, "Fri Dec 31 23:59:59 9999",
	    "31/Dec/9999:23:59:59 +0100" },
	{ "before the first", "WST+1", INT64_MIN, "Mon Jan  1 00:00:00 0001",
	    "01/Jan/0001:00:00:00 -0100" },
};

static void
test_local(void **state)
{
	const struct local_row *t = *state;
	char ctime_text[TN_CTIME_SIZE], log[TN_LOG_DATE_SIZE];

	setenv("TZ", t->zone, 1);
	tzset();
	assert_string_equal(tn_date_ctime(t->seconds, ctime_text), t->ctime);
	assert_string_equal(tn_date_log(t->seconds, log), t->log);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_century_ends),
		cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_days),
	};

	return CHECK_ROWS(known, test_known) + CHECK_ROWS(parse, test_parse) +
	    CHECK_ROWS(invalid, test_invalid) +
	    CHECK_ROWS(locals, test_local) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
