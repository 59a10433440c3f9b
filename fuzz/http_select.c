/* Preconditions and ranges of HTTP: what is sent of a file is there, is asked
 * for, and is not sent twice.  The first byte chooses the method, the next four
 * the size and the date of the file; the rest is lines of a head. */
#include <errno.h>
#include <tenon/error.h>

#include "fuzz/fuzz.h"
#include "proto/http/select.h"

#define FIELDS 16
#define GAP 80 /* that may be sent too, where it costs less than a part */

static bool
covers(const struct tn__http_range *ranges, int count, int64_t byte)
{
	for (int i = 0; i < count; i++)
		if (byte >= ranges[i].first &&
		    byte < ranges[i].first + ranges[i].size)
			return true;
	return false;
}

static void
check_ranges(struct tn_slice field, int64_t size)
{
	struct tn__http_range ranges[TN__HTTP_RANGES_MAX];
	struct tn__http_range one[TN__HTTP_RANGES_MAX];
	int count = tn__http_ranges(field, size, ranges);
	struct tn_slice rest = field;
	int64_t sent = 0, asked = TN__HTTP_RANGES_MAX * GAP;

	assert(count == -ERANGE ||
	    (count >= 0 && count <= TN__HTTP_RANGES_MAX));
	for (int i = 0; i < count; i++) {
		assert(ranges[i].first >= 0 && ranges[i].size > 0);
		assert(ranges[i].size <= size - ranges[i].first);
		sent += ranges[i].size; /* none overlaps another */
		for (int j = 0; j < i; j++)
			assert(ranges[j].first >=
				ranges[i].first + ranges[i].size ||
			    ranges[i].first >=
				ranges[j].first + ranges[j].size);
	}
	if (count <= 0)
		return;

	/* What each of them asks for is there, and little else. */
	(void)tn_slice_split(&rest, '=');
	while (rest.data != NULL) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
		struct tn_slice part = tn_slice_split(&rest, ',');

		fuzz_must(tn_buffer_append_str(&b, "bytes="));
		fuzz_must(tn_buffer_append(&b, part));
		if (tn__http_ranges(tn_buffer_slice(&b), size, one) <= 0)
			continue;
		assert(covers(ranges, count, one->first));
		assert(covers(ranges, count, one->first + one->size - 1));
		if (__builtin_add_overflow(asked, one->size, &asked))
			asked = INT64_MAX;
	}
	assert(sent <= asked);
}

static void
check_condition(const struct tn__http_head *h, struct tn_slice head,
    struct tn__http_validators v)
{
	bool reads = h->verb == TN__HTTP_GET || h->verb == TN__HTTP_HEAD;
	int status = tn__http_condition(h, head, &v);

	assert(status == 0 || status == 412 || (status == 304 && reads));
	if (tn__http_range_counts(h, head, &v))
		assert(h->verb == TN__HTTP_GET &&
		    tn__http_known(h, head, TN__HTTP_RANGE).data != NULL);

	/* Of nothing known nothing can be said, but by "*". */
	v.etag = TN_SLICE("");
	v.modified = -1;
	status = tn__http_condition(h, head, &v);
	if (status == 304)
		assert(tn_slice_equal(tn_slice_trim(tn__http_known(h, head,
		    TN__HTTP_IF_NONE_MATCH)), TN_SLICE("*")));
	if (tn__http_range_counts(h, head, &v))
		assert(tn__http_known(h, head, TN__HTTP_IF_RANGE).data ==
		    NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const lines[] = { "GET", "HEAD", "PUT", "POST" };
	static const int64_t now = 784111777; /* 06 Nov 1994 08:49:37 */
	const struct tn__http_limits limits = { 1024, 2048, FIELDS };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_slice in = tn_slice(bytes, size), head;
	struct tn__http_validators v = { .etag = TN_SLICE("\"tag\"") };
	struct tn__http_field fields[FIELDS];
	struct tn__http_head h;
	uint8_t kind = fuzz_byte(&in);
	int64_t bytes_there = fuzz_byte(&in) | fuzz_byte(&in) << 8;
	int n;

	if (size > 1024)
		return 0;
	v.now = now;
	v.modified = now - fuzz_byte(&in) / 64;
	if (kind & 4)
		v.etag = TN_SLICE("W/\"tag\"");
	if (kind & 8)
		bytes_there = INT64_MAX - bytes_there;
	fuzz_must(tn_buffer_printf(&text, "%s / HTTP/1.1\r\nHost: a\r\n",
	    lines[kind & 3]));
	fuzz_must(tn_buffer_append(&text, in));
	fuzz_must(tn_buffer_append_str(&text, "\r\n\r\n"));
	tn__http_request_init(&h, &limits, fields);
	n = tn__http_head_parse(&h, tn_buffer_slice(&text));
	check_ranges(in, bytes_there);
	if (n <= 0)
		return 0;
	head = tn_slice_head(tn_buffer_slice(&text), (size_t)n);
	check_condition(&h, head, v);
	check_ranges(tn__http_known(&h, head, TN__HTTP_RANGE), bytes_there);
	return 0;
}
