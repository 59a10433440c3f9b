/* The access log of the file server. */
#include <inttypes.h>
#include <tenon/date.h>

#include "app/share.h"

/* The peer without its port; a Unix socket has no name to tell. */
static int
share_log_peer(const struct tn_address *peer, struct tn_buffer *out)
{
	char text[TN_IP_TEXT_MAX];
	struct tn_ip ip;

	if (peer == NULL || tn_address_ip(peer, &ip) < 0)
		return tn_buffer_append_str(out, "unix");
	return tn_buffer_append_str(out, tn_ip_format(&ip, text));
}

static int
share_log_request(const struct tn_http_record *record, struct tn_buffer *out)
{
	int r;

	if (record->version == 0 && record->method.len == 0)
		return tn_buffer_append_byte(out, '-');
	r = tn_buffer_append_escaped(out, record->method);
	if (r == 0 && record->target.len > 0)
		r = tn_buffer_append_byte(out, ' ');
	if (r == 0)
		r = tn_buffer_append_escaped(out, record->target);
	if (r == 0 && record->version != 0)
		r = tn_buffer_printf(out, " HTTP/%d.%d", record->version / 10,
		    record->version % 10);
	return r;
}

/* "..." or "-" in quotes. */
static int
share_log_quoted(struct tn_slice text, struct tn_buffer *out)
{
	int r = tn_buffer_append_str(out, " \"");

	if (r == 0)
		r = text.len > 0 ? tn_buffer_append_escaped(out, text) :
				   tn_buffer_append_byte(out, '-');
	return r < 0 ? r : tn_buffer_append_byte(out, '"');
}

int
app_share_log_line(const struct tn_http_record *record, struct tn_buffer *out)
{
	char date[TN_LOG_DATE_SIZE];
	int r = share_log_peer(record->peer, out);

	if (r == 0)
		r = tn_buffer_printf(out, " - - [%s] \"",
		    tn_date_log(record->wall_ns / TN_SECOND, date));
	if (r == 0)
		r = share_log_request(record, out);
	if (r == 0)
		r = tn_buffer_printf(out, "\" %d %" PRId64, record->status,
		    record->bytes);
	if (r == 0)
		r = share_log_quoted(record->referer, out);
	if (r == 0)
		r = share_log_quoted(record->user_agent, out);
	return r < 0 ? r : tn_buffer_append_byte(out, '\n');
}
