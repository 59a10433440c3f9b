/* What a handler asks about its request. */
#include "proto/http/http.h"

struct tn_slice
tn_http_method(const struct tn_http_exchange *x)
{
	return tn__http_text(x->text, x->head.method);
}

struct tn_slice
tn_http_target(const struct tn_http_exchange *x)
{
	return tn__http_text(x->text, x->head.target);
}

struct tn_slice
tn_http_path(const struct tn_http_exchange *x)
{
	return tn__http_path(&x->head, x->text);
}

struct tn_slice
tn_http_query(const struct tn_http_exchange *x)
{
	return tn__http_text(x->text, x->head.query);
}

int
tn_http_version(const struct tn_http_exchange *x)
{
	return x->head.version;
}

struct tn_slice
tn_http_field(const struct tn_http_exchange *x, const char *name)
{
	enum tn__http_name id = tn__http_name(tn_slice_str(name));

	if (id != TN__HTTP_OTHER)
		return tn__http_known(&x->head, x->text, id);
	return tn__http_field(&x->head, x->text, name);
}

bool
tn_http_field_at(const struct tn_http_exchange *x, size_t index,
    struct tn_slice *ret_name, struct tn_slice *ret_value)
{
	const struct tn__http_field *field;

	if (index >= x->head.fields_count)
		return false;
	field = &x->head.fields[index];
	*ret_name = tn__http_text(x->text, field->name);
	*ret_value = tn__http_text(x->text, field->value);
	return true;
}

const struct tn_address *
tn_http_peer(const struct tn_http_exchange *x)
{
	return x->peer;
}

struct tn_slice
tn_http_host(const struct tn_http_exchange *x)
{
	return x->host.data != NULL ? x->host
				    : tn__http_text(x->text, x->head.host);
}

bool
tn_http_is_secure(const struct tn_http_exchange *x)
{
	return x->secure;
}

void
tn_http_set_user(struct tn_http_exchange *x, void *user)
{
	x->user = user;
}

void *
tn_http_user(const struct tn_http_exchange *x)
{
	return x->user;
}
