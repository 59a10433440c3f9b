#include <stdarg.h>
#include <tenon/text.h>

#include "app/page.h"

/* No script, no frame, nothing from elsewhere.  The icon of the page is
 * a data: URL. */
const char app_page_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static void
page_write(struct app_page *page, struct tn_slice bytes)
{
	if (page->error == 0)
		page->error = tn_stream_write(page->out, bytes);
}

/* `r` is what filling the scratch buffer came to. */
static void
page_write_scratch(struct app_page *page, int r)
{
	if (page->error == 0)
		page->error = r;
	page_write(page, tn_buffer_slice(&page->scratch));
	tn_buffer_clear(&page->scratch);
}

void
app_page_put(struct app_page *page, const char *markup)
{
	page_write(page, tn_slice_str(markup));
}

void
app_page_printf(struct app_page *page, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	page_write_scratch(page,
	    tn_buffer_vprintf(&page->scratch, format, arguments));
	va_end(arguments);
}

void
app_page_text(struct app_page *page, struct tn_slice text)
{
	page_write_scratch(page, tn_html_escape(text, &page->scratch));
}

void
app_page_path(struct app_page *page, struct tn_slice bytes)
{
	page_write_scratch(page,
	    tn_percent_encode(bytes, "/", &page->scratch));
}

void
app_page_json(struct app_page *page, struct tn_slice text)
{
	page_write_scratch(page, tn_json_string(text, &page->scratch));
}

int
app_page_end(struct app_page *page)
{
	tn_buffer_free(&page->scratch);
	return page->error;
}

/* ---- head and foot ------------------------------------------------------ */

static const char page_before_title[] =
    "<!doctype html>\n"
    "<html lang='en'>\n"
    "<meta charset='utf-8'>\n"
    "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
    "<meta name='color-scheme' content='light dark'>\n"
    "<link rel='icon' href='data:image/svg+xml,"
    "%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 24 24%22%3E"
    "%3Cpath fill=%22%233b6ea8%22 d=%22M3 6c0-1 1-2 2-2h5l2 2h7c1 0 2 1 2 2v10"
    "c0 1-1 2-2 2H5c-1 0-2-1-2-2z%22/%3E%3C/svg%3E'>\n"
    "<title>";

void
app_page_head(struct app_page *page, struct tn_slice title)
{
	app_page_put(page, page_before_title);
	app_page_text(page, title);
	app_page_put(page, "</title>\n");
	app_page_put(page, app_page_style);
	app_page_put(page, app_page_icons);
	app_page_put(page, "<main>\n");
}

void
app_page_foot(struct app_page *page)
{
	app_page_put(page, "</main>\n");
	app_page_printf(page,
	    "<footer>Shared with <b>tenon</b> %s</footer>\n", tn_version());
}
