/* What a program finds around its handlers: routes and their parameters, the
 * hooks, pages for errors, whole replies. */
#include "serve.h"

#define ROUTE(method, pattern, handler) { method, pattern, handler, NULL }

/* ---- handlers ----------------------------------------------------------- */

static int
reply_text(struct tn_http_exchange *x, struct tn_slice text)
{
	return tn_http_reply(x, 200, NULL, text);
}

/* "name=value" of what {name} and {rest...} are. */
static int
show(struct tn_http_exchange *x, void *arg)
{
	static const char *const names[] = { "id", "rest", "other" };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };

	for (size_t i = 0; i < TN_COUNT(names); i++) {
		struct tn_slice value = tn_http_param(x, names[i]);

		if (value.data == NULL)
			continue;
		assert_int_equal(tn_buffer_printf(&text, "%s=", names[i]), 0);
		assert_int_equal(tn_buffer_append_escaped(&text, value), 0);
		/* Asked again it is the same, and the path is as it was. */
		assert_true(tn_slice_equal(tn_http_param(x, names[i]), value));
	}
	assert_int_equal(tn_slice_find(tn_http_path(x), '\0'), -1);
	return reply_text(x, tn_buffer_slice(&text));
}

static int
say_virtual(struct tn_http_exchange *x, void *arg)
{
	return reply_text(x, TN_SLICE("virtual"));
}

static int
say_own(struct tn_http_exchange *x, void *arg)
{
	return reply_text(x, TN_SLICE("own"));
}

static int
fails(struct tn_http_exchange *x, void *arg)
{
	assert_int_equal(tn_http_reply_field(x, "ETag", "\"x\""), 0);
	return -EACCES;
}

static int
json(struct tn_http_exchange *x, void *arg)
{
	assert_int_equal(tn_http_status(x), 0);
	assert_int_equal(tn_http_reply_json(x, 201, TN_SLICE("[]")), 0);
	assert_int_equal(tn_http_status(x), 201);
	return 0;
}

static int
redirect(struct tn_http_exchange *x, void *arg)
{
	assert_int_equal(tn_http_reply_redirect(x, 304, "/"), -EINVAL);
	assert_int_equal(tn_http_reply_redirect(x, 300, "/"), -EINVAL);
	assert_int_equal(tn_http_reply_redirect(x, 303, "/\r\nA: b"),
	    -EINVAL);
	return tn_http_reply_redirect(x, 303, "/100%25?a=%20b");
}

/* ---- routes ------------------------------------------------------------- */

static const struct tn_http_route routes[] = {
	ROUTE("GET", "/{$}", show),
	ROUTE("GET", "/id/{id}", show),
	ROUTE("DELETE", "/id/{id}", show),
	ROUTE("GET", "/dir/{rest...}", show),
	ROUTE(NULL, "/any/{id}/", show),
	ROUTE("GET", "/both/{id}/{rest...}", show),
	ROUTE("GET", "/fails", fails),
	ROUTE("POST", "/json", json),
	ROUTE(NULL, "/redirect", redirect),
	ROUTE(NULL, "virtual.example/", say_virtual),
	ROUTE("OPTIONS", "/own", say_own),
	ROUTE("GET", "/own", show),
	{ 0 },
};

#define TEXT(length, text) OK(length) "\r\n" text
#define METHOD(method, path) method " " path " HTTP/1.1\r\n" HOST "\r\n"
#define MOVED(status, to) "{" status "|Location: " to "\r\n}"

static const struct serve_row routed[] = {
	{ "the root", GET("/"), TEXT("0", ""), "GET / 11 200 0;" },
	{ "a name", GET("/id/7"), TEXT("4", "id=7"), "GET /id/7 11 200 4;" },
	{ "a name, decoded", GET("/id/a%20%2fb"), TEXT("7", "id=a /b"),
	    NULL },
	{ "a byte that is NUL", GET("/id/a%00b"), TEXT("9", "id=a\\x00b"),
	    NULL },
	{ "two names", GET("/both/%31/%32/%33"), TEXT("12", "id=1rest=2/3"),
	    NULL },
	{ "a rest", GET("/dir/a//b/"), TEXT("10", "rest=a//b/"), NULL },
	{ "an empty rest", GET("/dir/"), TEXT("5", "rest="), NULL },
	{ "a method", METHOD("DELETE", "/id/7"), TEXT("4", "id=7"), NULL },
	{ "nothing", GET("/nothing"), "{404}", NULL },
	{ "bad encoding", GET("/id/%2"), "{404}", NULL },
	{ "dots", GET("/dir/%2e%2e/x"), "{404}", NULL },
	{ "a host", "GET /x HTTP/1.1\r\nHost: VIRTUAL.example:80\r\n\r\n",
	    TEXT("7", "virtual"), NULL },
	{ "a host of the target",
	    "GET http://virtual.example/x HTTP/1.1\r\n" HOST "\r\n",
	    TEXT("7", "virtual"), NULL },

	{ "another method (9110 15.5.6)", METHOD("PUT", "/id/7") GET("/"),
	    "{405|Allow: GET, DELETE, HEAD, OPTIONS\r\n}" TEXT("0", ""),
	    NULL },
	{ "OPTIONS (9110 9.3.7)", METHOD("OPTIONS", "/id/7"),
	    "HTTP/1.1 204 No Content\r\n"
	    "Allow: GET, DELETE, HEAD, OPTIONS\r\n\r\n", NULL },
	{ "OPTIONS of its own", METHOD("OPTIONS", "/own"), TEXT("3", "own"),
	    NULL },
	{ "OPTIONS of nothing", METHOD("OPTIONS", "/nothing"), "{404}",
	    NULL },
	{ "OPTIONS of the server", METHOD("OPTIONS", "*"),
	    "HTTP/1.1 204 No Content\r\n\r\n", NULL },

	{ "a folder without its end", GET("/dir"), MOVED("301", "/dir/"),
	    NULL },
	{ "with a query", GET("/dir?a=%20&b"), MOVED("301", "/dir/?a=%20&b"),
	    "GET /dir?a=%20&b 11 301 84;" },
	{ "with an empty query", GET("/dir?"), MOVED("301", "/dir/?"), NULL },
	{ "absolute form", "GET http://h/dir HTTP/1.1\r\n" HOST "\r\n",
	    MOVED("301", "/dir/"), NULL },
	{ "of a name, as it came", GET("/any/a%20b"),
	    MOVED("301", "/any/a%20b/"), NULL },
	{ "another method than GET", METHOD("PUT", "/any/x"),
	    MOVED("308", "/any/x/"), NULL },
	{ "no folder either", METHOD("PUT", "/dir"), "{404}", NULL },
	{ "another host's", GET("//virtual.example"), "{404}", NULL },

	{ "fails", GET("/fails"), "{403}", NULL },
	{ "JSON", METHOD("POST", "/json"), "HTTP/1.1 201 Created\r\n"
	    "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n[]",
	    NULL },
	{ "elsewhere", GET("/redirect"), MOVED("303", "/100%25?a=%20b"),
	    NULL },
};

/* ---- hooks -------------------------------------------------------------- */

static char user_mark;

static int
before(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice path = tn_http_path(x);

	assert_null(tn_http_user(x));
	tn_http_set_user(x, &user_mark);
	assert_int_equal(tn_http_reply_field(x, "X", "y"), 0);
	if (tn_slice_equal(path, TN_SLICE("/replied")))
		return tn_http_reply_status(x, 204) < 0 ? -1 : 1;
	if (tn_slice_equal(path, TN_SLICE("/refused")))
		return -EACCES;
	if (tn_slice_equal(path, TN_SLICE("/lied")))
		return 1;
	return 0;
}

static int
hooked(struct tn_http_exchange *x, void *arg)
{
	assert_ptr_equal(tn_http_user(x), &user_mark);
	assert_int_equal(tn_http_reply_field(x, "Z", "z"), 0);
	return tn_slice_equal(tn_http_path(x), TN_SLICE("/fails")) ?
	    -ENOENT : reply_text(x, TN_SLICE("."));
}

static void
after(struct tn_http_exchange *x, void *arg)
{
	struct serve *serve = arg;

	assert_ptr_equal(tn_http_user(x), &user_mark);
	assert_int_equal(tn_buffer_printf(&serve->log, "after %d;",
	    tn_http_status(x)), 0);
}

static const struct serve_row hooks[] = {
	{ "around a handler", GET("/"), OK("1") "X: y\r\nZ: z\r\n\r\n.",
	    "after 200;GET / 11 200 1;" },
	{ "before replies itself", GET("/replied") GET("/"),
	    "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n" OK("1")
	    "X: y\r\nZ: z\r\n\r\n.",
	    "after 204;GET /replied 11 204 0;after 200;GET / 11 200 1;" },
	{ "before refuses", GET("/refused"), "{403}",
	    "after 403;GET /refused 11 403 68;" },
	{ "before says that it replied", GET("/lied"), "{500}",
	    "after 500;GET /lied 11 500 92;", "HTTP handler: it returned" },
	{ "the handler fails", GET("/fails"), "{404|X: y\r\n}",
	    "after 404;GET /fails 11 404 68;" },
	{ "not of what could not be read", "GET /\r\n\r\n", "{400!}",
	    "GET  0 400 72;" },
};

/* ---- error pages -------------------------------------------------------- */

static int
page(struct tn_http_exchange *x, int status, void *arg)
{
	struct tn_slice method = tn_http_method(x);
	struct tn_stream *out, *body = tn_http_body(x);
	struct tn_slice shown;

	assert_true(tn_stream_fill(body, 0, &shown) >= 0);
	assert_int_equal(tn_http_reply_field(x, "P", "p"), 0);
	switch (status) {
	case 403: /* a page in place of the error */
		return reply_text(x, TN_SLICE("page"));
	case 405:
		return 0;
	case 413:
		return tn_error_set(-EIO, "no page");
	case 500:
		return tn_http_reply_status(x, status);
	case 414:
		assert_int_equal(tn_http_reply_begin(x, status, NULL, -1,
		    &out), 0);
		return tn_stream_printf(out, "long");
	default:
		return tn_http_reply(x, status, NULL, method);
	}
}

static int
fails_so(struct tn_http_exchange *x, void *arg)
{
	return *(const int *)arg;
}

static const struct tn_http_route failing[] = {
	{ "GET", "/403", fails_so, &(int){ -EACCES } },
	{ "GET", "/413", fails_so, &(int){ TN_ELIMIT } },
	{ "GET", "/500", fails_so, &(int){ -EXDEV } },
	{ NULL, "/redirect", redirect, NULL },
	{ 0 },
};

static const struct serve_row pages[] = {
	{ "of a status", GET("/404"), "HTTP/1.1 404 Not Found\r\n"
	    "Content-Length: 3\r\nP: p\r\n\r\nGET", NULL },
	{ "another status", GET("/403") GET("/403"),
	    OK("4") "P: p\r\n\r\npage" OK("4") "P: p\r\n\r\npage", NULL },
	{ "none made", METHOD("PUT", "/403"),
	    "{405|Allow: GET, HEAD, OPTIONS\r\n}", NULL },
	{ "fails", GET("/413"), "{413}", NULL, "no page" },
	{ "not for itself", GET("/500"), "{500|P: p\r\n}", NULL,
	    "HTTP handler: " },
	{ "a stream, of a head that is refused",
	    "GET /" X100 " HTTP/1.1\r\n\r\n",
	    "HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nP: p\r\n\r\n"
	    "long", NULL },
	{ "of nothing at all", "\x01\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"
	    "Connection: close\r\nContent-Length: 0\r\nP: p\r\n\r\n",
	    NULL },
	{ "not of what is no error", GET("/redirect"),
	    MOVED("303", "/100%25?a=%20b"), NULL },
};

/* ---- before and behind the body ----------------------------------------- */

static int
hints(struct tn_http_exchange *x, void *arg)
{
	assert_int_equal(tn_http_reply_field(x, "Link", "<a>"), 0);
	assert_int_equal(tn_http_reply_interim(x, 101), -EINVAL);
	assert_int_equal(tn_http_reply_interim(x, 200), -EINVAL);
	assert_int_equal(tn_http_reply_interim(x, 103), 0);
	assert_int_equal(tn_http_reply_interim(x, 102), 0);
	assert_int_equal(tn_http_reply_field(x, "A", "b"), 0);
	assert_int_equal(reply_text(x, TN_SLICE(".")), 0);
	assert_int_equal(tn_http_reply_interim(x, 103), -EINVAL);
	return 0;
}

static int
add_field(struct tn_http_exchange *x, void *arg)
{
	return tn_http_reply_field(x, "X", "y");
}

/* What stands behind the body goes behind ours. */
static int
trailers(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice sum = tn_http_trailer(x, "sum");
	struct tn_stream *out;
	int r;

	assert_null(sum.data);
	assert_int_equal(tn_http_reply_trailer(x, "A", "b"), -EINVAL);
	r = tn_http_reply_begin(x, 200, NULL, -1, &out);
	if (r == 0)
		r = tn_stream_copy(out, tn_http_body(x), NULL) < 0 ? -1 : 0;
	if (r < 0)
		return r;
	sum = tn_http_trailer(x, "SUM");
	assert_null(tn_http_trailer(x, "su").data);
	assert_int_equal(tn_http_reply_trailer(x, "Content-Type", "b"),
	    -EINVAL);
	assert_int_equal(tn_http_reply_trailer(x, "Date", "b"), -EINVAL);
	assert_int_equal(tn_http_reply_trailer(x, "A b", "b"), -EINVAL);
	assert_int_equal(tn_http_reply_trailer(x, "A", "b\n"), -EINVAL);
	assert_int_equal(tn_http_reply_trailer(x, "Sum", "%.*s", (int)sum.len,
	    sum.data), 0);
	assert_int_equal(tn_http_reply_trailer(x, "Z", "%d", 1), 0);
	assert_int_equal(tn_stream_shutdown(out), 0);
	assert_int_equal(tn_http_reply_trailer(x, "A", "b"), -EINVAL);
	return 0;
}

static int
no_trailers(struct tn_http_exchange *x, void *arg)
{
	struct tn_stream *out;
	int r = tn_http_reply_begin(x, 200, NULL, 1, &out);

	if (r == 0)
		r = tn_stream_write(out, TN_SLICE("x"));
	assert_int_equal(tn_http_reply_trailer(x, "A", "b"), -EINVAL);
	return r;
}

static const struct tn_http_route more_routes[] = {
	ROUTE(NULL, "/hints", hints),
	ROUTE(NULL, "/trailers", trailers),
	ROUTE(NULL, "/none", no_trailers),
	{ 0 },
};

#define HINTS "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"              \
	"HTTP/1.1 102 Processing\r\n\r\n"

static const struct serve_row mores[] = {
	{ "early hints (RFC 8297)", GET("/hints") GET("/hints"),
	    HINTS OK("1") "X: y\r\nA: b\r\n\r\n." HINTS OK("1")
	    "X: y\r\nA: b\r\n\r\n.", NULL },
	{ "not for 1.0", "GET /hints HTTP/1.0\r\n\r\n",
	    OK_CLOSE("1") "X: y\r\nA: b\r\n\r\n.", NULL },
	{ "trailers there and back (9110 6.5)", POST("/trailers", CHUNKED)
	    "1\r\na\r\n0\r\nOther: 1\r\nSum:  7 \r\n\r\n"
	    POST("/trailers", CHUNKED) "0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
	    "1\r\na\r\n0\r\nSum: 7\r\nZ: 1\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
	    "0\r\nSum: \r\nZ: 1\r\n\r\n",
	    "POST /trailers 11 200 1;POST /trailers 11 200 0;" },
	{ "trailers when the body is waited for", POST("/trailers",
	    EXPECT CHUNKED) "0\r\nSum: 7\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
	    "0\r\nSum: 7\r\nZ: 1\r\n\r\n", NULL, NULL,
	    "HTTP/1.1 100 Continue\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
	    "0\r\nSum: 7\r\nZ: 1\r\n\r\n" },
	{ "no trailers for 1.0", "GET /trailers HTTP/1.0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\nX: y\r\n\r\n", NULL },
	{ "no trailers for HEAD", METHOD("HEAD", "/trailers"),
	    "HTTP/1.1 200 OK\r\nX: y\r\n\r\n", NULL },
	{ "no trailers of a known length", GET("/none"),
	    OK("1") "X: y\r\n\r\nx", NULL },
};

/* ---- who asks ----------------------------------------------------------- */

static int
who(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_slice host = tn_http_host(x);
	char peer[TN_ADDRESS_TEXT_MAX];

	assert_true(tn_stream_skip(tn_http_body(x), 100) >= 0);
	assert_int_equal(tn_buffer_printf(&text, "%s %.*s %s",
	    tn_address_format(tn_http_peer(x), peer), (int)host.len, host.data,
	    tn_http_is_secure(x) ? "secure" : "plain"), 0);
	return reply_text(x, tn_buffer_slice(&text));
}

static const struct tn_http_route who_routes[] = {
	ROUTE(NULL, "/{$}", who),
	ROUTE(NULL, "far.example/{$}", who),
	{ 0 },
};

/* All that the access log can tell. */
static void
who_record(void *arg, const struct tn_http_record *r)
{
	char peer[TN_ADDRESS_TEXT_MAX];

	assert_int_equal(tn_buffer_printf(arg, "%s %.*s %s %lld %lld %d",
	    tn_address_format(r->peer, peer), (int)r->host.len, r->host.data,
	    r->route == NULL ? "-" : r->route, (long long)r->bytes_in,
	    (long long)r->bytes, r->secure), 0);
}

#define FAR "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"        \
	"X-Forwarded-Host: far.example\r\n"

static void
check_who(const char *peer, const char *in, const char *want,
    const char *want_record)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer record = { 0 };
	struct tn_http_server_options options = { .routes = who_routes,
		.forwarded_from = "127.0.0.0/8, unix" };
	struct tn_address address;
	struct serve serve;
	struct tn_ip ip;

	serve_open(&serve, &options);
	serve.peer = &address;
	tn_http_server_free(serve.server);
	options.record = who_record;
	options.arg = &record;
	assert_int_equal(tn_http_server_open(&options, &serve.server), 0);
	if (tn_ip_parse(tn_slice_str(peer), &ip) == 0)
		assert_int_equal(tn_address_from_ip(&ip, 99, &address), 0);
	else
		assert_int_equal(tn_address_from_path(tn_slice_str(peer),
		    &address), 0);
	assert_int_equal(serve_bytes(&serve, tn_slice_str(in), SIZE_MAX), 0);
	if (!tn_slice_ends(tn_buffer_slice(&serve.out), tn_slice_str(want)))
		assert_string_equal(serve.out.data, want);
	assert_string_equal(record.data, want_record);
	serve_close(&serve);
}

static void
test_who(void **state)
{
	check_who("10.0.0.1", GET("/"), "10.0.0.1:99 h plain",
	    "10.0.0.1:99 h /{$} 0 19 0");
	check_who("10.0.0.1", POST("/", FAR LENGTH("3")) "abc",
	    "10.0.0.1:99 h plain", "10.0.0.1:99 h /{$} 3 19 0");
	check_who("127.0.0.1", POST("/", FAR), "1.2.3.4:0 far.example secure",
	    "1.2.3.4:0 far.example far.example/{$} 0 28 1");
	check_who("/run/x", POST("/", FAR), "1.2.3.4:0 far.example secure",
	    "1.2.3.4:0 far.example far.example/{$} 0 28 1");
	check_who("127.0.0.1", POST("/no", FAR LENGTH("1")) "x", "",
	    "1.2.3.4:0 far.example - 0 68 1");
	check_who("127.0.0.1", "GET / HTTP/1.1\r\n\r\n", "",
	    "127.0.0.1:99  - 0 72 0");
}

/* ---- running ------------------------------------------------------------ */

static void
test_with(const struct serve_row *t, struct tn_http_server_options options)
{
	struct serve serve;

	serve_open(&serve, &options);
	serve_check(&serve, t);
	serve_close(&serve);
}

static void
test_routed(void **state)
{
	test_with(*state, (struct tn_http_server_options){ .routes = routes });
}

static void
test_hooks(void **state)
{
	test_with(*state,
	    (struct tn_http_server_options){
		.handler = hooked, .before = before, .after = after });
}

static void
test_mores(void **state)
{
	test_with(*state, (struct tn_http_server_options){
		.routes = more_routes, .before = add_field });
}

static void
test_pages(void **state)
{
	test_with(*state,
	    (struct tn_http_server_options){
		.routes = failing, .error_page = page });
}

/* A table and a handler for what is left. */
static void
test_left(void **state)
{
	static const struct serve_row rows[] = {
		{ "", GET("/id/7"), TEXT("4", "id=7"), NULL },
		{ "", METHOD("PUT", "/id/7"),
		    "{405|Allow: GET, DELETE, HEAD, OPTIONS\r\n}", NULL },
		{ "", GET("/hello"), HELLO, NULL },
		{ "", METHOD("OPTIONS", "*"), OK("31")
		    "\r\nOPTIONS|*|*||11|h|none|0|Host=h", NULL },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++)
		test_with(&rows[i], (struct tn_http_server_options){
			.routes = routes, .handler = serve_handler });
}

/* Parameters of a path that is longer than the exchange has room for. */
static void
test_long(void **state)
{
	struct tn_http_server_options options = { .routes = routes,
		.line_bytes_max = 20000 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer in = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer out = { 0 };
	static const int lengths[] = { 100, 2700, 2714, 2715, 2716, 2717, 2718,
		2719, 2720, 2800, 4000, 5000 };
	struct serve serve;

	serve_open(&serve, &options);
	for (size_t i = 0; i < TN_COUNT(lengths); i++) {
		tn_buffer_clear(&in);
		tn_buffer_clear(&out);
		assert_int_equal(tn_buffer_printf(&in, "GET /id/"), 0);
		assert_int_equal(tn_buffer_printf(&out, "\r\n\r\nid="), 0);
		for (int k = 0; k < lengths[i]; k++) {
			assert_int_equal(tn_buffer_printf(&in, "%%6%c",
			    '1' + k % 9), 0);
			assert_int_equal(tn_buffer_append_byte(&out,
			    (char)('a' + k % 9)), 0);
		}
		assert_int_equal(tn_buffer_printf(&in,
		    " HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
		assert_int_equal(serve_bytes(&serve, tn_buffer_slice(&in),
		    SIZE_MAX), 0);
		assert_true(tn_slice_ends(tn_buffer_slice(&serve.out),
		    tn_buffer_slice(&out)));
	}
	serve_close(&serve);
}

/* From the end of one request to the end of the next no memory is asked for:
 * a route, a parameter that is decoded, hooks, a field and a reply. */
static int
frugal(struct tn_http_exchange *x, void *arg)
{
	struct tn_slice id = tn_http_param(x, "id");
	int r = tn_http_reply_field(x, "X", "%.*s", (int)id.len, id.data);

	if (r == 0)
		r = tn_http_reply_json(x, 200, id);
	check_fail_after(tn_slice_equal(id, TN_SLICE("a a")) ? 0 : -1);
	return r;
}

static void
test_frugal(void **state)
{
	static const struct tn_http_route table[] = {
		ROUTE("GET", "h/id/{id}", frugal), { 0 }
	};
	struct tn_http_server_options options = {
		.routes = table, .before = add_field, .request_ms = 10000
	};
	struct tn_http_server *server;
	struct serve serve;

	serve_open(&serve, &options);
	server = serve.server;
	options.record = NULL; /* which prints */
	assert_int_equal(tn_http_server_open(&options, &serve.server), 0);
	assert_int_equal(serve_bytes(&serve, TN_SLICE(GET("/id/a%20a")
	    GET("/id/b%20b") GET("/id/c%20c")), SIZE_MAX), 0);
	serve_undate(&serve.out);
	assert_true(tn_slice_ends(tn_buffer_slice(&serve.out),
	    TN_SLICE(OK("3") "X: y\r\nX: c c\r\n"
	    "Content-Type: application/json\r\n\r\nc c")));
	assert_true(tn_slice_search(tn_buffer_slice(&serve.out),
	    TN_SLICE("b b")) > 0);
	assert_int_equal(tn_slice_search(tn_buffer_slice(&serve.out),
	    TN_SLICE("HTTP/1.1 5")), -1);
	tn_http_server_free(server);
	serve_close(&serve);
}

static void
test_refused_tables(void **state)
{
	static const struct tn_http_route ties[] = {
		ROUTE(NULL, "/{a}/x", show), ROUTE(NULL, "/x/{b}", show), { 0 }
	};
	static const struct tn_http_route bad[] = { ROUTE(NULL, "x", show),
		{ 0 } };
	const struct tn_http_server_options rows[] = {
		{ .name = "x" },
		{ .routes = ties },
		{ .routes = bad },
		{ .routes = routes, .forwarded_from = "10.0.0.0/8, me" },
	};
	static const char *const words[] = { "HTTP server: a handler",
		"HTTP routes \"/{a}/x\" and", "HTTP route \"x\"",
		"HTTP server: forwarded_from: network \"me\"" };
	struct tn_http_server *server = NULL;

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		assert_int_equal(tn_http_server_open(&rows[i], &server),
		    -EINVAL);
		assert_true(tn_slice_starts(tn_slice_str(tn_error_text()),
		    tn_slice_str(words[i])));
	}
	assert_int_equal(tn_http_server_open(NULL, &server), -EINVAL);
	assert_null(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_frugal),
		cmocka_unit_test(test_refused_tables),
		cmocka_unit_test(test_who),
	};

	return CHECK_ROWS(routed, test_routed) +
	    CHECK_ROWS(hooks, test_hooks) + CHECK_ROWS(pages, test_pages) +
	    CHECK_ROWS(mores, test_mores) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
