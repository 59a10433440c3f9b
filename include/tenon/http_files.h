/* tenon/http_files.h - files over HTTP: the preconditions and ranges of
 * RFC 9110 (sections 13 and 14), siblings that were compressed beforehand,
 * small files compressed here, and a cache of all that.
 *
 * For a whole folder there is a struct tn_http_files; a handler that has the
 * bytes or the file itself gives them to tn_http_reply_content(). */
#ifndef TENON_HTTP_FILES_H
#define TENON_HTTP_FILES_H

#include <tenon/http.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one content ------------------------------------------------------- */

struct tn_http_content {
	struct tn_file *file;   /* all of it, or when NULL ... */
	struct tn_slice bytes;  /* ... these */
	const char *type;       /* Content-Type; NULL = none */
	const char *etag;       /* "\"x\"" or "W/\"x\""; NULL = none */
	int64_t modified_ns;    /* since 1970; 0 = not known */
	uint64_t reserved[4];
};

/* Answers with what the request asks of it: all (200), a part or several (206),
 * nothing when the client has it (304), or that a condition is not met (412) or
 * no such part exists (416).  Fields that were added before go with it.  A file
 * that has become shorter meanwhile is TN_ETRUNCATED and ends the connection.
 * -EINVAL for an etag that is none. */
TN_API TN_CHECK int tn_http_reply_content(struct tn_http_exchange *x,
    const struct tn_http_content *content);

/* ---- the files of a folder --------------------------------------------- */

/* A field for files whose path, with "/" before it, fits `pattern`: "*" in it
 * is any bytes, "/" too.  Of the rows with one name the first that fits counts;
 * an empty value is no field.  "Content-Type" goes before what the name's
 * ending says, "Cache-Control" before "no-cache", which is: keep it, but ask
 * each time. */
struct tn_http_files_rule {
	const char *pattern; /* "/assets/" "*", "*.woff2" */
	const char *name, *value;
};

/* Shows the folder `path` ("" or "a/b/"), which has no index.  As a handler,
 * or > 0 for a status that is still to be given. */
typedef int tn_http_files_folder(struct tn_http_exchange *x,
    struct tn_slice path, void *arg);

struct tn_http_files_options {  /* all-zero but `dir` is valid; 0 = default */
	struct tn_dir *dir;     /* borrowed */
	const char *index;      /* "index.html"; "" = none */
	/* The file beneath `dir` that answers for paths which do not exist, for
	 * programs in a page that make up their own paths: where the last part
	 * has no ".", or the client would rather have HTML than something
	 * else. */
	const char *fallback;
	bool hidden;            /* names that begin with "." too */
	bool no_precompressed;  /* x.br, x.zst and x.gz do not stand for x */
	tn_http_files_folder *folder; /* NULL = 403 */
	void *arg;                    /* its */
	const struct tn_http_files_rule *rules; /* up to a row of zeros,
						 * borrowed */

	int64_t cache_ms;        /* how long what was seen of the folder is
				  * believed; 1,000; -1 = not at all */
	int64_t cache_idle_ms;   /* how long nobody needs to ask for a path
				  * until it is forgotten; 10,000; -1 = never */
	int64_t cache_files_max; /* paths, those that lead nowhere too; 1,000.
				  * Larger files stay open. */
	int64_t cache_bytes_max; /* memory in all; 32 MiB */
	int64_t cache_file_max;  /* bytes of a file that is kept in memory;
				  * 64 KiB; -1 = none */

	/* A file of a type that becomes much smaller (text, JSON, SVG, wasm,
	 * ...) is compressed for clients that would have it so: once, on a
	 * worker thread, and kept in the cache for as long as the file itself.
	 * Until it is made others get it plain, as does everybody while the
	 * file is younger than two seconds, when it becomes but little smaller,
	 * or stands beside siblings of its own; and without a cache. */
	bool no_compress;
	int64_t compress_min;    /* not below so many bytes; 256 */
	int64_t compress_max;    /* nor above: those are sent as they are, and
				  * by sendfile; 1 MiB */
	uint64_t reserved[8];
};

struct tn_http_files;

/* Serves any number of servers, loops and threads at once.  -EINVAL for a rule
 * that could not be sent, -ENOMEM. */
TN_API TN_CHECK int tn_http_files_open(
    const struct tn_http_files_options *options, struct tn_http_files **ret);
/* Nobody may be using it. */
TN_API void tn_http_files_free(struct tn_http_files *files);
TN_DEFINE_CLEANUP(struct tn_http_files, tn_http_files_free)

/* Forgets what nobody asked for within cache_idle_ms: a file that was removed
 * takes up its space as long as it is open.  Requests see to some of it; who
 * serves calls this now and then for when there are none
 * (tn_server_options.service_actions). */
TN_API void tn_http_files_tidy(struct tn_http_files *files);

/* Answers GET and HEAD with what is at `path` beneath the folder, decoded; data
 * NULL: {path...} of the route, or without one the request's whole path.
 * OPTIONS is told what there is.  0 when it has replied; > 0 is the status that
 * is still to be given, with the fields that belong to it added already: 301
 * for a folder without its "/", 400, 403, 404, 405, 412, 416, 503.  < 0 as a
 * handler.
 *
 * A file replaced, changed or removed is not served longer than `cache_ms`
 * after, except to whom it is under way.  A sibling older than the file it
 * stands for is passed over.  The ETag is weak while the file is younger than
 * two seconds: it might change again and nobody could tell. */
TN_API TN_CHECK int tn_http_files_reply(struct tn_http_exchange *x,
    struct tn_http_files *files, struct tn_slice path);

/* The same as a tn_http_handler, `arg` being the struct tn_http_files: a status
 * becomes tn_http_reply_status(). */
TN_API int tn_http_files_handle(struct tn_http_exchange *x, void *arg);

/* The file at `path` as the body of a reply with that status, whatever the
 * request asks for: a page for an error.  -ENOENT and the like without a
 * reply. */
TN_API TN_CHECK int tn_http_files_page(struct tn_http_exchange *x, int status,
    struct tn_http_files *files, struct tn_slice path);

#ifdef __cplusplus
}
#endif

#endif
