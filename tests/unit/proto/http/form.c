/* Forms as a server reads them: the URL Standard section 5, RFC 7578. */
#include "serve.h"

#include <fcntl.h>
#include <tenon/form.h>
#include <unistd.h>

#include "os/os.h"

/* ---- a handler that says what it read ------------------------------------ */

static struct tn_form_options form_options = {
	.values_bytes_max = 100,
	.parts_max = 5,
	.part_fields_max = 3,
	.part_head_bytes_max = 150,
	.file_bytes_max = 200,
	.memory_bytes_max = 20,
};
static char form_error[512];
static int form_fail_after = -1; /* allocations */

static void
put(struct tn_buffer *out, struct tn_slice text)
{
	CHECK_INT(tn_buffer_append(out, text), 0);
	CHECK(text.data == NULL || text.data[text.len] == '\0');
}

static void
put_str(struct tn_buffer *out, const char *text)
{
	put(out, tn_slice_str(text));
}

/* NAME=VALUE; or NAME(FILE,TYPE)=VALUE; with "@" before a value that is on the
 * disk. */
static void
put_field(struct tn_buffer *out, const struct tn_form_field *field)
{
	char value[4096];
	ssize_t n = 0, used = 0;

	put(out, field->name);
	if (field->filename.data != NULL) {
		put_str(out, "(");
		put(out, field->filename);
		put_str(out, ",");
		put(out, field->type);
		put_str(out, ")");
	}
	put_str(out, field->file == NULL ? "=" : "=@");
	CHECK((field->file == NULL) == (field->value.data != NULL));
	if (field->file == NULL) {
		CHECK_INT(field->value.len, field->size);
		CHECK_INT(field->value.data[field->value.len], 0);
	}
	while ((n = tn_form_field_read(field, value + used, 7, used)) > 0)
		used += n;
	CHECK_INT(n, 0);
	CHECK_INT(used, field->size);
	CHECK_INT(tn_buffer_append(out, tn_slice(value, (size_t)used)), 0);
	put_str(out, ";");
}

static int
form_handler(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	TN_CLEANUP(tn_form_freep) struct tn_form *form = NULL;
	bool get = tn_slice_equal(tn_http_method(x), TN_SLICE("GET"));
	int r;

	check_fail_after(form_fail_after);
	r = get ? tn_http_form_query(x, &form_options, &form)
		: tn_http_form_read(x, &form_options, &form);
	check_fail_after(-1);
	form_error[0] = '\0';
	if (r < 0) {
		CHECK(form == NULL && tn_error_code() == r);
		(void)snprintf(form_error, sizeof(form_error), "%s",
		    tn_error_text());
		return r;
	}
	for (size_t i = 0; i < tn_form_count(form); i++)
		put_field(&out, tn_form_at(form, i));
	CHECK(tn_form_at(form, tn_form_count(form)) == NULL);
	return tn_http_reply(x, 200, NULL, tn_buffer_slice(&out));
}

/* What the reply says: its body after 200, else its status. */
static void
serve_form(struct serve *serve, struct tn_slice in, size_t step,
    char out[4096])
{
	struct tn_slice all, status;
	ssize_t at;

	CHECK(serve_bytes(serve, in, step) >= 0 || serve->out.len == 0);
	all = tn_buffer_slice(&serve->out);
	at = tn_slice_search(all, TN_SLICE("\r\n\r\n"));
	CHECK(at > 0);
	status = tn_slice_head(tn_slice_skip(all, 9), 3);
	if (tn_slice_equal(status, TN_SLICE("200")))
		status = tn_slice_skip(all, (size_t)at + 4);
	(void)snprintf(out, 4096, "%.*s", (int)status.len, status.data);
}

/* ---- rows ---------------------------------------------------------------- */

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define URLENCODED "application/x-www-form-urlencoded"
#define PARTS "multipart/form-data; boundary=b"
#define NAME(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE(name, file)                                                       \
	"Content-Disposition: form-data; name=\"" name "\"; filename=\"" file  \
	"\"\r\nContent-Type: text/plain\r\n\r\n"
#define PART(name, value) "--b\r\n" NAME(name) value "\r\n"
#define END "--b--\r\n"

static const struct row {
	const char *name, *type, *in;
	const char *out;   /* fields, or a status */
	const char *error; /* what was said about it */
} rows[] = {
	{ "pairs", URLENCODED, "a=1&b=two+words&c=%e2%82%ac",
	    "a=1;b=two words;c=\xe2\x82\xac;" },
	{ "pairs, whatever charset", URLENCODED ";charset=UTF-8", "a=1",
	    "a=1;" },
	{ "the same name", URLENCODED, "a=1&a=2", "a=1;a=2;" },
	{ "no pairs", URLENCODED, "", "" },
	{ "as many bytes as there may be", URLENCODED,
	    "a=" X50 X10 X10 X10 X10 "xxxxxxxxx", "a=" X50 X10 X10 X10 X10
	    "xxxxxxxxx;" },
	{ "one more", URLENCODED, "a=" X50 X50, "413",
	    "form: more bytes of values than values_bytes_max, 100" },
	{ "far more", URLENCODED, "a=" X50 X50 X50 X50 X50 X50 X50 X50 X50,
	    "413", "form: more bytes of values than values_bytes_max, 100" },
	{ "one pair too many", URLENCODED, "a&b&c&d&e&f", "413",
	    "form: more fields than parts_max, 5" },

	{ "values", PARTS, PART("a", "1") PART("b", "2\r\n3") END,
	    "a=1;b=2\r\n3;" },
	{ "no values", PARTS, END, "" },
	{ "a file", PARTS, "--b\r\n" FILE("f", "C:\\x\\y.txt") "hello\r\n" END,
	    "f(y.txt,text/plain)=hello;" },
	{ "no file", PARTS, "--b\r\n" FILE("f", "") "\r\n" END,
	    "f(,text/plain)=;" },
	{ "a file for the disk", PARTS, "--b\r\n" FILE("f", "y") X50 "\r\n" END,
	    "f(y,text/plain)=@" X50 ";" },
	{ "files in memory and on the disk", PARTS,
	    "--b\r\n" FILE("a", "1") "one\r\n"
	    "--b\r\n" FILE("b", "2") X10 X10 X10 X10 "\r\n"
	    PART("c", "v")
	    "--b\r\n" FILE("d", "3") "three\r\n"
	    "--b\r\n" FILE("e", "4") "0123456789012345\r\n" END,
	    "a(1,text/plain)=one;b(2,text/plain)=@" X10 X10 X10 X10
	    ";c=v;d(3,text/plain)=three;"
	    "e(4,text/plain)=@0123456789012345;" },
	{ "no size of one, only of all", PARTS,
	    "--b\r\n" FILE("a", "1") "0123456789\r\n"
	    "--b\r\n" FILE("b", "2") "01234567890\r\n" END,
	    "a(1,text/plain)=0123456789;b(2,text/plain)=@01234567890;" },
	{ "encodings that change nothing", PARTS,
	    "--b\r\nContent-Transfer-Encoding: 8BIT\r\n" NAME("a") "1\r\n" END,
	    "a=1;" },

	{ "a large file", PARTS, "--b\r\n" FILE("f", "y") X50 X50 X50 X50 "x"
	    "\r\n" END, "413",
	    "form: more bytes in a file than file_bytes_max, 200" },
	{ "a large value", PARTS, PART("a", X50 X50) END, "413",
	    "form: more bytes of values than values_bytes_max, 100" },
	{ "a large name", PARTS, PART(X50 X50 "x", "") END, "413",
	    "form: more bytes of values than values_bytes_max, 100" },
	{ "a part too many", PARTS, PART("a", "") PART("b", "") PART("c", "")
	    PART("d", "") PART("e", "") PART("f", "") END, "413",
	    "multipart: more parts than parts_max, 5" },
	{ "a field too many", PARTS, "--b\r\nA:\r\nB:\r\nC:\r\n" NAME("a")
	    "1\r\n" END, "413",
	    "multipart: more fields in a part than part_fields_max, 3" },
	{ "a large head", PARTS, "--b\r\nA: " X50 X50 X50 "\r\n" NAME("a")
	    "1\r\n" END, "413",
	    "multipart: more bytes in a part's head than "
	    "part_head_bytes_max, 150" },

	{ "cut", PARTS, PART("a", "1"), "400",
	    "form: it ends without its last boundary" },
	{ "cut in a file", PARTS, "--b\r\n" FILE("f", "y") X50, "400",
	    "form: it ends without its last boundary" },
	{ "no boundary", "multipart/form-data", PART("a", "1") END, "400",
	    "multipart: the type names no boundary" },
	{ "another boundary", "multipart/form-data; boundary=c",
	    PART("a", "1") END, "400",
	    "form: it ends without its last boundary" },
	{ "no name", PARTS, "--b\r\nA: b\r\n\r\n1\r\n" END, "400",
	    "form: a part that is no form-data with a name" },
	{ "an attachment", PARTS,
	    "--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n" END,
	    "400", "form: a part that is no form-data with a name" },
	{ "base64", PARTS, "--b\r\nContent-Transfer-Encoding: base64\r\n"
	    NAME("a") "1\r\n" END, "400",
	    "form: a part in a transfer encoding, which forms have not" },
	{ "LF", PARTS, "--b\nA: b\n\n1\n--b--\n", "400",
	    "form: it ends without its last boundary" },

	{ "another type", "text/plain", "a=1", "415",
	    "form: the body's type is neither "
	    "application/x-www-form-urlencoded nor multipart/form-data" },
	{ "no type", NULL, "a=1", "415",
	    "form: the body's type is neither "
	    "application/x-www-form-urlencoded nor multipart/form-data" },
	{ "JSON", "application/json", "{}", "415",
	    "form: the body's type is neither "
	    "application/x-www-form-urlencoded nor multipart/form-data" },
	{ "parts of another kind", "multipart/mixed; boundary=b", END, "415",
	    "form: the body's type is neither "
	    "application/x-www-form-urlencoded nor multipart/form-data" },
	{ "compressed", URLENCODED "\r\nContent-Encoding: gzip", "a=1", "415",
	    "form: its body is in a content coding" },
	{ "not compressed", URLENCODED "\r\nContent-Encoding: identity", "a=1",
	    "a=1;" },
};

/* With its length, or in chunks of `chunk` bytes. */
static void
request(struct tn_buffer *out, const struct row *t, size_t chunk)
{
	struct tn_slice body = tn_slice_str(t->in);

	tn_buffer_clear(out);
	put_str(out, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
	if (t->type != NULL)
		CHECK_INT(tn_buffer_printf(out, "Content-Type: %s\r\n",
		    t->type), 0);
	if (chunk == 0) {
		CHECK_INT(tn_buffer_printf(out, "Content-Length: %zu\r\n\r\n%s",
		    body.len, t->in), 0);
		return;
	}
	put_str(out, "Transfer-Encoding: chunked\r\n\r\n");
	while (body.len > 0) {
		struct tn_slice some = tn_slice_head(body, chunk);

		CHECK_INT(tn_buffer_printf(out, "%zx\r\n%.*s\r\n", some.len,
		    (int)some.len, some.data), 0);
		body = tn_slice_skip(body, some.len);
	}
	put_str(out, "0\r\n\r\n");
}

static void
test_row(void **state)
{
	static const size_t ways[][2] = {
		/* chunk, step */
		{ 0, SIZE_MAX },
		{ 0, 1 },
		{ 0, 7 },
		{ 5, SIZE_MAX },
		{ 1, 3 },
	};
	const struct row *t = *state;
	struct tn_http_server_options options = { .handler = form_handler };
	struct tn_buffer in = { 0 };
	struct serve serve = { 0 };
	char out[4096];

	options.body_bytes_max = 100000;
	for (size_t i = 0; i < TN_COUNT(ways); i++) {
		serve_open(&serve, &options);
		request(&in, t, ways[i][0]);
		serve_form(&serve, tn_buffer_slice(&in), ways[i][1], out);
		CHECK_TEXT(out, t->out);
		if (t->error != NULL)
			CHECK_TEXT(form_error, t->error);
		serve_close(&serve);
	}
	tn_buffer_free(&in);
}

/* A client that leaves in the middle, wherever that is: no reply but 400. */
static void
test_prefixes(void **state)
{
	const struct row *t = *state;
	struct tn_http_server_options options = { .handler = form_handler };
	struct tn_buffer in = { 0 };
	struct serve serve = { 0 };
	char out[4096];
	ssize_t head;

	options.body_bytes_max = 100000;
	request(&in, t, 0);
	head = tn_slice_search(tn_buffer_slice(&in), TN_SLICE("\r\n\r\n"));
	serve_open(&serve, &options);
	for (size_t len = (size_t)head + 4; len < in.len; len += 3) {
		serve_form(&serve, tn_slice_head(tn_buffer_slice(&in), len),
		    50, out);
		CHECK(strcmp(out, "400") == 0 || strcmp(out, "413") == 0 ||
		    strcmp(out, "415") == 0 ||
		    (strcmp(out, t->out) == 0 && in.len - len <= 2));
	}
	serve_close(&serve);
	tn_buffer_free(&in);
}

/* Whichever allocation fails: an error, and nothing is lost. */
static void
test_no_memory(void **state)
{
	const struct row *t = *state;
	struct tn_http_server_options options = { .handler = form_handler };
	struct tn_buffer in = { 0 };
	struct serve serve = { 0 };
	char out[4096];

	options.body_bytes_max = 100000;
	request(&in, t, 0);
	serve_open(&serve, &options);
	do {
		CHECK(form_fail_after++ < 100);
		serve_form(&serve, tn_buffer_slice(&in), 50, out);
		CHECK(strcmp(out, "500") == 0 || strcmp(out, t->out) == 0);
	} while (strcmp(out, t->out) != 0);
	form_fail_after = -1;
	serve_close(&serve);
	tn_buffer_free(&in);
}

/* ---- what a form can be asked -------------------------------------------- */

static char form_dir[] = "/tmp/tenon-form-XXXXXX";
static struct tn_dir *dir;

static size_t
count_files(void)
{
	struct tn_dir_list list;
	size_t count;

	CHECK_INT(tn_dir_list(dir, TN_SLICE(""), 100, &list), 0);
	count = list.count;
	tn_dir_list_free(&list);
	return count;
}

static void
check_file(const char *name, const char *text)
{
	char got[256];
	struct tn_file *file;
	ssize_t n;

	CHECK_INT(tn_dir_open_file(dir, tn_slice_str(name), &file), 0);
	n = tn_file_read(file, got, sizeof(got) - 1, 0);
	CHECK(n >= 0);
	got[n] = '\0';
	CHECK_TEXT(got, text);
	tn_file_free(file);
}

static void
check_saved(const struct tn_form *form)
{
	static const char *const names[] = { "small", "large", "v" };
	static const char *const texts[] = { "hello", X50, "x" };

	for (size_t i = 0; i < TN_COUNT(names); i++) {
		const struct tn_form_field *field =
		    tn_form_get(form, names[i]);

		CHECK_INT(tn_form_field_save(field, dir,
		    tn_slice_str(names[i]), 0600, true), 0);
		check_file(names[i], texts[i]);
		CHECK_INT(tn_form_field_save(field, dir,
		    tn_slice_str(names[i]), 0600, true), -EEXIST);
		CHECK_INT(tn_form_field_save(field, dir,
		    tn_slice_str(names[i]), 0600, false), 0);
		CHECK_INT(tn_form_field_save(field, dir,
		    TN_SLICE("../out"), 0600, false), TN_EESCAPE);
	}
	CHECK_INT(count_files(), 3);
}

static int
ask_handler(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_form_freep) struct tn_form *form = NULL;
	const struct tn_form_field *field;
	char byte;

	CHECK_INT(count_files(), 0);
	CHECK_INT(tn_http_form_read(x, &form_options, &form), 0);
	CHECK_INT(count_files(), 0); /* the large one has no name */
	CHECK_INT(tn_form_count(form), 4);
	CHECK(tn_form_get(form, "nothing") == NULL);
	CHECK(tn_form_value(form, "nothing").data == NULL);
	CHECK(tn_form_value(form, "small").data == NULL);
	CHECK_TEXT(tn_form_value(form, "v").data, "x");
	CHECK_TEXT(tn_form_value(form, "large").data, "a value");
	field = tn_form_get(form, "large");
	CHECK_TEXT(field->filename.data, "y");
	CHECK(field->file != NULL && field->size == 50);
	CHECK_INT(tn_form_field_read(field, &byte, 1, 49), 1);
	CHECK_INT(tn_form_field_read(field, &byte, 1, 50), 0);
	CHECK_INT(tn_form_field_read(field, &byte, 1, -1), -EINVAL);
	check_saved(form);
	return tn_http_reply_file(x, 200, NULL, field->file, field->offset,
	    field->size);
}

static void
test_ask(void **state)
{
	static const struct row row = { "asked", PARTS,
		"--b\r\n" FILE("small", "x") "hello\r\n"
		"--b\r\n" FILE("large", "y") X50 "\r\n"
		PART("large", "a value") PART("v", "x") END, X50 };
	struct tn_http_server_options options = { .handler = ask_handler,
		.body_bytes_max = 100000 };
	struct tn_buffer in = { 0 };
	struct serve serve = { 0 };
	char out[4096];

	serve_open(&serve, &options);
	request(&in, &row, 0);
	serve_form(&serve, tn_buffer_slice(&in), SIZE_MAX, out);
	CHECK_TEXT(out, row.out);
	serve_close(&serve);
	tn_buffer_free(&in);
}

static int refusal;

static int
refuse_open(int fd, const char *path, int flags, unsigned mode)
{
	return refusal;
}

/* What is wrong with our folder is not said of the request: no 403, no 404. */
static void
test_no_folder(void **state)
{
	static const struct row row = { "no folder", PARTS,
		"--b\r\n" FILE("large", "y") X50 "\r\n" END, "500" };
	static const int refusals[] = { -ENOENT, -EACCES, -ENOSPC, -EMFILE };
	struct tn_http_server_options options = { .handler = form_handler,
		.body_bytes_max = 100000 };
	struct tn__os_ops refusing = tn__os_linux;
	struct tn_buffer in = { 0 };
	struct serve serve = { 0 };
	struct tn_dir *none;
	char out[4096];

	refusing.open_beneath = refuse_open;
	CHECK_INT(tn_dir_open(form_dir, &none), 0);
	none->os = &refusing;
	form_options.dir = none;
	serve_open(&serve, &options);
	request(&in, &row, 0);
	for (size_t i = 0; i < TN_COUNT(refusals); i++) {
		refusal = refusals[i];
		serve_form(&serve, tn_buffer_slice(&in), SIZE_MAX, out);
		CHECK_TEXT(out, row.out);
		CHECK(strstr(form_error, "make a temporary file in") != NULL);
	}
	serve_close(&serve);
	form_options.dir = dir;
	tn_dir_free(none);
	tn_buffer_free(&in);
}

static void
test_query(void **state)
{
	static const struct {
		const char *in, *out;
	} queries[] = {
		{ "GET /?a=1&b=+ HTTP/1.1\r\nHost: h\r\n\r\n", "a=1;b= ;" },
		{ "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "" },
		{ "GET /?a&b&c&d&e&f HTTP/1.1\r\nHost: h\r\n\r\n", "413" },
	};
	struct tn_http_server_options options = { .handler = form_handler };
	struct serve serve = { 0 };
	char out[4096];

	serve_open(&serve, &options);
	for (size_t i = 0; i < TN_COUNT(queries); i++) {
		serve_form(&serve, tn_slice_str(queries[i].in), SIZE_MAX, out);
		CHECK_TEXT(out, queries[i].out);
	}
	serve_close(&serve);
}

/* What test_ask() saved, and the folder. */
static int
remove_dir(void)
{
	static const char *const names[] = { "small", "large", "v" };
	char path[64];

	for (size_t i = 0; i < TN_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", form_dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(form_dir) < 0; /* nothing else is left in it */
}

static int
descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_ask),
	};
	int failed, before;

	if (mkdtemp(form_dir) == NULL || tn_dir_open(form_dir, &dir) < 0)
		return 1;
	form_options.dir = dir;
	failed = CHECK_ROWS(rows, test_row);
	before = descriptors(); /* those of the library itself are there now */
	failed += CHECK_ROWS(rows, test_prefixes) +
	    CHECK_ROWS(rows, test_no_memory) +
	    cmocka_run_group_tests(tests, NULL, NULL);
	CHECK_INT(descriptors(), before);
	tn_dir_free(dir);
	return failed + remove_dir();
}
