/* What a byte may be part of: one table for the head and the chunks. */
#ifndef TN__HTTP_CLASS_H
#define TN__HTTP_CLASS_H

#include <tenon/base.h>

enum {
	TN__HTTP_TOKEN = 1,  /* tchar: RFC 9110 section 5.6.2 */
	TN__HTTP_VALUE = 2,  /* field-vchar, SP, HTAB: RFC 9110 section 5.5 */
	TN__HTTP_TARGET = 4, /* request-target, see http_class.c */
	TN__HTTP_REGNAME = 8, /* reg-name but "%": RFC 3986 section 3.2.2 */
};

extern const unsigned char tn__http_class[256];

static inline int
tn__http_is(char c, int class)
{
	return tn__http_class[(unsigned char)c] & class;
}

/* How many bytes at the start are of the class TN__HTTP_VALUE. */
size_t tn__http_value_run(struct tn_slice text);

#endif
