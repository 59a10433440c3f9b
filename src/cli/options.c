/* Reading a command line by a table of rows. */
#include <errno.h>
#include <tenon/address.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "cli/cli.h"

/* ---- words that came close ---------------------------------------------- */

#define OPTIONS_WORD_MAX 32

static size_t
options_least(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters to insert, delete, replace or swap with their neighbour. */
static size_t
options_distance(const char *a, const char *b)
{
	size_t d[OPTIONS_WORD_MAX + 1][OPTIONS_WORD_MAX + 1];
	size_t m = strlen(a), n = strlen(b);

	if (m > OPTIONS_WORD_MAX || n > OPTIONS_WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= m; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= n; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= m; i++)
		for (size_t j = 1; j <= n; j++) {
			size_t same = a[i - 1] == b[j - 1];

			d[i][j] = options_least(d[i - 1][j] + 1,
			    d[i][j - 1] + 1, d[i - 1][j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[m][n];
}

const char *
cli_suggest(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3 + 1;

	for (; *words != NULL; words++) {
		size_t distance = options_distance(word, *words);

		if (distance <= least && distance < strlen(*words)) {
			least = distance;
			best = *words;
		}
		/* What somebody began to write. */
		if (best == NULL && strlen(word) >= 2 &&
		    strncmp(word, *words, strlen(word)) == 0)
			best = *words;
	}
	return best;
}

/* ---- errors ------------------------------------------------------------- */

/* A word of the command line as it may stand in an error. */
static const char *
options_shown(struct tn_buffer *out, struct tn_slice word)
{
	tn_buffer_clear(out);
	if (tn_buffer_append_escaped(out, tn_slice_head(word, 128)) < 0)
		return "?";
	return out->data;
}

static int
options_unknown(const struct cli_verb *verb, struct tn_slice name)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	const char *names[CLI_LIST_MAX] = { "help" }, *meant;
	size_t count = 1;

	for (const struct cli_option *o = verb->options; o->help != NULL; o++)
		if (o->name != NULL && count < TN_COUNT(names) - 1)
			names[count++] = o->name;
	options_shown(&shown, name);
	meant = shown.data == NULL ? NULL : cli_suggest(shown.data, names);
	if (meant == NULL)
		return tn_error_set(-EINVAL, "there is no option --%s",
		    options_shown(&shown, name));
	return tn_error_set(-EINVAL,
	    "there is no option --%s; did you mean --%s?", shown.data, meant);
}

/* "--name", or the name of an argument by place. */
static const char *
options_called(const struct cli_option *o, char out[OPTIONS_WORD_MAX + 3])
{
	snprintf(out, OPTIONS_WORD_MAX + 3, "%s%s", o->name != NULL ? "--" : "",
	    o->name != NULL ? o->name : o->argument);
	return out;
}

static int
options_refuse(const struct cli_option *o, const char *value, const char *why)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	char called[OPTIONS_WORD_MAX + 3];

	return tn_error_set(-EINVAL, "%s \"%s\": %s", options_called(o, called),
	    options_shown(&shown, tn_slice_str(value)), why);
}

/* ---- values ------------------------------------------------------------- */

static int
options_set_choice(const struct cli_option *o, const char *value)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer why = { 0 };
	int r = tn_buffer_append_str(&why, "choose one of");

	for (int i = 0; o->choices[i] != NULL; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*o->choice = i;
			return 0;
		}
		if (r == 0)
			r = tn_buffer_printf(&why, "%s %s", i > 0 ? "," : "",
			    o->choices[i]);
	}
	return options_refuse(o, value, r < 0 ? "no such choice" : why.data);
}

static int
options_set_number(const struct cli_option *o, const char *value)
{
	int64_t max = o->max == 0 ? INT64_MAX : o->max, n = 0;
	uint64_t bytes = 0;
	char why[96];
	int r;

	if (o->number != NULL) {
		r = tn_parse_int(tn_slice_str(value), o->min, max, &n);
	} else {
		r = tn_parse_size(tn_slice_str(value), (uint64_t)max, &bytes);
		n = (int64_t)bytes;
		if (r == 0 && n < o->min)
			r = -ERANGE;
	}
	if (r == 0) {
		*(o->number != NULL ? o->number : o->bytes) = n;
		return 0;
	}
	if (r == -ERANGE)
		snprintf(why, sizeof(why), "not between %lld and %lld",
		    (long long)o->min, (long long)max);
	else
		snprintf(why, sizeof(why), "%s",
		    o->number != NULL ? "that is no number" :
					"write a size such as 4096 or 64K");
	return options_refuse(o, value, why);
}

static int
options_set_span(const struct cli_option *o, const char *value)
{
	tn_time span;

	if (strcmp(value, "never") == 0) {
		*o->span_ms = -1;
		return 0;
	}
	if (tn_parse_span(tn_slice_str(value), &span) < 0)
		return options_refuse(o, value,
		    "write a time such as 1.5s, 200ms, 5m or never");
	/* 0 would mean the default further down. */
	span /= TN_MILLISECOND;
	*o->span_ms = span == 0 ? 1 : span;
	return 0;
}

static int
options_set_list(const struct cli_option *o, const char *value)
{
	if (o->list->count == CLI_LIST_MAX)
		return options_refuse(o, value, "64 of them are the most");
	o->list->items[o->list->count++] = value;
	return 0;
}

static int
options_set(const struct cli_option *o, const char *value)
{
	if (o->check != NULL && o->check(value) < 0) {
		char called[OPTIONS_WORD_MAX + 3];

		return tn_error_prefix("%s", options_called(o, called));
	}
	if (o->choice != NULL)
		return options_set_choice(o, value);
	if (o->span_ms != NULL)
		return options_set_span(o, value);
	if (o->list != NULL)
		return options_set_list(o, value);
	if (o->text == NULL)
		return options_set_number(o, value);
	*o->text = value;
	return 0;
}

/* ---- words -------------------------------------------------------------- */

static const struct cli_option *
options_find(const struct cli_verb *verb, struct tn_slice name, char letter)
{
	for (const struct cli_option *o = verb->options; o->help != NULL; o++) {
		if (o->name == NULL)
			continue;
		if (letter != 0 ?
			o->letter == letter :
			tn_slice_equal(name, tn_slice_str(o->name)))
			return o;
	}
	return NULL;
}

/* Gives `o` its value: what stands in the same word, or the next word; or what
 * is left of them. */
static int
options_take(const struct cli_option *o, const char *attached,
    char *const **words)
{
	char called[OPTIONS_WORD_MAX + 3];
	int r;

	if (o->flag != NULL && attached != NULL)
		return options_refuse(o, attached, "it takes no value");
	if (o->flag != NULL) {
		*o->flag = true;
		return 0;
	}
	if (attached == NULL && o->without != NULL)
		return options_set(o, o->without);
	if (attached == NULL && **words == NULL)
		return tn_error_set(-EINVAL, "%s: %s is missing",
		    options_called(o, called), o->argument);
	r = options_set(o, attached != NULL ? attached : *(*words)++);
	while (r == 0 && o->rest && **words != NULL)
		r = options_set(o, *(*words)++);
	return r;
}

/* --name, --name=value */
static int
options_long(const struct cli_verb *verb, const char *word, char *const **words)
{
	struct tn_slice value = tn_slice_str(word);
	struct tn_slice name = tn_slice_split(&value, '=');
	const struct cli_option *o = options_find(verb, name, 0);

	if (tn_slice_equal(name, TN_SLICE("help")))
		return 1;
	if (o == NULL)
		return options_unknown(verb, name);
	return options_take(o, value.data, words);
}

/* -q, -qv, -lVALUE, -l VALUE */
static int
options_letters(const struct cli_verb *verb, const char *word,
    char *const **words)
{
	for (; *word != '\0'; word++) {
		const struct cli_option *o =
		    options_find(verb, TN_SLICE(""), *word);
		int r;

		if (*word == 'h' && o == NULL)
			return 1;
		if (o == NULL) {
			TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };

			return tn_error_set(-EINVAL, "there is no option -%s",
			    options_shown(&b, tn_slice(word, 1)));
		}
		if (o->flag == NULL && word[1] != '\0')
			return options_take(o, word + 1, words);
		if (o->flag == NULL)
			return options_take(o, NULL, words);
		r = options_take(o, NULL, words);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Gives a word without a dash to the next argument by place. */
static int
options_place(const struct cli_option **next, const char *word)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };

	while ((*next)->help != NULL && (*next)->name != NULL)
		(*next)++;
	if ((*next)->help == NULL)
		return tn_error_set(-EINVAL, "\"%s\" is one word too many",
		    options_shown(&shown, tn_slice_str(word)));
	return options_set((*next)->list != NULL ? *next : (*next)++, word);
}

static int
options_words(const struct cli_verb *verb, const struct cli_option **next,
    char *const *words)
{
	bool dashes = true;
	int r = 0;

	while (r == 0 && *words != NULL) {
		const char *word = *words++;

		if (dashes && strcmp(word, "--") == 0)
			dashes = false;
		else if (!dashes || word[0] != '-' || word[1] == '\0')
			r = options_place(next, word);
		else if (word[1] == '-')
			r = options_long(verb, word + 2, &words);
		else
			r = options_letters(verb, word + 1, &words);
	}
	return r;
}

/* Whoever gives one element of a list does not want the default beside it, so
 * lists get theirs at the end. */
static int
options_defaults(const struct cli_verb *verb, bool lists)
{
	int r = 0;

	for (const struct cli_option *o = verb->options;
	     r == 0 && o->help != NULL; o++)
		if (o->fallback != NULL && (o->list != NULL) == lists &&
		    !(lists && o->list->count > 0))
			r = options_set(o, o->fallback);
	return r;
}

int
cli_parse(const struct cli_verb *verb, char *const *words)
{
	const struct cli_option *next = verb->options;
	int r = options_defaults(verb, false);

	if (r == 0)
		r = options_words(verb, &next, words);
	if (r == 0)
		r = options_defaults(verb, true);
	for (; r == 0 && next->help != NULL; next++)
		if (next->required &&
		    (next->list == NULL || next->list->count == 0))
			r = tn_error_set(-EINVAL, "%s is missing",
			    next->argument);
	return r;
}

/* ---- addresses ---------------------------------------------------------- */

const char *
cli_address(const char *text, char out[CLI_ADDRESS_SIZE])
{
	uint64_t port;

	if (tn_parse_uint(tn_slice_str(text), UINT16_MAX, &port) < 0)
		return text;
	snprintf(out, CLI_ADDRESS_SIZE, "127.0.0.1:%u", (unsigned)port);
	return out;
}

/* A path must fit into an address. */
static int
options_check_path(const char *path)
{
	struct tn_address unused;

	return tn_address_from_path(tn_slice_str(path), &unused);
}

static int
options_check_endpoint(const char *text, bool tls)
{
	char full[CLI_ADDRESS_SIZE];
	struct tn_endpoint e;
	int r;

	if (text[strspn(text, "0123456789")] == '\0' && text[0] != '\0' &&
	    cli_address(text, full) == text)
		return tn_error_set(-EINVAL, "ports end at 65535");
	r = tn_endpoint_parse(cli_address(text, full), &e);
	if (r == 0 && e.local)
		r = options_check_path(e.host);
	if (r < 0)
		return r;
	if (e.tls && !tls)
		return tn_error_set(-EINVAL, "%s: tls: does not go here; what "
		    "speaks TLS says so with --tls", e.host);
	if (!e.local && e.port[0] == '\0')
		return tn_error_set(-EINVAL,
		    "%s: a port is missing; write %s:PORT", e.host, e.host);
	return 0;
}

int
cli_check_address(const char *text)
{
	return options_check_endpoint(text, false);
}

int
cli_check_dial(const char *text)
{
	return options_check_endpoint(text, true);
}

int
cli_check_stream(const char *text)
{
	char full[CLI_ADDRESS_SIZE];
	struct tn_endpoint e;
	int r = cli_check_address(text);

	if (r == 0)
		r = tn_endpoint_parse(cli_address(text, full), &e);
	if (r < 0)
		return r;
	if (e.type != SOCK_STREAM)
		return tn_error_set(-EINVAL,
		    "an address for datagrams, where a stream is needed; write "
		    "HOST:PORT or unix:/path");
	return 0;
}

int
cli_check_listen(const char *text)
{
	struct tn_slice all = tn_slice_str(text);
	uint64_t fd;

	if (tn_slice_starts(all, TN_SLICE("systemd:")))
		return 0;
	if (!tn_slice_starts(all, TN_SLICE("fd:")))
		return cli_check_stream(text);
	if (tn_parse_uint(tn_slice_skip(all, 3), INT32_MAX, &fd) < 0)
		return tn_error_set(-EINVAL, "the number of a descriptor has "
		    "to follow, as in fd:3");
	return 0;
}
