/* Parts of a stream, one after another, however its bytes come. */
#include "carrier.h"

#include <tenon/multipart.h>

#define TYPE TN_SLICE("multipart/form-data; boundary=b")
#define NAME(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE(name, file)                                                       \
	"Content-Disposition: form-data; name=\"" name "\"; filename=\"" file  \
	"\"\r\n"
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

static const struct part_row {
	const char *name, *in;
	const char *out; /* name(filename,type)=body; and an error's name */
} rows[] = {
	{ "a value", "--b\r\n" NAME("a") "1\r\n--b--\r\n", "a=1;" },
	{ "values", "--b\r\n" NAME("a") "1\r\n--b\r\n" NAME("b") "2\r\n3"
	    "\r\n--b\r\n" NAME("c") "\r\n--b--", "a=1;b=2\r\n3;c=;" },
	{ "a file", "--b\r\n" FILE("f", "x.png")
	    "Content-Type: image/png\r\n\r\n1\r\n--b--",
	    "f(x.png,image/png)=1;" },
	{ "no file was chosen", "--b\r\n" FILE("f", "")
	    "Content-Type: application/octet-stream\r\n\r\n\r\n--b--",
	    "f(,application/octet-stream)=;" },
	{ "what is in front and behind", "hello\r\n--b\r\n" NAME("a")
	    "1\r\n--b--\r\nbye\r\n--b\r\n", "a=1;" },
	{ "nothing says nothing", "--b\r\n\r\n1\r\n--b--", "-=1;" },
	{ "other fields", "--b\r\nX: y\r\ncontent-type: t\r\n" NAME("a")
	    "1\r\n--b--", "a(-,t)=1;" },
	{ "no parts", "--b--", "" },
	{ "mail's", "--b\r\nContent-Disposition: attachment\r\n\r\n1\r\n--b--",
	    "-=1;" },
	{ "long", "--b\r\n" NAME("a") X64 X64 X64 X64 X64 X64 "\r\n--b--",
	    "a=" X64 X64 X64 X64 X64 X64 ";" },

	{ "nothing", "", "TN_ETRUNCATED" },
	{ "no delimiter", "hello", "TN_ETRUNCATED" },
	{ "no part", "--b\r\n", "TN_ETRUNCATED" },
	{ "cut in a head", "--b\r\nA: b\r\n", "TN_ETRUNCATED" },
	{ "cut in a line", "--b\r\nA: b", "TN_ETRUNCATED" },
	{ "cut behind a head", "--b\r\n" NAME("a"), "TN_ETRUNCATED" },
	{ "cut in a body", "--b\r\n" NAME("a") "1", "TN_ETRUNCATED" },
	{ "cut in a delimiter", "--b\r\n" NAME("a") "1\r\n--b",
	    "TN_ETRUNCATED" },
	{ "cut behind a part", "--b\r\n" NAME("a") "1\r\n--b\r\n",
	    "a=1;TN_ETRUNCATED" },
	{ "a folded field", "--b\r\nA: b\r\n c\r\n\r\n1\r\n--b--",
	    "TN_EPROTO" },
	{ "LF in a head", "--b\r\nA: b\n\r\n1\r\n--b--", "TN_EPROTO" },
	{ "no head", "--b\r\nhello\r\n--b--", "TN_EPROTO" },
	{ "a delimiter in a head", "--b\r\nA: b\r\n--b--\r\n", "TN_EPROTO" },
	{ "a bad disposition", "--b\r\nContent-Disposition: form-data; name\r\n"
	    "\r\n1\r\n--b--", "TN_EPROTO" },
	{ "two names", "--b\r\nContent-Disposition: form-data\r\n" NAME("a")
	    "1\r\n--b--", "TN_EPROTO" },
	{ "two types", "--b\r\nContent-Type: a\r\nContent-type: b\r\n"
	    NAME("a") "1\r\n--b--", "TN_EPROTO" },

	{ "all parts that there may be", "--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n"
	    "--b--", "-=;-=;-=;" },
	{ "one too many", "--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n--b\r\n\r\n--b--",
	    "-=;-=;-=;TN_ELIMIT" },
	{ "all fields that there may be", "--b\r\nA:\r\nB:\r\nC:\r\nD:\r\n"
	    "\r\n1\r\n--b--", "-=1;" },
	{ "one too many fields", "--b\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n"
	    "\r\n1\r\n--b--", "TN_ELIMIT" },
	{ "a long head", "--b\r\nA: " X64 "\r\nB: " X64 X64 "\r\n\r\n--b--",
	    "TN_ELIMIT" },
};

static void
put(struct tn_buffer *out, struct tn_slice text)
{
	CHECK_INT(tn_buffer_append(out, text.data == NULL ? TN_SLICE("-")
							  : text), 0);
}

static int
show_part(struct tn_buffer *out, const struct tn_multipart_part *part,
    size_t min)
{
	size_t before = out->len;
	struct tn_slice some;
	int r;

	put(out, part->name);
	if (part->filename.data != NULL || part->type.data != NULL) {
		put(out, TN_SLICE("("));
		put(out, part->filename);
		put(out, TN_SLICE(","));
		put(out, part->type);
		put(out, TN_SLICE(")"));
	}
	put(out, TN_SLICE("="));
	while ((r = tn_stream_fill(part->body, min, &some)) > 0) {
		some = tn_slice_head(some, min);
		put(out, some);
		tn_stream_consume(part->body, some.len);
	}
	if (r == 0)
		put(out, TN_SLICE(";"));
	else
		out->len = before;
	return r;
}

/* Reads the bodies, or passes over each. */
static void
show(struct tn_stream *s, size_t min, struct tn_buffer *out)
{
	const struct tn_multipart_options options = {
		.parts_max = 3, .part_fields_max = 4, .part_head_bytes_max = 150
	};
	struct tn_multipart_part part;
	struct tn_multipart *mp;
	int r;

	tn_buffer_clear(out);
	CHECK_INT(tn_multipart_open(s, TYPE, &options, &mp), 0);
	while ((r = tn_multipart_next(mp, &part)) > 0) {
		if (min == 0)
			continue;
		r = show_part(out, &part, min);
		if (r < 0)
			break;
	}
	if (r < 0) {
		CHECK_INT(tn_error_code(), r);
		put(out, tn_slice_str(tn_error_name(r)));
		CHECK_INT(tn_multipart_next(mp, &part), r);
	} else {
		CHECK_INT(tn_multipart_next(mp, &part), 0);
	}
	tn_multipart_free(mp);
}

static void
test_parts(void **state)
{
	static const size_t pieces[] = { 0, 1, 2, 3, 7, 64 };
	static const size_t mins[] = { 1, 2, 5, 1000 };
	const struct part_row *t = *state;
	struct tn_buffer out = { 0 };

	for (size_t i = 0; i < TN_COUNT(pieces) * TN_COUNT(mins); i++) {
		struct tn_stream *s = carrier_new(&(struct carrier_plan){
		    .in = tn_slice_str(t->in),
		    .piece = pieces[i % TN_COUNT(pieces)],
		    .hesitate = i % 3 == 0 });

		show(s, mins[i / TN_COUNT(pieces)], &out);
		CHECK_TEXT(out.data == NULL ? "" : out.data, t->out);
		tn_stream_free(s);
	}
	tn_buffer_free(&out);
}

/* Each beginning of it: never more than is there, and an end. */
static void
test_prefixes(void **state)
{
	const struct part_row *t = *state;
	struct tn_buffer out = { 0 }, whole = { 0 };
	struct tn_slice in = tn_slice_str(t->in);

	for (size_t len = 0; len < in.len; len++) {
		struct tn_stream *s = carrier_new(&(struct carrier_plan){
		    .in = tn_slice_head(in, len), .piece = 5 });

		show(s, 1, &out);
		tn_stream_free(s);
		s = carrier_new(&(struct carrier_plan){
		    .in = tn_slice_head(in, len) });
		show(s, 1000, &whole);
		tn_stream_free(s);
		CHECK(tn_slice_equal(tn_buffer_slice(&out),
		    tn_buffer_slice(&whole)));
	}
	tn_buffer_free(&out);
	tn_buffer_free(&whole);
}

/* Parts that nobody reads are passed over, and behind the last delimiter the
 * stream goes on. */
static void
test_rest(void **state)
{
	struct tn_stream *s = carrier_new(&(struct carrier_plan){
	    .in = TN_SLICE("--b\r\n" NAME("a") X64 "\r\n--b\r\n" NAME("c")
	        "1\r\n--b--\r\nGET /") });
	struct tn_multipart_part part;
	struct tn_multipart *mp;
	struct tn_slice some;

	CHECK_INT(tn_multipart_open(s, TYPE, NULL, &mp), 0);
	CHECK_INT(tn_multipart_next(mp, &part), 1);
	CHECK_INT(tn_stream_fill(part.body, 0, &some), 64);
	tn_stream_consume(part.body, 3);
	CHECK_INT(tn_multipart_next(mp, &part), 1);
	CHECK_SLICE(part.name, "c");
	CHECK_SLICE(part.disposition, "form-data");
	CHECK_INT(tn_multipart_next(mp, &part), 0);
	CHECK_INT(tn_multipart_next(mp, &part), 0);
	tn_multipart_free(mp);
	tn_multipart_free(NULL);
	CHECK_INT(tn_stream_fill(s, 5, &some), 5);
	CHECK_SLICE(some, "GET /");
	tn_stream_free(s);
}

static void
test_fields(void **state)
{
	struct tn_stream *s = carrier_new(&(struct carrier_plan){
	    .in = TN_SLICE("--b\r\nX-A: 1\r\nX-B:\r\n\r\n1\r\n--b--") });
	struct tn_multipart_part part;
	struct tn_slice name, value;
	struct tn_multipart *mp;

	CHECK_INT(tn_multipart_open(s, TYPE, NULL, &mp), 0);
	CHECK(!tn_multipart_field_at(mp, 0, &name, &value));
	CHECK_INT(tn_multipart_next(mp, &part), 1);
	CHECK_SLICE(tn_multipart_field(mp, "x-a"), "1");
	CHECK(tn_multipart_field(mp, "x-b").data != NULL);
	CHECK(tn_multipart_field(mp, "x-c").data == NULL);
	CHECK(tn_multipart_field_at(mp, 1, &name, &value));
	CHECK_SLICE(name, "X-B");
	CHECK(value.data != NULL && value.len == 0);
	CHECK(!tn_multipart_field_at(mp, 2, &name, &value));
	tn_multipart_free(mp);
	tn_stream_free(s);
}

/* A multipart body in a part of another, whose boundary begins as its own. */
static void
test_nested(void **state)
{
	struct tn_stream *s = carrier_new(&(struct carrier_plan){ .piece = 3,
	    .in = TN_SLICE("--b\r\nContent-Type: multipart/mixed; boundary=bb"
	        "\r\n\r\n--bb\r\n\r\n1\r\n--bb\r\n\r\n2\r\n--bb--\r\n\r\n"
	        "--b\r\n\r\n3\r\n--b--") });
	struct tn_buffer out = { 0 };
	struct tn_multipart_part part, inside;
	struct tn_multipart *mp, *inner;

	CHECK_INT(tn_multipart_open(s, TYPE, NULL, &mp), 0);
	CHECK_INT(tn_multipart_next(mp, &part), 1);
	CHECK_INT(tn_multipart_open(part.body, part.type, NULL, &inner), 0);
	while (tn_multipart_next(inner, &inside) > 0)
		CHECK_INT(show_part(&out, &inside, 1), 0);
	tn_multipart_free(inner);
	CHECK_INT(tn_multipart_next(mp, &part), 1);
	CHECK_INT(show_part(&out, &part, 1), 0);
	CHECK_INT(tn_multipart_next(mp, &part), 0);
	CHECK_TEXT(out.data, "-=1;-=2;-=3;");
	tn_multipart_free(mp);
	tn_buffer_free(&out);
	tn_stream_free(s);
}

static void
test_errors(void **state)
{
	struct tn_stream *s = carrier_new(&(struct carrier_plan){
	    .in = TN_SLICE("--b\r\n" NAME("a") X64), .fail_at = 70,
	    .fail = -ECONNRESET });
	struct tn_multipart_part part;
	struct tn_multipart *mp;

	CHECK_ERROR(tn_multipart_open(s, TN_SLICE("text/plain"), NULL, &mp),
	    TN_EPROTO, "multipart: the type is not multipart/...");
	CHECK_INT(tn_multipart_open(s, TYPE, NULL, &mp), 0);
	CHECK_INT(tn_multipart_next(mp, &part), 1);
	CHECK_INT(tn_stream_skip(part.body, -1), -ECONNRESET);
	CHECK_INT(tn_multipart_next(mp, &part), -ECONNRESET);
	CHECK_INT(tn_multipart_next(mp, &part), -ECONNRESET);
	tn_multipart_free(mp);
	tn_stream_free(s);
}

static const struct limit_row {
	const char *name, *in, *text;
} limit_rows[] = {
	{ "parts", "--b\r\n\r\n--b\r\n\r\n--b--",
	    "multipart: more parts than parts_max, 1" },
	{ "fields", "--b\r\nA: b\r\nC: d\r\n\r\n--b--",
	    "multipart: more fields in a part than part_fields_max, 1" },
	{ "bytes", "--b\r\nA: " X16 "\r\n\r\n--b--",
	    "multipart: more bytes in a part's head than "
	    "part_head_bytes_max, 16" },
};

static void
test_limits(void **state)
{
	const struct limit_row *t = *state;
	const struct tn_multipart_options options = {
		.parts_max = 1, .part_fields_max = 1, .part_head_bytes_max = 16
	};
	struct tn_stream *s =
	    carrier_new(&(struct carrier_plan){ .in = tn_slice_str(t->in) });
	struct tn_multipart_part part;
	struct tn_multipart *mp;
	int r;

	CHECK_INT(tn_multipart_open(s, TYPE, &options, &mp), 0);
	while ((r = tn_multipart_next(mp, &part)) > 0)
		;
	CHECK_ERROR(r, TN_ELIMIT, t->text);
	tn_multipart_free(mp);
	tn_stream_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_errors),
	};

	return CHECK_ROWS(rows, test_parts) +
	    CHECK_ROWS(rows, test_prefixes) +
	    CHECK_ROWS(limit_rows, test_limits) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
