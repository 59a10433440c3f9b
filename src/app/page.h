/* The look that all pages of the file server share, and writing one. */
#ifndef APP_PAGE_H
#define APP_PAGE_H

#include <tenon/buffer.h>
#include <tenon/stream.h>

/* A page on its way out.  What fails is kept in `error` and nothing is written
 * from then on, so only app_page_end() needs to be asked. */
struct app_page {
	struct tn_stream *out; /* borrowed */
	struct tn_buffer scratch;
	int error;
};

/* As it stands. */
void app_page_put(struct app_page *page, const char *markup);
void app_page_printf(struct app_page *page, const char *format, ...)
    TN_PRINTF(2, 3);
/* Text, escaped for HTML, attributes too. */
void app_page_text(struct app_page *page, struct tn_slice text);
/* Bytes of a path, percent-encoded but for "/". */
void app_page_path(struct app_page *page, struct tn_slice bytes);
/* A JSON string with its quotes. */
void app_page_json(struct app_page *page, struct tn_slice text);

/* Everything up to the page's own contents, and everything after. */
void app_page_head(struct app_page *page, struct tn_slice title);
void app_page_foot(struct app_page *page);

/* The first error, or 0; frees what the page needed, not its stream. */
int app_page_end(struct app_page *page);

/* The Content-Security-Policy that a page needs, and no more. */
extern const char app_page_policy[];
/* <style> and <svg> of every page: page_style.c. */
extern const char app_page_style[];
extern const char app_page_icons[];

#endif
