/* The socket calls of a simulated machine, for every kind of socket there. */
#include <sys/un.h>
#include <tenon/error.h>
#include "sim/files.h"

#define SOCKET_SENDFILE 65536 /* copied at once */

/* ---- what all kinds share ---------------------------------------------- */

void
tn__sim_socket_init(struct tn__sim_socket *s, int family, int type,
    int protocol, const struct tn__socket_ops *ops)
{
	s->thing.fd = -1;
	s->thing.socket = true;
	s->ops = ops;
	s->family = family;
	s->type = type;
	s->protocol = protocol;
	tn__list_init(&s->thing.watches);
	tn__list_init(&s->bound);
}

/* Nobody finds it any more; the file of a Unix socket stays. */
void
tn__sim_socket_unbind(struct tn__sim_socket *s)
{
	tn__list_remove(&s->bound);
	if (s->file != NULL && s->file->socket == s)
		s->file->socket = NULL;
	s->file = NULL;
}

void
tn__sim_socket_fini(struct tn__sim_socket *s)
{
	tn__list_remove(&s->bound);
	while (s->options != NULL) {
		struct tn__option *next = s->options->next;

		tn__free(s->options);
		s->options = next;
	}
}

struct tn__sim_socket *
tn__sim_socket(int fd)
{
	struct tn__thing *thing = tn__thing_of(fd);

	return thing == NULL || !thing->socket ? NULL :
	    TN__CONTAINER(thing, struct tn__sim_socket, thing);
}

int
tn__sim_socket_get(int fd, struct tn__sim_socket **ret)
{
	struct tn__sim_socket *s = tn__sim_socket(fd);

	if (s == NULL)
		return tn__thing_of(fd) == NULL ? -EBADF : -ENOTSOCK;
	*ret = s;
	return s->thing.boot->dead ? -ENETDOWN : 0;
}

/* ---- made and unmade --------------------------------------------------- */

static const struct socket_kind {
	int family, type;
	int (*open)(int family, int protocol, struct tn__sim_socket **ret);
} socket_kinds[] = {
	{ AF_INET, SOCK_STREAM, tn__tcp_open },
	{ AF_INET6, SOCK_STREAM, tn__tcp_open },
	{ AF_INET, SOCK_DGRAM, tn__udp_open },
	{ AF_INET6, SOCK_DGRAM, tn__udp_open },
	{ AF_UNIX, SOCK_STREAM, tn__unix_stream_open },
	{ AF_UNIX, SOCK_SEQPACKET, tn__unix_packets_open },
	{ AF_UNIX, SOCK_DGRAM, tn__unix_datagram_open },
};

static int
socket_open(int family, int type, int protocol, struct tn__sim_socket **ret)
{
	if (tn__sim_boot()->dead)
		return -ENETDOWN;
	if (tn__sim_strikes(TN_SIM_NO_DESCRIPTOR))
		return -EMFILE;
	for (size_t i = 0; i < TN_COUNT(socket_kinds); i++)
		if (socket_kinds[i].family == family &&
		    socket_kinds[i].type == type)
			return socket_kinds[i].open(family, protocol, ret);
	/* Netlink and TIPC among them. */
	return -EOPNOTSUPP;
}

static int
sim_socket(int family, int type, int protocol)
{
	struct tn__sim_socket *s;
	int r = socket_open(family, type, protocol, &s);

	return r < 0 ? r : s->thing.fd;
}

static int
sim_socketpair(int family, int type, int protocol, int ret[2])
{
	if (family != AF_UNIX)
		return -EOPNOTSUPP;
	if (tn__sim_boot()->dead)
		return -ENETDOWN;
	if (tn__sim_strikes(TN_SIM_NO_DESCRIPTOR))
		return -EMFILE;
	return tn__unix_pair(type, ret);
}

static int
sim_close(int fd)
{
	struct tn__thing *thing = tn__thing_of(fd);

	if (thing == NULL)
		return -EBADF;
	thing->ops->close(thing);
	return 0;
}

/* ---- names ------------------------------------------------------------- */

static int
socket_address(const struct sockaddr *address, socklen_t size,
    struct tn_address *ret)
{
	struct tn_address a = { .size = size };

	if (size < sizeof(sa_family_t) || size > sizeof(a.storage))
		return -EINVAL;
	memcpy(&a.storage, address, size);
	*ret = a;
	return 0;
}

static int
socket_bind(struct tn__sim_socket *s, const struct tn_address *a)
{
	if (a->storage.ss_family != s->family)
		return s->family == AF_UNIX ? -EINVAL : -EAFNOSUPPORT;
	return s->family == AF_UNIX ? tn__unix_bind(s, a) :
	    tn__place_bind(s, a);
}

static int
sim_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	struct tn__sim_socket *s;
	struct tn_address a;
	int r = tn__sim_socket_get(fd, &s);

	if (r == 0)
		r = socket_address(address, size, &a);
	return r < 0 ? r : socket_bind(s, &a);
}

static int
sim_listen(int fd, int backlog)
{
	struct tn__sim_socket *s;
	int r = tn__sim_socket_get(fd, &s);

	if (r == 0 && s->ops->listen == NULL)
		r = -EOPNOTSUPP;
	return r < 0 ? r : s->ops->listen(s, backlog);
}

/* As much of it as there is room for, as the kernel does. */
static int
socket_name(const struct tn_address *name, struct sockaddr *ret,
    socklen_t *size)
{
	if (ret == NULL)
		return 0;
	memcpy(ret, &name->storage, *size < name->size ? *size : name->size);
	*size = name->size;
	return 0;
}

static void
socket_format(const struct tn__sim_socket *s, bool peer,
    struct tn_address *ret)
{
	const struct tn__name *name = peer ? &s->peer_name : &s->name;

	if (s->family != AF_UNIX) {
		tn__place_format(peer ? &s->remote : &s->local, s->family, ret);
		return;
	}
	memset(ret, 0, sizeof(*ret));
	ret->storage.ss_family = AF_UNIX;
	memcpy((char *)&ret->storage + offsetof(struct sockaddr_un, sun_path),
	    name->bytes, name->size);
	ret->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    name->size);
}

static int
sim_accept(int fd, struct sockaddr *ret, socklen_t *size)
{
	struct tn__sim_socket *s, *accepted;
	struct tn_address peer;
	int r = tn__sim_socket_get(fd, &s);

	if (r == 0 && s->ops->accept == NULL)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = s->ops->accept(s, &accepted);
	if (r < 0)
		return r;
	socket_format(accepted, true, &peer);
	socket_name(&peer, ret, size);
	return accepted->thing.fd;
}

static int
sim_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct tn__sim_socket *s;
	struct tn_address a;
	int r = tn__sim_socket_get(fd, &s);

	if (r == 0)
		r = socket_address(address, size, &a);
	if (r < 0)
		return r;
	if (a.storage.ss_family != s->family &&
	    a.storage.ss_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	return s->ops->connect(s, &a);
}

static int
sim_getsockname(int fd, struct sockaddr *ret, socklen_t *size)
{
	struct tn__sim_socket *s = tn__sim_socket(fd);
	struct tn_address name;

	if (s == NULL)
		return -EBADF;
	socket_format(s, false, &name);
	return socket_name(&name, ret, size);
}

static int
sim_getpeername(int fd, struct sockaddr *ret, socklen_t *size)
{
	struct tn__sim_socket *s = tn__sim_socket(fd);
	struct tn_address name;

	if (s == NULL)
		return -EBADF;
	if (!s->connected)
		return -ENOTCONN;
	socket_format(s, true, &name);
	return socket_name(&name, ret, size);
}

/* ---- receiving and sending --------------------------------------------- */

static ssize_t
sim_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct tn_address from = { 0 };
	struct tn__sim_socket *s;
	int out_flags = 0;
	ssize_t n = tn__sim_socket_get(fd, &s);

	if (n == 0)
		n = s->ops->recv(s,
		    (struct tn__vector){
			message->msg_iov, message->msg_iovlen },
		    flags, &from, &out_flags);
	if (n < 0)
		return n;
	if (message->msg_name != NULL)
		socket_name(&from, message->msg_name, &message->msg_namelen);
	message->msg_flags = out_flags;
	message->msg_controllen = 0;
	return n;
}

static ssize_t
sim_recv(int fd, void *out, size_t size, int flags)
{
	struct iovec part = { out, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return sim_recvmsg(fd, &message, flags);
}

static ssize_t
sim_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct tn_address to;
	struct tn__sim_socket *s;
	bool named = message->msg_name != NULL && message->msg_namelen > 0;
	int r = tn__sim_socket_get(fd, &s);

	if (r == 0 && message->msg_controllen > 0)
		r = -EOPNOTSUPP; /* no descriptors are sent here */
	if (r == 0 && named)
		r = socket_address(message->msg_name, message->msg_namelen,
		    &to);
	if (r < 0)
		return r;
	return s->ops->send(s, (struct tn__vector){ message->msg_iov,
	    message->msg_iovlen }, flags, named ? &to : NULL);
}

static ssize_t
sim_send(int fd, const void *bytes, size_t size, int flags)
{
	struct iovec part = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return sim_sendmsg(fd, &message, flags);
}

static ssize_t
sim_sendfile(int fd, int file, int64_t *offset, size_t size)
{
	char *bytes;
	ssize_t n;

	if (size > SOCKET_SENDFILE)
		size = SOCKET_SENDFILE;
	if (size == 0)
		return 0;
	bytes = tn__sim_zalloc(size);
	if (bytes == NULL)
		return -ENOMEM;
	n = tn__sim_os.pread(file, bytes, size, *offset, false);
	if (n > 0)
		n = sim_send(fd, bytes, (size_t)n, 0);
	if (n > 0)
		*offset += n;
	tn__free(bytes);
	return n;
}

static int
sim_shutdown(int fd, int how)
{
	struct tn__sim_socket *s;
	int r = tn__sim_socket_get(fd, &s);

	return r < 0 ? r : s->ops->shutdown(s, how);
}

/* ---- the rest ---------------------------------------------------------- */

static int
sim_nonblocking(int fd)
{
	return tn__thing_of(fd) == NULL ? -EBADF : 1;
}

/* Only the mode of a socket's file counts, and that bind() asks for. */
static int
sim_fchmod(int fd, unsigned mode)
{
	return tn__thing_of(fd) == NULL ? -EBADF : 0;
}

/* Nothing is inherited here. */
static int
sim_claimed(int fd)
{
	return tn__thing_of(fd) == NULL ? -EBADF : 1;
}

static int
sim_claim(int fd)
{
	return tn__thing_of(fd) == NULL ? -EBADF : 0;
}

static int
sim_unblock(int fd)
{
	return tn__thing_of(fd) == NULL ? -EBADF : 0;
}

/* A number stands for one thing here, and no program is started. */
static int
sim_dup(int fd)
{
	return tn__thing_of(fd) == NULL ? -EBADF : -EOPNOTSUPP;
}

static int
sim_inherit(int fd, bool yes)
{
	return tn__thing_of(fd) == NULL ? -EBADF : yes ? -EOPNOTSUPP : 0;
}

static int
sim_ioctl(int fd, unsigned long request, void *argument)
{
	return tn__thing_of(fd) == NULL ? -EBADF : -EOPNOTSUPP;
}

/* A file here has no owner, and a machine no list of users. */
static int
sim_chown(const char *path, int64_t user, int64_t group)
{
	struct stat now;

	return tn__unix_lstat(path, &now);
}

static int
sim_id(const char *name, bool group, uint32_t *ret)
{
	return -ENOENT;
}

static unsigned
sim_if_nametoindex(const char *name)
{
	return strcmp(name, "lo") == 0 ? 1 : strcmp(name, "eth0") == 0 ? 2 : 0;
}

static int
sim_if_indextoname(unsigned index, char ret[IF_NAMESIZE])
{
	if (index != 1 && index != 2)
		return -ENXIO;
	memcpy(ret, index == 1 ? "lo" : "eth0", index == 1 ? 3 : 5);
	return 0;
}

const struct tn__net_ops tn__sim_net = {
	.socket = sim_socket,
	.socketpair = sim_socketpair,
	.bind = sim_bind,
	.listen = sim_listen,
	.accept = sim_accept,
	.connect = sim_connect,
	.recv = sim_recv,
	.recvmsg = sim_recvmsg,
	.send = sim_send,
	.sendmsg = sim_sendmsg,
	.sendfile = sim_sendfile,
	.getsockopt = tn__sim_getsockopt,
	.setsockopt = tn__sim_setsockopt,
	.getsockname = sim_getsockname,
	.getpeername = sim_getpeername,
	.shutdown = sim_shutdown,
	.close = sim_close,
	.nonblocking = sim_nonblocking,
	.claimed = sim_claimed,
	.claim = sim_claim,
	.unblock = sim_unblock,
	.dup = sim_dup,
	.inherit = sim_inherit,
	.ioctl = sim_ioctl,
	.fchmod = sim_fchmod,
	.chmod = tn__unix_chmod,
	.chown = sim_chown,
	.lstat = tn__unix_lstat,
	.unlink = tn__unix_unlink,
	.id = sim_id,
	.getaddrinfo = tn__sim_getaddrinfo,
	.freeaddrinfo = tn__sim_freeaddrinfo,
	.getnameinfo = tn__sim_getnameinfo,
	.gethostbyname = tn__sim_gethostbyname,
	.gethostbyaddr = tn__sim_gethostbyaddr,
	.getservbyname = tn__sim_getservbyname,
	.getservbyport = tn__sim_getservbyport,
	.getprotobyname = tn__sim_getprotobyname,
	.gethostname = tn__sim_gethostname,
	.interfaces = tn__sim_interfaces,
	.if_nametoindex = sim_if_nametoindex,
	.if_indextoname = sim_if_indextoname,
};
