/* Parameters: what a Content-Type or a Content-Disposition says behind its
 * first word.
 *
 *     value     = word *( OWS ";" OWS [ name "=" ( word / quoted ) ] )
 *
 * Written by so many programs, a word may hold any visible byte that does not
 * end it. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/text.h>

#include "base/error.h"
#include "format/multipart.h"

static int
head_bad(const char *why)
{
	return tn_error_set(TN_EPROTO, "multipart: %s", why);
}

/* ---- words --------------------------------------------------------------- */

static bool
head_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
head_is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* tchar: RFC 9110 section 5.6.2. */
static bool
head_is_token(struct tn_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!tn_is_alpha(s.data[i]) && !tn_is_digit(s.data[i]) &&
		    (s.data[i] == '\0' ||
			strchr("!#$%&'*+-.^_`|~", s.data[i]) == NULL))
			return false;
	return s.len > 0;
}

static struct tn_slice
head_skip_blanks(struct tn_slice s)
{
	while (s.len > 0 && head_is_blank(s.data[0]))
		s = tn_slice_skip(s, 1);
	return s;
}

/* Cuts off what ends at `end`, a blank or a ";". */
static struct tn_slice
head_word(struct tn_slice *rest, char end)
{
	struct tn_slice in = *rest;
	size_t n = 0;

	while (n < in.len && in.data[n] != ';' && in.data[n] != end &&
	    !head_is_blank(in.data[n]))
		n++;
	*rest = tn_slice_skip(in, n);
	return tn_slice_head(in, n);
}

/* Cuts off a quoted string, what stands between its quotes. */
static int
head_quoted(struct tn_slice *rest, struct tn_slice *ret)
{
	struct tn_slice in = tn_slice_skip(*rest, 1);
	size_t n = 0;

	while (n < in.len && in.data[n] != '"') {
		bool escape = in.data[n] == '\\' && in.len - n > 1 &&
		    (in.data[n + 1] == '"' || in.data[n + 1] == '\\');

		n += escape ? 2 : 1;
	}
	if (n >= in.len)
		return head_bad("a quoted parameter without its second quote");
	*ret = tn_slice_head(in, n);
	*rest = tn_slice_skip(in, n + 1);
	return 1;
}

/* The next parameter: 1, 0 when there is none, TN_EPROTO. */
static int
head_parameter(struct tn_slice *rest, struct tn_slice *ret_name,
    struct tn_slice *ret_value, bool *ret_quoted)
{
	struct tn_slice in = head_skip_blanks(*rest);

	if (in.len > 0 && in.data[0] != ';')
		return head_bad("no semicolon before a parameter");
	while (in.len > 0 && in.data[0] == ';')
		in = head_skip_blanks(tn_slice_skip(in, 1));
	if (in.len == 0)
		return 0;
	*ret_name = head_word(&in, '=');
	if (!head_is_token(*ret_name) || in.len == 0 || in.data[0] != '=')
		return head_bad("a parameter that is not NAME=VALUE");
	*rest = tn_slice_skip(in, 1);
	*ret_quoted = tn_slice_starts(*rest, TN_SLICE("\""));
	if (*ret_quoted)
		return head_quoted(rest, ret_value);
	*ret_value = head_word(rest, '"');
	return ret_value->len > 0
	    ? 1 : head_bad("a parameter without a value");
}

/* ---- Content-Type -------------------------------------------------------- */

bool
tn__multipart_is_type(struct tn_slice value, const char *type)
{
	return tn_slice_equal_nocase(head_word(&value, ';'), type);
}

/* RFC 2046 allows a few bytes less; but some clients take asterisks. */
static int
head_boundary(struct tn__multipart_scan *s, struct tn_slice boundary)
{
	if (boundary.len == 0 || boundary.len > TN__MULTIPART_BOUNDARY_MAX)
		return head_bad("a boundary has 1 to 70 bytes");
	for (size_t i = 0; i < boundary.len; i++)
		if (boundary.data[i] < 0x20 || boundary.data[i] >= 0x7f ||
		    boundary.data[i] == '\\')
			return head_bad("a boundary that is not plain ASCII");
	if (boundary.data[boundary.len - 1] == ' ')
		return head_bad("a boundary with a blank at its end");
	memcpy(s->delimiter, "\r\n--", 4);
	memcpy(s->delimiter + 4, boundary.data, boundary.len);
	s->len = (unsigned)(4 + boundary.len);
	return 0;
}

int
tn__multipart_open(struct tn__multipart_scan *s, struct tn_slice type)
{
	struct tn_slice rest = tn_slice_trim(type), name, value;
	struct tn_slice word = head_word(&rest, ';');
	bool quoted;
	int r;

	if (word.len < 10 ||
	    !tn_slice_equal_nocase(tn_slice_head(word, 10), "multipart/"))
		return head_bad("the type is not multipart/...");
	s->len = 0;
	while ((r = head_parameter(&rest, &name, &value, &quoted)) > 0) {
		if (!tn_slice_equal_nocase(name, "boundary"))
			continue;
		if (s->len > 0)
			return head_bad("two boundaries");
		r = head_boundary(s, value);
		if (r < 0)
			return r;
	}
	if (r == 0 && s->len == 0)
		return head_bad("the type names no boundary");
	tn__multipart_begin(s);
	return r;
}

/* ---- fields -------------------------------------------------------------- */

int
tn__multipart_field(struct tn_slice line, struct tn_slice *ret_name,
    struct tn_slice *ret_value)
{
	struct tn_slice name = tn_slice_split(&line, ':');

	if (line.data == NULL || !head_is_token(name))
		return head_bad("a line of a part's head that is not "
		    "NAME: VALUE");
	for (size_t i = 0; i < line.len; i++)
		if (head_is_control(line.data[i]))
			return head_bad("a control character in a part's head");
	*ret_name = name;
	*ret_value = tn_slice_trim(line);
	return 0;
}

/* ---- Content-Disposition ------------------------------------------------- */

/* What the HTML standard has browsers write for what would end a name. */
static const struct {
	struct tn_slice from;
	char to;
} head_escapes[] = {
	{ { "%22", 3 }, '"' },
	{ { "%0D", 3 }, '\r' },
	{ { "%0A", 3 }, '\n' },
	{ { "\\\"", 2 }, '"' },
	{ { "\\\\", 2 }, '\\' },
};

/* Cuts off one byte that stands there, or what stands for one. */
static char
head_unescape(struct tn_slice *rest)
{
	char c = rest->data[0];

	for (size_t i = 0; i < TN_COUNT(head_escapes); i++)
		if (tn_slice_starts(*rest, head_escapes[i].from)) {
			*rest = tn_slice_skip(*rest, head_escapes[i].from.len);
			return head_escapes[i].to;
		}
	*rest = tn_slice_skip(*rest, 1);
	return c;
}

/* What was appended from `start` on, and a NUL behind it. */
static int
head_keep(struct tn_buffer *text, size_t start, struct tn_slice *ret)
{
	int r = tn_buffer_append_byte(text, '\0');

	if (r == 0)
		*ret = tn_slice(text->data + start, text->len - 1 - start);
	return r;
}

static int
head_plain(struct tn_slice value, bool quoted, struct tn_buffer *text,
    struct tn_slice *ret)
{
	size_t start = text->len;
	int r = 0;

	if (!quoted)
		r = tn_buffer_append(text, value);
	while (quoted && value.len > 0 && r == 0)
		r = tn_buffer_append_byte(text, head_unescape(&value));
	return r < 0 ? r : head_keep(text, start, ret);
}

/* ext-value = charset "'" [ language ] "'" value-chars (RFC 8187 section 3.2);
 * the charset has been UTF-8 alone since. */
static int
head_extended(struct tn_slice value, struct tn_buffer *text,
    struct tn_slice *ret)
{
	struct tn_slice charset = tn_slice_split(&value, '\''), out;
	size_t start = text->len;
	int r;

	(void)tn_slice_split(&value, '\'');
	if (value.data == NULL || !tn_slice_equal_nocase(charset, "utf-8"))
		return head_bad("filename* is not UTF-8'LANGUAGE'NAME");
	r = tn_percent_decode(value, text);
	if (r == -EINVAL)
		return head_bad("filename* is badly encoded");
	if (r < 0)
		return r;
	out = tn_slice(text->data + start, text->len - start);
	if (!tn_utf8_valid(out) || tn_slice_find(out, '\0') >= 0)
		return head_bad("filename* is not UTF-8");
	return head_keep(text, start, ret);
}

/* What is left of a path: its last name. */
static struct tn_slice
head_without_path(struct tn_slice name)
{
	size_t n = name.len;

	while (n > 0 && name.data[n - 1] != '/' && name.data[n - 1] != '\\')
		n--;
	name = tn_slice_skip(name, n);
	if (tn_slice_equal(name, TN_SLICE(".")) ||
	    tn_slice_equal(name, TN_SLICE("..")))
		name = tn_slice_skip(name, name.len);
	return name;
}

/* One parameter into the place that is its own. */
static int
head_take(struct tn_slice name, struct tn_slice value, bool quoted,
    struct tn_buffer *text, struct tn_slice places[3])
{
	static const char *const names[] = { "name", "filename", "filename*" };

	for (size_t i = 0; i < TN_COUNT(names); i++) {
		if (!tn_slice_equal_nocase(name, names[i]))
			continue;
		if (places[i].data != NULL)
			return head_bad("a parameter that comes twice");
		return i == 2
		    ? head_extended(value, text, &places[i])
		    : head_plain(value, quoted, text, &places[i]);
	}
	return 0;
}

int
tn__multipart_disposition(struct tn_slice value, struct tn_buffer *text,
    struct tn__multipart_disposition *ret)
{
	struct tn_slice rest = tn_slice_trim(value), kind, name, content;
	struct tn_slice places[3] = { 0 };
	bool quoted;
	int r;

	tn_buffer_clear(text);
	/* Nothing grows longer, but for a NUL; so nothing has to move. */
	r = tn_buffer_reserve(text, value.len + TN_COUNT(places));
	kind = head_word(&rest, ';');
	if (r == 0 && !head_is_token(kind))
		r = head_bad("a Content-Disposition without a type");
	while (r == 0 &&
	    (r = head_parameter(&rest, &name, &content, &quoted)) > 0)
		r = head_take(name, content, quoted, text, places);
	if (r < 0)
		return r == -ENOMEM ? tn__error_nomem() : r;
	if (places[2].data != NULL) /* RFC 6266 section 4.3 */
		places[1] = places[2];
	*ret = (struct tn__multipart_disposition){
		.kind = kind,
		.name = places[0],
		.filename = head_without_path(places[1]),
	};
	return 0;
}
