/* Listening at an address as a person writes it. */
#include <netinet/in.h>
#include <sys/un.h>
#include <tenon/error.h>
#include <tenon/resolve.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/socket.h"

#define LISTEN_BACKLOG 1024
#define LISTEN_ADDRESSES_MAX 16

/* The file that bind() made for a Unix socket, and what tells it from another
 * file that has come into its place. */
struct tn__socket_path {
	dev_t device;
	ino_t inode;
	pid_t maker; /* a forked child's copy leaves the file alone */
	char path[];
};

/* ---- what went wrong --------------------------------------------------- */

static const struct listen_advice {
	int code;
	bool local; /* for a Unix path */
	const char *words;
} listen_advices[] = {
	{ -EADDRINUSE, false, "address already in use; stop the other program "
			      "or choose another port" },
	{ -EADDRINUSE, true, "address already in use; stop the other program "
			     "or choose another path" },
	{ -EADDRNOTAVAIL, false, "no such address on this machine; 0.0.0.0 and "
				 "[::] stand for all it has" },
	{ -EACCES, false, "permission denied; ports below 1024 are for root "
			  "and CAP_NET_BIND_SERVICE: choose a higher one" },
	{ -EACCES, true, "permission denied; the directory has to be writable "
			 "for this user" },
	{ -ENOENT, true, "no such directory; make it first" },
	{ -EEXIST, true, "a file that is no socket has that name; remove it or "
			 "choose another path" },
};

static int
listen_fail(const struct tn_address *address, int code)
{
	bool local = address->storage.ss_family == AF_UNIX;
	const char *words = tn__socket_words(code);
	char text[TN_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < TN_COUNT(listen_advices); i++)
		if (listen_advices[i].code == code &&
		    listen_advices[i].local == local)
			words = listen_advices[i].words;
	return tn_error_set(code, "listen %s: %s",
	    tn_address_format(address, text), words);
}

/* ---- one socket -------------------------------------------------------- */

static int
listen_flag(struct tn_socket *s, int level, int name, int value)
{
	return tn__net()->setsockopt(s->io.fd, level, name, &value,
	    sizeof(value));
}

/* From here to listen_start() a code is returned without a line, which
 * listen_address() then writes. */
static int
listen_set_options(struct tn_socket *s, const struct tn_address *address,
    const struct tn_listen_options *options)
{
	struct tn_ip ip;
	int r = 0;

	if (!tn__is_inet(s->family))
		return 0;
	/* UDP does without: there it would let two programs share a port. */
	if (s->type == SOCK_STREAM && !options->no_reuse_address)
		r = listen_flag(s, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r >= 0 && options->reuse_port)
		r = listen_flag(s, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r >= 0 && tn_address_ip(address, &ip) == 0 && ip.family == 6 &&
	    tn_ip_is_any(&ip))
		r = listen_flag(s, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
	return r;
}

static int
listen_bind(struct tn_socket *s, const struct tn_address *address)
{
	return tn__net()->bind(s->io.fd,
	    (const struct sockaddr *)&address->storage, address->size);
}

/* ---- the file of a Unix socket ----------------------------------------- */

static bool
listen_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Removes the file at `path` if it is a socket on which nobody listens any
 * more.  Another program may do the same at the same instant, so it is looked
 * at again right before. */
static int
listen_take_over(const struct tn_socket *s, const struct tn_address *address,
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
	    !listen_same_file(&before, &after))
		return -EADDRINUSE;
	return net->unlink(path);
}

/* Remembers the file that bind() has just made, and gives it its mode.  The
 * umask took bits away, never added any: so nobody came in meanwhile who may
 * not. */
static int
listen_keep_path(struct tn_socket *s, const char *path, unsigned mode)
{
	const struct tn__net_ops *net = tn__net();
	size_t size = strlen(path) + 1;
	struct tn__socket_path *p;
	struct stat made;
	int r = net->lstat(path, &made);

	if (r < 0)
		return r;
	p = tn__alloc(sizeof(*p) + size);
	if (p == NULL) {
		net->unlink(path);
		return -ENOMEM;
	}
	p->device = made.st_dev;
	p->inode = made.st_ino;
	p->maker = getpid();
	memcpy(p->path, path, size);
	s->path = p;
	if (mode == 0 || (made.st_mode & 0777) == mode)
		return 0;
	return net->chmod(path, mode);
}

static int
listen_bind_path(struct tn_socket *s, const struct tn_address *address,
    const char *path, unsigned mode)
{
	int r = 0;

	if (mode != 0) /* the file then never has more than that */
		r = tn__net()->fchmod(s->io.fd, mode);
	if (r >= 0)
		r = listen_bind(s, address);
	if (r == -EADDRINUSE) {
		r = listen_take_over(s, address, path);
		if (r >= 0)
			r = listen_bind(s, address);
	}
	return r < 0 ? r : listen_keep_path(s, path, mode);
}

void
tn__socket_path_remove(struct tn_socket *s)
{
	struct tn__socket_path *p = TN_TAKE(s->path);
	struct stat now;

	if (p == NULL)
		return;
	if (p->maker == getpid() && tn__net()->lstat(p->path, &now) >= 0 &&
	    now.st_dev == p->device && now.st_ino == p->inode)
		tn__net()->unlink(p->path);
	tn__free(p);
}

/* ---- the whole --------------------------------------------------------- */

static int
listen_start(struct tn_socket *s, const struct tn_address *address,
    const struct tn_listen_options *options)
{
	const char *path = (const char *)&address->storage +
	    offsetof(struct sockaddr_un, sun_path);
	int r = listen_set_options(s, address, options);

	if (r < 0)
		return r;
	if (s->family == AF_UNIX && path[0] != '\0')
		r = listen_bind_path(s, address, path,
		    (unsigned)options->unix_mode & 0777);
	else
		r = listen_bind(s, address);
	if (r < 0 || s->type != SOCK_STREAM)
		return r;
	return tn__net()->listen(s->io.fd,
	    options->backlog == 0 ? LISTEN_BACKLOG : options->backlog);
}

static int
listen_address(const struct tn_address *address, int type,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int r = tn_socket_open(address->storage.ss_family, type, 0, &s);

	if (r == 0)
		r = listen_start(s, address, options);
	if (r < 0)
		return listen_fail(address, r);
	*ret = TN_TAKE(s);
	return 0;
}

/* The first address that this machine has.  Another failure than its absence
 * ends it: on the next address the clients would not look. */
static int
listen_host(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	struct tn_address list[LISTEN_ADDRESSES_MAX];
	int count, r = TN_EGAI_NODATA;

	count = tn_net_getaddrinfo(endpoint->host, endpoint->port, AF_UNSPEC,
	    endpoint->type, true, list, TN_COUNT(list));
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		r = listen_address(&list[i], endpoint->type, options, ret);
		if (r != -EAFNOSUPPORT && r != -EADDRNOTAVAIL)
			break;
	}
	return r;
}

int
tn__listen_endpoint(const struct tn_endpoint *endpoint,
    const struct tn_listen_options *options, struct tn_socket **ret)
{
	static const struct tn_listen_options defaults;
	struct tn_address address;
	int r;

	if (options == NULL)
		options = &defaults;
	if (endpoint->local) {
		r = tn_address_from_path(tn_slice_str(endpoint->host),
		    &address);
		if (r < 0)
			return r;
		return listen_address(&address, endpoint->type, options, ret);
	}
	if (endpoint->port[0] == '\0')
		return tn_error_set(-EINVAL,
		    "listen %s: a port is missing; write HOST:PORT, or HOST:0 "
		    "for any that is free",
		    endpoint->host);
	return listen_host(endpoint, options, ret);
}

int
tn_listen(const char *address, const struct tn_listen_options *options,
    struct tn_socket **ret)
{
	struct tn_endpoint endpoint;
	int r = tn_endpoint_parse(address, &endpoint);

	if (r < 0)
		return r;
	if (endpoint.tls)
		return tn_error_set(-EOPNOTSUPP,
		    "listen %s: a socket alone speaks no TLS", address);
	return tn__listen_endpoint(&endpoint, options, ret);
}
