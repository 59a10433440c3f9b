/* upload_form - a page with a form; the files that come with it are kept.
 *
 *     upload_form [FOLDER [ADDRESS]]     and then: http://127.0.0.1:8000/ */
#include <errno.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/form.h>

static const char page[] = "<!doctype html><meta charset=utf-8>\n"
    "<title>Upload</title>\n"
    "<form method=post enctype=multipart/form-data>\n"
    "<input name=who> <input type=file name=file multiple>\n"
    "<button>Send</button></form>\n";

/* Under a number of ours; the name that a stranger chose is only shown. */
static int
keep(struct tn_dir *folder, const struct tn_form_field *file, unsigned *number)
{
	char name[16];
	int r;

	do {
		snprintf(name, sizeof(name), "%u", ++*number);
		r = tn_form_field_save(file, folder, tn_slice_str(name), 0600,
		    true);
	} while (r == -EEXIST);
	return r;
}

static int
upload(struct tn_http_exchange *x, void *folder)
{
	TN_CLEANUP(tn_form_freep) struct tn_form *form = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	const struct tn_form_options options = { .dir = folder };
	const struct tn_form_field *field;
	struct tn_slice who;
	unsigned number = 0;
	int r;

	if (!tn_slice_equal(tn_http_method(x), TN_SLICE("POST")))
		return tn_http_reply(x, 200, "text/html", tn_slice_str(page));
	r = tn_http_form_read(x, &options, &form);
	if (r < 0)
		return r; /* 400, 413 or 415 */
	who = tn_form_value(form, "who");
	r = tn_buffer_printf(&text, "Thank you, %.*s!\n", (int)who.len,
	    who.data);
	for (size_t i = 0; r == 0 && (field = tn_form_at(form, i)); i++) {
		if (field->filename.len == 0)
			continue; /* a value, or nobody chose a file */
		r = keep(folder, field, &number);
		if (r == 0)
			r = tn_buffer_printf(&text, "%u: %lld bytes, \"%s\"\n",
			    number, (long long)field->size,
			    field->filename.data);
	}
	return r < 0 ? r : tn_http_reply(x, 200, "text/plain; charset=utf-8",
	    tn_buffer_slice(&text));
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_http_server_freep) struct tn_http_server *http = NULL;
	TN_CLEANUP(tn_dir_freep) struct tn_dir *folder = NULL;
	struct tn_http_server_options options = {
		.server.address = argc > 2 ? argv[2] : "127.0.0.1:8000",
		.handler = upload,
		.body_bytes_max = 100 << 20,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address address;
	int r = tn_dir_open(argc > 1 ? argv[1] : ".", &folder);

	options.arg = folder;
	if (r == 0)
		r = tn_http_server_open(&options, &http);
	if (r == 0) {
		tn_server_address(tn_http_server(http), &address);
		printf("http://%s/\n", tn_address_format(&address, text));
		fflush(stdout);
		r = tn_server_serve_forever(tn_http_server(http));
	}
	if (r < 0)
		fprintf(stderr, "upload_form: %s\n", tn_error_text());
	return r < 0;
}
