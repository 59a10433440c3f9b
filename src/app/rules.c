#include <errno.h>
#include <inttypes.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "app/rules.h"

/* What a delta-seconds may be at most (RFC 9111 section 1.2.2). */
#define RULES_SECONDS_MAX INT64_C(2147483647)

/* RFC 9111 section 5.2.2, RFC 5861, RFC 8246.  A word that is none of these is
 * more likely a slip than a directive that everybody would pass over. */
static const char *const rules_directives[] = { "max-age", "s-maxage",
	"no-cache", "no-store", "no-transform", "private", "public",
	"must-revalidate", "proxy-revalidate", "must-understand", "immutable",
	"stale-while-revalidate", "stale-if-error" };

static bool
rules_is_directive(struct tn_slice text)
{
	struct tn_slice name = tn_slice_trim(tn_slice_split(&text, '='));

	for (size_t i = 0; i < TN_COUNT(rules_directives); i++)
		if (tn_slice_equal_nocase(name, rules_directives[i]))
			return true;
	return false;
}

/* A whole field; no directive that matters here has "," in its value. */
static bool
rules_is_field(struct tn_slice value)
{
	while (value.data != NULL)
		if (!rules_is_directive(tn_slice_split(&value, ',')))
			return false;
	return true;
}

static int
rules_fail(struct tn_slice value)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int r = tn_buffer_append_escaped(&shown, tn_slice_head(value, 128));

	if (r < 0)
		return r;
	return tn_error_set(-EINVAL, "\"%s\" is no way to cache; write a time "
	    "such as 1h or 30d, never, immutable or a whole Cache-Control "
	    "field, and before it, if not all files are meant, a pattern that "
	    "begins with / or *, and =", shown.len > 0 ? shown.data : "");
}

static int
rules_value(struct tn_slice value, struct tn_buffer *out)
{
	tn_time span;
	int64_t seconds;

	if (tn_parse_span(value, &span) == 0) {
		seconds = span / TN_SECOND;
		if (seconds > RULES_SECONDS_MAX)
			seconds = RULES_SECONDS_MAX;
		return tn_buffer_printf(out, "max-age=%" PRId64, seconds);
	}
	if (tn_slice_equal(value, TN_SLICE("never")))
		return tn_buffer_append_str(out, "no-store");
	if (tn_slice_equal(value, TN_SLICE("immutable")))
		return tn_buffer_append_str(out,
		    "public, max-age=31536000, immutable");
	if (value.len > 0 && rules_is_field(value))
		return tn_buffer_append(out, value);
	return rules_fail(value);
}

int
app_rules_add(struct app_rules *rules, const char *given)
{
	struct tn_slice value = tn_slice_str(given), pattern = TN_SLICE("*");
	struct app_rules_text *text = &rules->texts[rules->count];
	int r;

	if (rules->count == APP_RULES_MAX)
		return tn_error_set(TN_ELIMIT, "%d rules of caching are the "
		    "most", APP_RULES_MAX);
	if (given[0] == '/' || given[0] == '*')
		pattern = tn_slice_split(&value, '=');
	r = rules_value(value, &text->value);
	if (r == 0)
		r = tn_buffer_append(&text->pattern, pattern);
	if (r < 0) {
		tn_buffer_free(&text->value);
		tn_buffer_free(&text->pattern);
		return r;
	}
	rules->rows[rules->count++] = (struct tn_http_files_rule){
		text->pattern.data, "Cache-Control", text->value.data,
	};
	rules->rows[rules->count] =
	    (struct tn_http_files_rule)APP_RULE_FOR_ALL;
	return 0;
}

void
app_rules_free(struct app_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		tn_buffer_free(&rules->texts[i].value);
		tn_buffer_free(&rules->texts[i].pattern);
	}
	*rules = (struct app_rules){ 0 };
}
