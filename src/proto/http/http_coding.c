/* Content codings: which one a client is given (RFC 9110 section 12.5.3). */
#include <tenon/text.h>

#include "proto/http/content.h"

const char *const tn__http_coding_names[TN__HTTP_CODINGS] = {
	[TN__HTTP_PLAIN] = "identity",
	[TN__HTTP_BROTLI] = "br",
	[TN__HTTP_ZSTD] = "zstd",
	[TN__HTTP_GZIP] = "gzip",
};

const char *const tn__http_coding_endings[TN__HTTP_CODINGS] = {
	[TN__HTTP_PLAIN] = "",
	[TN__HTTP_BROTLI] = ".br",
	[TN__HTTP_ZSTD] = ".zst",
	[TN__HTTP_GZIP] = ".gz",
};

unsigned
tn__http_codings(void)
{
	return (unsigned)tn_has("brotli") << TN__HTTP_BROTLI |
	    (unsigned)tn_has("zstd") << TN__HTTP_ZSTD |
	    (unsigned)tn_has("gzip") << TN__HTTP_GZIP;
}

/* Who says nothing may take everything, but most likely can not. */
enum tn__http_coding
tn__http_coding_choose(struct tn_slice accept, unsigned there)
{
	enum tn__http_coding best = TN__HTTP_PLAIN;
	int most = 0;

	accept = tn_slice_trim(accept);
	if (accept.len == 0)
		return best;
	for (int i = TN__HTTP_PLAIN + 1; i < TN__HTTP_CODINGS; i++) {
		int weight = !(there & 1U << i) ? 0 :
		    tn_accept_weight(accept, tn__http_coding_names[i]);

		if (weight > most) {
			most = weight;
			best = (enum tn__http_coding)i;
		}
	}
	if (most > 0 && tn_accept_weight(accept, "identity") > most)
		return TN__HTTP_PLAIN;
	return best;
}

/* ---- types --------------------------------------------------------------- */

/* What is text inside, or was left loose by its format. */
bool
tn__http_type_is_loose(struct tn_slice type)
{
	static const char *const types[] = {
		"application/javascript",
		"application/json",
		"application/jsonl",
		"application/postscript",
		"application/rtf",
		"application/sql",
		"application/toml",
		"application/vnd.ms-fontobject",
		"application/wasm",
		"application/xml",
		"application/yaml",
		"audio/mpegurl",
		"font/collection",
		"font/otf",
		"font/ttf",
		"image/bmp",
		"image/vnd.microsoft.icon",
		"message/rfc822",
	};

	type = tn_slice_trim(tn_slice_split(&type, ';'));
	if (tn_slice_starts(type, TN_SLICE("text/")) ||
	    tn_slice_ends(type, TN_SLICE("+json")) ||
	    tn_slice_ends(type, TN_SLICE("+xml")))
		return true;
	for (size_t i = 0; i < TN_COUNT(types); i++)
		if (tn_slice_equal_nocase(type, types[i]))
			return true;
	return false;
}
