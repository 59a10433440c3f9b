/* tenon sockopt: the options of sockets, what they are and what setting one
 * does. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/run.h>
#include <tenon/sockopt.h>
#include <tenon/text.h>

#include "cli/cli.h"
#include "cli/report.h"

/* ---- options ------------------------------------------------------------ */

static const struct sockopt_type {
	const char *name;
	int family, type;
} sockopt_types[] = {
	{ "tcp", AF_INET, SOCK_STREAM },
	{ "tcp6", AF_INET6, SOCK_STREAM },
	{ "udp", AF_INET, SOCK_DGRAM },
	{ "udp6", AF_INET6, SOCK_DGRAM },
	{ "unix", AF_UNIX, SOCK_STREAM },
	{ "unixgram", AF_UNIX, SOCK_DGRAM },
};

static const char *const sockopt_type_names[] = { "any", "tcp", "tcp6", "udp",
	"udp6", "unix", "unixgram", NULL };

static struct {
	struct cli_list words;
	int type; /* 0: the first that has it */
	bool json;
} sockopt;

#define SOCKOPT_WORD_MAX 128

/* "SO_RCVBUF=65536" taken apart; `*ret_value` is NULL without "=". */
static int
sockopt_parse(const char *word, const struct tn_sockopt **ret,
    const char **ret_value)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	size_t len = strcspn(word, "=");
	const char *names[256], *meant;
	char name[SOCKOPT_WORD_MAX], upper[SOCKOPT_WORD_MAX];
	const struct tn_sockopt *o;
	size_t count = 0;
	int r;

	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	*ret = len < sizeof(name) ? tn_sockopt_find(name) : NULL;
	*ret_value = word[len] == '=' ? word + len + 1 : NULL;
	if (*ret != NULL)
		return 0;
	for (;
	     (o = tn_sockopt_at(count)) != NULL && count + 1 < TN_COUNT(names);
	     count++)
		names[count] = o->name;
	names[count] = NULL;
	for (size_t i = 0; i < sizeof(name); i++)
		upper[i] = name[i] >= 'a' && name[i] <= 'z' ?
		    (char)(name[i] - 'a' + 'A') : name[i];
	meant = cli_suggest(upper, names);
	r = tn_buffer_append_escaped(&shown, tn_slice_str(name));
	if (r < 0)
		return r;
	if (meant != NULL)
		return tn_error_set(-EINVAL,
		    "there is no \"%s\"; did you mean %s?", shown.data, meant);
	return tn_error_set(-EINVAL,
	    "there is no \"%s\"; tenon sockopt lists them", shown.data);
}

static int
sockopt_check(const char *word)
{
	const struct tn_sockopt *option;
	const char *value;

	return sockopt_parse(word, &option, &value);
}

static const struct cli_option sockopt_options[] = {
	{ .argument = "OPTION[=VALUE]", .list = &sockopt.words,
	    .check = sockopt_check,
	    .help = "an option to explain, such as SO_RCVBUF, or to set, such as "
		    "SO_RCVBUF=65536, one after another on the same socket; "
		    "without one all are listed" },
	{ .name = "type", .letter = 't', .argument = "TYPE",
	    .choice = &sockopt.type, .choices = sockopt_type_names,
	    .fallback = "any",
	    .help = "of which socket: tcp, tcp6, udp, udp6, unix or unixgram; "
		    "any is the first of these that has the option" },
	{ .name = "json", .flag = &sockopt.json,
	    .help = "an object a line, for programs" },
	{ 0 },
};

static const struct cli_example sockopt_examples[] = {
	{ "tenon sockopt", "What a new TCP socket is set to." },
	{ "tenon sockopt TCP_NODELAY", "What that is." },
	{ "tenon sockopt SO_RCVBUF=65536", "What comes of it." },
	{ 0 },
};

/* ---- fields ------------------------------------------------------------- */

static const char *
sockopt_kind(const struct tn_sockopt *o)
{
	static const char *const kinds[] = {
		[TN_SOCKOPT_BOOL] = "on or off",
		[TN_SOCKOPT_NUMBER] = "a number",
		[TN_SOCKOPT_SPAN] = "seconds, such as 2.5",
		[TN_SOCKOPT_LINGER] = "seconds, or off",
		[TN_SOCKOPT_TEXT] = "text",
	};

	return kinds[o->kind];
}

static const char *
sockopt_level(const struct tn_sockopt *o)
{
	return o->level == SOL_SOCKET ? "SOL_SOCKET" :
	    strncmp(o->name, "TCP_", 4) == 0 ? "IPPROTO_TCP" :
	    strncmp(o->name, "UDP_", 4) == 0 ? "IPPROTO_UDP" :
	    strncmp(o->name, "IPV6_", 5) == 0 ? "IPPROTO_IPV6" : "IPPROTO_IP";
}

static const char *
sockopt_who(const struct tn_sockopt *o)
{
	return o->flags & TN_SOCKOPT_READ_ONLY ? "nobody" :
	    o->flags & TN_SOCKOPT_ROOT ? "root" : "anyone";
}

static void
sockopt_field(struct cli_report *report, const char *key, const char *label,
    const char *text)
{
	if (text != NULL)
		cli_report_field(report,
		    &(struct cli_field){ key, label, 0, false }, text);
}

static void
sockopt_number(struct cli_report *report, const char *key, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	cli_report_field(report, &(struct cli_field){ key, NULL, 0, true },
	    text);
}

/* Items side by side where a person looks. */
static void
sockopt_items(struct cli_report *report, const char *key, const char *label,
    const struct cli_item *items, size_t count)
{
	char all[128] = "";

	if (report->json || !report->terminal.tty) {
		cli_report_list(report,
		    &(struct cli_field){ key, label, 0, false }, items, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
		    i > 0 ? ", " : "", items[i].text);
	sockopt_field(report, key, label, all);
}

static void
sockopt_words(struct cli_report *report, const struct tn_sockopt *o)
{
	struct cli_item items[16] = { { NULL, NULL } };
	size_t count = 0;

	for (; o->words != NULL && o->words[count].word != NULL &&
	     count < TN_COUNT(items);
	     count++)
		items[count].text = o->words[count].word;
	if (count > 0)
		sockopt_items(report, "word", "words", items, count);
}

static void
sockopt_types_of(struct cli_report *report, const struct tn_sockopt *o)
{
	struct cli_item items[TN_COUNT(sockopt_types)] = { { NULL, NULL } };
	size_t count = 0;

	for (size_t i = 0; i < TN_COUNT(sockopt_types); i++)
		if (tn_sockopt_applies(o, sockopt_types[i].family,
			sockopt_types[i].type))
			items[count++].text = sockopt_types[i].name;
	sockopt_items(report, "types", "of", items, count);
}

/* What there is to say beside its value. */
static void
sockopt_about(struct cli_report *report, const struct tn_sockopt *o)
{
	sockopt_field(report, "default", "default",
	    o->initial != NULL && o->initial[0] == '\0' ? NULL : o->initial);
	sockopt_field(report, "takes", "takes", sockopt_kind(o));
	sockopt_field(report, "unit", "unit", o->unit);
	sockopt_words(report, o);
	sockopt_field(report, "set_by", "set by", sockopt_who(o));
	sockopt_types_of(report, o);
	sockopt_field(report, "level", NULL, sockopt_level(o));
	if (report->json) {
		sockopt_number(report, "level_number", o->level);
		sockopt_number(report, "number", o->number);
	}
	sockopt_field(report, "about", "about", o->about);
}

/* ---- sockets ------------------------------------------------------------ */

static int
sockopt_open(const struct sockopt_type *type, struct tn_socket **ret)
{
	return tn_socket_open(type->family, type->type, 0, ret);
}

/* Of which type to ask for this option; NULL when the one asked for has not. */
static const struct sockopt_type *
sockopt_type_for(const struct tn_sockopt *o)
{
	for (size_t i = 0; i < TN_COUNT(sockopt_types); i++)
		if ((sockopt.type == 0 || (size_t)sockopt.type == i + 1) &&
		    tn_sockopt_applies(o, sockopt_types[i].family,
			sockopt_types[i].type))
			return &sockopt_types[i];
	return NULL;
}

/* The value, or false and in brackets why there is none. */
static bool
sockopt_value(struct tn_socket *s, const struct tn_sockopt *o,
    char ret[TN_SOCKOPT_TEXT_MAX])
{
	int r = tn_sockopt_get(s, o, ret);

	if (r < 0)
		snprintf(ret, TN_SOCKOPT_TEXT_MAX, "(%s)",
		    r == -ENOTCONN    ? "once connected" :
		    r == -ENOPROTOOPT ? "not in this kernel" :
		                        tn_error_words(r));
	else if (ret[0] == '\0')
		snprintf(ret, TN_SOCKOPT_TEXT_MAX, "(none)");
	else
		return true;
	return false;
}

/* A program is told null, since no value is called that. */
static void
sockopt_value_field(struct cli_report *report, const struct cli_field *field,
    struct tn_socket *s, const struct tn_sockopt *o)
{
	char text[TN_SOCKOPT_TEXT_MAX];
	struct cli_field none = *field;

	none.bare = true;
	if (!sockopt_value(s, o, text) && report->json)
		cli_report_field(report, &none, "null");
	else
		cli_report_field(report, field, text);
}

/* ---- all of them -------------------------------------------------------- */

static int
sockopt_list(struct cli_report *report)
{
	static const struct cli_field name = { "option", "", 24, false };
	static const struct cli_field value = { "value", "", 18, false };
	static const struct cli_field unit = { "unit", "", 0, false };
	const struct sockopt_type *type =
	    &sockopt_types[sockopt.type == 0 ? 0 : sockopt.type - 1];
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	const struct tn_sockopt *o;
	int r = sockopt_open(type, &s);

	for (size_t i = 0; r == 0 && (o = tn_sockopt_at(i)) != NULL; i++) {
		if (!tn_sockopt_applies(o, type->family, type->type))
			continue;
		cli_report_begin(report);
		cli_report_field(report, &name, o->name);
		sockopt_value_field(report, &value, s, o);
		if (report->json) {
			sockopt_field(report, "type", NULL, type->name);
			sockopt_about(report, o);
		} else {
			cli_report_field(report, &unit,
			    o->unit == NULL ? "" : o->unit);
		}
		cli_report_end(report);
	}
	return r;
}

/* ---- one of them -------------------------------------------------------- */

static void
sockopt_explain(struct cli_report *report, const struct tn_sockopt *o,
    const struct sockopt_type *type, struct tn_socket *s)
{
	static const struct cli_field value = { "value", "value", 0, false };

	cli_report_begin(report);
	sockopt_field(report, "option", "option", o->name);
	sockopt_value_field(report, &value, s, o);
	sockopt_field(report, "type", NULL, type->name);
	sockopt_about(report, o);
	cli_report_end(report);
}

/* Why what came of it is not what was asked for.  The kernel doubles the size
 * of a buffer; beyond its limit it doubles that instead. */
static const char *
sockopt_note(const struct tn_sockopt *o, int64_t asked, int after,
    char ret[256])
{
	bool in = strcmp(o->name, "SO_RCVBUF") == 0;

	if (!in && strcmp(o->name, "SO_SNDBUF") != 0)
		return after == asked ? NULL : "The kernel made that of it.";
	if (after == 2 * asked)
		return "The kernel doubles it: half is for its own "
		       "book-keeping, the other half holds what was asked for.";
	if (asked >= 0 && after > 2 * asked)
		return "The kernel has a least size, and this is it.";
	snprintf(ret, 256,
	    "The kernel cut it to net.core.%s, %d, and doubled that: half is "
	    "for its own book-keeping. sysctl changes the limit.",
	    in ? "rmem_max" : "wmem_max", after / 2);
	return ret;
}

static int
sockopt_set(struct cli_report *report, const struct tn_sockopt *o,
    const char *asked, const struct sockopt_type *type, struct tn_socket *s)
{
	char before[TN_SOCKOPT_TEXT_MAX], after[TN_SOCKOPT_TEXT_MAX];
	char buffer[256];
	const char *note = NULL;
	int64_t wanted;
	int number, r;

	sockopt_value(s, o, before);
	r = tn_sockopt_set(s, o, asked);
	if (r < 0)
		return r;
	sockopt_value(s, o, after);
	if (o->kind == TN_SOCKOPT_NUMBER &&
	    tn_parse_int(tn_slice_str(asked), INT32_MIN, INT32_MAX, &wanted) ==
		0 &&
	    tn_sockopt_get_number(s, o, &number) == 0)
		note = sockopt_note(o, wanted, number, buffer);
	cli_report_begin(report);
	sockopt_field(report, "option", "option", o->name);
	sockopt_field(report, "type", NULL, type->name);
	sockopt_field(report, "before", "before", before);
	sockopt_field(report, "asked", "asked for", asked);
	sockopt_field(report, "after", "after", after);
	sockopt_field(report, "unit", "unit", o->unit);
	sockopt_field(report, "note", "note", note);
	cli_report_end(report);
	return 0;
}

/* What was set stays for the next option, as long as it is of the same
 * socket. */
static int
sockopt_each(struct cli_report *report)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	const struct sockopt_type *now = NULL;
	int r = 0;

	for (size_t i = 0; i < sockopt.words.count && r == 0; i++) {
		const struct tn_sockopt *o;
		const struct sockopt_type *type;
		const char *value;

		r = sockopt_parse(sockopt.words.items[i], &o, &value);
		if (r < 0)
			return r;
		type = now != NULL && tn_sockopt_applies(o, now->family,
		    now->type) ? now : sockopt_type_for(o);
		if (type == NULL)
			return tn_error_set(-ENOPROTOOPT,
			    "%s: a socket of type %s has no such option",
			    o->name, sockopt_type_names[sockopt.type]);
		if (type != now) {
			tn_socket_free(s);
			s = NULL;
			r = sockopt_open(type, &s);
			now = type;
		}
		if (r == 0 && value == NULL)
			sockopt_explain(report, o, type, s);
		else if (r == 0)
			r = sockopt_set(report, o, value, type, s);
	}
	return r;
}

/* ---- running ------------------------------------------------------------ */

static int
sockopt_main(void *arg)
{
	struct cli_report report;
	int r, done;

	cli_report_init(&report, sockopt.json, sockopt.words.count == 0);
	r = sockopt.words.count == 0 ? sockopt_list(&report) :
				       sockopt_each(&report);
	done = cli_report_done(&report);
	return r < 0 ? r : done;
}

static int
sockopt_run(void)
{
	int r = tn_run(sockopt_main, NULL, NULL);

	return r < 0 ? cli_fail("sockopt", r) : CLI_DONE;
}

const struct cli_verb cli_verb_sockopt = {
	.name = "sockopt",
	.group = "Look things up",
	.summary = "options of sockets: what they are, and what setting one does",
	.about =
	    "Lists the options of a new socket with their values, explains one, "
	    "or sets one on a new socket and shows it before and after. A value "
	    "in brackets is none. Nothing else is changed: the socket is gone "
	    "when the command is.",
	.options = sockopt_options,
	.examples = sockopt_examples,
	.run = sockopt_run,
};
