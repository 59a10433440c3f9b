/* tenon order: a number in host and network byte order. */
#include <errno.h>
#include <inttypes.h>
#include <tenon/error.h>
#include <tenon/inet.h>
#include <tenon/number.h>

#include "cli/cli.h"
#include "cli/report.h"

static struct {
	struct cli_list words;
	bool json;
} order;

static int
order_parse(const char *text, uint64_t *ret)
{
	struct tn_slice all = tn_slice_str(text);

	if (tn_slice_starts(all, TN_SLICE("0x")) ||
	    tn_slice_starts(all, TN_SLICE("0X")))
		return tn_parse_hex(tn_slice_skip(all, 2), UINT64_MAX, ret);
	return tn_parse_uint(all, UINT64_MAX, ret);
}

static int
order_check(const char *text)
{
	uint64_t n;
	int r = order_parse(text, &n);

	if (r == -ERANGE)
		return tn_error_set(r, "more than 64 bits");
	return r == 0 ? 0 : tn_error_set(r, "no number; write 1234 or 0x4d2");
}

static const struct cli_option order_options[] = {
	{ .argument = "NUMBER", .list = &order.words, .required = true,
	    .check = order_check,
	    .help = "decimal, or hexadecimal behind 0x, up to 64 bits" },
	{ .name = "json", .flag = &order.json,
	    .help = "an object a line, for programs" },
	{ 0 },
};

static const struct cli_example order_examples[] = {
	{ "tenon order 1234", "In 16, 32 and 64 bits." },
	{ "tenon order 0xc0000201", "What a packet's bytes say." },
	{ 0 },
};

static uint64_t
order_turned(int bits, uint64_t n)
{
	return bits == 16 ? tn_net_htons((uint16_t)n) :
	    bits == 32    ? tn_net_htonl((uint32_t)n) :
	                    tn_net_htonll(n);
}

/* A number as it is to this machine, and its bytes as they lie in memory: in
 * the network's order the highest comes first. */
static void
order_row(struct cli_report *report, int bits, const char *which, uint64_t n)
{
	static const struct cli_field fields[] = {
		{ "bits", "", 0, true },
		{ "order", "", 7, false },
		{ "value", "", TN_UINT_DIGITS, true },
		{ "hex", "", TN_HEX_DIGITS + 2, false },
		{ "bytes", "", 0, false },
	};
	char text[TN_UINT_DIGITS + 4], *end = text;

	cli_report_begin(report);
	snprintf(text, sizeof(text), "%d", bits);
	cli_report_field(report, &fields[0], text);
	cli_report_field(report, &fields[1], which);
	snprintf(text, sizeof(text), "%" PRIu64, n);
	cli_report_field(report, &fields[2], text);
	snprintf(text, sizeof(text), "0x%0*" PRIx64, bits / 4, n);
	cli_report_field(report, &fields[3], text);
	n = order_turned(bits, n);
	for (int at = bits - 8; at >= 0; at -= 8)
		end += snprintf(end, 4, "%s%02x", end > text ? " " : "",
		    (unsigned)(n >> at & 0xff));
	cli_report_field(report, &fields[4], text);
	cli_report_end(report);
}

static int
order_run(void)
{
	struct cli_report report;
	int r;

	cli_report_init(&report, order.json, true);
	for (size_t i = 0; i < order.words.count; i++) {
		uint64_t n = 0;

		(void)!order_parse(order.words.items[i], &n);
		for (int bits = 16; bits <= 64; bits *= 2)
			if (bits == 64 || n >> bits == 0) {
				order_row(&report, bits, "host", n);
				order_row(&report, bits, "network",
				    order_turned(bits, n));
			}
	}
	r = cli_report_done(&report);
	return r < 0 ? cli_fail("order", r) : CLI_DONE;
}

const struct cli_verb cli_verb_order = {
	.name = "order",
	.group = "Look things up",
	.summary = "host and network byte order of a number",
	.about =
	    "Shows a number in the byte order of this machine and in the "
	    "network's, in each of 16, 32 and 64 bits that hold it: the value, "
	    "its hexadecimal digits, and the bytes as they lie in memory. A line "
	    "is bits, order, value, hexadecimal and bytes.",
	.options = order_options,
	.examples = order_examples,
	.run = order_run,
};
