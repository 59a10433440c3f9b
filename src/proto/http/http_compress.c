/* Replies that a handler wants compressed: whether this one is, and by what. */
#include <tenon/compress.h>
#include <tenon/text.h>

#include "proto/http/content.h"

#define COMPRESS_MIN 256

/* Quick with each codec: nobody has this very reply again. */
#define COMPRESS_LEVEL 4

void
tn_http_reply_compress(struct tn_http_exchange *x)
{
	x->reply.compress = x->reply.status == 0;
}

void
tn__http_compress_drop(struct tn_http_exchange *x)
{
	x->reply.compress = false;
	tn_stream_free(TN_TAKE(x->reply.encoder));
}

/* Does a field of the reply say of the body what then is not so any more?  A
 * strong ETag: that it is the same bytes (RFC 9110 section 8.8.1). */
static bool
compress_is_bound(const struct tn_http_exchange *x)
{
	struct tn_slice rest = tn_slice(x->reply_fields, x->fields_out.len);

	while (rest.data != NULL) {
		struct tn_slice value = tn_slice_split(&rest, '\n');
		struct tn_slice name = tn_slice_split(&value, ':');

		if (tn_slice_equal_nocase(name, "Content-Encoding") ||
		    tn_slice_equal_nocase(name, "Content-Range") ||
		    tn_slice_equal_nocase(name, "Accept-Ranges") ||
		    (tn_slice_equal_nocase(name, "ETag") &&
		        !tn_slice_starts(tn_slice_trim(value),
		            TN_SLICE("W/"))))
			return true;
	}
	return false;
}

/* gzip where nothing else is liked better: its encoder is small and quick to
 * begin. */
static enum tn__http_coding
compress_choose(struct tn_slice accept)
{
	const char *const *names = tn__http_coding_names;
	enum tn__http_coding best = tn__http_coding_choose(accept,
	    tn__http_codings());

	if (best != TN__HTTP_PLAIN && tn_has("gzip") &&
	    tn_accept_weight(accept, names[TN__HTTP_GZIP]) ==
	        tn_accept_weight(accept, names[best]))
		best = TN__HTTP_GZIP;
	return best;
}

int
tn__http_compress(struct tn_http_exchange *x, int status, int64_t *length)
{
	static const struct tn_compress_options options = {
		.level = COMPRESS_LEVEL
	};
	enum tn__http_coding coding;
	int r;

	x->reply.compress = false;
	if (status == 204 || status == 205 || status == 304 ||
	    compress_is_bound(x))
		return 0;
	r = tn_http_reply_field(x, "Vary", "Accept-Encoding");
	if (r < 0 || x->head.version < 11 ||
	    (*length >= 0 && *length < COMPRESS_MIN))
		return r;
	coding = compress_choose(tn__http_known(&x->head, x->text,
	    TN__HTTP_ACCEPT_ENCODING));
	if (coding == TN__HTTP_PLAIN)
		return 0;
	r = tn_http_reply_field(x, "Content-Encoding", "%s",
	    tn__http_coding_names[coding]);
	if (r == 0 && x->head.verb != TN__HTTP_HEAD)
		r = tn_stream_compress(&x->reply.stream,
		    tn__http_coding_names[coding], &options,
		    &x->reply.encoder);
	if (r == 0)
		*length = -1;
	return r;
}
