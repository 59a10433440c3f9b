/* The readers of corpora: what is malformed is an error with its line, whatever
 * it is; nothing makes them fall over. */
#include "unit/base/check.h"

#include <stdio.h>
#include <tenon/error.h>
#include <tenon/file.h>

#include "conform/corpus.h"

static const struct bad_row {
	const char *said, *text;
} bad[] = {
	{ "a.json:1: the file ends too early", "" },
	{ "a.json:3: a value is missing", "[\n1,\n]" },
	{ "a.json:2: a comma or a ] is", "[1\n2]" },
	{ "a.json:1: a colon is missing", "{\"a\" 1}" },
	{ "a.json:1: a member's name", "{a: 1}" },
	{ "a.json:1: a comma or a } is", "{\"a\": 1" },
	{ "a.json:1: a word that is no value", "[tru]" },
	{ "a.json:1: an escape", "\"\\q\"" },
	{ "a.json:1: hex digits", "\"\\u12" },
	{ "a.json:1: a control character", "\"a\n\"" },
	{ "a.json:1: the file ends in a string", "\"\\" },
	{ "a.json:3: something stands behind", "[]\n\n]" },
	{ "a.json:2: a url case without \"input\", ...",
	    "[{\"input\": \"\", \"base\": 1},\n{\"input\": 1}]" },
	{ "a.json:2: a case is an object",
	    "[{\"input\": \"\", \"base\": 1},\n[]]" },
	{ "a.textproto:1: a field's", "tests: [{" },
	{ "a.textproto:2: a test", "tests: [\n{}]" },
	{ "a.textproto:1: an escape", "x: \"\\400\"" },
	{ "a.md:2: a block that does", "\n```http\nx\n" },
	{ "a.md:2: http without a", "\n```http\nx\n```\n" },
	{ "a.md:2: http without a log", "\n```http\n```\n```http\n```\n" },
	{ "a.md:2: http without a meta", "\n```http\n```\n```log\n```\n" },
	{ "a.md:1: a log of no http", "```log\n```\n\n```http\n```\n" },
	{ "a.md:1: a meta that does not end", "<!-- meta={\n```http\n```\n" },
#define CASE(meta, http, log)                                                  \
	"<!-- meta=" meta " -->\n```http\n" http "\n```\n```log\n" log "\n```\n"
#define LOG(log) CASE("{\"type\": \"request\"}", "GET /", log)
	{ "a.md:1: the meta is no JSON", CASE("{", "", "") },
	{ "a.md:1: the meta has to be", CASE("{}", "", "") },
	{ "a.md:1: the type is neither", CASE("{\"type\": \"url\"}", "", "") },
	{ "a.md:1: a type that is not known",
	    CASE("{\"type\": \"request-x\"}", "", "") },
	{ "a.md:1: the meta has to be",
	    CASE("{\"type\": \"request\", \"x\": 1}", "", "") },
	{ "a.md:6: no line of a log", LOG("off=x") },
	{ "a.md:7: an event of no kind", LOG("\noff=0 x") },
	{ "a.md:6: a span beyond the 5 bytes",
	    LOG("off=0 len=6 span[url]=\"\"") },
	{ "a.md:6: the bytes of the case are not",
	    LOG("off=0 len=3 span[method]=\"PUT\"") },
	{ "a.md:6: the bytes of the case are not",
	    LOG("off=0 len=3 span[method]=lf") },
	{ "a.md:6: a span without", LOG("off=0 len=3") },
	{ "a.md:6: a span without its text", LOG("off=0 len=3 span[method]") },
	{ "a.md:6: a head", LOG("off=0 headers complete") },
	{ "a.md:6: a head without version",
	    LOG("off=0 headers complete method=1") },
	{ "a.md:6: an error without", LOG("off=0 error") },
};

static void
test_bad(void **state)
{
	const struct bad_row *t = *state;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	struct corpus c = { .text = check_exact(tn_slice_str(t->text)) };
	const struct format *f = NULL;

	put(&path, tn_slice_head(tn_slice_str(t->said),
	    strcspn(t->said, ":")));
	c.path = path.data;
	assert_int_equal(corpus_read(&c, &f), TN_EPROTO);
	if (!tn_slice_starts(tn_slice_str(tn_error_text()),
	        tn_slice_str(t->said)))
		fail_msg("%s", tn_error_text());
	corpus_free(&c);
	check_exact_free(c.text);
}

static void
test_deep(void **state)
{
	char text[200] = "";
	struct corpus c = { .path = "a.json",
		.text = tn_slice(text, sizeof(text)) };
	const struct format *f = NULL;

	memset(text, '[', sizeof(text));
	assert_int_equal(corpus_read(&c, &f), TN_ELIMIT);
	corpus_free(&c);
}

/* What the bytes of a case are, up to a block's last. */
static const struct bytes_row {
	const char *http, *bytes;
} bytes[] = {
	{ "GET /", "GET /" },
	{ "a\n\nb\n", "a\r\n\r\nb\r\n" },
	{ "a\\r\\n\\\n\\t\\f\nb", "a\r\n\t\f\r\nb" },
	{ "\\x4", "\x04" },
	{ "\\x41a\\xffa", "Aa\xff" "a" },
	{ "\\x", "\\x" },
	{ "\\q\\", "\\q\\" },
	{ "", "" },
};

static void
test_bytes(void **state)
{
	const struct bytes_row *t = *state;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct corpus c = { .path = "a.md" };
	const struct format *f = NULL;

	putf(&text, CASE("{\"type\": \"request\"}", "%s", ""), t->http);
	c.text = tn_buffer_slice(&text);
	assert_int_equal(corpus_read(&c, &f), 0);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.cases[0].given.len > 0 ? c.cases[0].given.data
						     : "", t->bytes);
	corpus_free(&c);
}

/* Strings come out as they were meant. */
static void
test_strings(void **state)
{
	struct tree t;
	uint32_t a;

	assert_int_equal(tree_json(&t, "", TN_SLICE("// x\n{\"a\": \"\\u00e9"
	    "\\ud83d\\ude00\\ud800\\u0041\\n\", \"b\": [true, 1]}")), 0);
	a = tree_get(&t, 1, "a");
	assert_true(tn_slice_equal(tree_text(&t, a),
	    TN_SLICE("\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd" "A\n")));
	assert_int_equal(t.nodes[tree_get(&t, 1, "b")].kind, TREE_LIST);
	assert_int_equal(tree_get(&t, 1, "c"), 0);
	tree_free(&t);
	assert_int_equal(tree_textproto(&t, "", TN_SLICE("a: \"\\x41\"\n# x\n"
	    "'b' \n")), TN_EPROTO);
	assert_int_equal(tree_textproto(&t, "", TN_SLICE("a: \"\\x41\"\n# x\n"
	    "\"b\" c { d: E }")), 0);
	assert_true(tn_slice_equal(tree_text(&t, tree_get(&t, 1, "a")),
	    TN_SLICE("Ab")));
	a = tree_get(&t, tree_get(&t, 1, "c"), "d");
	assert_true(tn_slice_equal(tree_text(&t, a), TN_SLICE("E")));
	tree_free(&t);
}

/* ---- every tiny corpus, cut and spoilt at every byte --------------------- */

static struct tn_dir *tiny;

static const struct tiny_row {
	const char *name;
} tinies[] = { { "http1.md" }, { "url.json" }, { "idna.json" },
	{ "cookies.json" }, { "cookie-dates.json" }, { "mail.json" },
	{ "mime.json" }, { "robots.textproto" } };

static void
try(const char *name, struct tn_slice text)
{
	struct corpus c = { .path = name, .text = text };
	const struct format *f = NULL;
	int e = corpus_read(&c, &f);

	if (e < 0)
		assert_true(tn_slice_starts(tn_slice_str(tn_error_text()),
		    tn_slice_str(name)));
	for (size_t i = 0; e == 0 && f->run != NULL && i < c.count; i++) {
		struct corpus_outcome o = { 0 };

		f->run(&c.cases[i], &o);
		corpus_outcome_free(&o);
	}
	corpus_free(&c);
}

static void
test_spoilt(void **state)
{
	static const char spoils[] = { '\0', '"', '\\', '\n', '9', '[', '\xff' };
	const struct tiny_row *t = *state;
	const char *name = t->name;
	char text[16384], keep;
	struct tn_file *file;
	size_t size;

	assert_int_equal(tn_dir_open_file(tiny, tn_slice_str(name), &file), 0);
	size = (size_t)tn_file_read(file, text, sizeof(text), 0);
	assert_in_range(size, 1, sizeof(text) - 1);
	tn_file_free(file);
	for (size_t i = 0; i < size; i++) {
		struct tn_slice cut = check_exact(tn_slice(text, i));

		try(name, cut);
		check_exact_free(cut);
		keep = text[i];
		text[i] = spoils[i % sizeof(spoils)];
		try(name, tn_slice(text, size));
		text[i] = keep;
	}
	try(name, tn_slice(text, size));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_strings),
	};
	int failed;

	if (argc != 2 || tn_dir_open(argv[1], &tiny) < 0)
		return 1;
	failed = CHECK_ROWS(bad, test_bad) + CHECK_ROWS(bytes, test_bytes) +
	    CHECK_ROWS(tinies, test_spoilt) +
	    cmocka_run_group_tests(others, NULL, NULL);
	tn_dir_free(tiny);
	return failed;
}
