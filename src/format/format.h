/* What the codecs of this room share. */
#ifndef TN__FORMAT_H
#define TN__FORMAT_H

#include <tenon/buffer.h>

/* Shortens the buffer to the `len` bytes it had, and returns `r`. */
static inline int
tn__format_undo(struct tn_buffer *buffer, size_t len, int r)
{
	buffer->len = len;
	if (buffer->data != NULL)
		buffer->data[len] = '\0';
	return r;
}

bool tn__is_ascii(struct tn_slice text);

/* What stands for a character, or NULL when it stands for itself.  A byte that
 * is not UTF-8 comes as TN__FORMAT_INVALID.  `scratch` may hold the answer. */
#define TN__FORMAT_INVALID UINT32_MAX
typedef const char *tn__format_substitute(uint32_t code, char scratch[8]);

/* Appends text with its characters substituted, whole or not at all. */
int tn__format_escape(struct tn_slice text, tn__format_substitute *substitute,
    struct tn_buffer *out);

#endif
