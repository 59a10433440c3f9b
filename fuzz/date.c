/* Dates of HTTP: what was read, written as IMF-fixdate, reads as the same; and
 * any second can be written.  The first eight bytes are the present instant. */
#include <tenon/date.h>

#include "fuzz/fuzz.h"

#define FIRST INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static void
check_writing(int64_t seconds)
{
	char http[TN_HTTP_DATE_SIZE], log[TN_LOG_DATE_SIZE];
	char ctime[TN_CTIME_SIZE];
	int64_t back = 0;
	int r = tn_date_http_parse(tn_slice_str(tn_date_http(seconds, http)),
	    0, &back);

	assert(strlen(http) == 29 && r == 0);
	if (seconds >= FIRST && seconds <= LAST)
		assert(back == seconds);
	assert(strlen(tn_date_log(seconds, log)) == 26);
	assert(strlen(tn_date_ctime(seconds, ctime)) == 24);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int64_t now, seconds = 0;
	int r;

	if (size < sizeof(now))
		return 0;
	memcpy(&now, bytes, sizeof(now));
	check_writing(now);
	r = tn_date_http_parse(
	    tn_slice(bytes + sizeof(now), size - sizeof(now)), now, &seconds);
	if (r == 0) {
		assert(seconds >= FIRST && seconds <= LAST + 1);
		check_writing(seconds);
	}
	return 0;
}
