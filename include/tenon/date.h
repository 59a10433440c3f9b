/* tenon/date.h - dates as protocols and tutorials write them, without a
 * locale; always the proleptic Gregorian calendar, years 1 to 9999.  Seconds
 * count from 1970-01-01T00:00Z; those of other years become the first or the
 * last second of the range.  No function here looks at a clock. */
#ifndef TENON_DATE_H
#define TENON_DATE_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_date {
	int year;                 /* 1 to 9999 */
	int month, day;           /* from 1 */
	int hour, minute, second; /* second up to 60 */
	int weekday;              /* 0 = Sunday */
};

/* Seconds to UTC. */
TN_API void tn_date_utc(int64_t seconds, struct tn_date *ret);
/* And back; the weekday is not looked at, second 60 is the first of the next
 * minute.  -EINVAL for a day or a time that does not exist. */
TN_API TN_CHECK int tn_date_seconds(const struct tn_date *date, int64_t *ret);

/* IMF-fixdate (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
#define TN_HTTP_DATE_SIZE 30
TN_API const char *tn_date_http(int64_t seconds, char out[TN_HTTP_DATE_SIZE]);
/* Reads all three forms a recipient must read (IMF-fixdate, RFC 850 with its
 * 50-year rule against `now`, asctime).  A weekday that is not the date's own
 * is passed over.  -EINVAL for anything else. */
TN_API TN_CHECK int tn_date_http_parse(struct tn_slice text, int64_t now,
    int64_t *ret);

/* "Wed Jan 10 23:32:35 2018", C's ctime() without the line end, in the
 * machine's time zone.  tn_ctime_now() (tenon/server.h) has the present one. */
#define TN_CTIME_SIZE 25
TN_API const char *tn_date_ctime(int64_t seconds, char out[TN_CTIME_SIZE]);
/* "10/Jan/2018:23:32:35 +0100", as access logs write it, local time. */
#define TN_LOG_DATE_SIZE 32
TN_API const char *tn_date_log(int64_t seconds, char out[TN_LOG_DATE_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
