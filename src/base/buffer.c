#include <errno.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "base/error.h"
#include "base/hidden.h"
#include "base/memory.h"

#define BUFFER_LEAST 64

/* Back to `len` bytes, which were there before. */
static void
buffer_truncate(struct tn_buffer *buffer, size_t len)
{
	buffer->len = len;
	if (buffer->data != NULL)
		buffer->data[len] = '\0';
}

/* The capacity to allocate when `need` is the least: half as much again as
 * there is, but not beyond the limit. */
static size_t
buffer_grown(const struct tn_buffer *buffer, size_t need)
{
	size_t cap = buffer->cap + buffer->cap / 2;

	if (cap < BUFFER_LEAST)
		cap = BUFFER_LEAST;
	if (buffer->max > 0 && cap > buffer->max)
		cap = buffer->max + 1;
	return cap < need ? need : cap;
}

int
tn_buffer_reserve(struct tn_buffer *buffer, size_t n)
{
	size_t need, cap;
	char *data;

	if (buffer->max > 0 &&
	    (buffer->len > buffer->max || n > buffer->max - buffer->len))
		return tn_error_set(TN_ELIMIT,
		    "buffer: limit of %zu bytes passed", buffer->max);
	if (n < buffer->cap - buffer->len)
		return 0;
	if (n >= PTRDIFF_MAX - buffer->len)
		return tn__error_nomem();

	need = buffer->len + n + 1;
	cap = buffer_grown(buffer, need);
	data = tn__resize(buffer->data, cap);
	if (data == NULL)
		return tn__error_nomem();
	buffer->data = data;
	buffer->cap = cap;
	data[buffer->len] = '\0';
	return 0;
}

int
tn_buffer_append(struct tn_buffer *buffer, struct tn_slice bytes)
{
	int r = tn_buffer_reserve(buffer, bytes.len);

	if (r < 0)
		return r;
	if (bytes.len > 0)
		memcpy(buffer->data + buffer->len, bytes.data, bytes.len);
	buffer_truncate(buffer, buffer->len + bytes.len);
	return 0;
}

int
tn_buffer_append_str(struct tn_buffer *buffer, const char *string)
{
	return tn_buffer_append(buffer, tn_slice_str(string));
}

int
tn_buffer_append_byte(struct tn_buffer *buffer, char byte)
{
	return tn_buffer_append(buffer, tn_slice(&byte, 1));
}

int
tn_buffer_printf(struct tn_buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = tn_buffer_vprintf(buffer, format, arguments);
	va_end(arguments);
	return r;
}

int
tn_buffer_vprintf(struct tn_buffer *buffer, const char *format,
    va_list arguments)
{
	size_t len = buffer->len, room = buffer->cap - len;
	va_list again;
	int n, r;

	va_copy(again, arguments);
	n = vsnprintf(room > 0 ? buffer->data + len : NULL, room, format,
	    arguments);
	r = n < 0 ? -EINVAL : tn_buffer_reserve(buffer, (size_t)n);
	if (r < 0)
		buffer_truncate(buffer, len);
	else if ((size_t)n >= room)
		vsnprintf(buffer->data + len, (size_t)n + 1, format, again);
	va_end(again);
	if (r == 0)
		buffer->len = len + (size_t)n;
	return r;
}

static const struct buffer_range {
	uint32_t first, last;
} buffer_hidden[] = {
	{ 0x0080, 0x009f },
	{ 0x061c, 0x061c },
	{ 0x200e, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2066, 0x2069 },
};

bool
tn__buffer_is_hidden(uint32_t code)
{
	for (size_t i = 0; i < TN_COUNT(buffer_hidden); i++)
		if (code >= buffer_hidden[i].first &&
		    code <= buffer_hidden[i].last)
			return true;
	return false;
}

static bool
buffer_is_plain(char c)
{
	return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

/* Appends the character at the start of `text` and says how long it was. */
static int
buffer_escape_one(struct tn_buffer *buffer, struct tn_slice text, size_t *used)
{
	unsigned char byte = (unsigned char)text.data[0];
	uint32_t code;
	int n = tn_utf8_decode(text, &code);

	*used = n > 0 ? (size_t)n : 1;
	if (n <= 1)
		return tn_buffer_printf(buffer, "\\x%02x", byte);
	if (tn__buffer_is_hidden(code))
		return tn_buffer_printf(buffer, "\\u{%04x}", code);
	return tn_buffer_append(buffer, tn_slice_head(text, *used));
}

int
tn_buffer_append_escaped(struct tn_buffer *buffer, struct tn_slice text)
{
	size_t len = buffer->len, n = 0;
	int r;

	do {
		text = tn_slice_skip(text, n);
		for (n = 0; n < text.len && buffer_is_plain(text.data[n]); n++)
			;
		r = tn_buffer_append(buffer, tn_slice_head(text, n));
		text = tn_slice_skip(text, n);
		if (r == 0 && text.len > 0)
			r = buffer_escape_one(buffer, text, &n);
	} while (r == 0 && text.len > 0);

	if (r < 0)
		buffer_truncate(buffer, len);
	return r;
}

void
tn_buffer_drop(struct tn_buffer *buffer, size_t n)
{
	if (n > buffer->len)
		n = buffer->len;
	if (n == 0)
		return;
	memmove(buffer->data, buffer->data + n, buffer->len - n);
	buffer_truncate(buffer, buffer->len - n);
}

void
tn_buffer_free(struct tn_buffer *buffer)
{
	tn__free(buffer->data);
	*buffer = (struct tn_buffer){ .max = buffer->max };
}
