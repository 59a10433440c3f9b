/* tenon/buffer.h - a growable run of bytes.
 *
 * All-zero is an empty buffer without a limit.  Every function that grows the
 * buffer returns 0, -ENOMEM, or TN_ELIMIT when `max` would be passed; on
 * failure the contents are as before.  What is appended must not lie in the
 * buffer itself.  The data always has a NUL behind it, not counted in `len`,
 * once something was appended, be it nothing. */
#ifndef TENON_BUFFER_H
#define TENON_BUFFER_H

#include <stdarg.h>
#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_buffer {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated, the NUL's place included */
	size_t max; /* most that `len` may become; 0 = no limit */
};

/* Makes room for `n` bytes more than `len`. */
TN_API TN_CHECK int tn_buffer_reserve(struct tn_buffer *buffer, size_t n);

/* Puts bytes, a C string without its NUL, or one byte behind what is there. */
TN_API TN_CHECK int tn_buffer_append(struct tn_buffer *buffer,
    struct tn_slice bytes);
TN_API TN_CHECK int tn_buffer_append_str(struct tn_buffer *buffer,
    const char *string);
TN_API TN_CHECK int tn_buffer_append_byte(struct tn_buffer *buffer, char byte);

/* Formats as printf(3) does, behind what is there. */
TN_API TN_CHECK int tn_buffer_printf(struct tn_buffer *buffer,
    const char *format, ...) TN_PRINTF(2, 3);
TN_API TN_CHECK int tn_buffer_vprintf(struct tn_buffer *buffer,
    const char *format, va_list arguments);

/* Appends text of a stranger so that it can stand in an error, a log or on a
 * terminal: control characters, backslash and double quote become
 * \xNN, as do bytes that are not UTF-8; C1 controls, line separators and
 * bidirectional overrides become \u{NNNN}. */
TN_API TN_CHECK int tn_buffer_append_escaped(struct tn_buffer *buffer,
    struct tn_slice text);

/* Drops the first `n` bytes, moving the rest down. */
TN_API void tn_buffer_drop(struct tn_buffer *buffer, size_t n);

/* The contents, good until the buffer changes. */
static inline struct tn_slice
tn_buffer_slice(const struct tn_buffer *buffer)
{
	return tn_slice(buffer->data, buffer->len);
}

/* Empties the buffer, keeping its memory. */
static inline void
tn_buffer_clear(struct tn_buffer *buffer)
{
	buffer->len = 0;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

/* Frees the memory and leaves an empty buffer with the same limit. */
TN_API void tn_buffer_free(struct tn_buffer *buffer);

/* For TN_CLEANUP on the struct itself:
 *     TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 }; */

#ifdef __cplusplus
}
#endif

#endif
