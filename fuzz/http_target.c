/* Request targets and hosts: the parts are cut from the target and make it up
 * again, in every form; no host hides a second one.  The first byte chooses the
 * method. */
#include <tenon/error.h>
#include <tenon/ip.h>
#include <tenon/text.h>

#include "fuzz/fuzz.h"
#include "proto/http/http_head.h"

#define FIELDS 4

struct request {
	struct tn_buffer text;
	struct tn__http_head h;
	struct tn__http_field fields[FIELDS];
	int used;
};

static int
parse(struct request *rq, const char *method, struct tn_slice target,
    struct tn_slice host)
{
	const struct tn__http_limits limits = { 2048, 2048, FIELDS };
	struct tn_buffer *b = &rq->text;

	tn_buffer_clear(b);
	fuzz_must(tn_buffer_printf(b, "%s ", method));
	fuzz_must(tn_buffer_append(b, target));
	fuzz_must(tn_buffer_append_str(b, " HTTP/1.1\r\nHost: "));
	fuzz_must(tn_buffer_append(b, host));
	fuzz_must(tn_buffer_append_str(b, "\r\n\r\n"));
	tn__http_request_init(&rq->h, &limits, rq->fields);
	rq->used = tn__http_head_parse(&rq->h, tn_buffer_slice(b));
	return rq->used;
}

static void
join(struct tn_buffer *out, struct tn_slice head, const struct tn__http_head *h)
{
	fuzz_must(tn_buffer_append(out, tn__http_text(head, h->path)));
	if (!h->has_query)
		return;
	fuzz_must(tn_buffer_append_byte(out, '?'));
	fuzz_must(tn_buffer_append(out, tn__http_text(head, h->query)));
}

static void
check_host(struct tn_slice host)
{
	struct tn_slice name, port;

	assert(tn__http_is_host(host));
	for (size_t i = 0; i < host.len; i++)
		assert(strchr("/?#@\\ \t\r\n", host.data[i]) == NULL);
	if (host.len == 0 || tn_slice_ends(host, TN_SLICE(":")))
		return;
	assert(tn_ip_split_port(host, &name, &port) == 0);
	assert(tn__http_is_authority(host) == (port.len > 0));
}

static void
check_forms(struct tn_slice head, const struct tn__http_head *h)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer again = { 0 };
	struct tn_slice target = tn__http_text(head, h->target);
	struct tn_slice host = tn__http_text(head, h->host);
	size_t at;

	switch (h->form) {
	case TN__HTTP_ABSOLUTE:
		at = h->host.at - h->target.at;
		assert(host.len > 0);
		fuzz_must(tn_buffer_append(&again,
		    tn_slice_head(target, at + host.len)));
		join(&again, head, h);
		break;
	case TN__HTTP_ORIGIN:
		assert(target.data[0] == '/');
		join(&again, head, h);
		break;
	case TN__HTTP_AUTHORITY:
		assert(h->verb == TN__HTTP_CONNECT && host.len > 0);
		fuzz_must(tn_buffer_append(&again, host));
		break;
	case TN__HTTP_ASTERISK:
		assert(h->verb == TN__HTTP_OPTIONS);
		fuzz_must(tn_buffer_append_byte(&again, '*'));
		break;
	}
	assert(tn_slice_equal(tn_buffer_slice(&again), target));
	check_host(host);
}

static void
check_path(struct tn_slice head, const struct tn__http_head *h)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer file = { 0 };
	struct tn_slice path = tn__http_path(h, head);

	assert(tn_slice_find(path, '?') < 0 && tn_slice_find(path, '#') < 0);
	if (h->form == TN__HTTP_AUTHORITY)
		assert(path.len == 0);
	else
		assert(path.data[0] == '/' ||
		    tn_slice_equal(path, TN_SLICE("*")));
	if (tn_path_from_url(path, &file) < 0)
		assert(file.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const methods[] = { "GET", "OPTIONS", "CONNECT",
		"BREW" };
	struct tn_slice host = tn_slice(bytes, size), target, text;
	uint8_t kind = fuzz_byte(&host);
	struct request rq = { 0 };

	target = tn_slice_split(&host, '\n');
	if (size > 1024 || tn_slice_find(host, '\n') >= 0)
		return 0;
	if (parse(&rq, methods[kind % 4], target, host) > 0) {
		text = tn_slice_head(tn_buffer_slice(&rq.text),
		    (size_t)rq.used);
		assert(text.len == rq.text.len);
		assert(tn_slice_equal(tn__http_text(text, rq.h.target),
		    target));
		check_forms(text, &rq.h);
		check_path(text, &rq.h);
	} else {
		assert(rq.used < 0 && rq.h.status >= 400);
		assert(fuzz_is_tame(tn_slice_str(tn_error_text())));
	}
	tn_buffer_free(&rq.text);
	return 0;
}
