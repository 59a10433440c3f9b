/* tenon ip: an address in all its forms, what it is for, networks. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/ip_about.h>

#include "cli/cli.h"
#include "cli/report.h"

static struct {
	struct cli_list words;
	const char *within;
	bool json;
} ip;

/* ---- words -------------------------------------------------------------- */

static bool
ip_is_prefix(const char *text)
{
	return strchr(text, '/') != NULL;
}

static int
ip_check(const char *text)
{
	struct tn_ip_network network;
	struct tn_ip address;
	int r = ip_is_prefix(text) ?
	    tn_ip_prefix_parse(tn_slice_str(text), NULL, &network) :
	    tn_ip_parse_any(tn_slice_str(text), &address);

	return r == 0 ? 0 : tn_error_set(r, "neither an address nor a network; "
	    "write 192.0.2.1, 2001:db8::1, 3221225985, 0xc0000201, "
	    "192.0.2.0/24 or a name that ends in .arpa");
}

static int
ip_check_within(const char *text)
{
	struct tn_ip_network network;

	if (tn_ip_prefix_parse(tn_slice_str(text), NULL, &network) == 0)
		return 0;
	return tn_error_set(-EINVAL, "no network; write 10.0.0.0/8 or "
	    "2001:db8::/32");
}

static const struct cli_option ip_options[] = {
	{ .argument = "ADDRESS", .list = &ip.words, .required = true,
	    .check = ip_check,
	    .help = "192.0.2.1, 2001:db8::1, a number, 0x and a number in "
		    "hexadecimal, a name that ends in .arpa, or a network such "
		    "as 10.1.2.3/8 or 10.1.2.3/255.0.0.0" },
	{ .name = "in", .argument = "NETWORK", .text = &ip.within,
	    .check = ip_check_within,
	    .help = "whether it lies in this network too; fails when one does "
		    "not" },
	{ .name = "json", .flag = &ip.json,
	    .help = "an object a line, for programs" },
	{ 0 },
};

static const struct cli_example ip_examples[] = {
	{ "tenon ip 151.101.76.223", "All about an address." },
	{ "tenon ip 10.1.2.3/20", "The network it is in, and its hosts." },
	{ "tenon ip --in 10.0.0.0/8 10.1.2.3 && echo yes",
	    "Ask in a script." },
	{ 0 },
};

/* ---- fields ------------------------------------------------------------- */

static void
ip_field(struct cli_report *report, const char *key, const char *label,
    const char *text)
{
	cli_report_field(report, &(struct cli_field){ key, label, 0, false },
	    text);
}

static void
ip_bare(struct cli_report *report, const char *key, const char *label,
    const char *text)
{
	cli_report_field(report, &(struct cli_field){ key, label, 0, true },
	    text);
}

static void
ip_put(struct cli_report *report, const char *key, const char *label,
    const struct tn_ip *address)
{
	char text[TN_IP_TEXT_MAX];

	ip_field(report, key, label, tn_ip_format(address, text));
}

static const char *
ip_network_text(const struct tn_ip_network *network,
    char out[TN_IP_TEXT_MAX + 8])
{
	char text[TN_IP_TEXT_MAX];

	snprintf(out, TN_IP_TEXT_MAX + 8, "%s/%u",
	    tn_ip_format(&network->ip, text), network->bits);
	return out;
}

/* What it is for; a person reads one line. */
static void
ip_kind(struct cli_report *report, const struct tn_ip *address)
{
	const struct tn_ip_kind *kind = tn_ip_kind(address);
	char prefix[TN_IP_TEXT_MAX + 8], line[256];

	ip_network_text(&kind->network, prefix);
	snprintf(line, sizeof(line), "%s: %s, %s (%s)", kind->name,
	    kind->about, prefix, kind->source);
	if (report->terminal.tty && !report->json) {
		ip_field(report, "kind", "kind", line);
	} else {
		ip_field(report, "kind", NULL, kind->name);
		ip_field(report, "about", NULL, kind->about);
		ip_field(report, "block", NULL, prefix);
		ip_field(report, "source", NULL, kind->source);
	}
	ip_bare(report, "global", NULL, kind->global ? "true" : "false");
}

static int
ip_within(struct cli_report *report, const struct tn_ip_network *what)
{
	struct tn_ip_network network;
	bool has;

	if (ip.within == NULL)
		return 0;
	(void)!tn_ip_prefix_parse(tn_slice_str(ip.within), NULL, &network);
	has = tn_ip_network_covers(&network, what);
	ip_bare(report, "in", "in", has ? "true" : "false");
	return has ? 0 : -ENOENT;
}

/* ---- answers ------------------------------------------------------------ */

/* An IPv6 one is two lines on a terminal. */
static void
ip_binary(struct cli_report *report, const struct tn_ip *address)
{
	const struct cli_field field = { "binary", "binary", 0, false };
	char text[TN_IP_BINARY_SIZE];
	struct cli_item halves[2] = { { text, NULL } };
	char *middle;

	tn_ip_binary(address, text);
	middle = text + strlen(text) / 2; /* the fourth of seven colons */
	if (address->family == 4 || report->json || !report->terminal.tty) {
		cli_report_field(report, &field, text);
		return;
	}
	*middle = '\0';
	halves[1].text = middle + 1;
	cli_report_list(report, &field, halves, 2);
}

static void
ip_forms(struct cli_report *report, const struct tn_ip *address)
{
	char text[TN_IP_BINARY_SIZE];
	struct tn_ip four;

	if (address->family == 6)
		ip_field(report, "exploded", "exploded",
		    tn_ip_exploded(address, text));
	ip_field(report, "decimal", "decimal", tn_ip_decimal(address, text));
	ip_field(report, "hex", "hexadecimal", tn_ip_hex(address, text));
	ip_binary(report, address);
	ip_field(report, "reverse", "reverse", tn_ip_reverse(address, text));
	if (tn_ip_embedded(address, &four))
		ip_put(report, "ipv4", "carries", &four);
}

static int
ip_address(struct cli_report *report, const char *word)
{
	struct tn_ip_network one;
	struct tn_ip address;

	(void)!tn_ip_parse_any(tn_slice_str(word), &address);
	ip_put(report, "address", "address", &address);
	ip_bare(report, "version", NULL, address.family == 4 ? "4" : "6");
	ip_kind(report, &address);
	ip_forms(report, &address);
	one = (struct tn_ip_network){ address,
		address.family == 4 ? 32 : 128 };
	return ip_within(report, &one);
}

static int
ip_prefix(struct cli_report *report, const char *word)
{
	char text[TN_IP_TEXT_MAX + 8];
	struct tn_ip address, first, last, mask, end;
	struct tn_ip_network network;
	bool four;

	(void)!tn_ip_prefix_parse(tn_slice_str(word), &address, &network);
	four = network.ip.family == 4;
	mask = tn_ip_network_mask(&network);
	end = tn_ip_network_last(&network);
	tn_ip_network_hosts(&network, &first, &last);
	ip_field(report, "network", "network", ip_network_text(&network, text));
	ip_put(report, "address", "address", &address);
	ip_bare(report, "version", NULL, four ? "4" : "6");
	ip_kind(report, &network.ip);
	ip_put(report, "netmask", "netmask", &mask);
	ip_put(report, four ? "broadcast" : "last",
	    four ? "broadcast" : "last address", &end);
	ip_put(report, "first_host", "first host", &first);
	ip_put(report, "last_host", "last host", &last);
	ip_bare(report, "count", "addresses",
	    tn_ip_network_count(&network, text));
	return ip_within(report, &network);
}

static int
ip_run(void)
{
	struct cli_report report;
	const char *outside = NULL;
	int r;

	cli_report_init(&report, ip.json, false);
	for (size_t i = 0; i < ip.words.count; i++) {
		const char *word = ip.words.items[i];

		cli_report_begin(&report);
		r = ip_is_prefix(word) ? ip_prefix(&report, word) :
		                         ip_address(&report, word);
		cli_report_end(&report);
		if (r < 0 && outside == NULL)
			outside = word;
	}
	r = cli_report_done(&report);
	if (r == 0 && outside != NULL)
		r = tn_error_set(-ENOENT, "%s is not in %s", outside,
		    ip.within);
	return r < 0 ? cli_fail("ip", r) : CLI_DONE;
}

const struct cli_verb cli_verb_ip = {
	.name = "ip",
	.group = "Look things up",
	.summary = "an address in all its forms, and what it is for",
	.about =
	    "Writes an address in every form there is, says what it is for by "
	    "the special-purpose registries (RFC 6890), and which IPv4 address "
	    "an IPv6 one carries. A number below 2^32 is IPv4. Of a network it "
	    "says where it begins and ends and how many addresses it has.\n\n"
	    "It asks nobody: see tenon host for names.",
	.options = ip_options,
	.examples = ip_examples,
	.run = ip_run,
};
