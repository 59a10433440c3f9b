/* Multipart bodies: however the bytes are divided the parts are the same, and
 * parts written as browsers write them come back as they were.  The first line
 * is the Content-Type; or "!", and what follows are names, file names and
 * bodies, 0xff behind each. */
#include <tenon/error.h>
#include <tenon/multipart.h>

#include "fuzz/carrier.h"

/* ---- reading ------------------------------------------------------------- */

static void
put(struct tn_buffer *out, struct tn_slice text)
{
	fuzz_must(tn_buffer_printf(out, "%s%zu:",
	    text.data == NULL ? "-" : "+", text.len));
	fuzz_must(tn_buffer_append(out, text));
}

/* How much of a body that fails had come depends on the division. */
static int
read_body(struct tn_stream *body, size_t min, struct tn_buffer *out)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer all = { 0 };
	struct tn_slice some;
	int r;

	fuzz_must(tn_buffer_append_str(&all, ""));
	while ((r = tn_stream_fill(body, min, &some)) > 0) {
		fuzz_must(tn_buffer_append(&all, some));
		tn_stream_consume(body, some.len);
	}
	if (r == 0)
		put(out, tn_buffer_slice(&all));
	return r;
}

/* Never a path, whatever was sent. */
static void
check_name(struct tn_slice name)
{
	assert(tn_slice_find(name, '/') < 0 && tn_slice_find(name, '\\') < 0);
	assert(tn_slice_find(name, '\0') < 0);
	assert(!tn_slice_equal(name, TN_SLICE(".")));
	assert(!tn_slice_equal(name, TN_SLICE("..")));
	assert(name.data == NULL || name.data[name.len] == '\0');
}

static int
read_parts(struct tn_slice type, struct tn_stream *s, size_t min,
    struct tn_buffer *out)
{
	static const struct tn_multipart_options options = {
		.parts_max = 4,
		.part_fields_max = 4,
		.part_head_bytes_max = 300,
	};
	TN_CLEANUP(tn_multipart_freep) struct tn_multipart *mp = NULL;
	struct tn_multipart_part part;
	int r = tn_multipart_open(s, type, &options, &mp);

	while (r == 0 && (r = tn_multipart_next(mp, &part)) > 0) {
		put(out, part.name);
		put(out, part.filename);
		put(out, part.type);
		check_name(part.filename);
		r = read_body(part.body, min, out);
	}
	if (mp != NULL)
		assert(tn_multipart_next(mp, &part) == r);
	assert(r == 0 || r == TN_EPROTO || r == TN_ELIMIT ||
	    r == TN_ETRUNCATED);
	assert(r == 0 || (tn_error_code() == r &&
	    fuzz_is_tame(tn_slice_str(tn_error_text()))));
	return r;
}

static void
check_same(struct tn_slice type, struct tn_slice in, size_t step, size_t min)
{
	struct tn_buffer whole = { 0 }, pieces = { 0 };
	struct tn_stream *a = fuzz_carrier(in, SIZE_MAX, NULL);
	struct tn_stream *b = fuzz_carrier(in, step, NULL);
	int r = read_parts(type, a, 1, &whole);

	assert(read_parts(type, b, min, &pieces) == r);
	assert(tn_slice_equal(tn_buffer_slice(&whole),
	    tn_buffer_slice(&pieces)));
	if (r == 0) /* and nothing was taken behind the end */
		assert(tn_stream_bytes_read(a) == tn_stream_bytes_read(b));
	tn_stream_free(a);
	tn_stream_free(b);
	tn_buffer_free(&whole);
	tn_buffer_free(&pieces);
}

/* ---- there and back ------------------------------------------------------ */

/* What a browser can be asked to send, in `text`'s place: no control characters
 * and no "%", which is itself but before some digits. */
static void
make_sendable(struct tn_buffer *text)
{
	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];

		if (((unsigned char)c < 0x20 && c != '\r' && c != '\n' &&
			c != '\t') || c == 0x7f || c == '%')
			text->data[i] = '_';
	}
}

static void
write_name(struct tn_buffer *out, const char *what, struct tn_slice name)
{
	fuzz_must(tn_buffer_printf(out, "; %s=\"", what));
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (c == '"' || c == '\r' || c == '\n')
			fuzz_must(tn_buffer_printf(out, "%%%02X", (unsigned)c));
		else if (c == '\\')
			fuzz_must(tn_buffer_append_str(out, "\\\\"));
		else
			fuzz_must(tn_buffer_append_byte(out, c));
	}
	fuzz_must(tn_buffer_append_byte(out, '"'));
}

static struct tn_slice
last_name(struct tn_slice path)
{
	struct tn_slice name = path;

	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] == '/' || path.data[i] == '\\')
			name = tn_slice_skip(path, i + 1);
	if (tn_slice_equal(name, TN_SLICE(".")) ||
	    tn_slice_equal(name, TN_SLICE("..")))
		name.len = 0;
	return name;
}

/* Writes a part, and to `out` what should be read. */
static void
write_part(struct tn_slice *rest, struct tn_buffer *in, struct tn_buffer *out)
{
	struct tn_buffer names[2] = { 0 };
	struct tn_slice body;

	for (int i = 0; i < 2; i++) {
		fuzz_must(tn_buffer_append_str(&names[i], ""));
		fuzz_must(tn_buffer_append(&names[i],
		    tn_slice_head(tn_slice_split(rest, '\xff'), 40)));
		make_sendable(&names[i]);
	}
	body = tn_slice_split(rest, '\xff');
	if (tn_slice_search(body, TN_SLICE("--Zq7")) >= 0)
		body.len = 0;
	fuzz_must(tn_buffer_append_str(in,
	    "--Zq7\r\nContent-Disposition: form-data"));
	write_name(in, "name", tn_buffer_slice(&names[0]));
	write_name(in, "filename", tn_buffer_slice(&names[1]));
	fuzz_must(tn_buffer_append_str(in, "\r\n\r\n"));
	fuzz_must(tn_buffer_append(in, body));
	fuzz_must(tn_buffer_append_str(in, "\r\n"));

	put(out, tn_buffer_slice(&names[0]));
	put(out, last_name(tn_buffer_slice(&names[1])));
	put(out, tn_slice(NULL, 0));
	put(out, tn_slice(body.data == NULL ? "" : body.data, body.len));
	tn_buffer_free(&names[0]);
	tn_buffer_free(&names[1]);
}

static void
check_round(struct tn_slice rest, size_t step)
{
	const struct tn_slice type =
	    TN_SLICE("multipart/form-data; boundary=Zq7");
	struct tn_buffer in = { 0 }, want = { 0 }, got = { 0 };
	struct tn_stream *s;

	for (int i = 0; i < 4 && rest.len > 0; i++)
		write_part(&rest, &in, &want);
	fuzz_must(tn_buffer_append_str(&in, "--Zq7--\r\n"));
	s = fuzz_carrier(tn_buffer_slice(&in), step, NULL);
	assert(read_parts(type, s, 1, &got) == 0);
	assert(tn_slice_equal(tn_buffer_slice(&got), tn_buffer_slice(&want)));
	tn_stream_free(s);
	tn_buffer_free(&in);
	tn_buffer_free(&want);
	tn_buffer_free(&got);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tn_slice in = tn_slice(bytes, size), type;

	if (size == 0 || size > 4096)
		return 0;
	type = tn_slice_split(&in, '\n');
	if (tn_slice_equal(type, TN_SLICE("!"))) {
		check_round(in, SIZE_MAX);
		check_round(in, 1);
		return 0;
	}
	check_same(type, in, 1, 1);
	check_same(type, in, 3, 7);
	check_same(type, in, SIZE_MAX, 1000);
	return 0;
}
