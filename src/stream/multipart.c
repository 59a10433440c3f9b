/* Parts of a body, one after another.  The body of a part is shown where it
 * lies: what the scanner has looked at stays below until it is taken. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/multipart.h>

#include "base/error.h"
#include "format/multipart.h"
#include "stream/stream.h"

struct tn_multipart {
	struct tn_stream body; /* what part.body is */
	struct tn__multipart_scan scan;
	struct tn_multipart_options options;
	struct tn_buffer head; /* field lines, CRLF behind each */
	struct tn_buffer text; /* name and file name, decoded */
	int64_t parts;
	int error;
	bool done; /* the last delimiter was taken */
};

static int
multipart_break(struct tn_multipart *mp, int code)
{
	mp->error = code;
	return code;
}

static int
multipart_truncated(struct tn_multipart *mp)
{
	return multipart_break(mp, tn_error_set(TN_ETRUNCATED,
	    "multipart: it ends without its last boundary"));
}

/* ---- the body of a part -------------------------------------------------- */

static size_t
multipart_looked(const struct tn_multipart *mp)
{
	return mp->scan.data + mp->scan.held;
}

/* Looks at what the stream below shows beyond. */
static int
multipart_look(struct tn_multipart *mp, struct tn_slice shown, bool ended)
{
	int r = tn__multipart_look(&mp->scan,
	    tn_slice_skip(shown, multipart_looked(mp)));

	if (r < 0)
		return multipart_break(mp, r);
	if (ended && tn__multipart_end(&mp->scan) == TN__MULTIPART_NONE)
		return multipart_truncated(mp);
	return 0;
}

static int
multipart_fill(struct tn_stream *s, size_t min, struct tn_slice *ret)
{
	struct tn_multipart *mp = (struct tn_multipart *)s;
	struct tn_slice shown;
	size_t want = 0;
	int r;

	if (mp->error < 0)
		return tn_error_set(mp->error,
		    "multipart: it could not be read before");
	for (;;) {
		r = tn_stream_fill(s->below, want, &shown);
		if (r >= 0)
			r = multipart_look(mp, shown, shown.len < want);
		if (r < 0)
			return r;
		if (mp->scan.data >= min || mp->scan.found)
			break;
		want = shown.len + 1;
	}
	*ret = tn_slice_head(shown, mp->scan.data);
	return (int)ret->len;
}

static void
multipart_consume(struct tn_stream *s, size_t n)
{
	struct tn_multipart *mp = (struct tn_multipart *)s;

	mp->scan.data -= n;
	tn_stream_consume(s->below, n);
}

static void
multipart_release(struct tn_stream *s)
{
	struct tn_multipart *mp = (struct tn_multipart *)s;

	tn_buffer_free(&mp->head);
	tn_buffer_free(&mp->text);
}

static const struct tn__stream_ops multipart_ops = {
	.kind = "part of a multipart body",
	.fill = multipart_fill,
	.consume = multipart_consume,
	.release = multipart_release,
};

/* ---- from part to part --------------------------------------------------- */

/* Takes the rest of a part and the delimiter behind it.  1; 0: it was the
 * last. */
static int
multipart_pass(struct tn_multipart *mp)
{
	struct tn_slice shown;
	int r;

	while ((r = tn_stream_fill(&mp->body, 1, &shown)) > 0)
		tn_stream_consume(&mp->body, shown.len);
	if (r < 0)
		return multipart_break(mp, r);
	tn_stream_consume(mp->body.below, mp->scan.held);
	mp->done = mp->scan.found == TN__MULTIPART_LAST;
	return !mp->done;
}

static int
multipart_limit(const char *what, const char *name, int64_t max)
{
	return tn_error_set(TN_ELIMIT, "multipart: more %s than %s, %lld", what,
	    name, (long long)max);
}

/* 1, 0: it was the empty one. */
static int
multipart_line(struct tn_multipart *mp)
{
	int64_t max = mp->options.part_head_bytes_max;
	struct tn_slice line, name, value;
	int r = tn_stream_read_line(mp->body.below, TN_LINE_CRLF,
	    (size_t)max - mp->head.len, &line);

	if (r == TN_ELIMIT)
		return multipart_limit("bytes in a part's head",
		    "part_head_bytes_max", max);
	if (r == TN_EPROTO)
		return tn_error_set(r, "multipart: CR or LF alone in a part's "
		    "head, where CRLF ends a line");
	if (r == 0 || r == TN_ETRUNCATED)
		return multipart_truncated(mp);
	if (r < 0 || line.len == 0)
		return r < 0 ? r : 0;
	r = tn__multipart_field(line, &name, &value);
	if (r == 0)
		r = tn_buffer_append(&mp->head, line);
	if (r == 0)
		r = tn_buffer_append(&mp->head, TN_SLICE("\r\n"));
	return r < 0 ? r : 1;
}

static int
multipart_head(struct tn_multipart *mp)
{
	int64_t fields = 0;
	int r;

	tn_buffer_clear(&mp->head);
	while ((r = multipart_line(mp)) > 0)
		if (++fields > mp->options.part_fields_max)
			return multipart_limit("fields in a part",
			    "part_fields_max", mp->options.part_fields_max);
	return r == -ENOMEM ? tn__error_nomem() : r;
}

/* A field that stands there twice can be read in two ways. */
static int
multipart_single(const struct tn_multipart *mp, const char *name,
    struct tn_slice *ret)
{
	struct tn_slice other, value, found = { NULL, 0 };

	for (size_t i = 0; tn_multipart_field_at(mp, i, &other, &value); i++) {
		if (!tn_slice_equal_nocase(other, name))
			continue;
		if (found.data != NULL)
			return tn_error_set(TN_EPROTO,
			    "multipart: a part with two fields %s", name);
		found = value;
	}
	*ret = found;
	return 0;
}

static int
multipart_describe(struct tn_multipart *mp, struct tn_multipart_part *part)
{
	struct tn__multipart_disposition d = { 0 };
	struct tn_slice value;
	int r = multipart_single(mp, "Content-Type", &part->type);

	if (r == 0)
		r = multipart_single(mp, "Content-Disposition", &value);
	if (r == 0 && value.data != NULL)
		r = tn__multipart_disposition(value, &mp->text, &d);
	part->name = d.name;
	part->filename = d.filename;
	part->disposition = d.kind;
	return r;
}

static int
multipart_part(struct tn_multipart *mp, struct tn_multipart_part *part)
{
	int r = 0;

	if (mp->parts++ == mp->options.parts_max)
		r = multipart_limit("parts", "parts_max",
		    mp->options.parts_max);
	if (r == 0)
		r = multipart_head(mp);
	if (r == 0)
		r = multipart_describe(mp, part);
	tn__multipart_begin(&mp->scan);
	return r < 0 ? multipart_break(mp, r) : 1;
}

int
tn_multipart_next(struct tn_multipart *mp, struct tn_multipart_part *ret)
{
	struct tn_multipart_part part = { .body = &mp->body };
	int r = mp->done ? 0 : multipart_pass(mp);

	if (r > 0)
		r = multipart_part(mp, &part);
	if (r > 0)
		*ret = part;
	return r;
}

/* ---- its fields ---------------------------------------------------------- */

bool
tn_multipart_field_at(const struct tn_multipart *mp, size_t index,
    struct tn_slice *ret_name, struct tn_slice *ret_value)
{
	struct tn_slice rest = tn_buffer_slice(&mp->head), line;

	do {
		line = tn_slice_split(&rest, '\n');
		if (line.len == 0)
			return false;
	} while (index-- > 0);
	*ret_name = tn_slice_split(&line, ':');
	*ret_value = tn_slice_trim(line);
	return true;
}

struct tn_slice
tn_multipart_field(const struct tn_multipart *mp, const char *name)
{
	struct tn_slice other, value;

	for (size_t i = 0; tn_multipart_field_at(mp, i, &other, &value); i++)
		if (tn_slice_equal_nocase(other, name))
			return value;
	return tn_slice(NULL, 0);
}

/* ---- the reader ---------------------------------------------------------- */

static int64_t
multipart_option(int64_t option, int64_t otherwise, int64_t max)
{
	if (option == 0)
		return otherwise;
	return option < 0 || option > max ? max : option;
}

static void
multipart_options(struct tn_multipart_options *o)
{
	o->part_head_bytes_max = multipart_option(o->part_head_bytes_max, 8192,
	    TN__STREAM_FILL_MAX / 2);
	o->part_fields_max = multipart_option(o->part_fields_max, 16,
	    INT64_MAX);
	o->parts_max = multipart_option(o->parts_max, 1000, INT64_MAX);
}

int
tn_multipart_open(struct tn_stream *stream, struct tn_slice type,
    const struct tn_multipart_options *options, struct tn_multipart **ret)
{
	struct tn__multipart_scan scan;
	struct tn_multipart *mp;
	struct tn_stream *s;
	int r = tn__multipart_open(&scan, type);

	if (r < 0)
		return r;
	r = tn__stream_new(&multipart_ops, sizeof(*mp), stream, &s);
	if (r < 0)
		return r;
	mp = (struct tn_multipart *)s;
	s->shut = true; /* nothing is written to it */
	mp->scan = scan;
	if (options != NULL)
		mp->options = *options;
	multipart_options(&mp->options);
	*ret = mp;
	return 0;
}

void
tn_multipart_free(struct tn_multipart *mp)
{
	if (mp != NULL)
		tn_stream_free(&mp->body);
}
