#include <errno.h>
#include <stdlib.h>
#include <tenon/number.h>

#include "proto/http/select.h"

/* Ranges with less between them are sent as one: the head of a part would be as
 * long (section 15.3.7.2). */
#define RANGE_GAP 80

enum range_kind { RANGE_BAD, RANGE_EMPTY, RANGE_GOOD };

/* 1*DIGIT; what is too large for a file is as good as the largest. */
static bool
range_number(struct tn_slice text, int64_t *ret)
{
	uint64_t n = INT64_MAX;
	int r = tn_parse_uint(text, INT64_MAX, &n);

	*ret = (int64_t)n;
	return r == 0 || r == -ERANGE;
}

/* int-range or suffix-range, section 14.1.2. */
static enum range_kind
range_read(struct tn_slice text, int64_t size, struct tn__http_range *ret)
{
	struct tn_slice first = tn_slice_split(&text, '-');
	int64_t from = 0, to = size - 1;

	if (text.data == NULL)
		return RANGE_BAD;
	if (first.len == 0) {
		if (!range_number(text, &from))
			return RANGE_BAD;
		if (from == 0 || size == 0)
			return RANGE_EMPTY;
		from = from > size ? 0 : size - from;
	} else {
		if (!range_number(first, &from) ||
		    (text.len > 0 && (!range_number(text, &to) || to < from)))
			return RANGE_BAD;
		if (from >= size)
			return RANGE_EMPTY;
		to = to < size ? to : size - 1;
	}
	*ret = (struct tn__http_range){ from, to - from + 1 };
	return RANGE_GOOD;
}

static bool
range_near(const struct tn__http_range *a, const struct tn__http_range *b)
{
	return a->first - (b->first + b->size) < RANGE_GAP &&
	    b->first - (a->first + a->size) < RANGE_GAP;
}

static bool
range_any_near(const struct tn__http_range *ranges, int count)
{
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			if (range_near(&ranges[i], &ranges[j]))
				return true;
	return false;
}

static int
range_compare(const void *a, const void *b)
{
	const struct tn__http_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int
range_join(struct tn__http_range *ranges, int count)
{
	int last = 0;

	qsort(ranges, (size_t)count, sizeof(*ranges), range_compare);
	for (int i = 1; i < count; i++) {
		int64_t end = ranges[i].first + ranges[i].size;

		if (!range_near(&ranges[last], &ranges[i]))
			ranges[++last] = ranges[i];
		else if (end > ranges[last].first + ranges[last].size)
			ranges[last].size = end - ranges[last].first;
	}
	return last + 1;
}

int
tn__http_ranges(struct tn_slice field, int64_t size,
    struct tn__http_range ret[TN__HTTP_RANGES_MAX])
{
	struct tn_slice unit = tn_slice_trim(tn_slice_split(&field, '='));
	int count = 0, asked = 0;

	if (field.data == NULL ||
	    !tn_slice_equal_nocase(unit, "bytes"))
		return 0;
	while (field.data != NULL) {
		struct tn_slice one = tn_slice_split(&field, ',');
		enum range_kind kind;

		one = tn_slice_trim(one);
		if (one.len == 0) /* section 5.6.1.2 */
			continue;
		if (asked++ == TN__HTTP_RANGES_MAX)
			return 0;
		kind = range_read(one, size, &ret[count]);
		if (kind == RANGE_BAD)
			return 0;
		count += kind == RANGE_GOOD;
	}
	if (count == 0)
		return asked == 0 ? 0 : -ERANGE;
	return range_any_near(ret, count) ? range_join(ret, count) : count;
}
