#include "cli/charset.h"

int
cli_check_charset(const char *text)
{
	TN_CLEANUP(tn_charset_freep) struct tn_charset *decoder = NULL;
	TN_CLEANUP(tn_charset_freep) struct tn_charset *encoder = NULL;
	int r = tn_charset_decoder(text, TN_CHARSET_STRICT, &decoder);

	return r < 0 ? r :
		       tn_charset_encoder(text, TN_CHARSET_STRICT, &encoder);
}

int
cli_charset_write(struct tn_stream *to, struct tn_charset *c,
    struct tn_slice text)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
	int r;

	if (c == NULL)
		return tn_stream_write(to, text);
	r = tn_charset_convert(c, text, &b);
	return r < 0 ? r : tn_stream_write(to, tn_buffer_slice(&b));
}

int
cli_charset_end(struct tn_stream *to, struct tn_charset *c)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
	int r = c == NULL ? 0 : tn_charset_finish(c, &b);

	return r < 0 ? r : tn_stream_write(to, tn_buffer_slice(&b));
}

int64_t
cli_charset_copy(struct tn_stream *to, struct tn_charset *c,
    struct tn_stream *from, const struct tn_copy_options *options)
{
	int64_t done = 0;
	struct tn_slice text;
	int r;

	if (c == NULL)
		return tn_stream_copy(to, from, options);
	while ((r = tn_stream_fill(from, 1, &text)) > 0) {
		r = cli_charset_write(to, c, text);
		tn_stream_consume(from, text.len);
		done += (int64_t)text.len;
		if (r == 0 && options->progress != NULL)
			r = options->progress(options->progress_arg, done, -1);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : done;
}
