#include <assert.h>
#include <tenon/http.h>
#include <tenon/number.h>

#include "proto/http/wire.h"

/* Room for `size` bytes, or NULL: then nothing more is written. */
static char *
print_room(struct tn__http_out *o, size_t size)
{
	char *at = o->data + o->len;

	if (o->full || size > o->cap - o->len) {
		o->full = true;
		return NULL;
	}
	o->len += size;
	return at;
}

static char *
print_bytes(char *at, const char *bytes, size_t len)
{
	if (len > 0)
		memcpy(at, bytes, len);
	return at + len;
}

void
tn__http_put(struct tn__http_out *o, struct tn_slice bytes)
{
	char *at = print_room(o, bytes.len);

	if (at != NULL)
		print_bytes(at, bytes.data, bytes.len);
}

void
tn__http_put_status(struct tn__http_out *o, int status)
{
	struct tn_slice words = tn_slice_str(tn_http_status_words(status));
	char *at = print_room(o, 13 + words.len + 2);

	assert(status >= 100 && status <= 999);
	if (at == NULL)
		return;
	at = print_bytes(at, "HTTP/1.1 ", 9);
	*at++ = (char)('0' + status / 100);
	*at++ = (char)('0' + status / 10 % 10);
	*at++ = (char)('0' + status % 10);
	*at++ = ' ';
	at = print_bytes(at, words.data, words.len);
	print_bytes(at, "\r\n", 2);
}

void
tn__http_put_request(struct tn__http_out *o, struct tn_slice method,
    struct tn_slice target)
{
	char *at = print_room(o, method.len + 1 + target.len + 11);

	if (at == NULL)
		return;
	at = print_bytes(at, method.data, method.len);
	*at++ = ' ';
	at = print_bytes(at, target.data, target.len);
	print_bytes(at, " HTTP/1.1\r\n", 11);
}

void
tn__http_put_field(struct tn__http_out *o, struct tn_slice name,
    struct tn_slice value)
{
	char *at = print_room(o, name.len + 2 + value.len + 2);

	if (at == NULL)
		return;
	at = print_bytes(at, name.data, name.len);
	at = print_bytes(at, ": ", 2);
	at = print_bytes(at, value.data, value.len);
	print_bytes(at, "\r\n", 2);
}

void
tn__http_put_number(struct tn__http_out *o, struct tn_slice name,
    uint64_t value)
{
	char digits[TN_UINT_DIGITS];

	tn__http_put_field(o, name,
	    tn_slice(digits, tn_format_uint(digits, value)));
}

size_t
tn__http_chunk_head(char out[TN__HTTP_CHUNK_HEAD_MAX], uint64_t size)
{
	size_t digits = tn_format_hex(out, size);

	assert(size > 0);
	out[digits] = '\r';
	out[digits + 1] = '\n';
	return digits + 2;
}
