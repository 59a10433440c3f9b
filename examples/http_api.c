/* http_api - a small web service: routes, JSON, a form, events.
 *
 *     http_api [ADDRESS]     and then:
 *     curl http://127.0.0.1:8000/users/Ada
 *     curl -d name=Ada http://127.0.0.1:8000/hello
 *     curl -N http://127.0.0.1:8000/clock */
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/http.h>
#include <tenon/text.h>

#define FORM_MAX 4096

static int
user(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer json = { 0 };
	int r = tn_buffer_append_str(&json, "{\"name\":");

	if (r == 0)
		r = tn_json_string(tn_http_param(x, "name"), &json);
	if (r == 0)
		r = tn_buffer_append_str(&json, "}\n");
	return r < 0 ? r : tn_http_reply_json(x, 200, tn_buffer_slice(&json));
}

/* Whose name stands in the query, or in the form that was posted. */
static int
hello(struct tn_http_exchange *x, void *arg)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer name = { 0 }, value = { 0 };
	struct tn_slice form = tn_http_query(x);
	int r = 0;

	if (form.len == 0)
		r = tn_stream_fill(tn_http_body(x), FORM_MAX, &form);
	if (r >= FORM_MAX)
		return TN_ELIMIT; /* 413 Content Too Large */
	while (r >= 0 && (r = tn_query_next(&form, &name, &value)) > 0)
		if (tn_slice_equal(tn_buffer_slice(&name), TN_SLICE("name")))
			return tn_http_reply(x, 200, "text/plain",
			    tn_buffer_slice(&value));
	return r < 0 ? r : tn_http_reply_status(x, 400);
}

static int
show_clock(struct tn_http_exchange *x, void *arg)
{
	struct tn_stream *events;
	int r = tn_http_events_begin(x, &events);

	while (r == 0) {
		r = tn_http_event(events, "tick", NULL,
		    tn_slice_str(tn_ctime_now()));
		if (r == 0)
			r = tn_sleep(TN_SECOND);
	}
	return r; /* the client has left, or the server ends */
}

static const struct tn_http_route routes[] = {
	{ "GET", "/users/{name}", user, NULL },
	{ "GET", "/hello", hello, NULL },
	{ "POST", "/hello", hello, NULL },
	{ "GET", "/clock", show_clock, NULL },
	{ 0 },
};

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *http = NULL;
	struct tn_http_server_options options = {
		.server.address = argc > 1 ? argv[1] : "127.0.0.1:8000",
		.routes = routes,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;
	int r = tn_http_server_open(&options, &http);

	if (r == 0) {
		tn_server_address(tn_http_server(http), &address);
		printf("http://%s/\n", tn_address_format(&address, text));
		fflush(stdout);
		r = tn_server_serve_forever(tn_http_server(http));
	}
	if (r < 0)
		fprintf(stderr, "http_api: %s\n", tn_error_text());
	return r < 0;
}
