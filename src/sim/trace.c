/* The trace: a line an event, hashed whether somebody reads it or not. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "sim/sim.h"

#define TRACE_LINE 1024
#define TRACE_BYTES 60 /* shown of what is sent */
#define TRACE_PRIME UINT64_C(0x100000001b3) /* of FNV-1a */

static void
trace_bytes(const char *bytes, size_t size)
{
	struct tn__world *w = tn__world;

	for (size_t i = 0; i < size; i++)
		w->hash = (w->hash ^ (unsigned char)bytes[i]) * TRACE_PRIME;
	if (w->options.trace != NULL)
		(void)fwrite(bytes, 1, size, w->options.trace);
}

static void
trace_line(const char *text, size_t size)
{
	int64_t us = tn__world->now / TN_MICROSECOND;
	char stamp[32];

	(void)snprintf(stamp, sizeof(stamp), "%06" PRId64 ".%06" PRId64 " ",
	    us / 1000000, us % 1000000);
	trace_bytes(stamp, strlen(stamp));
	trace_bytes(text, size);
	trace_bytes("\n", 1);
}

static void
trace_format(const char *format, va_list arguments)
{
	char line[TRACE_LINE];

	(void)vsnprintf(line, sizeof(line), format, arguments);
	trace_line(line, strlen(line));
}

void
tn__sim_trace(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	trace_format(format, arguments);
	va_end(arguments);
}

void
tn__sim_trace_text(const char *text)
{
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		trace_line(text, (size_t)(end - text));
}

void
tn_sim_note(const char *format, ...)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	char text[TRACE_LINE];
	va_list arguments;
	int r;

	if (tn__world == NULL)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	tn__world->quiet++;
	r = tn_buffer_append_escaped(&shown, tn_slice_str(text));
	tn__world->quiet--;
	tn__sim_trace("%s note: %s", tn__sim_boot()->machine->name,
	    r < 0 || shown.data == NULL ? "" : shown.data);
}

/* ---- what was sent ----------------------------------------------------- */

static size_t
show_byte(unsigned char c, char *out)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[] = "\nn\rr\tt\"\"\\\\";

	out[0] = '\\';
	for (size_t i = 0; i + 1 < sizeof(names); i += 2) {
		if (names[i] != (char)c)
			continue;
		out[1] = names[i + 1];
		return 2;
	}
	if (c >= ' ' && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

const char *
tn__sim_show(const void *bytes, size_t size, char out[TN__SIM_SHOWN])
{
	const unsigned char *from = bytes;
	size_t shown = size < TRACE_BYTES ? size : TRACE_BYTES;
	size_t n = 0;

	out[n++] = '"';
	for (size_t i = 0; i < shown; i++)
		n += show_byte(from[i], out + n);
	if (shown < size) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
