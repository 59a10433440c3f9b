#include <errno.h>
#include <tenon/error.h>
#include <tenon/ip.h>
#include <tenon/number.h>

#include "app/site.h"

/* ---- host names --------------------------------------------------------- */

/* A host name as DNS has them, with "*." before it or not. */
static bool
site_is_name(struct tn_slice name)
{
	if (tn_slice_starts(name, TN_SLICE("*.")))
		name = tn_slice_skip(name, 2);
	for (size_t i = 0; i < name.len; i++)
		if (!tn_is_alpha(name.data[i]) && !tn_is_digit(name.data[i]) &&
		    strchr("-_.", name.data[i]) == NULL)
			return false;
	return name.len > 0 && name.len <= 253 && name.data[0] != '.' &&
	    name.data[name.len - 1] != '.';
}

int
app_site_check(const char *given)
{
	struct tn_slice dir = tn_slice_str(given);
	struct tn_slice name = tn_slice_split(&dir, '=');

	if (dir.data == NULL || dir.len == 0)
		return tn_error_set(-EINVAL, "a folder is missing; write "
		    "NAME=DIR, such as example.org=public");
	if (!site_is_name(name))
		return tn_error_set(-EINVAL, "before = stands the name of a "
		    "host without its port, such as example.org or "
		    "*.example.org");
	return 0;
}

/* Without a port, and without the "." that ends a complete name. */
static struct tn_slice
site_host_name(struct tn_slice host)
{
	struct tn_slice name = host, port;

	if (tn_ip_split_port(host, &name, &port) < 0)
		name = host;
	if (name.len > 1 && name.data[name.len - 1] == '.')
		name = tn_slice_head(name, name.len - 1);
	return name;
}

/* How much of the host the row's name says: 0 when it is another's. */
static size_t
site_match(const struct app_site_host *row, struct tn_slice host)
{
	struct tn_slice name = tn_buffer_slice(&row->name);

	if (name.data[0] != '*')
		return tn_slice_equal_nocase(host, name.data) ? SIZE_MAX : 0;
	name = tn_slice_skip(name, 1); /* ".example.org" */
	if (host.len <= name.len)
		return 0;
	host = tn_slice_skip(host, host.len - name.len);
	return tn_slice_equal_nocase(host, name.data) ? name.len : 0;
}

const struct app_site_host *
app_site_find(const struct app_site *site, struct tn_slice host)
{
	const struct app_site_host *best = NULL;
	size_t most = 0;

	host = site_host_name(host);
	for (size_t i = 0; i < site->count; i++) {
		size_t match = site_match(&site->hosts[i], host);

		if (match > most) {
			most = match;
			best = &site->hosts[i];
		}
	}
	return best;
}

/* ---- opening and closing ------------------------------------------------ */

int
app_site_add(struct app_site *site, const char *given)
{
	struct app_site_host *row = &site->hosts[site->count];
	struct tn_slice dir = tn_slice_str(given);
	struct tn_slice name = tn_slice_split(&dir, '=');
	int r = app_site_check(given);

	if (r == 0 && site->count == APP_SITE_HOSTS_MAX)
		r = tn_error_set(TN_ELIMIT, "%d hosts are the most",
		    APP_SITE_HOSTS_MAX);
	for (size_t i = 0; r == 0 && i < site->count; i++)
		if (tn_slice_equal_nocase(name, site->hosts[i].name.data))
			r = tn_error_set(-EINVAL, "the host %s has a folder "
			    "already", site->hosts[i].name.data);
	if (r < 0)
		return r;
	site->count++; /* from here on app_site_close() has it */
	r = tn_dir_open(dir.data, &row->dir);
	return r < 0 ? r : tn_buffer_append(&row->name, name);
}

int
app_site_open(struct app_site *site)
{
	int r;

	site->share.errors = &site->errors;
	r = app_share_open(&site->share);
	for (size_t i = 0; r == 0 && i < site->count; i++) {
		struct app_site_host *row = &site->hosts[i];

		row->share = site->share;
		row->share.files = NULL;
		row->share.dir = row->dir;
		row->share.name = tn_buffer_slice(&row->name);
		r = app_share_open(&row->share);
		if (r < 0)
			return tn_error_prefix("host %s", row->name.data);
	}
	return r;
}

void
app_site_close(struct app_site *site)
{
	while (site->count > 0) {
		struct app_site_host *row = &site->hosts[--site->count];

		app_share_close(&row->share);
		tn_dir_free(row->dir);
		tn_buffer_free(&row->name);
		*row = (struct app_site_host){ 0 };
	}
	app_share_close(&site->share);
	app_errors_close(&site->errors);
}

void
app_site_tidy(struct app_site *site)
{
	app_share_tidy(&site->share);
	for (size_t i = 0; i < site->count; i++)
		app_share_tidy(&site->hosts[i].share);
}

/* ---- answering ---------------------------------------------------------- */

int
app_site_handle(struct tn_http_exchange *x, void *arg)
{
	struct app_site *site = arg;
	const struct app_site_host *row = NULL;

	if (site->count > 0)
		row = app_site_find(site, tn_http_host(x));
	return app_share_handle(x,
	    (void *)(uintptr_t)(row != NULL ? &row->share : &site->share));
}

int
app_site_error_page(struct tn_http_exchange *x, int status, void *arg)
{
	struct app_site *site = arg;

	return app_share_error_page(x, status, &site->share);
}
