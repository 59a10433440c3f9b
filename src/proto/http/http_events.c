/* Server-Sent Events (HTML Standard section 9.2): a reply that goes on for as
 * long as its client listens. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "proto/http/http.h"

/* ---- the reply ---------------------------------------------------------- */

/* It lasts as long as it lasts, and a drain need not wait for it: reading from
 * such a connection ends then, as between two requests. */
void
tn__http_endless(struct tn_http_exchange *x)
{
	if (x->timed)
		tn_scope_reschedule(&x->scope, TN_NEVER);
	if (x->c->accepted)
		tn_request_idle(x->c->request, true);
}

/* Nobody listens to what is left out of a HEAD's reply. */
static void
events_look(struct tn_http_exchange *x)
{
	x->looking = true;
	tn__stream_lookout_open(x->c->stream, &x->lookout);
	if (x->reply.mode == TN__HTTP_REPLY_DROPPED)
		tn__stream_lookout_fire(&x->lookout);
}

int
tn_http_events_begin(struct tn_http_exchange *x, struct tn_stream **ret)
{
	int r = tn_http_reply_field(x, "Cache-Control", "no-store");

	x->last = true;
	x->reply.compress = false; /* an event is not to be gathered */
	if (r == 0)
		r = tn_http_reply_begin(x, 200, "text/event-stream", -1, ret);
	if (r == 0)
		r = tn__http_reply_release(x);
	if (r < 0)
		return r;
	/* Events are few: only a client that does not read is too slow. */
	tn__http_hurry(x->c, false);
	tn__http_endless(x);
	events_look(x);
	return 0;
}

int
tn__http_events_end(struct tn_http_exchange *x, int r)
{
	if (!x->looking)
		return r;
	x->looking = false;
	if (r == -ECANCELED)
		r = 0; /* that is how they end */
	tn__stream_lookout_close(&x->lookout);
	return r;
}

/* ---- one event ---------------------------------------------------------- */

/* Gathers, so that a small event is one chunk. */
struct events_out {
	struct tn_stream *s;
	size_t len;
	char text[1024];
};

static int
events_put(struct events_out *out, struct tn_slice bytes)
{
	int r = 0;

	while (r == 0 && bytes.len > 0) {
		struct tn_slice now = tn_slice_head(bytes,
		    sizeof(out->text) - out->len);

		memcpy(out->text + out->len, now.data, now.len);
		out->len += now.len;
		bytes = tn_slice_skip(bytes, now.len);
		if (out->len < sizeof(out->text))
			break;
		r = tn_stream_write(out->s, tn_slice(out->text, out->len));
		out->len = 0;
	}
	return r;
}

static int
events_line(struct events_out *out, struct tn_slice name, struct tn_slice value)
{
	int r = events_put(out, name);

	if (r == 0)
		r = events_put(out, value);
	return r < 0 ? r : events_put(out, TN_SLICE("\n"));
}

/* Cuts off up to the next CRLF, LF or CR. */
static struct tn_slice
events_data_next(struct tn_slice *rest)
{
	struct tn_slice all = *rest;
	size_t n = 0, end;

	while (n < all.len && all.data[n] != '\n' && all.data[n] != '\r')
		n++;
	end = n + (n + 1 < all.len && all.data[n] == '\r' &&
	              all.data[n + 1] == '\n');
	*rest = n == all.len ? tn_slice(NULL, 0) : tn_slice_skip(all, end + 1);
	return tn_slice_head(all, n);
}

static bool
events_is_line(const char *text)
{
	return text == NULL || strpbrk(text, "\r\n") == NULL;
}

int
tn_http_event(struct tn_stream *stream, const char *event, const char *id,
    struct tn_slice data)
{
	struct events_out out = { .s = stream };
	int r = 0;

	if (!events_is_line(event) || !events_is_line(id))
		return tn_error_set(-EINVAL, "event: its name and its id are "
		    "one line each");
	if (event == NULL && id == NULL && data.len == 0)
		return tn_stream_write(stream, TN_SLICE(":\n\n"));
	if (event != NULL)
		r = events_line(&out, TN_SLICE("event: "), tn_slice_str(event));
	if (r == 0 && id != NULL)
		r = events_line(&out, TN_SLICE("id: "), tn_slice_str(id));
	while (r == 0 && data.data != NULL)
		r = events_line(&out, TN_SLICE("data: "),
		    events_data_next(&data));
	if (r == 0)
		r = events_put(&out, TN_SLICE("\n"));
	return r < 0 ? r : tn_stream_write(stream, tn_slice(out.text, out.len));
}
