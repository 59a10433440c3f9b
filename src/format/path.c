#include <errno.h>
#include <tenon/error.h>
#include <tenon/text.h>

#include "format/format.h"

/* Takes the last segment off what was appended from `base` on; false when there
 * is none. */
static bool
path_up(struct tn_buffer *out, size_t base)
{
	size_t len = out->len;

	if (len == base)
		return false;
	while (len > base && out->data[len - 1] != '/')
		len--;
	tn__format_undo(out, len > base ? len - 1 : base, 0);
	return true;
}

/* Decodes one segment behind what there is.  `*ret_dots` counts the dots of "."
 * and "..", which are not appended. */
static int
path_segment(struct tn_slice segment, size_t base, struct tn_buffer *out,
    size_t *ret_dots)
{
	size_t start;
	struct tn_slice name;
	int r = 0;

	if (out->len > base)
		r = tn_buffer_append_byte(out, '/');
	start = out->len;
	if (r == 0)
		r = tn_percent_decode(segment, out);
	if (r < 0)
		return r;
	name = tn_slice_skip(tn_buffer_slice(out), start);
	if (tn_slice_find(name, '/') >= 0)
		return tn_error_set(-EINVAL,
		    "path of a URL: an encoded \"/\" in a name");
	if (tn_slice_find(name, '\0') >= 0)
		return tn_error_set(-EINVAL, "path of a URL: a NUL in a name");
	*ret_dots = tn_slice_equal(name, TN_SLICE(".")) ? 1 :
	    tn_slice_equal(name, TN_SLICE("..")) ? 2 : 0;
	return 0;
}

static int
path_resolve(struct tn_slice path, struct tn_buffer *out)
{
	size_t base = out->len;
	bool folder = false; /* what comes last is "/", "." or ".." */
	int r = tn_buffer_append(out, tn_slice(NULL, 0));

	while (r == 0 && path.data != NULL) {
		struct tn_slice segment = tn_slice_split(&path, '/');
		size_t len = out->len, dots = 0;

		folder = true;
		if (segment.len == 0)
			continue;
		r = path_segment(segment, base, out, &dots);
		if (r < 0)
			return r;
		folder = dots > 0;
		if (folder)
			tn__format_undo(out, len, 0);
		if (dots == 2 && !path_up(out, base))
			return tn_error_set(TN_EESCAPE,
			    "path of a URL: \"..\" leads out of the folder");
	}
	if (r == 0 && folder && out->len > base)
		r = tn_buffer_append_byte(out, '/');
	return r;
}

int
tn_path_from_url(struct tn_slice path, struct tn_buffer *out)
{
	size_t len = out->len;
	int r = path_resolve(path, out);

	return r < 0 ? tn__format_undo(out, len, r) : 0;
}
