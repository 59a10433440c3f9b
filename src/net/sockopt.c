/* Socket options as a person names them. */
#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "net/sockopt.h"

const struct tn_sockopt *
tn_sockopt_at(size_t index)
{
	return index < tn__sockopt_count ? &tn__sockopts[index] : NULL;
}

const struct tn_sockopt *
tn_sockopt_find(const char *name)
{
	struct tn_slice asked = tn_slice_str(name);

	for (size_t i = 0; i < tn__sockopt_count; i++)
		if (tn_slice_equal_nocase(asked, tn__sockopts[i].name))
			return &tn__sockopts[i];
	return NULL;
}

bool
tn_sockopt_applies(const struct tn_sockopt *option, int family, int type)
{
	unsigned of = family == AF_INET ? TN_SOCKOPT_INET :
	    family == AF_INET6 ? TN_SOCKOPT_INET6 :
	    family == AF_UNIX ? TN_SOCKOPT_UNIX : 0;
	unsigned kind = type == SOCK_STREAM ? TN_SOCKOPT_STREAM :
	    type == SOCK_DGRAM ? TN_SOCKOPT_DGRAM : 0;

	return option->flags & of && option->flags & kind;
}

/* ---- reading ------------------------------------------------------------ */

/* What the kernel fills in; each kind uses the member of its own. */
union sockopt_value {
	int number;
	struct timeval span;
	struct linger linger;
	char text[TN_SOCKOPT_TEXT_MAX];
};

static const socklen_t sockopt_sizes[] = {
	[TN_SOCKOPT_BOOL] = sizeof(int),
	[TN_SOCKOPT_NUMBER] = sizeof(int),
	[TN_SOCKOPT_SPAN] = sizeof(struct timeval),
	[TN_SOCKOPT_LINGER] = sizeof(struct linger),
	[TN_SOCKOPT_TEXT] = TN_SOCKOPT_TEXT_MAX - 1,
};

static void
sockopt_print_number(const struct tn_sockopt *option, int value,
    char ret[TN_SOCKOPT_TEXT_MAX])
{
	const struct tn_sockopt_word *w = option->words;

	while (w != NULL && w->word != NULL && w->value != value)
		w++;
	if (w != NULL && w->word != NULL)
		snprintf(ret, TN_SOCKOPT_TEXT_MAX, "%s", w->word);
	else
		snprintf(ret, TN_SOCKOPT_TEXT_MAX, "%d", value);
}

/* "2.5": no digit more than it takes. */
static void
sockopt_print_span(const struct timeval *span, char ret[TN_SOCKOPT_TEXT_MAX])
{
	int len = snprintf(ret, TN_SOCKOPT_TEXT_MAX, "%lld.%06ld",
	    (long long)span->tv_sec, (long)span->tv_usec);

	while (ret[len - 1] == '0')
		len--;
	if (ret[len - 1] == '.')
		len--;
	ret[len] = '\0';
}

static void
sockopt_print(const struct tn_sockopt *option, const union sockopt_value *v,
    char ret[TN_SOCKOPT_TEXT_MAX])
{
	size_t room = TN_SOCKOPT_TEXT_MAX;

	switch (option->kind) {
	case TN_SOCKOPT_BOOL:
		snprintf(ret, room, "%s", v->number != 0 ? "on" : "off");
		break;
	case TN_SOCKOPT_NUMBER:
		sockopt_print_number(option, v->number, ret);
		break;
	case TN_SOCKOPT_SPAN:
		sockopt_print_span(&v->span, ret);
		break;
	case TN_SOCKOPT_LINGER:
		if (v->linger.l_onoff)
			snprintf(ret, room, "%d", v->linger.l_linger);
		else
			snprintf(ret, room, "off");
		break;
	case TN_SOCKOPT_TEXT:
		snprintf(ret, room, "%.*s", (int)sizeof(v->text) - 1, v->text);
		break;
	}
}

static int
sockopt_read(const struct tn_socket *s, const struct tn_sockopt *option,
    union sockopt_value *ret)
{
	socklen_t size;
	int r;

	if (option == NULL)
		return tn_error_set(-ENOPROTOOPT,
		    "there is no socket option of this name");
	size = sockopt_sizes[option->kind];
	r = tn_socket_getsockopt(s, option->level, option->number, ret, &size);
	return r < 0 ? tn_error_prefix("%s", option->name) : 0;
}

int
tn_sockopt_get(const struct tn_socket *s, const struct tn_sockopt *option,
    char ret[TN_SOCKOPT_TEXT_MAX])
{
	union sockopt_value value = { .text = "" };
	int r = sockopt_read(s, option, &value);

	if (r == 0)
		sockopt_print(option, &value, ret);
	return r;
}

int
tn_sockopt_get_number(const struct tn_socket *s,
    const struct tn_sockopt *option, int *ret)
{
	union sockopt_value value = { .text = "" };
	int r;

	if (option != NULL && option->kind != TN_SOCKOPT_BOOL &&
	    option->kind != TN_SOCKOPT_NUMBER)
		return tn_error_set(-EINVAL, "%s: it is no number",
		    option->name);
	r = sockopt_read(s, option, &value);
	if (r == 0)
		*ret = value.number;
	return r;
}

#define SOCKOPT_NAME_SIZE 16 /* IFNAMSIZ and TCP_CA_NAME_MAX */

/* ---- setting ------------------------------------------------------------ */

static int
sockopt_parse_bool(const char *text, int *ret)
{
	static const char *const words[][2] = {
		{ "off", "on" },
		{ "0", "1" },
		{ "no", "yes" },
		{ "false", "true" },
	};

	for (size_t i = 0; i < TN_COUNT(words); i++)
		for (int value = 0; value < 2; value++)
			if (tn_slice_equal_nocase(tn_slice_str(text),
			        words[i][value])) {
				*ret = value;
				return 0;
			}
	return -EINVAL;
}

static int
sockopt_parse_number(const char *text, int *ret)
{
	int64_t n;

	if (tn_parse_int(tn_slice_str(text), INT32_MIN, INT32_MAX, &n) < 0)
		return -EINVAL;
	*ret = (int)n;
	return 0;
}

/* "2.5": seconds, and millionths of them. */
static int
sockopt_parse_span(const char *text, struct timeval *ret)
{
	struct tn_slice part = tn_slice_str(text);
	struct tn_slice whole = tn_slice_split(&part, '.');
	uint64_t seconds, micro = 0;
	int r = tn_parse_uint(whole, INT32_MAX, &seconds);

	if (r == 0 && part.data != NULL)
		r = part.len > 6 ? -EINVAL : tn_parse_uint(part, 999999,
		    &micro);
	if (r < 0)
		return -EINVAL;
	for (size_t i = part.len; part.data != NULL && i < 6; i++)
		micro *= 10;
	ret->tv_sec = (time_t)seconds;
	ret->tv_usec = (suseconds_t)micro;
	return 0;
}

static int
sockopt_parse_linger(const char *text, struct linger *ret)
{
	int r;

	if (tn_slice_equal_nocase(tn_slice_str(text), "off")) {
		*ret = (struct linger){ 0, 0 };
		return 0;
	}
	r = sockopt_parse_number(text, &ret->l_linger);
	ret->l_onoff = 1;
	return r < 0 || ret->l_linger < 0 ? -EINVAL : 0;
}

static int
sockopt_parse_word(const struct tn_sockopt_word *w, const char *text, int *ret)
{
	for (; w != NULL && w->word != NULL; w++)
		if (tn_slice_equal_nocase(tn_slice_str(text), w->word)) {
			*ret = w->value;
			return 0;
		}
	return sockopt_parse_number(text, ret);
}

static int
sockopt_parse(const struct tn_sockopt *option, const char *text,
    union sockopt_value *ret)
{
	switch (option->kind) {
	case TN_SOCKOPT_BOOL:
		return sockopt_parse_bool(text, &ret->number);
	case TN_SOCKOPT_NUMBER:
		return sockopt_parse_word(option->words, text, &ret->number);
	case TN_SOCKOPT_SPAN:
		return sockopt_parse_span(text, &ret->span);
	case TN_SOCKOPT_LINGER:
		return sockopt_parse_linger(text, &ret->linger);
	case TN_SOCKOPT_TEXT: /* the kernel would cut it */
		return snprintf(ret->text, SOCKOPT_NAME_SIZE, "%s", text) <
		    SOCKOPT_NAME_SIZE ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int
sockopt_refuse(const struct tn_sockopt *option)
{
	static const char *const wanted[] = {
		[TN_SOCKOPT_BOOL] = "on or off",
		[TN_SOCKOPT_NUMBER] = "a whole number",
		[TN_SOCKOPT_SPAN] = "seconds such as 2.5, or 0 for none",
		[TN_SOCKOPT_LINGER] = "seconds, or off",
		[TN_SOCKOPT_TEXT] = "a shorter text",
	};
	TN_CLEANUP(tn_buffer_free) struct tn_buffer words = { 0 };
	const struct tn_sockopt_word *w = option->words;
	int r = 0;

	for (; w != NULL && w->word != NULL && r == 0; w++)
		r = tn_buffer_printf(&words, "%s, ", w->word);
	return tn_error_set(r < 0 ? r : -EINVAL, "%s: it takes %s%s",
	    option->name, words.len > 0 ? words.data : "",
	    words.len > 0 ? "or a number" : wanted[option->kind]);
}

/* What the kernel said, which is less than is known here. */
static int
sockopt_explain(const struct tn_sockopt *option, int r, const char *text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };

	if (r == -EPERM)
		return tn_error_set(r, "%s: this needs root, or CAP_NET_ADMIN",
		    option->name);
	if (r == -EINVAL || r == -ENOENT || r == -ENODEV) {
		int failed = tn_buffer_append_escaped(&shown,
		    tn_slice_str(text));

		return tn_error_set(r, "%s: the kernel does not take %s here",
		    option->name, failed < 0 ? "this" : shown.data);
	}
	return tn_error_prefix("%s", option->name);
}

int
tn_sockopt_set(struct tn_socket *s, const struct tn_sockopt *option,
    const char *text)
{
	union sockopt_value value = { .text = "" };
	socklen_t size;
	int r;

	if (option == NULL)
		return tn_error_set(-ENOPROTOOPT,
		    "there is no socket option of this name");
	if (option->flags & TN_SOCKOPT_READ_ONLY)
		return tn_error_set(-EROFS, "%s: it can only be read",
		    option->name);
	r = sockopt_parse(option, text, &value);
	if (r < 0)
		return sockopt_refuse(option);
	size = option->kind == TN_SOCKOPT_TEXT ?
	    (socklen_t)tn_slice_str(text).len : sockopt_sizes[option->kind];
	r = tn_socket_setsockopt(s, option->level, option->number, &value,
	    size);
	return r < 0 ? sockopt_explain(option, r, text) : 0;
}
