/* The access log of the file server. */
#include <inttypes.h>
#include <tenon/date.h>
#include <tenon/ip_about.h>
#include <tenon/text.h>

#include "app/share.h"

/* The peer without its port; a Unix socket has no name to tell.  Who comes by
 * IPv4 to a socket that takes both is shown so: programs that read the log know
 * the address by no other name. */
static const char *
share_log_peer(const struct tn_address *peer, char out[TN_IP_TEXT_MAX])
{
	static const struct tn_ip_network v4 = { .ip.family = 4 };
	struct tn_ip ip, plain;

	if (peer == NULL || tn_address_ip(peer, &ip) < 0)
		return "unix";
	if (tn_ip_network_has(&v4, &ip) && tn_ip_embedded(&ip, &plain))
		ip = plain;
	return tn_ip_format(&ip, out);
}

/* ---- Apache's combined format ------------------------------------------- */

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
	char date[TN_LOG_DATE_SIZE], peer[TN_IP_TEXT_MAX];
	int r = tn_buffer_printf(out, "%s - - [%s] \"",
	    share_log_peer(record->peer, peer),
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

/* ---- JSON --------------------------------------------------------------- */

static int
share_json_text(struct tn_buffer *out, const char *name, struct tn_slice text)
{
	int r;

	if (text.len == 0)
		return 0;
	r = tn_buffer_printf(out, ",\"%s\":", name);
	return r < 0 ? r : tn_json_string(text, out);
}

static int
share_json_begin(const struct tn_http_record *record, struct tn_buffer *out)
{
	int64_t milliseconds = record->wall_ns / TN_MILLISECOND;
	char peer[TN_IP_TEXT_MAX];
	struct tn_date d;

	tn_date_utc(milliseconds / 1000, &d);
	return tn_buffer_printf(out,
	    "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"peer\":\"%s\"",
	    d.year, d.month, d.day, d.hour, d.minute, d.second,
	    (int)(milliseconds % 1000), share_log_peer(record->peer, peer));
}

static int
share_json_numbers(const struct tn_http_record *record, struct tn_buffer *out)
{
	int64_t us = record->took / TN_MICROSECOND;
	int r = 0;

	if (record->version != 0)
		r = tn_buffer_printf(out, ",\"version\":\"%d.%d\"",
		    record->version / 10, record->version % 10);
	if (r < 0)
		return r;
	return tn_buffer_printf(out,
	    ",\"status\":%d,\"bytes\":%" PRId64 ",\"received\":%" PRId64
	    ",\"seconds\":%" PRId64 ".%06d,\"secure\":%s",
	    record->status, record->bytes, record->bytes_in, us / 1000000,
	    (int)(us % 1000000), record->secure ? "true" : "false");
}

int
app_share_log_json(const struct tn_http_record *record, struct tn_buffer *out)
{
	int r = share_json_begin(record, out);

	if (r == 0)
		r = share_json_text(out, "host", record->host);
	if (r == 0)
		r = share_json_text(out, "method", record->method);
	if (r == 0)
		r = share_json_text(out, "target", record->target);
	if (r == 0)
		r = share_json_numbers(record, out);
	if (r == 0)
		r = share_json_text(out, "referer", record->referer);
	if (r == 0)
		r = share_json_text(out, "user_agent", record->user_agent);
	return r < 0 ? r : tn_buffer_append_str(out, "}\n");
}
