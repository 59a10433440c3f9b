/* Names of hosts in other letters than ASCII: UTS #46, by ICU.  The only file
 * that knows it. */
#include <assert.h>
#include <errno.h>
#include <tenon/error.h>
#include <tenon/idna.h>
#include <tenon/number.h>

#include "base/error.h"
#include "config.h"
#include "format/format.h"

#define IDNA_SHOWN_BYTES 80 /* of a name in an error */

static int
idna_fail(struct tn_slice host, int code, const char *why)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };

	if (tn_buffer_append_escaped(&shown, tn_slice_head(host,
	    IDNA_SHOWN_BYTES)) < 0)
		return tn__error_nomem();
	return tn_error_set(code, "name %s: %s", shown.data, why);
}

bool
tn__is_ascii(struct tn_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

/* What may be an address, and whatever DNS makes of it. */
static int
idna_pass(struct tn_slice host, struct tn_buffer *out)
{
	int r;

	for (size_t i = 0; i < host.len; i++)
		if (host.data[i] <= ' ' || host.data[i] == 0x7f)
			return idna_fail(host, -EINVAL,
			    "no name has spaces or control characters");
	r = tn_buffer_reserve(out, host.len);
	for (size_t i = 0; r == 0 && i < host.len; i++) {
		char c = host.data[i];

		r = tn_buffer_append_byte(out, c >= 'A' && c <= 'Z' ?
		    (char)(c | 0x20) : c);
	}
	return r;
}

#if TN__ICU

#include <unicode/uidna.h>

/* Each label of UTS #46 section 4 that does not fit; the first is told.  Empty
 * and long labels and hyphens in strange places are not among them: browsers
 * take them too, and DNS knows best. */
static const struct idna_error {
	uint32_t bit;
	const char *why;
} idna_errors[] = {
	{ UIDNA_ERROR_DISALLOWED,
	    "it has a character that no name of a host may have" },
	{ UIDNA_ERROR_LEADING_COMBINING_MARK,
	    "a label of it begins with a mark that belongs to a letter" },
	{ UIDNA_ERROR_PUNYCODE, "a label of it begins with xn-- and cannot be "
	    "decoded (RFC 3492)" },
	{ UIDNA_ERROR_INVALID_ACE_LABEL, "a label of it begins with xn-- and "
	    "stands for what would be written in another way" },
	{ UIDNA_ERROR_LABEL_HAS_DOT, "a dot is encoded in a label of it" },
	{ UIDNA_ERROR_BIDI, "a label of it mixes letters that are written from "
	    "the right with others (RFC 5893)" },
	{ UIDNA_ERROR_CONTEXTJ, "it has a joiner in a place where nothing is "
	    "to be joined (RFC 5892 appendix A)" },
};

#define IDNA_TAKEN                                                             \
	(UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |                \
	    UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |    \
	    UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4)

/* The URL standard's forbidden domain code points: a letter may be mapped to
 * several of ASCII, U+2100 to "a/c". */
static bool
idna_is_forbidden(char c)
{
	static const struct tn_slice all = { "#/:<>?@[\\]^|%", 13 };

	return (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f ||
	    tn_slice_find(all, c) >= 0;
}

static int
idna_check(struct tn_slice host, uint32_t errors, struct tn_slice ascii)
{
	for (size_t i = 0; i < TN_COUNT(idna_errors); i++)
		if (errors & idna_errors[i].bit)
			return idna_fail(host, -EINVAL, idna_errors[i].why);
	if (errors & ~(uint32_t)IDNA_TAKEN)
		return idna_fail(host, -EINVAL, "it is no name of a host");
	if (ascii.len == 0)
		return idna_fail(host, -EINVAL, "nothing of it is left");
	for (size_t i = 0; i < ascii.len; i++)
		if (idna_is_forbidden(ascii.data[i]))
			return idna_fail(host, -EINVAL, "it has a character "
			    "that stands for one that ends a name");
	return 0;
}

static int
idna_convert(struct tn_slice host, struct tn_buffer *out)
{
	char ascii[4 * TN_IDNA_BYTES_MAX];
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode error = U_ZERO_ERROR;
	UIDNA *idna = uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
	    UIDNA_NONTRANSITIONAL_TO_ASCII, &error);
	int32_t len = 0;
	int r;

	if (U_SUCCESS(error))
		len = uidna_nameToASCII_UTF8(idna, host.data,
		    (int32_t)host.len, ascii, (int32_t)sizeof(ascii), &info,
		    &error);
	uidna_close(idna);
	if (error == U_MEMORY_ALLOCATION_ERROR)
		return tn__error_nomem();
	if (error == U_BUFFER_OVERFLOW_ERROR)
		return idna_fail(host, TN_ELIMIT, "it becomes too long");
	if (U_FAILURE(error))
		return idna_fail(host, -EOPNOTSUPP, u_errorName(error));
	assert(len >= 0);
	r = idna_check(host, info.errors, tn_slice(ascii, (size_t)len));
	return r < 0 ? r : tn_buffer_append(out, tn_slice(ascii, (size_t)len));
}

#else

static int
idna_convert(struct tn_slice host, struct tn_buffer *out)
{
	return idna_fail(host, -EOPNOTSUPP, "this build was made without idna "
	    "(ICU) and knows names of hosts in ASCII only; write it as xn--...");
}

#endif

int
tn_idna_to_ascii(struct tn_slice host, struct tn_buffer *out)
{
	if (host.len == 0)
		return tn_error_set(-EINVAL, "name of a host: it is empty");
	if (host.len > TN_IDNA_BYTES_MAX)
		return idna_fail(host, TN_ELIMIT, "it is longer than 1,024 "
		    "bytes");
	if (tn__is_ascii(host))
		return idna_pass(host, out);
	if (!tn_utf8_valid(host))
		return idna_fail(host, -EILSEQ, "it is no UTF-8");
	return idna_convert(host, out);
}
