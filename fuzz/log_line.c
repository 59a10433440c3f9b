/* The access log: one line, six quotes, and nothing in it that a terminal or
 * a reader of logs would take for something else.  The lines of the input are
 * method, target, referer and user agent. */
#include <tenon/text.h>

#include "app/share.h"
#include "fuzz/fuzz.h"

static void
check_line(struct tn_slice line)
{
	size_t quotes = 0;

	assert(tn_slice_ends(line, TN_SLICE("\n")));
	line.len--;
	assert(fuzz_is_tame(line));
	for (size_t i = 0; i < line.len; i++)
		quotes += line.data[i] == '"';
	assert(quotes == 6);
	assert(tn_slice_search(line, TN_SLICE(" - - [")) > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer line = { 0 };
	struct tn_slice in = tn_slice(bytes, size);
	struct tn_ip ip = { .family = 6 };
	struct tn_address peer;
	struct tn_http_record record = { .peer = &peer };
	uint8_t kind = fuzz_byte(&in);

	if (size < sizeof(ip.bytes) || size > 1024)
		return 0;
	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	fuzz_must(tn_address_from_ip(&ip, 1, &peer));
	if (kind & 1)
		record.peer = NULL;
	record.version = kind & 2 ? 11 : kind & 4 ? 10 : 0;
	record.status = 200;
	record.bytes = kind;
	memcpy(&record.wall_ns, bytes, sizeof(record.wall_ns));
	record.method = tn_slice_split(&in, '\n');
	record.target = tn_slice_split(&in, '\n');
	record.referer = tn_slice_split(&in, '\n');
	record.user_agent = in;
	assert(app_share_log_line(&record, &line) == 0);
	check_line(tn_buffer_slice(&line));
	return 0;
}
