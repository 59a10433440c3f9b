/* tenon port: services by number and by name. */
#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/netdb.h>
#include <tenon/number.h>
#include <tenon/run.h>

#include "cli/cli.h"
#include "cli/report.h"

#define PORT_NAME_SIZE 128

static struct {
	struct cli_list words;
	bool json;
} port;

/* What is asked for when no protocol is. */
static const char *const port_protocols[] = { "tcp", "udp", "sctp", "dccp" };

/* "80/tcp" taken apart; without "/" the protocol is empty. */
struct port_word {
	char name[PORT_NAME_SIZE], protocol[PORT_NAME_SIZE];
	int number; /* -1: it is a name */
};

static int
port_parse(const char *text, struct port_word *ret)
{
	struct tn_slice protocol = tn_slice_str(text);
	struct tn_slice name = tn_slice_split(&protocol, '/');
	struct port_word word = { .number = -1 };
	uint64_t number;
	int r;

	if (name.data == NULL || name.len == 0 ||
	    name.len >= sizeof(word.name) ||
	    protocol.len >= sizeof(word.protocol) ||
	    (protocol.data != NULL && protocol.len == 0))
		return tn_error_set(-EINVAL,
		    "write 80, 80/tcp, http or http/tcp");
	memcpy(word.name, name.data, name.len);
	if (protocol.data != NULL)
		memcpy(word.protocol, protocol.data, protocol.len);
	r = tn_parse_uint(name, UINT16_MAX, &number);
	if (r == -ERANGE)
		return tn_error_set(-EINVAL, "ports end at 65535");
	if (r == 0)
		word.number = (int)number;
	*ret = word;
	return 0;
}

static int
port_check(const char *text)
{
	struct port_word unused;

	return port_parse(text, &unused);
}

static const struct cli_option port_options[] = {
	{ .argument = "PORT", .list = &port.words, .required = true,
	    .check = port_check,
	    .help = "a port or the name of a service, and behind a \"/\" the "
		    "protocol: 80, 80/tcp, http or http/tcp" },
	{ .name = "json", .flag = &port.json,
	    .help = "an object a line, for programs" },
	{ 0 },
};

static const struct cli_example port_examples[] = {
	{ "tenon port 80/tcp", "What is usually there." },
	{ "tenon port http domain", "Where they usually are." },
	{ 0 },
};

static void
port_row(struct cli_report *report, const char *name, int number,
    const char *protocol)
{
	static const struct cli_field fields[] = {
		{ "service", "", 16, false },
		{ "port", "", 5, true },
		{ "protocol", "", 0, false },
	};
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	cli_report_begin(report);
	cli_report_field(report, &fields[0], name);
	cli_report_field(report, &fields[1], text);
	cli_report_field(report, &fields[2], protocol);
	cli_report_end(report);
}

/* One row, or why there is none.  What was asked for may be an alias. */
static int
port_show(struct cli_report *report, const struct port_word *word,
    const char *protocol)
{
	char name[PORT_NAME_SIZE];
	int r, number = word->number;

	if (number < 0)
		number = tn_net_getservbyname(word->name, protocol);
	if (number < 0)
		return number;
	r = tn_net_getservbyport((uint16_t)number, protocol, name,
	    sizeof(name));
	if (r < 0)
		return r;
	port_row(report, name, number, protocol);
	return 0;
}

static int
port_nobody(const char *word)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int r = tn_buffer_append_escaped(&shown, tn_slice_str(word));

	return r < 0 ? r : tn_error_set(-ENOENT,
	    "%s: no service, says /etc/services", shown.data);
}

static int
port_word(struct cli_report *report, const char *text)
{
	struct port_word word;
	int r = port_parse(text, &word);
	size_t found = 0;

	if (r < 0)
		return r;
	if (word.protocol[0] != '\0') {
		r = port_show(report, &word, word.protocol);
		return r == -ENOENT ? port_nobody(text) : r;
	}
	for (size_t i = 0; i < TN_COUNT(port_protocols); i++) {
		r = port_show(report, &word, port_protocols[i]);
		if (r < 0 && r != -ENOENT)
			return r;
		found += r == 0;
	}
	return found > 0 ? 0 : port_nobody(text);
}

static int
port_main(void *arg)
{
	struct cli_report *report = arg;
	int first = 0;

	for (size_t i = 0; i < port.words.count; i++) {
		int r = port_word(report, port.words.items[i]);

		if (r < 0)
			(void)cli_fail("port", r);
		if (first == 0)
			first = r;
	}
	return first;
}

static int
port_run(void)
{
	struct cli_report report;
	int r, failed;

	cli_report_init(&report, port.json, true);
	failed = tn_run(port_main, &report, NULL);
	r = cli_report_done(&report);
	if (r < 0)
		return cli_fail("port", r);
	return failed < 0 ? CLI_FAILED : CLI_DONE;
}

const struct cli_verb cli_verb_port = {
	.name = "port",
	.group = "Look things up",
	.summary = "names of services and their ports, both ways",
	.about =
	    "Says which service is usually at a port, or at which port a "
	    "service usually is, from the list of this machine "
	    "(/etc/services). Without a protocol all are tried: tcp, udp, sctp "
	    "and dccp. A line is service, port and protocol.",
	.options = port_options,
	.examples = port_examples,
	.run = port_run,
};
