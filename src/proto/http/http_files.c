/* A folder over HTTP: from the path of a request to a reply. */
#include <errno.h>
#include <limits.h>
#include <tenon/error.h>
#include <tenon/text.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/files.h"

/* ---- replies ------------------------------------------------------------ */

static int
files_send(struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn__http_files_entry *e)
{
	return tn__http_content_reply(x, tn__http_files_choose(x, files, e));
}

/* To the same address with a "/" behind it.  It is made of the path as resolved,
 * so that it can not begin with two slashes and lead elsewhere. */
static int
files_redirect(struct tn_http_exchange *x)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer to = { 0 };
	struct tn_slice query = tn_http_query(x);
	int r = tn_path_from_url(tn_http_path(x), &path);

	if (r == 0)
		r = tn_buffer_append_byte(&to, '/');
	if (r == 0)
		r = tn_percent_encode(tn_buffer_slice(&path), "/", &to);
	if (r == 0)
		r = tn_buffer_append_str(&to, query.len > 0 ? "/?" : "/");
	if (r == 0)
		r = tn_buffer_append(&to, query);
	if (r == 0)
		r = tn_http_reply_field(x, "Location", "%s", to.data);
	return r < 0 ? r : 301;
}

/* Whether a page that makes up its own paths may have made up this one.  1;
 * 2 when another request for it could be told otherwise. */
static int
files_is_made_up(const struct tn_http_exchange *x, struct tn_slice path)
{
	struct tn_slice accept = tn__http_known(&x->head, x->text,
	    TN__HTTP_ACCEPT);

	while (tn_slice_find(path, '/') >= 0)
		(void)tn_slice_split(&path, '/');
	if (tn_slice_find(path, '.') < 0)
		return 1;
	return tn_accept_weight(accept, "text/html") >
	    tn_accept_weight(accept, "application/octet-stream") ? 2 : 0;
}

static int
files_fall_back(struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn_slice path)
{
	struct tn__http_files_entry *e = NULL;
	int made_up = files_is_made_up(x, path), r;

	if (made_up == 0)
		return 404;
	r = tn__http_files_get(files, tn_slice_str(files->options.fallback),
	    &e);
	if (r < 0)
		return r;
	if (made_up == 2)
		r = tn_http_reply_field(x, "Vary", "Accept");
	if (r == 0)
		r = e->kind != TN__HTTP_FILES_FILE ? 404 :
		    files_send(x, files, e);
	tn__http_files_put(e);
	return r;
}

static int
files_answer(struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn_slice path, struct tn__http_files_entry *e)
{
	const struct tn_http_files_options *o = &files->options;

	switch (e->kind) {
	case TN__HTTP_FILES_FILE:
		return files_send(x, files, e);
	case TN__HTTP_FILES_FOLDER:
		return o->folder == NULL ? 403 : o->folder(x, path, o->arg);
	case TN__HTTP_FILES_SLASH:
		return files_redirect(x);
	case TN__HTTP_FILES_NOTHING:
		break;
	}
	return o->fallback == NULL ? 404 : files_fall_back(x, files, path);
}

/* ---- paths -------------------------------------------------------------- */

/* Does a name on the way begin with a "."? */
static bool
files_is_hidden(struct tn_slice path)
{
	while (path.data != NULL)
		if (tn_slice_starts(tn_slice_split(&path, '/'), TN_SLICE(".")))
			return true;
	return false;
}

/* Whether the path of a URL is one of a file as it stands, without its first
 * "/": nothing encoded, no "." or empty name in it. */
static bool
files_is_plain(struct tn_slice path)
{
	bool slash = false;

	if (path.len == 0 || path.data[0] != '/')
		return false;
	for (size_t i = 0; i < path.len; i++) {
		char c = path.data[i];

		if (c == '%' || (slash && (c == '/' || c == '.')))
			return false;
		slash = c == '/';
	}
	return true;
}

/* `path` is decoded, without "/" before it. */
static int
files_reply(struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn_slice path)
{
	struct tn__http_files_entry *e = NULL;
	int r;

	if (!files->options.hidden && files_is_hidden(path))
		return 404;
	r = tn__http_files_get(files, path, &e);
	if (r == 0)
		r = files_answer(x, files, path, e);
	tn__http_files_put(e);
	if (r < 0 && x->reply.status == 0 && tn__http_files_status(r) > 0)
		r = tn__http_files_status(r);
	return r;
}

static int
files_reply_url(struct tn_http_exchange *x, struct tn_http_files *files)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	struct tn_slice url = tn_http_path(x);
	int r;

	if (files_is_plain(url))
		return files_reply(x, files, tn_slice_skip(url, 1));
	r = tn_path_from_url(url, &path);
	if (r == 0)
		return files_reply(x, files, tn_buffer_slice(&path));
	return r == TN_EESCAPE ? 404 : r == -EINVAL ? 400 : r;
}

/* A method that is none of ours. */
static int
files_refuse(struct tn_http_exchange *x)
{
	int r = tn_http_reply_field(x, "Allow", "GET, HEAD, OPTIONS");

	if (r < 0 || x->head.verb != TN__HTTP_OPTIONS)
		return r < 0 ? r : 405;
	return tn_http_reply(x, 204, NULL, TN_SLICE(""));
}

int
tn_http_files_reply(struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn_slice path)
{
	if (x->head.verb != TN__HTTP_GET && x->head.verb != TN__HTTP_HEAD)
		return files_refuse(x);
	if (path.data == NULL)
		path = tn_http_param(x, "path");
	if (path.data == NULL)
		return files_reply_url(x, files);
	while (tn_slice_starts(path, TN_SLICE("/")))
		path = tn_slice_skip(path, 1);
	return files_reply(x, files, path);
}

int
tn_http_files_handle(struct tn_http_exchange *x, void *arg)
{
	int r = tn_http_files_reply(x, arg, tn_slice(NULL, 0));

	return r > 0 ? tn_http_reply_status(x, r) : r;
}

int
tn_http_files_page(struct tn_http_exchange *x, int status,
    struct tn_http_files *files, struct tn_slice path)
{
	struct tn__http_files_entry *e;
	int r = tn__http_files_get(files, path, &e);

	if (r < 0)
		return r;
	if (e->kind == TN__HTTP_FILES_FILE)
		r = tn__http_content_page(x, status,
		    &e->variants[TN__HTTP_PLAIN]->content);
	else
		r = tn_error_set(-ENOENT, "HTTP files: no file to answer with "
		    "status %d", status);
	tn__http_files_put(e);
	return r;
}

/* ---- the folder --------------------------------------------------------- */

static int
files_check_rules(const struct tn_http_files_rule *rule)
{
	/* What follows from the file, or from the request. */
	static const char *const ours[] = { "Accept-Ranges", "Connection",
		"Content-Encoding", "Content-Length", "Content-Range", "Date",
		"ETag", "Last-Modified", "Transfer-Encoding" };

	for (; rule != NULL && rule->name != NULL; rule++) {
		struct tn_slice name = tn_slice_str(rule->name);

		if (rule->pattern == NULL || rule->value == NULL ||
		    (rule->pattern[0] != '/' && rule->pattern[0] != '*') ||
		    !tn__http_is_token(name) ||
		    !tn__http_is_value(tn_slice_str(rule->value)))
			return tn_error_set(-EINVAL, "HTTP files: a rule needs "
			    "a pattern that begins with \"/\" or \"*\", the "
			    "name of a field and a value that one may have");
		for (size_t i = 0; i < TN_COUNT(ours); i++)
			if (tn_slice_equal_nocase(name, ours[i]))
				return tn_error_set(-EINVAL, "HTTP files: no "
				    "rule decides about %s", ours[i]);
	}
	return 0;
}

/* 0 stands for `normal`, -1 for none. */
static void
files_default(int64_t *option, int64_t normal)
{
	if (*option == 0)
		*option = normal;
	if (*option > SSIZE_MAX / 2)
		*option = SSIZE_MAX / 2;
}

static void
files_defaults(struct tn_http_files_options *o)
{
	if (o->index == NULL)
		o->index = "index.html";
	files_default(&o->cache_ms, 1000);
	files_default(&o->cache_idle_ms, 10000);
	files_default(&o->cache_files_max, 1000);
	if (o->cache_files_max > 1 << 24)
		o->cache_files_max = 1 << 24;
	files_default(&o->cache_bytes_max, 32 << 20);
	files_default(&o->cache_file_max, 64 << 10);
	files_default(&o->compress_min, 256);
	files_default(&o->compress_max, 1 << 20);
}

int
tn_http_files_open(const struct tn_http_files_options *options,
    struct tn_http_files **ret)
{
	TN_CLEANUP(tn_http_files_freep) struct tn_http_files *files = NULL;
	int r;

	if (options == NULL || options->dir == NULL)
		return tn_error_set(-EINVAL, "HTTP files: a folder is needed");
	r = files_check_rules(options->rules);
	if (r < 0)
		return r;
	files = tn__zalloc(sizeof(*files));
	if (files == NULL)
		return tn__error_nomem();
	files->options = *options;
	files_defaults(&files->options);
	if (files->options.cache_ms > 0 && files->options.cache_files_max > 0 &&
	    files->options.cache_bytes_max > 0)
		r = tn__http_files_cache_open(files);
	if (r < 0)
		return r;
	*ret = TN_TAKE(files);
	return 0;
}

void
tn_http_files_tidy(struct tn_http_files *files)
{
	tn__http_files_cache_tidy(files);
}

void
tn_http_files_free(struct tn_http_files *files)
{
	if (files == NULL)
		return;
	tn__http_files_cache_close(files);
	tn__free(files);
}
