/* The file of a Unix socket: whose it is, who may use it, and who takes it
 * away. */
#include <stdio.h>
#include <sys/un.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <tenon/offload.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/socket.h"

/* What tells it from another file that has come into its place. */
struct tn__socket_path {
	dev_t device;
	ino_t inode;
	pid_t maker; /* a forked child's copy leaves the file alone */
	pid_t heir_of; /* who handed it down, and has it while it lives */
	char path[];
};

const char *
tn__path_of(const struct tn_address *address)
{
	const char *path = (const char *)&address->storage +
	    offsetof(struct sockaddr_un, sun_path);

	return address->storage.ss_family == AF_UNIX &&
	    address->size > offsetof(struct sockaddr_un, sun_path) &&
	    path[0] != '\0' ? path : NULL;
}

/* ---- whose it shall be ------------------------------------------------- */

struct path_look_up {
	const char *name;
	bool group;
	uint32_t id;
};

static int
path_look_up(void *arg)
{
	struct path_look_up *l = arg;

	return tn__net()->id(l->name, l->group, &l->id);
}

/* A number stands for itself. */
static int
path_find_id(const char *name, bool group, int64_t *ret)
{
	struct path_look_up look_up = { .name = name, .group = group };
	uint64_t number;
	int r, found = 0;

	if (tn_parse_uint(tn_slice_str(name), UINT32_MAX - 1, &number) == 0) {
		*ret = (int64_t)number;
		return 0;
	}
	r = tn_offload(path_look_up, &look_up, &found);
	if (r == 0)
		r = found;
	if (r < 0)
		return tn_error_set(r, "no %s \"%s\": %s",
		    group ? "group" : "user", name,
		    r == -ENOENT ? "this machine does not know it" :
		    tn_error_words(r));
	*ret = look_up.id;
	return 0;
}

int
tn__path_owner(const char *text, struct tn__path_access *ret)
{
	struct tn_slice group = tn_slice_str(text);
	struct tn_slice user = tn_slice_split(&group, ':');
	char name[64];
	int r = 0;

	if (user.len >= sizeof(name) || group.len >= sizeof(name) ||
	    user.len + group.len == 0 ||
	    (group.data != NULL && group.len == 0))
		return tn_error_set(-EINVAL, "an owner is USER, USER:GROUP or "
		    ":GROUP");
	if (user.len > 0) {
		snprintf(name, sizeof(name), "%.*s", (int)user.len, user.data);
		r = path_find_id(name, false, &ret->user);
	}
	if (r == 0 && group.len > 0)
		r = path_find_id(group.data, true, &ret->group);
	return r;
}

/* ---- making it --------------------------------------------------------- */

static int
path_bind(struct tn_socket *s, const struct tn_address *address)
{
	return tn__net()->bind(s->io.fd,
	    (const struct sockaddr *)&address->storage, address->size);
}

static bool
path_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Removes the file at `path` if it is a socket on which nobody listens any
 * more.  Another program may do the same at the same instant, so it is looked
 * at again right before. */
static int
path_take_over(const struct tn_socket *s, const struct tn_address *address,
    const char *path)
{
	const struct tn__net_ops *net = tn__net();
	struct stat before, after;
	int probe, r;

	r = net->lstat(path, &before);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!S_ISSOCK(before.st_mode))
		return -EEXIST;
	probe = net->socket(AF_UNIX, s->type, 0);
	if (probe < 0)
		return probe;
	r = net->connect(probe, (const struct sockaddr *)&address->storage,
	    address->size);
	net->close(probe);
	if (r != -ECONNREFUSED || net->lstat(path, &after) < 0 ||
	    !path_same_file(&before, &after))
		return -EADDRINUSE;
	return net->unlink(path);
}

int
tn__path_keep(struct tn_socket *s, const char *path, pid_t heir_of)
{
	size_t size = strlen(path) + 1;
	struct tn__socket_path *p;
	struct stat made;
	int r = tn__net()->lstat(path, &made);

	if (r < 0)
		return r;
	p = tn__alloc(sizeof(*p) + size);
	if (p == NULL)
		return -ENOMEM;
	p->device = made.st_dev;
	p->inode = made.st_ino;
	p->maker = getpid();
	p->heir_of = heir_of;
	memcpy(p->path, path, size);
	s->path = p;
	return 0;
}

/* The umask took bits away, never added any, and whose it was before may use
 * it no more than they: so nobody came in meanwhile who may not. */
static int
path_give(const char *path, const struct tn__path_access *access)
{
	int r = 0;

	if (access->user >= 0 || access->group >= 0)
		r = tn__net()->chown(path, access->user, access->group);
	if (r >= 0 && access->mode != 0)
		r = tn__net()->chmod(path, access->mode);
	return r;
}

int
tn__path_bind(struct tn_socket *s, const struct tn_address *address,
    const struct tn__path_access *access)
{
	const char *path = tn__path_of(address);
	int r = 0;

	if (access->mode != 0) /* the file then never has more than that */
		r = tn__net()->fchmod(s->io.fd, access->mode);
	if (r >= 0)
		r = path_bind(s, address);
	if (r == -EADDRINUSE) {
		r = path_take_over(s, address, path);
		if (r >= 0)
			r = path_bind(s, address);
	}
	if (r < 0)
		return r;
	r = tn__path_keep(s, path, 0);
	if (r < 0) {
		tn__net()->unlink(path);
		return r;
	}
	return path_give(path, access);
}

/* ---- taking it away ---------------------------------------------------- */

void
tn__socket_path_remove(struct tn_socket *s)
{
	struct tn__socket_path *p = TN_TAKE(s->path);
	struct stat now;

	if (p == NULL)
		return;
	if (p->maker == getpid() && p->heir_of != getppid() &&
	    tn__net()->lstat(p->path, &now) >= 0 &&
	    now.st_dev == p->device && now.st_ino == p->inode)
		tn__net()->unlink(p->path);
	tn__free(p);
}

void
tn__socket_path_forget(struct tn_socket *s)
{
	tn__free(TN_TAKE(s->path));
}
