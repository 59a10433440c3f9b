/* Pages of the operator's own for what went wrong. */
#ifndef APP_ERRORS_H
#define APP_ERRORS_H

#include <tenon/buffer.h>
#include <tenon/http_files.h>

#define APP_ERRORS_MAX 64

struct app_errors { /* all-zero is none */
	struct app_errors_page {
		int status; /* 0: a folder with a STATUS.html for each */
		struct tn_buffer name;
		struct tn_dir *dir;
		struct tn_http_files *files;
	} pages[APP_ERRORS_MAX];
	size_t count;
};

/* "404=FILE", or a folder in which 404.html and the like are looked for; paths
 * of the process's own view.  The error says what is wrong with it. */
TN_CHECK int app_errors_add(struct app_errors *errors, const char *given);

/* Whether that is one of the two, without a look at the disk. */
TN_CHECK int app_errors_check(const char *given);

/* The page for `status` as the reply: 1, or 0 when there is none that could be
 * read; a single file goes before a folder. */
TN_CHECK int app_errors_reply(const struct app_errors *errors,
    struct tn_http_exchange *x, int status);

void app_errors_close(struct app_errors *errors);

#endif
