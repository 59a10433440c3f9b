#include <errno.h>
#include <tenon/date.h>
#include <tenon/number.h>
#include <time.h>

#define DATE_FIRST INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define DATE_LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */
#define DATE_DAY 86400

static const char date_weekdays[7][10] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };
static const char date_months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static int64_t
date_clamp(int64_t seconds)
{
	if (seconds < DATE_FIRST)
		return DATE_FIRST;
	return seconds > DATE_LAST ? DATE_LAST : seconds;
}

/* ---- the calendar ------------------------------------------------------ */

/* Years are counted from the first of March, so that a leap day is the last
 * day of one; months from March as 0 begin after (153 m + 2) / 5 days. */

static bool
date_is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
date_month_days(int year, int month)
{
	static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
		31, 30, 31 };

	return days[month - 1] + (month == 2 && date_is_leap(year));
}

/* Days from 0000-03-01 to 1970-01-01. */
#define DATE_EPOCH_DAYS 719468

static int
date_to_days(const struct tn_date *date)
{
	int month = (date->month + 9) % 12;
	int year = date->year - (month >= 10);

	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * month + 2) / 5 + date->day - 1 - DATE_EPOCH_DAYS;
}

void
tn_date_utc(int64_t seconds, struct tn_date *ret)
{
	int64_t since = date_clamp(seconds) - DATE_FIRST;
	int second = (int)(since % DATE_DAY);
	/* 0001-01-01 was a Monday, 306 days after 0000-03-01. */
	int weekday = (int)((since / DATE_DAY + 1) % 7);
	int days = (int)(since / DATE_DAY) + 306;
	int era = days / 146097, day = days % 146097; /* of 400 years */
	int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	ret->day = day - (153 * month + 2) / 5 + 1;
	ret->month = month < 10 ? month + 3 : month - 9;
	ret->year = 400 * era + year + (month >= 10);
	ret->hour = second / 3600;
	ret->minute = second / 60 % 60;
	ret->second = second % 60;
	ret->weekday = weekday;
}

int
tn_date_seconds(const struct tn_date *date, int64_t *ret)
{
	if (date->year < 1 || date->year > 9999 || date->month < 1 ||
	    date->month > 12 || date->day < 1 ||
	    date->day > date_month_days(date->year, date->month) ||
	    date->hour < 0 || date->hour > 23 || date->minute < 0 ||
	    date->minute > 59 || date->second < 0 || date->second > 60)
		return -EINVAL;
	*ret = (int64_t)date_to_days(date) * DATE_DAY + date->hour * 3600 +
	    date->minute * 60 + date->second;
	return 0;
}

/* ---- writing ----------------------------------------------------------- */

/* A form is written and read by a pattern, of which these letters stand for
 * something and all other bytes for themselves:
 *     w short weekday   W long weekday   b month name
 *     d two-digit day   e day, a space before a single digit
 *     H m S two digits each   y two-digit year   Y four-digit year */
#define DATE_IMF "w, d b Y H:m:S GMT"
#define DATE_RFC850 "W, d-b-y H:m:S GMT"
#define DATE_ASCTIME "w b e H:m:S Y"
#define DATE_LOG "d/b/Y:H:m:S "

static char *
date_digits(char *out, int n, int digits)
{
	for (int i = digits - 1; i >= 0; n /= 10)
		out[i--] = (char)('0' + n % 10);
	return out + digits;
}

static char *
date_write_one(char *out, char letter, const struct tn_date *date)
{
	switch (letter) {
	case 'w':
		memcpy(out, date_weekdays[date->weekday], 3);
		return out + 3;
	case 'b':
		memcpy(out, date_months[date->month - 1], 3);
		return out + 3;
	case 'd':
		return date_digits(out, date->day, 2);
	case 'e':
		date_digits(out, date->day, 2);
		if (*out == '0')
			*out = ' ';
		return out + 2;
	case 'H':
		return date_digits(out, date->hour, 2);
	case 'm':
		return date_digits(out, date->minute, 2);
	case 'S':
		return date_digits(out, date->second, 2);
	case 'Y':
		return date_digits(out, date->year, 4);
	default:
		*out = letter;
		return out + 1;
	}
}

static char *
date_write(char *out, const char *pattern, const struct tn_date *date)
{
	while (*pattern != '\0')
		out = date_write_one(out, *pattern++, date);
	*out = '\0';
	return out;
}

const char *
tn_date_http(int64_t seconds, char out[TN_HTTP_DATE_SIZE])
{
	struct tn_date date;

	tn_date_utc(seconds, &date);
	date_write(out, DATE_IMF, &date);
	return out;
}

/* In the machine's time zone; returns how many seconds it is ahead of UTC. */
static int64_t
date_local(int64_t seconds, struct tn_date *ret)
{
	time_t utc = (time_t)date_clamp(seconds);
	struct tm local;
	int64_t offset = 0;

	if (localtime_r(&utc, &local) != NULL)
		offset = local.tm_gmtoff;
	tn_date_utc(date_clamp(seconds) + offset, ret);
	return offset;
}

const char *
tn_date_ctime(int64_t seconds, char out[TN_CTIME_SIZE])
{
	struct tn_date date;

	date_local(seconds, &date);
	date_write(out, DATE_ASCTIME, &date);
	return out;
}

const char *
tn_date_log(int64_t seconds, char out[TN_LOG_DATE_SIZE])
{
	struct tn_date date;
	int64_t offset = date_local(seconds, &date);
	int minutes = (int)(offset < 0 ? -offset : offset) / 60;
	char *at = date_write(out, DATE_LOG, &date);

	*at++ = offset < 0 ? '-' : '+';
	at = date_digits(at, minutes / 60, 2);
	at = date_digits(at, minutes % 60, 2);
	*at = '\0';
	return out;
}

/* ---- reading ----------------------------------------------------------- */

/* Cuts `digits` digits off the text; false when they are not there. */
static bool
date_take_digits(struct tn_slice *text, size_t digits, int *ret)
{
	uint64_t n;

	if (text->len < digits ||
	    tn_parse_uint(tn_slice_head(*text, digits), 9999, &n) < 0)
		return false;
	*ret = (int)n;
	*text = tn_slice_skip(*text, digits);
	return true;
}

/* Cuts off one of `count` names, `size` bytes apart; at most `letters` of it
 * are written (0: all). */
static bool
date_take_name(struct tn_slice *text, const char *names, size_t count,
    size_t size, size_t letters, int *ret)
{
	for (size_t i = 0; i < count; i++) {
		struct tn_slice name = tn_slice_str(names + i * size);

		if (letters > 0)
			name = tn_slice_head(name, letters);
		if (!tn_slice_starts(*text, name))
			continue;
		*text = tn_slice_skip(*text, name.len);
		*ret = (int)i;
		return true;
	}
	return false;
}

static bool
date_read_one(struct tn_slice *text, char letter, struct tn_date *date)
{
	switch (letter) {
	case 'w':
	case 'W':
		return date_take_name(text, date_weekdays[0], 7,
		    sizeof(date_weekdays[0]), letter == 'w' ? 3 : 0,
		    &date->weekday);
	case 'b':
		if (!date_take_name(text, date_months[0], 12,
		        sizeof(date_months[0]), 0, &date->month))
			return false;
		date->month++;
		return true;
	case 'e':
		if (text->len == 0 || text->data[0] != ' ')
			return date_take_digits(text, 2, &date->day);
		*text = tn_slice_skip(*text, 1);
		return date_take_digits(text, 1, &date->day);
	case 'd':
		return date_take_digits(text, 2, &date->day);
	case 'H':
		return date_take_digits(text, 2, &date->hour);
	case 'm':
		return date_take_digits(text, 2, &date->minute);
	case 'S':
		return date_take_digits(text, 2, &date->second);
	case 'y':
		return date_take_digits(text, 2, &date->year);
	case 'Y':
		return date_take_digits(text, 4, &date->year);
	default:
		if (text->len == 0 || text->data[0] != letter)
			return false;
		*text = tn_slice_skip(*text, 1);
		return true;
	}
}

static bool
date_read(struct tn_slice text, const char *pattern, struct tn_date *date)
{
	for (; *pattern != '\0'; pattern++)
		if (!date_read_one(&text, *pattern, date))
			return false;
	return text.len == 0;
}

/* A two-digit year is of the century that puts the date at most 50 years into
 * the future: RFC 9110 section 5.6.7. */
static void
date_choose_century(struct tn_date *date, int64_t now)
{
	struct tn_date limit;
	int64_t seconds, last;
	int year;

	tn_date_utc(now, &limit);
	year = limit.year + 50;
	limit.year = year <= 9999 ? year : 9999;
	if (limit.month == 2 && limit.day == 29)
		limit.day = 28;
	date->year = year - (year - date->year) % 100;
	if (date->year > 9999 || (tn_date_seconds(date, &seconds) == 0 &&
	    tn_date_seconds(&limit, &last) == 0 && seconds > last))
		date->year -= 100;
}

int
tn_date_http_parse(struct tn_slice text, int64_t now, int64_t *ret)
{
	struct tn_date date = { 0 };

	if (date_read(text, DATE_RFC850, &date))
		date_choose_century(&date, now);
	else if (!date_read(text, DATE_IMF, &date) &&
	    !date_read(text, DATE_ASCTIME, &date))
		return -EINVAL;
	return tn_date_seconds(&date, ret);
}
