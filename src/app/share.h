/* A folder over HTTP: files, listings, and pages for what goes wrong. */
#ifndef APP_SHARE_H
#define APP_SHARE_H

#include <tenon/buffer.h>
#include <tenon/http_files.h>

struct app_errors;

struct app_share { /* borrows everything; read by all loops at once */
	struct tn_dir *dir;
	struct tn_slice name; /* of the folder, for people */
	bool hidden;          /* names that begin with "." too */
	bool no_listing;
	bool no_index; /* index.html is a file like any other */
	bool no_compress; /* as struct tn_http_files_options has it */
	const char *fallback; /* as struct tn_http_files_options has it */
	/* The same, with APP_RULE_FOR_ALL; NULL = that alone. */
	const struct tn_http_files_rule *rules;
	const struct app_errors *errors; /* pages before ours; NULL = none */
	struct tn_http_files *files; /* app_share_open() makes it */
};

/* Entries that a listing shows at most. */
#define APP_SHARE_ENTRIES_MAX 10000

/* Once the other members are there; the struct stays where it is. */
TN_CHECK int app_share_open(struct app_share *share);
void app_share_close(struct app_share *share);
/* Every second or so. */
void app_share_tidy(struct app_share *share);

/* GET and HEAD of what is in the folder; a tn_http_handler for which `arg` is
 * the struct app_share. */
int app_share_handle(struct tn_http_exchange *x, void *arg);

/* The operator's page, or one in the look of the others; for
 * tn_http_server_options.error_page, `arg` as above. */
int app_share_error_page(struct tn_http_exchange *x, int status, void *arg);

/* The line of the access log, Apache's combined format, with its end; what the
 * peer said is escaped. */
TN_CHECK int app_share_log_line(const struct tn_http_record *record,
    struct tn_buffer *out);

/* The same as one JSON object: "time" (RFC 3339, UTC), "peer", "host",
 * "method", "target", "version", "status", "bytes" of the body sent, "received"
 * of the one that came, "seconds" that it took, "secure", "referer" and
 * "user_agent"; what was not said is left out. */
TN_CHECK int app_share_log_json(const struct tn_http_record *record,
    struct tn_buffer *out);

#endif
