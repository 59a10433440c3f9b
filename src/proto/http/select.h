/* Which part of a representation a request asks for, and whether at all:
 * RFC 9110 sections 13 and 14.  Pure. */
#ifndef TN__HTTP_SELECT_H
#define TN__HTTP_SELECT_H

#include "proto/http/wire.h"

/* ---- preconditions: section 13 ------------------------------------------ */

/* What is known of the representation that would be sent. */
struct tn__http_validators {
	struct tn_slice etag; /* "\"x\"" or "W/\"x\""; empty: there is none */
	int64_t modified;     /* in seconds, not later than `now`; < 0: it is
			       * not known */
	int64_t now;          /* of the reply's Date */
};

/* Whether it is one: section 8.8.3. */
bool tn__http_is_etag(struct tn_slice text);

/* The first steps of section 13.2.2 for a representation that exists: 0 to go
 * on, else the status that answers the request, 304 or 412.  Fields that are
 * malformed count as if they were not there, but a malformed If-Match never
 * matches. */
int tn__http_condition(const struct tn__http_head *h, struct tn_slice head,
    const struct tn__http_validators *v);

/* The last step: whether the Range field is to be looked at.  Only for GET. */
bool tn__http_range_counts(const struct tn__http_head *h, struct tn_slice head,
    const struct tn__http_validators *v);

/* ---- ranges: section 14 ------------------------------------------------- */

struct tn__http_range {
	int64_t first, size; /* bytes; size > 0 */
};

/* More of them are not what a player or a download needs, but what an attack
 * looks like (section 17.15). */
#define TN__HTTP_RANGES_MAX 16

/* What a Range field asks of `size` bytes, in the order asked, or when some of
 * them overlap or nearly touch in rising order and those as one.  Returns their
 * number; 0 when the field does not count and all is to be sent (another unit,
 * malformed, too many, more than the whole); -ERANGE when no byte of it exists
 * (416). */
int tn__http_ranges(struct tn_slice field, int64_t size,
    struct tn__http_range ret[TN__HTTP_RANGES_MAX]);

#endif
