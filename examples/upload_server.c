/* upload_server - takes files: "post|NAME|SIZE" and then SIZE bytes.
 *
 *     upload_server [FOLDER [ADDRESS]]
 *
 * A file has its name once all of it is there and on the disk, never leaves the
 * folder, and replaces no other.  The client is upload_client.
 *
 * The header has no end.  It and the first bytes of the file may come together,
 * so SIZE is the longest run of digits there; a file that itself begins with a
 * digit then seems to have a longer SIZE.  Nor would anybody notice if the
 * network divided the header within SIZE.  Whatever is misread so does not fit
 * the bytes that follow, and is refused: that is what it costs.  A line end
 * behind SIZE would have cost nothing. */
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/file.h>
#include <tenon/number.h>
#include <tenon/server.h>

#define HEADER_MAX 512
#define FILE_MAX ((uint64_t)1 << 30)
#define PIECE 1024

/* The header's length, or 0 when there is more of it to come. */
static int
parse(struct tn_slice said, struct tn_slice *ret_name, uint64_t *ret_size)
{
	struct tn_slice verb = tn_slice_split(&said, '|');
	struct tn_slice name = tn_slice_split(&said, '|');
	size_t digits = 0;

	if (said.data == NULL)
		return 0;
	while (digits < said.len && said.data[digits] >= '0' &&
	    said.data[digits] <= '9')
		digits++;
	if (digits == 0 && said.len == 0)
		return 0;
	if (digits == 0 || !tn_slice_equal(verb, TN_SLICE("post")))
		return tn_error_set(TN_EPROTO, "this is not post|NAME|SIZE");
	if (tn_parse_uint(tn_slice_head(said, digits), FILE_MAX, ret_size) < 0)
		return tn_error_set(TN_ELIMIT, "a file of more than 1 GiB");
	*ret_name = name;
	return (int)(verb.len + 1 + name.len + 1 + digits);
}

static int
read_header(struct tn_stream *client, struct tn_slice *ret_name,
    uint64_t *ret_size)
{
	struct tn_slice said = { NULL, 0 };
	size_t had;
	int r;

	do {
		had = said.len;
		r = tn_stream_fill(client, had + 1, &said);
		if (r >= 0 && said.len <= had)
			return tn_error_set(TN_ETRUNCATED,
			    "hung up within the header");
		if (r >= 0)
			r = parse(said, ret_name, ret_size);
	} while (r == 0 && said.len < HEADER_MAX);
	return r == 0 ? tn_error_set(TN_ELIMIT, "a header without an end") : r;
}

static int
read_file(struct tn_stream *client, struct tn_replace *file, uint64_t left)
{
	struct tn_slice piece;
	int r;

	while (left > 0) {
		r = tn_stream_fill(client, 1, &piece);
		if (r == 0)
			return tn_error_set(TN_ETRUNCATED,
			    "%llu bytes are missing", (unsigned long long)left);
		if (r < 0)
			return r;
		piece = tn_slice_head(piece,
		    left < PIECE ? (size_t)left : PIECE);
		r = tn_replace_write(file, piece);
		if (r < 0)
			return r;
		tn_stream_consume(client, piece.len);
		left -= piece.len;
	}
	r = tn_stream_fill(client, 1, &piece);
	return r > 0 ? tn_error_set(TN_EPROTO, "more bytes than SIZE") : r;
}

static int
handle(struct tn_request *rq)
{
	TN_CLEANUP(tn_replace_freep) struct tn_replace *file = NULL;
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct tn_slice name;
	uint64_t size;
	int n = read_header(rq->stream, &name, &size), r = n;

	if (n > 0)
		r = tn_replace_open(rq->arg, name, 0644, &file);
	if (r == 0)
		r = tn_buffer_append_escaped(&shown, name);
	if (r < 0)
		return r;
	tn_stream_consume(rq->stream, (size_t)n);
	r = read_file(rq->stream, file, size);
	if (r == 0)
		r = tn_replace_commit(TN_TAKE(file), true);
	if (r == 0) {
		printf("received: %s, %llu bytes\n", shown.data,
		    (unsigned long long)size);
		fflush(stdout);
	}
	return r;
}

static void
refused(struct tn_request *rq, int error)
{
	char who[TN_ADDRESS_TEXT_MAX];

	tn_address_format(&rq->peer, who);
	printf("refused: %s: %s\n", who, tn_error_text());
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	TN_CLEANUP(tn_server_freep) struct tn_server *server = NULL;
	TN_CLEANUP(tn_dir_freep) struct tn_dir *folder = NULL;
	struct tn_server_options options = {
		.address = argc > 2 ? argv[2] : "127.0.0.1:8888",
		.handle = handle,
		.handle_error = refused,
		.connections_max = 100,
		.idle_ms = 30000,
	};
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address at;
	int r = tn_dir_open(argc > 1 ? argv[1] : ".", &folder);

	options.arg = folder;
	if (r == 0)
		r = tn_server_open(&options, &server);
	if (r == 0) {
		tn_server_address(server, &at);
		printf("listening on %s\n", tn_address_format(&at, text));
		fflush(stdout);
		r = tn_server_serve_forever(server);
	}
	if (r < 0)
		fprintf(stderr, "upload_server: %s\n", tn_error_text());
	return r < 0;
}
