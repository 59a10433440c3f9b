#include <tenon/date.h>

#include "proto/http/select.h"

/* ---- entity-tags: section 8.8.3 ----------------------------------------- */

struct condition_tag {
	bool weak;
	struct tn_slice opaque; /* with its quotes */
};

/* Takes one from the start of `text`: false when there is none. */
static bool
condition_tag(struct tn_slice *text, struct condition_tag *ret)
{
	struct tn_slice rest = *text;
	size_t len = 1;

	ret->weak = tn_slice_starts(rest, TN_SLICE("W/"));
	if (ret->weak)
		rest = tn_slice_skip(rest, 2);
	if (!tn_slice_starts(rest, TN_SLICE("\"")))
		return false;
	while (len < rest.len && rest.data[len] != '"') {
		unsigned char c = (unsigned char)rest.data[len++];

		if (c <= ' ' || c == 0x7f)
			return false;
	}
	if (len == rest.len)
		return false;
	ret->opaque = tn_slice_head(rest, len + 1);
	*text = tn_slice_skip(rest, len + 1);
	return true;
}

bool
tn__http_is_etag(struct tn_slice text)
{
	struct condition_tag tag;

	return condition_tag(&text, &tag) && text.len == 0;
}

/* Whether the list ("*" is every tag) has one like `etag`: a strong comparison
 * wants both to be strong (section 8.8.3.2). */
static bool
condition_listed(struct tn_slice list, struct tn_slice etag, bool strong)
{
	struct condition_tag ours, theirs;

	list = tn_slice_trim(list);
	if (tn_slice_equal(list, TN_SLICE("*")))
		return true;
	if (!condition_tag(&etag, &ours) || (strong && ours.weak))
		return false;
	while (list.len > 0) {
		if (list.data[0] == ',' || list.data[0] == ' ' ||
		    list.data[0] == '\t') {
			list = tn_slice_skip(list, 1);
			continue;
		}
		if (!condition_tag(&list, &theirs))
			return false;
		if (tn_slice_equal(theirs.opaque, ours.opaque) &&
		    !(strong && theirs.weak))
			return true;
	}
	return false;
}

/* The same of a field, all the lines of which are one list (section 5.3). */
static bool
condition_any(const struct tn__http_head *h, struct tn_slice head,
    enum tn__http_name id, struct tn_slice etag, bool strong)
{
	for (uint32_t i = h->first[id] - 1; i < h->fields_count; i++)
		if (h->fields[i].id == id && condition_listed(
		        tn__http_text(head, h->fields[i].value), etag, strong))
			return true;
	return false;
}

/* ---- the steps: section 13.2.2 ------------------------------------------ */

static bool
condition_date(struct tn_slice field, const struct tn__http_validators *v,
    int64_t *ret)
{
	return v->modified >= 0 && field.data != NULL &&
	    tn_date_http_parse(field, v->now, ret) == 0;
}

int
tn__http_condition(const struct tn__http_head *h, struct tn_slice head,
    const struct tn__http_validators *v)
{
	bool reads = h->verb == TN__HTTP_GET || h->verb == TN__HTTP_HEAD;
	int64_t date;

	if (h->first[TN__HTTP_IF_MATCH] != 0) {
		if (!condition_any(h, head, TN__HTTP_IF_MATCH, v->etag, true))
			return 412;
	} else if (condition_date(tn__http_known(h, head,
	               TN__HTTP_IF_UNMODIFIED_SINCE), v, &date) &&
	    v->modified > date) {
		return 412;
	}

	if (h->first[TN__HTTP_IF_NONE_MATCH] != 0) {
		if (condition_any(h, head, TN__HTTP_IF_NONE_MATCH, v->etag,
		        false))
			return reads ? 304 : 412;
	} else if (reads && condition_date(tn__http_known(h, head,
	                        TN__HTTP_IF_MODIFIED_SINCE), v, &date) &&
	    v->modified <= date) {
		return 304;
	}
	return 0;
}

/* Section 13.1.5.  A date is only strong when nothing can have changed within
 * its second any more (section 8.8.2.2). */
bool
tn__http_range_counts(const struct tn__http_head *h, struct tn_slice head,
    const struct tn__http_validators *v)
{
	struct tn_slice field = tn__http_known(h, head, TN__HTTP_IF_RANGE);
	int64_t date;

	if (h->verb != TN__HTTP_GET || h->first[TN__HTTP_RANGE] == 0)
		return false;
	if (field.data == NULL)
		return true;
	if (tn_slice_starts(field, TN_SLICE("\"")) ||
	    tn_slice_starts(field, TN_SLICE("W/")))
		return condition_listed(field, v->etag, true);
	return condition_date(field, v, &date) && date == v->modified &&
	    v->modified < v->now;
}
