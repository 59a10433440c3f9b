#include <errno.h>
#include <stdio.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "app/errors.h"

/* ---- what was given ----------------------------------------------------- */

/* Digits and "=": a status, and what stands behind. */
static int
errors_split(const char *given, int *ret_status, const char **ret_path)
{
	size_t digits = strspn(given, "0123456789");
	uint64_t status = 0;

	if (digits == 0 || given[digits] != '=') {
		*ret_status = 0;
		*ret_path = given;
		return given[0] != '\0' ? 0 :
		    tn_error_set(-EINVAL, "write STATUS=FILE, such as "
		        "404=404.html, or a folder with such files");
	}
	if (tn_parse_uint(tn_slice(given, digits), 599, &status) < 0 ||
	    status < 400)
		return tn_error_set(-EINVAL, "\"%.*s\" is no status of an "
		    "error; they are 400 to 599", (int)(digits < 16 ? digits : 16),
		    given);
	if (given[digits + 1] == '\0')
		return tn_error_set(-EINVAL, "which file? Write %.*s=FILE",
		    (int)digits, given);
	*ret_status = (int)status;
	*ret_path = given + digits + 1;
	return 0;
}

int
app_errors_check(const char *given)
{
	const char *path;
	int status;

	return errors_split(given, &status, &path);
}

/* ---- opening ------------------------------------------------------------ */

/* The folder of a file, and its name there; looked for now, so that a slip is
 * told to the operator and not to the first visitor. */
static int
errors_open_file(struct app_errors_page *page, const char *path)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer parent = { 0 };
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	struct tn_file_info info;
	int r = tn_buffer_append(&parent,
	    tn_slice(path, (size_t)(name - path)));

	if (r == 0)
		r = tn_dir_open(parent.len == 0 ? "." : parent.data,
		    &page->dir);
	if (r == 0)
		r = tn_buffer_append_str(&page->name, name);
	if (r == 0)
		r = tn_dir_stat(page->dir, tn_slice_str(name), &info);
	if (r == 0 && info.kind != TN_FILE_REGULAR)
		r = tn_error_set(-EINVAL, "%s: not a regular file", path);
	return r;
}

int
app_errors_add(struct app_errors *errors, const char *given)
{
	struct app_errors_page *page = &errors->pages[errors->count];
	struct tn_http_files_options options = { .hidden = true };
	const char *path;
	int r;

	if (errors->count == APP_ERRORS_MAX)
		return tn_error_set(TN_ELIMIT, "%d are the most",
		    APP_ERRORS_MAX);
	r = errors_split(given, &page->status, &path);
	if (r < 0)
		return r;
	errors->count++; /* from here on app_errors_close() has it */
	r = page->status != 0 ? errors_open_file(page, path) :
				tn_dir_open(path, &page->dir);
	options.dir = page->dir;
	return r < 0 ? r : tn_http_files_open(&options, &page->files);
}

void
app_errors_close(struct app_errors *errors)
{
	while (errors->count > 0) {
		struct app_errors_page *page = &errors->pages[--errors->count];

		tn_http_files_free(page->files);
		tn_dir_free(page->dir);
		tn_buffer_free(&page->name);
		*page = (struct app_errors_page){ 0 };
	}
}

/* ---- replying ----------------------------------------------------------- */

/* A page that cannot be read is as good as none: there is an error to be told
 * already.  What had begun is left to the connection. */
static bool
errors_try(const struct app_errors_page *page, struct tn_http_exchange *x,
    int status)
{
	char name[16];
	int n = snprintf(name, sizeof(name), "%d.html", status);
	struct tn_slice path = page->status != 0 ?
	    tn_buffer_slice(&page->name) : tn_slice(name, (size_t)n);

	return tn_http_files_page(x, status, page->files, path) == 0 ||
	    tn_http_status(x) != 0;
}

int
app_errors_reply(const struct app_errors *errors, struct tn_http_exchange *x,
    int status)
{
	for (size_t i = 0; i < errors->count; i++)
		if (errors->pages[i].status == status &&
		    errors_try(&errors->pages[i], x, status))
			return 1;
	for (size_t i = 0; i < errors->count; i++)
		if (errors->pages[i].status == 0 &&
		    errors_try(&errors->pages[i], x, status))
			return 1;
	return 0;
}
