#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/offload.h>

#include "base/error.h"
#include "base/memory.h"
#include "os/os.h"
#include "rt/rt.h"

#define OS_SHOWN 160 /* bytes of a path that an error line shows */

const struct tn__os_ops *
tn__os(void)
{
	const struct tn__os_ops *os = tn__host()->os;

	return os != NULL ? os : &tn__os_linux;
}

/* ---- paths --------------------------------------------------------------- */

int
tn__os_path_check(struct tn_slice path)
{
	if (path.len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (tn_slice_find(path, '\0') >= 0)
		return -EINVAL;
	if (path.len > 0 && path.data[0] == '/')
		return TN_EESCAPE;
	return 0;
}

size_t
tn__os_path_size(struct tn_slice path)
{
	return path.len == 0 ? sizeof(".") : path.len + 1;
}

void
tn__os_path_copy(char *out, struct tn_slice path)
{
	if (path.len == 0)
		path = TN_SLICE(".");
	memcpy(out, path.data, path.len);
	out[path.len] = '\0';
}

int
tn__os_path_dup(struct tn_slice path, char **ret)
{
	int r = tn__os_path_check(path);
	char *copy;

	if (r < 0)
		return r;
	copy = tn__alloc(tn__os_path_size(path));
	if (copy == NULL)
		return -ENOMEM;
	tn__os_path_copy(copy, path);
	*ret = copy;
	return 0;
}

/* ---- temporary files ----------------------------------------------------- */

void
tn__os_temporary_name(char out[TN__OS_TEMPORARY_SIZE])
{
	uint64_t number;

	tn__random(&number, sizeof(number));
	(void)snprintf(out, TN__OS_TEMPORARY_SIZE, ".tenon-%016" PRIx64,
	    number);
}

/* -EISDIR from a kernel, -EINVAL from a file system that does not know it. */
bool
tn__os_needs_name(int code)
{
	return code == -EOPNOTSUPP || code == -EISDIR || code == -EINVAL;
}

/* ---- errors -------------------------------------------------------------- */

/* Where the words of the code alone would leave a person wondering. */
static const struct os_hint {
	int code;
	const char *words;
} os_hints[] = {
	{ TN_EESCAPE, "it leads out of the folder" },
	{ -ELOOP, "too many symbolic links, perhaps in a circle" },
	{ -EMFILE, "too many open files; raise the limit (ulimit -n)" },
	{ -ENAMETOOLONG, "the name is too long for the file system" },
	{ -EAGAIN, "another program holds a lease on it; try again" },
};

static const char *
os_words(int code)
{
	for (size_t i = 0; i < TN_COUNT(os_hints); i++)
		if (os_hints[i].code == code)
			return os_hints[i].words;
	return tn_error_words(code);
}

/* "docs/a.txt", or "." for the empty path, cut where it gets long. */
static int
os_describe(struct tn_buffer *out, struct tn_slice path)
{
	int r;

	if (path.len == 0)
		return tn_buffer_append_str(out, ".");
	r = tn_buffer_append_escaped(out, tn_slice_head(path, OS_SHOWN));
	if (r == 0 && path.len > OS_SHOWN)
		r = tn_buffer_append_str(out, "...");
	return r;
}

int
tn__os_error(int code, const char *verb, struct tn_slice path, const char *in)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer what = { 0 };
	int r;

	if (code == -ENOMEM)
		return tn__error_nomem();
	r = os_describe(&what, path);
	if (r == 0 && in != NULL)
		r = tn_buffer_append_str(&what, " in ");
	if (r == 0 && in != NULL)
		r = os_describe(&what, tn_slice_str(in));
	return tn_error_set(code, "%s %s: %s", verb,
	    r < 0 ? "file" : what.data, os_words(code));
}

/* ---- work for a worker --------------------------------------------------- */

int
tn__os_offload(int (*fn)(void *arg), void *arg, int *ret)
{
	int r = tn_offload(fn, arg, ret);

	if (r != -EAGAIN)
		return r;
	*ret = fn(arg);
	return 0;
}
