/* Beneath a directory without openat2(2), which kernels before 5.6, many a
 * container and valgrind lack.
 *
 * The walk opens one component at a time and lets the kernel follow nothing:
 * links are read and their text takes the place of the name.  The directories
 * on the way stay open, so that ".." is the one we came from, wherever it was
 * moved meanwhile, and the root has none. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <tenon/error.h>
#include <unistd.h>

#include "base/result.h"
#include "os/os.h"

#define WALK_LINKS 40  /* as the kernel's */
#define WALK_DEPTH 128 /* descriptors held at most */

struct walk {
	int dirs[WALK_DEPTH]; /* the first is the root, the caller's */
	size_t depth;         /* of the present one */
	unsigned links;
	char *rest;           /* of the path, at the end of `path` */
	char path[2 * PATH_MAX];
};

/* Puts `text` before the rest of the path. */
static int
walk_prepend(struct walk *w, const char *text, size_t len)
{
	if (len >= (size_t)(w->rest - w->path))
		return -ENAMETOOLONG;
	w->rest -= len;
	memcpy(w->rest, text, len);
	return 0;
}

/* The next component, ended by a NUL in the place of its slash; NULL at the
 * end of the path.  *ret_last when no slash and nothing else follows. */
static char *
walk_next(struct walk *w, bool *ret_last)
{
	char *name;

	while (*w->rest == '/')
		w->rest++;
	if (*w->rest == '\0')
		return NULL;
	name = w->rest;
	w->rest = strchr(name, '/');
	*ret_last = w->rest == NULL;
	if (w->rest == NULL)
		w->rest = name + strlen(name);
	else
		*w->rest++ = '\0';
	return name;
}

/* The text of a link, `name` in `dir` or with an empty name `dir` itself, takes
 * the place of its name.  1 when it is no link. */
static int
walk_follow(struct walk *w, int dir, const char *name, bool last)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(dir, name, text, sizeof(text));

	if (len <= 0)
		return 1;
	if (len == sizeof(text))
		return -ENAMETOOLONG;
	if (text[0] == '/')
		return TN_EESCAPE;
	if (w->links++ == WALK_LINKS)
		return -ELOOP;
	if (!last)
		*--w->rest = '/'; /* which had become a NUL */
	return walk_prepend(w, text, (size_t)len);
}

static int
walk_openat(int dir, const char *name, int flags, unsigned mode)
{
	int fd;

	do
		fd = TN__RESULT(openat(dir, name, flags | O_NOFOLLOW, mode));
	while (fd == -EINTR);
	return fd;
}

/* ---- steps --------------------------------------------------------------- */

static int
walk_up(struct walk *w)
{
	if (w->depth == 0)
		return TN_EESCAPE;
	(void)close(w->dirs[w->depth--]);
	return 0;
}

/* `fd` is a link, a directory that was one a moment ago, or in the way. */
static int
walk_into(struct walk *w, int fd, bool last)
{
	struct stat st;
	int r = walk_follow(w, fd, "", last);

	if (r == 1 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		w->dirs[++w->depth] = fd;
		return 0;
	}
	(void)close(fd);
	return r == 1 ? -ENOTDIR : r;
}

static int
walk_down(struct walk *w, const char *name, bool last)
{
	int dir = w->dirs[w->depth];
	int fd;

	if (w->depth + 1 == WALK_DEPTH)
		return -ENAMETOOLONG;
	fd = walk_openat(dir, name, O_PATH | O_CLOEXEC | O_DIRECTORY, 0);
	if (fd >= 0) {
		w->dirs[++w->depth] = fd;
		return 0;
	}
	if (fd != -ENOTDIR && fd != -ELOOP)
		return fd;
	fd = walk_openat(dir, name, O_PATH | O_CLOEXEC, 0);
	return fd < 0 ? fd : walk_into(w, fd, last);
}

/* The end of the way: *ret_fd; or it is a link, and the way goes on. */
static int
walk_arrive(struct walk *w, char *name, int flags, unsigned mode, int *ret_fd)
{
	int dir = w->dirs[w->depth];
	int fd = walk_openat(dir, name, flags, mode);
	int r = 1;

	if (fd == -ELOOP && !(flags & O_NOFOLLOW)) {
		r = walk_follow(w, dir, name, true);
		if (r != 1)
			return r;
		w->rest = name; /* it was a link; the same once more */
		return w->links++ < WALK_LINKS ? 0 : -ELOOP;
	}
	if (fd < 0)
		return fd;

	/* With O_PATH the kernel opens the link itself. */
	if ((flags & (O_PATH | O_NOFOLLOW)) == O_PATH)
		r = walk_follow(w, fd, "", true);
	if (r == 1) {
		*ret_fd = fd;
		return 0;
	}
	(void)close(fd);
	return r;
}

static int
walk_step(struct walk *w, int flags, unsigned mode, int *ret_fd)
{
	static char dot[] = ".";
	bool last = true;
	char *name = walk_next(w, &last);

	if (name == NULL)
		return walk_arrive(w, dot, flags, mode, ret_fd);
	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return walk_up(w);
	if (last && !(flags & O_DIRECTORY))
		return walk_arrive(w, name, flags, mode, ret_fd);
	return walk_down(w, name, last);
}

int
tn__os_walk(int root, const char *path, int flags, unsigned mode)
{
	struct walk w;
	size_t len = strlen(path);
	int fd = -1, r;

	if (path[0] == '/')
		return TN_EESCAPE;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	w.dirs[0] = root;
	w.depth = 0;
	w.links = 0;
	w.rest = w.path + sizeof(w.path) - 1;
	*w.rest = '\0';
	r = walk_prepend(&w, path, len);
	assert(r == 0);

	while (r == 0 && fd < 0)
		r = walk_step(&w, flags, mode, &fd);
	while (w.depth > 0)
		(void)walk_up(&w);
	return r < 0 ? r : fd;
}
