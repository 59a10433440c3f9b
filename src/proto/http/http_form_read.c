/* Forms as they come: in the query, urlencoded, in parts. */
#include <errno.h>
#include <tenon/error.h>
#include <tenon/text.h>

#include "base/error.h"
#include "format/multipart.h"
#include "proto/http/form.h"
#include "proto/http/http.h"

/* ---- pairs: the URL Standard, section 5 --------------------------------- */

static int
form_add_pair(struct tn_form *form, struct tn_slice name,
    struct tn_slice value)
{
	const struct tn_slice none = { NULL, 0 };
	struct tn__form_entry *entry;
	int r = tn__form_add(form, name, none, none, &entry);

	if (r == 0)
		r = tn__form_append(form, entry, value);
	if (r == 0)
		tn__form_finish(entry);
	return r;
}

int
tn__form_add_query(struct tn_form *form, struct tn_slice query)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer name = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer value = { 0 };
	int r;

	while ((r = tn_query_next(&query, &name, &value)) > 0) {
		r = form_add_pair(form, tn_buffer_slice(&name),
		    tn_buffer_slice(&value));
		if (r < 0)
			return r;
	}
	return r < 0 ? tn__error_nomem() : 0;
}

int
tn_http_form_query(const struct tn_http_exchange *x,
    const struct tn_form_options *options, struct tn_form **ret)
{
	TN_CLEANUP(tn_form_freep) struct tn_form *form = NULL;
	int r = tn__form_new(options, &form);

	if (r == 0)
		r = tn__form_add_query(form, tn_http_query(x));
	if (r < 0)
		return r;
	*ret = TN_TAKE(form);
	return 0;
}

/* Pairs have no limit of their own, so all of them are read first; encoded, a
 * byte may be three. */
static int
form_read_pairs(struct tn_form *form, struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct tn_stream *body = tn_http_body(x);
	int64_t max = form->options.values_bytes_max;
	int64_t parts_max = form->options.parts_max;
	struct tn_slice some;
	int r;

	if (max < INT64_MAX / 8 && parts_max < INT64_MAX / 8)
		text.max = (size_t)(max * 3 + parts_max * 2);
	while ((r = tn_stream_fill(body, 1, &some)) > 0) {
		r = tn_buffer_append(&text, some);
		tn_stream_consume(body, some.len);
		if (r == TN_ELIMIT)
			return tn_error_set(r, "form: more bytes of values "
			    "than values_bytes_max, %lld", (long long)max);
		if (r < 0)
			return tn__error_nomem();
	}
	return r < 0 ? r : tn__form_add_query(form, tn_buffer_slice(&text));
}

/* ---- parts: RFC 7578 ----------------------------------------------------- */

static int
form_read_part(struct tn_form *form, const struct tn_multipart_part *part)
{
	struct tn__form_entry *entry;
	struct tn_slice some;
	int r = tn__form_add(form, part->name, part->filename, part->type,
	    &entry);

	while (r == 0 && (r = tn_stream_fill(part->body, 1, &some)) > 0) {
		r = tn__form_append(form, entry, some);
		tn_stream_consume(part->body, some.len);
	}
	if (r == 0)
		tn__form_finish(entry);
	return r;
}

/* Section 4.7 has no Content-Transfer-Encoding; those that change nothing are
 * no harm. */
static int
form_check_part(const struct tn_multipart *mp,
    const struct tn_multipart_part *part)
{
	struct tn_slice encoding = tn_multipart_field(mp,
	    "Content-Transfer-Encoding");

	if (part->name.data == NULL ||
	    !tn_slice_equal_nocase(part->disposition, "form-data"))
		return tn_error_set(TN_EPROTO, "form: a part that is no "
		    "form-data with a name");
	if (encoding.data == NULL ||
	    tn_slice_equal_nocase(encoding, "binary") ||
	    tn_slice_equal_nocase(encoding, "8bit") ||
	    tn_slice_equal_nocase(encoding, "7bit"))
		return 0;
	return tn_error_set(TN_EPROTO,
	    "form: a part in a transfer encoding, which forms have not");
}

static int
form_read_parts(struct tn_form *form, struct tn_http_exchange *x)
{
	const struct tn_multipart_options options = {
		.parts_max = form->options.parts_max,
		.part_fields_max = form->options.part_fields_max,
		.part_head_bytes_max = form->options.part_head_bytes_max,
	};
	TN_CLEANUP(tn_multipart_freep) struct tn_multipart *mp = NULL;
	struct tn_multipart_part part;
	int r = tn_multipart_open(tn_http_body(x),
	    tn_http_field(x, "Content-Type"), &options, &mp);

	if (r < 0)
		return r;
	while ((r = tn_multipart_next(mp, &part)) > 0) {
		r = form_check_part(mp, &part);
		if (r == 0)
			r = form_read_part(form, &part);
		if (r < 0)
			break;
	}
	if (r == TN_ETRUNCATED && x->body.error == 0) /* all of it came */
		return tn_error_set(TN_EPROTO,
		    "form: it ends without its last boundary");
	return r;
}

/* ---- bodies -------------------------------------------------------------- */

static const struct form_type {
	const char *type;
	int (*read)(struct tn_form *form, struct tn_http_exchange *x);
} form_types[] = {
	{ "application/x-www-form-urlencoded", form_read_pairs },
	{ "multipart/form-data", form_read_parts },
};

static int
form_type_of(const struct tn_http_exchange *x, const struct form_type **ret)
{
	struct tn_slice type = tn_http_field(x, "Content-Type");
	struct tn_slice coding = tn_http_field(x, "Content-Encoding");

	if (coding.len > 0 && !tn_slice_equal_nocase(coding, "identity"))
		return tn_error_set(-EMEDIUMTYPE,
		    "form: its body is in a content coding");
	for (size_t i = 0; i < TN_COUNT(form_types); i++)
		if (tn__multipart_is_type(type, form_types[i].type)) {
			*ret = &form_types[i];
			return 0;
		}
	return tn_error_set(-EMEDIUMTYPE, "form: the body's type is neither "
	    "application/x-www-form-urlencoded nor multipart/form-data");
}

int
tn_http_form_read(struct tn_http_exchange *x,
    const struct tn_form_options *options, struct tn_form **ret)
{
	TN_CLEANUP(tn_form_freep) struct tn_form *form = NULL;
	const struct form_type *type = NULL;
	int r = tn__form_new(options, &form);

	if (r == 0)
		r = form_type_of(x, &type);
	if (r == 0)
		r = type->read(form, x);
	if (r < 0)
		return r;
	*ret = TN_TAKE(form);
	return 0;
}
