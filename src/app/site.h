/* What one server shows: a folder for each host name, and one for all others;
 * pages for errors, the same everywhere. */
#ifndef APP_SITE_H
#define APP_SITE_H

#include "app/errors.h"
#include "app/share.h"

#define APP_SITE_HOSTS_MAX 64

struct app_site { /* read by all loops at once */
	struct app_share share; /* of hosts that have no row */
	struct app_site_host {
		struct tn_buffer name; /* "example.org", "*.example.org" */
		struct tn_dir *dir;
		struct app_share share;
	} hosts[APP_SITE_HOSTS_MAX];
	size_t count;
	struct app_errors errors;
};

/* "NAME=DIR": a folder for a host, or with "*." before the name for all that end
 * so.  Its pages and rules are those of `site->share`. */
TN_CHECK int app_site_add(struct app_site *site, const char *given);

/* Whether it is written so, without a look at the disk. */
TN_CHECK int app_site_check(const char *given);

/* Once all that is in it stays as and where it is. */
TN_CHECK int app_site_open(struct app_site *site);
void app_site_close(struct app_site *site);

/* Now and then: app_share_tidy() of all folders. */
void app_site_tidy(struct app_site *site);

/* The row that answers for a Host field, port and all: the name itself, then
 * the longest "*."; NULL when the site's own folder does.  Case does not
 * matter, nor does a "." at the end. */
const struct app_site_host *app_site_find(const struct app_site *site,
    struct tn_slice host);

/* A tn_http_handler, and an error_page of struct tn_http_server_options; `arg`
 * is the struct app_site. */
int app_site_handle(struct tn_http_exchange *x, void *arg);
int app_site_error_page(struct tn_http_exchange *x, int status, void *arg);

#endif
