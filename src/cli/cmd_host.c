/* tenon host: names and addresses, of this machine and of others. */
#include <errno.h>
#include <sys/socket.h>
#include <tenon/error.h>
#include <tenon/ip_about.h>
#include <tenon/netdb.h>
#include <tenon/run.h>
#include <tenon/text.h>

#include "cli/cli.h"
#include "cli/report.h"

#define HOST_ITEMS_MAX 256 /* of a kind, of one host */

static struct {
	struct cli_list words;
	int64_t timeout_ms;
	bool json;
} host;

static const struct cli_option host_options[] = {
	{ .argument = "HOST", .list = &host.words,
	    .help = "a name or an address; without one it is this machine" },
	{ .name = "timeout", .letter = 't', .argument = "TIME",
	    .span_ms = &host.timeout_ms, .fallback = "10s",
	    .help = "how long to wait for the answers about one host" },
	{ .name = "json", .flag = &host.json,
	    .help = "an object a line, for programs" },
	{ 0 },
};

static const struct cli_example host_examples[] = {
	{ "tenon host", "This machine's name and addresses." },
	{ "tenon host example.org", "Its addresses, and its other names." },
	{ "tenon host 127.0.0.1", "The name of an address." },
	{ 0 },
};

static void
host_field(struct cli_report *report, const char *key, const char *label,
    const char *text)
{
	cli_report_field(report, &(struct cli_field){ key, label, 0, false },
	    text);
}

static size_t
host_least(size_t count)
{
	return count < HOST_ITEMS_MAX ? count : HOST_ITEMS_MAX;
}

/* ---- this machine ------------------------------------------------------- */

/* "192.168.1.7/24  eth0, private" or the same with TABs, and an object. */
static int
host_interface(const struct tn_interface *i, bool tty, struct tn_buffer *text,
    struct tn_buffer *json)
{
	const struct tn_ip_kind *kind = tn_ip_kind(&i->ip);
	char ip[TN_IP_TEXT_MAX];
	int r;

	tn_ip_format(&i->ip, ip);
	r = tn_buffer_printf(text, tty ? "%s/%u  %s, %s%s" : "%s/%u\t%s\t%s%s",
	    ip, i->bits, i->name, kind->name,
	    i->up ? "" : tty ? ", down" : "\tdown");
	if (r == 0)
		r = tn_buffer_printf(json,
		    "{\"address\": \"%s\", \"bits\": %u, \"kind\": \"%s\", "
		    "\"up\": %s, \"interface\": ",
		    ip, i->bits, kind->name, i->up ? "true" : "false");
	if (r == 0)
		r = tn_json_string(tn_slice_str(i->name), json);
	return r == 0 ? tn_buffer_append_byte(json, '}') : r;
}

static int
host_interfaces(struct cli_report *report)
{
	TN_CLEANUP(tn_interfaces_freep) struct tn_interface *all = NULL;
	struct tn_buffer texts[HOST_ITEMS_MAX] = { { 0 } };
	struct tn_buffer jsons[HOST_ITEMS_MAX] = { { 0 } };
	struct cli_item items[HOST_ITEMS_MAX];
	size_t count = 0;
	int r = tn_net_interfaces(&all, &count);

	count = host_least(count);
	for (size_t i = 0; i < count && r == 0; i++) {
		r = host_interface(&all[i], report->terminal.tty, &texts[i],
		    &jsons[i]);
		items[i] = (struct cli_item){ texts[i].data, jsons[i].data };
	}
	if (r == 0)
		cli_report_list(report,
		    &(struct cli_field){
			.key = "address", .label = "addresses" },
		    items, count);
	for (size_t i = 0; i < count; i++) {
		tn_buffer_free(&texts[i]);
		tn_buffer_free(&jsons[i]);
	}
	return r;
}

static int
host_own(struct cli_report *report)
{
	char name[TN_HOST_NAME_SIZE], full[TN_HOST_NAME_SIZE];
	int r = tn_net_gethostname(name, sizeof(name));

	if (r == 0)
		r = tn_net_getfqdn(NULL, full, sizeof(full));
	if (r < 0)
		return r;
	cli_report_begin(report);
	host_field(report, "name", "name", name);
	host_field(report, "fqdn", "full name", full);
	r = host_interfaces(report);
	if (r == 0)
		cli_report_end(report);
	return r;
}

/* ---- others ------------------------------------------------------------- */

static void
host_aliases(struct cli_report *report, const struct tn_hostent *found)
{
	struct cli_item items[HOST_ITEMS_MAX];
	size_t count = host_least(found->alias_count);

	for (size_t i = 0; i < count; i++)
		items[i] = (struct cli_item){ found->aliases[i], NULL };
	cli_report_list(report,
	    &(struct cli_field){ .key = "alias", .label = "alias" }, items,
	    count);
}

static void
host_addresses(struct cli_report *report, const struct tn_hostent *found)
{
	char texts[HOST_ITEMS_MAX][TN_IP_TEXT_MAX];
	struct cli_item items[HOST_ITEMS_MAX];
	size_t count = host_least(found->address_count);

	for (size_t i = 0; i < count; i++)
		items[i] = (struct cli_item){
			tn_ip_format(&found->addresses[i], texts[i]), NULL };
	cli_report_list(report,
	    &(struct cli_field){ .key = "address", .label = "address" }, items,
	    count);
}

/* Whether the name of an address has that address: anybody may give his
 * addresses any name. */
static int
host_confirm(struct cli_report *report, const struct tn_hostent *back,
    const struct tn_ip *ip)
{
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *forth = NULL;
	bool same = false;
	int r = tn_net_gethostbyname_ex(back->name,
	    ip->family == 4 ? AF_INET : AF_INET6, &forth);

	if (r == -ETIMEDOUT || r == -ECANCELED)
		return r;
	for (size_t i = 0; r == 0 && i < forth->address_count; i++)
		same = same || memcmp(forth->addresses[i].bytes, ip->bytes,
		    sizeof(ip->bytes)) == 0;
	if (report->json || !report->terminal.tty)
		cli_report_field(report,
		    &(struct cli_field){ "confirmed", NULL, 0, true },
		    same ? "true" : "false");
	else
		host_field(report, "confirmed", "confirmed", same ?
		    "yes, the name has this address" :
		    "no, the name has not this address");
	return 0;
}

static int
host_one(struct cli_report *report, const char *word)
{
	TN_CLEANUP(tn_hostent_freep) struct tn_hostent *found = NULL;
	struct tn_ip ip;
	bool address = tn_ip_parse(tn_slice_str(word), &ip) == 0;
	int r = address ? tn_net_gethostbyaddr(word, &found) :
	                  tn_net_gethostbyname_ex(word, AF_UNSPEC, &found);

	if (r < 0)
		return r;
	cli_report_begin(report);
	host_field(report, "name", "name", found->name);
	host_aliases(report, found);
	host_addresses(report, found);
	if (address)
		r = host_confirm(report, found, &ip);
	if (r == 0)
		cli_report_end(report);
	return r;
}

/* ---- running ------------------------------------------------------------ */

/* About one host, NULL for this one, within its time. */
static int
host_ask(struct cli_report *report, const char *word)
{
	struct tn_scope scope;
	int r;

	tn_scope_open(&scope, host.timeout_ms < 0 ? TN_NEVER :
	    tn_after(host.timeout_ms * TN_MILLISECOND));
	r = word == NULL ? host_own(report) : host_one(report, word);
	(void)tn_scope_close(&scope);
	return r;
}

static int
host_main(void *arg)
{
	int *status = arg;
	struct cli_report report;
	int r = 0;

	cli_report_init(&report, host.json, false);
	if (host.words.count == 0)
		r = host_ask(&report, NULL);
	for (size_t i = 0; i < host.words.count; i++) {
		int failed = host_ask(&report, host.words.items[i]);

		if (failed < 0)
			*status = cli_fail("host", failed);
	}
	if (r < 0)
		*status = cli_fail("host", r);
	return cli_report_done(&report);
}

static int
host_run(void)
{
	int status = CLI_DONE, r = tn_run(host_main, &status, NULL);

	return r < 0 ? cli_fail("host", r) : status;
}

const struct cli_verb cli_verb_host = {
	.name = "host",
	.group = "Look things up",
	.summary = "names and addresses, of this machine or of others",
	.about =
	    "Without a host it says how this machine is called, its full name, "
	    "and the addresses of its interfaces. Of a name it says the "
	    "canonical name, the aliases and all addresses; of an address the "
	    "names, and whether the name has that address too. It asks as any "
	    "program does: /etc/hosts, then the name servers, or whatever "
	    "/etc/nsswitch.conf says.",
	.options = host_options,
	.examples = host_examples,
	.run = host_run,
};
