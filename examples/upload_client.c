/* upload_client - sends files: "post|NAME|SIZE" and then SIZE bytes.
 *
 *     upload_client ADDRESS FILE...
 *
 * Each over a connection of its own.  The server is upload_server, which says
 * there what is wrong with this protocol. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tenon/dial.h>
#include <tenon/error.h>
#include <tenon/run.h>

#define PIECE 1024

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Should the file begin with a digit, the server must have read the header
 * before that comes: a pause makes it likely, and nothing makes it sure. */
static int
send_header(struct tn_stream *server, const char *name, int64_t size,
    char first)
{
	int r;

	if (strchr(name, '|') != NULL)
		return tn_error_set(-EINVAL, "a name with | in it");
	r = tn_stream_printf(server, "post|%s|%lld", name, (long long)size);
	if (r == 0 && first >= '0' && first <= '9') {
		r = tn_stream_flush(server);
		if (r == 0)
			r = tn_sleep(500 * TN_MILLISECOND);
	}
	return r;
}

/* What the file grows meanwhile is not sent. */
static int
send_file(struct tn_stream *server, FILE *file, const char *name)
{
	char piece[PIECE];
	struct stat info;
	size_t n = fread(piece, 1, sizeof(piece), file);
	off_t left;
	int r;

	if (fstat(fileno(file), &info) < 0)
		return tn_error_set(-errno, "%s", tn_error_words(-errno));
	left = info.st_size;
	r = send_header(server, name, left, n > 0 ? piece[0] : '\0');
	while (r == 0 && n > 0 && left > 0) {
		if ((off_t)n > left)
			n = (size_t)left;
		r = tn_stream_write(server, tn_slice(piece, n));
		left -= (off_t)n;
		n = fread(piece, 1, sizeof(piece), file);
	}
	if (r == 0 && (left > 0 || ferror(file)))
		return tn_error_set(-EIO, "%lld bytes of it cannot be read",
		    (long long)left);
	return r;
}

static int
upload(const char *address, const char *path)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *server = NULL;
	FILE *file = fopen(path, "rb");
	int r;

	if (file == NULL)
		return tn_error_set(-errno, "%s", tn_error_words(-errno));
	r = tn_dial(address, NULL, &server);
	if (r == 0)
		r = send_file(server, file, base_name(path));
	fclose(file);
	/* Says that this is all, and sees it off. */
	return r < 0 ? r : tn_stream_close(TN_TAKE(server));
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: upload_client ADDRESS FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (upload(argv[1], argv[i]) == 0)
			continue;
		fprintf(stderr, "upload_client: %s: %s\n", argv[i],
		    tn_error_text());
		failed = 1;
	}
	return failed;
}
