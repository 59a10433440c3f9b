#include <tenon/number.h>
#include <tenon/text.h>

/* Cuts `*rest` at the first `byte` that is not in a quoted string, as
 * tn_slice_split() does. */
static struct tn_slice
accept_split(struct tn_slice *rest, char byte)
{
	struct tn_slice all = *rest;
	bool quoted = false;

	for (size_t i = 0; i < all.len; i++) {
		if (all.data[i] == '"')
			quoted = !quoted;
		else if (quoted && all.data[i] == '\\')
			i++;
		else if (!quoted && all.data[i] == byte) {
			*rest = tn_slice_skip(all, i + 1);
			return tn_slice_head(all, i);
		}
	}
	*rest = tn_slice(NULL, 0);
	return all;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ); in thousandths,
 * -1 when it is none.  RFC 9110 section 12.4.2. */
static int
accept_qvalue(struct tn_slice text)
{
	int n = 0;

	if (text.len == 0 || text.len > 5 ||
	    (text.len > 1 && text.data[1] != '.'))
		return -1;
	for (size_t i = 0; i < 5; i++) {
		char c = i < text.len ? text.data[i] : '0';

		if (i == 1)
			continue;
		if (!tn_is_digit(c))
			return -1;
		n = n * 10 + (c - '0');
	}
	return n <= 1000 ? n : -1;
}

/* The weight that the parameters of a range give, 1,000 without any; -1 when
 * it is malformed, or a parameter before it narrows the range. */
static int
accept_parameters(struct tn_slice parameters)
{
	while (parameters.data != NULL) {
		struct tn_slice value =
		    tn_slice_trim(accept_split(&parameters, ';'));
		struct tn_slice name = accept_split(&value, '=');

		if (name.len == 0 && value.data == NULL)
			continue;
		return tn_slice_equal_nocase(name, "q") ? accept_qvalue(value)
							: -1;
	}
	return 1000;
}

/* How closely `range` describes `type`: 3 by name, 2 as "text" and any subtype,
 * 1 as anything, 0 not at all. */
static int
accept_match(struct tn_slice range, const char *type)
{
	struct tn_slice prefix;

	if (tn_slice_equal_nocase(range, type))
		return 3;
	if (tn_slice_equal(range, TN_SLICE("*/*")) ||
	    tn_slice_equal(range, TN_SLICE("*")))
		return 1;
	if (!tn_slice_ends(range, TN_SLICE("/*")))
		return 0;
	prefix = tn_slice_head(range, range.len - 1);
	for (size_t i = 0; i < prefix.len; i++)
		if (type[i] == '\0' ||
		    tn_lower(prefix.data[i]) != tn_lower(type[i]))
			return 0;
	return 2;
}

int
tn_accept_weight(struct tn_slice accept, const char *type)
{
	int closest = 0, weight = 0;

	accept = tn_slice_trim(accept);
	if (accept.len == 0)
		return 1000;
	while (accept.data != NULL) {
		struct tn_slice element = accept_split(&accept, ',');
		struct tn_slice range =
		    tn_slice_trim(accept_split(&element, ';'));
		int match = accept_match(range, type);
		int q = match < closest ? -1 : accept_parameters(element);

		if (match == 0 || q < 0)
			continue;
		if (match > closest || q > weight)
			weight = q;
		closest = match;
	}
	return weight;
}
