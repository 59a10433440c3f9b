/* tenon/number.h - numbers and ASCII without a locale and without overflow.
 *
 * The parsers take the whole slice or nothing: no sign unless the type has
 * one, no white space, no prefix.  They return 0, -EINVAL for what is not a
 * number and -ERANGE for one that does not fit; `*ret` is untouched then. */
#ifndef TENON_NUMBER_H
#define TENON_NUMBER_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1*DIGIT, at most `max`. */
TN_API TN_CHECK int tn_parse_uint(struct tn_slice text, uint64_t max,
    uint64_t *ret);

/* 1*HEXDIG, at most `max`. */
TN_API TN_CHECK int tn_parse_hex(struct tn_slice text, uint64_t max,
    uint64_t *ret);

/* [ "-" ] 1*DIGIT within [min, max]. */
TN_API TN_CHECK int tn_parse_int(struct tn_slice text, int64_t min, int64_t max,
    int64_t *ret);

/* A size as people write it: 1*DIGIT and optionally K, M, G or T (powers of
 * 1024, also KiB or KB).  For command lines, not for protocols. */
TN_API TN_CHECK int tn_parse_size(struct tn_slice text, uint64_t max,
    uint64_t *ret);

/* A span as people write it: "90", "1.5s", "200ms", "5m", "2h"; no unit means
 * seconds.  For command lines. */
TN_API TN_CHECK int tn_parse_span(struct tn_slice text, tn_time *ret);

/* Writes `n` in decimal without a NUL; returns the digits written, at most
 * TN_UINT_DIGITS. */
#define TN_UINT_DIGITS 20
TN_API size_t tn_format_uint(char *out, uint64_t n);

/* The same in hexadecimal, lower case; at most TN_HEX_DIGITS. */
#define TN_HEX_DIGITS 16
TN_API size_t tn_format_hex(char *out, uint64_t n);

/* "1.4 MiB", "812 B": for people.  `out` has 16 bytes; returns `out`. */
TN_API const char *tn_format_size(char out[16], uint64_t bytes);

static inline bool
tn_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
tn_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char
tn_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* 0 to 15, or -1 when `c` is no HEXDIG. */
static inline int
tn_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tn_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes one UTF-8 sequence at the start of `text` (RFC 3629: no overlong
 * forms, no surrogates, at most U+10FFFF).  Returns its length, 1 to 4, 0 when
 * the slice ends inside it, -EINVAL when it is malformed. */
TN_API int tn_utf8_decode(struct tn_slice text, uint32_t *ret);

/* Encodes; returns 1 to 4, or -EINVAL for what is no scalar value. */
TN_API int tn_utf8_encode(uint32_t code, char out[4]);

/* Whether every sequence of it is one that tn_utf8_decode() takes. */
TN_API bool tn_utf8_valid(struct tn_slice text);

#ifdef __cplusplus
}
#endif

#endif
