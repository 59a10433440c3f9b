/* What does not wait: making and ending sockets, their names and options. */
#include <sys/ioctl.h>
#include <tenon/error.h>

#include "base/memory.h"
#include "net/socket.h"

/* ---- making ------------------------------------------------------------ */

/* The descriptor stays the caller's when there is no memory. */
static int
socket_wrap(int fd, int family, int type, int proto, unsigned flags,
    struct tn_socket **ret)
{
	struct tn_socket *s = tn__zalloc(sizeof(*s));

	if (s == NULL)
		return tn__error_nomem();
	/* Nothing but TCP promises that a short read has emptied it. */
	if (tn__is_inet(family) && type == SOCK_STREAM &&
	    (proto == 0 || proto == IPPROTO_TCP))
		flags |= TN__IO_HINT;
	tn__io_init(&s->io, fd, flags);
	s->io.describe = tn__socket_describe;
	s->family = (short)family;
	s->type = (unsigned char)type;
	s->proto = proto;
	s->timeout = tn__socket_default_timeout();
	*ret = s;
	return 0;
}

int
tn__socket_new(int fd, int family, int type, int proto, const char *verb,
    struct tn_socket **ret)
{
	int r;

	if (fd < 0)
		return tn_error_set(fd, "%s: %s", verb, tn__socket_words(fd));
	r = socket_wrap(fd, family, type, proto, 0, ret);
	if (r < 0)
		tn__net()->close(fd);
	return r;
}

/* The two bits that the kernel lets a caller put beside the type. */
static int
socket_plain_type(int type)
{
	return type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* What SOCK_NONBLOCK asks for is said by the timeout: every descriptor is. */
static void
socket_note_type(struct tn_socket *s, int asked)
{
	if (asked & SOCK_NONBLOCK)
		s->timeout = 0;
}

int
tn_socket_open(int family, int type, int proto, struct tn_socket **ret)
{
	int plain = socket_plain_type(type);
	int r = tn__socket_new(tn__net()->socket(family, plain, proto), family,
	    plain, proto, "socket", ret);

	if (r == 0)
		socket_note_type(*ret, type);
	return r;
}

int
tn_socket_pair(int family, int type, int proto, struct tn_socket *ret[2])
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *first = NULL;
	struct tn_socket *second;
	int plain = socket_plain_type(type), fds[2], r;

	r = tn__net()->socketpair(family, plain, proto, fds);
	if (r < 0)
		return tn_error_set(r, "socketpair: %s", tn__socket_words(r));
	r = tn__socket_new(fds[0], family, plain, proto, "socketpair", &first);
	if (r < 0) {
		tn__net()->close(fds[1]);
		return r;
	}
	r = tn__socket_new(fds[1], family, plain, proto, "socketpair", &second);
	if (r < 0)
		return r;
	socket_note_type(first, type);
	socket_note_type(second, type);
	ret[0] = TN_TAKE(first);
	ret[1] = second;
	return 0;
}

/* Python says how it was built; what a program wants to know is whether a
 * listener at [::1] would come to be. */
bool
tn_net_has_ipv6(void)
{
	struct sockaddr_in6 loopback = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	const struct tn__net_ops *net = tn__net();
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0), r;

	if (fd < 0)
		return false;
	r = net->bind(fd, (const struct sockaddr *)&loopback,
	    sizeof(loopback));
	net->close(fd);
	return r >= 0;
}

static int
socket_fd_option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);
	int r = tn__net()->getsockopt(fd, SOL_SOCKET, name, &value, &size);

	return r < 0 ? r : value;
}

int
tn_socket_from_fd(int fd, struct tn_socket **ret)
{
	TN_CLEANUP(tn_socket_freep) struct tn_socket *s = NULL;
	int family = socket_fd_option(fd, SO_DOMAIN);
	int type = socket_fd_option(fd, SO_TYPE);
	int proto = socket_fd_option(fd, SO_PROTOCOL), r;

	if (family < 0 || type < 0)
		return tn_error_set(family < 0 ? family : type,
		    "descriptor %d as a socket: %s", fd,
		    tn_error_words(family < 0 ? family : type));
	r = socket_wrap(fd, family, type, proto < 0 ? 0 : proto,
	    tn__net()->nonblocking(fd) > 0 ? 0 : TN__IO_FOREIGN, &s);
	if (r < 0)
		return r;
	r = tn_socket_settimeout(s, s->timeout);
	if (r < 0) {
		tn__io_close(&s->io); /* it stays the caller's */
		return r;
	}
	*ret = TN_TAKE(s);
	return 0;
}

/* A descriptor of our own for what `fd` stands for. */
static int
socket_copy(int fd, const char *verb, struct tn_socket **ret)
{
	int copy = tn__net()->dup(fd), r;

	if (copy < 0)
		return tn_error_set(copy, "%s of descriptor %d: %s", verb, fd,
		    tn__socket_words(copy));
	r = tn_socket_from_fd(copy, ret);
	if (r < 0)
		tn__net()->close(copy);
	return r;
}

int
tn_net_fromfd(int fd, struct tn_socket **ret)
{
	return socket_copy(fd, "fromfd", ret);
}

int
tn_socket_dup(const struct tn_socket *s, struct tn_socket **ret)
{
	struct tn_socket *copy;
	int r;

	if (s->io.fd < 0)
		return tn__socket_fail(s, -EBADF, "dup", NULL);
	r = socket_copy(s->io.fd, "dup", &copy);
	if (r < 0)
		return r;
	copy->timeout = s->timeout;
	copy->accepted = s->accepted;
	copy->peer = s->peer;
	*ret = copy;
	return 0;
}

int
tn__socket_share(struct tn_socket *s, struct tn_socket **ret)
{
	struct tn_socket *other;
	int r = socket_wrap(s->io.fd, s->family, s->type, s->proto,
	    s->io.flags | TN__IO_EXCLUSIVE, &other);

	if (r < 0)
		return r;
	other->borrowed = true;
	s->io.flags |= TN__IO_EXCLUSIVE;
	*ret = other;
	return 0;
}

/* ---- ending ------------------------------------------------------------ */

int
tn_socket_close(struct tn_socket *s)
{
	int fd, r;

	if (s->io.fd < 0)
		return tn__socket_fail(s, -EBADF, "close", NULL);
	tn__socket_path_remove(s);
	fd = tn__io_close(&s->io);
	if (s->borrowed)
		return 0;
	r = tn__net()->close(fd);
	return r < 0 ? tn__socket_fail(s, r, "close", NULL) : 0;
}

void
tn_socket_free(struct tn_socket *s)
{
	int fd;

	if (s == NULL)
		return;
	tn__socket_path_remove(s);
	fd = tn__io_close(&s->io);
	if (fd >= 0 && !s->borrowed)
		tn__net()->close(fd); /* no error line: free() touches none */
	tn__free(s);
}

int
tn_socket_detach(struct tn_socket *s)
{
	int fd = s->io.fd < 0 ?
	    tn__socket_fail(s, -EBADF, "detach", NULL) :
	    tn__io_close(&s->io);

	tn__socket_path_forget(s); /* it goes with the descriptor */
	tn__free(s);
	return fd;
}

void
tn_socket_release(struct tn_socket *s)
{
	tn__io_release(&s->io);
}

/* ---- names and options ------------------------------------------------- */

int
tn_socket_fileno(const struct tn_socket *s)
{
	return s->io.fd < 0 ? -EBADF : s->io.fd;
}

int
tn_socket_family(const struct tn_socket *s)
{
	return s->family;
}

int
tn_socket_type(const struct tn_socket *s)
{
	return s->type;
}

int
tn_socket_proto(const struct tn_socket *s)
{
	return s->proto;
}

static int
socket_name(const struct tn_socket *s,
    int (*call)(int, struct sockaddr *, socklen_t *), const char *verb,
    struct tn_address *ret)
{
	struct tn_address address = { .size = sizeof(address.storage) };
	int r = call(s->io.fd, (struct sockaddr *)&address.storage,
	    &address.size);

	if (r < 0)
		return tn__socket_fail(s, r, verb, NULL);
	*ret = address;
	return 0;
}

int
tn_socket_getsockname(const struct tn_socket *s, struct tn_address *ret)
{
	return socket_name(s, tn__net()->getsockname, "getsockname", ret);
}

int
tn_socket_getpeername(const struct tn_socket *s, struct tn_address *ret)
{
	return socket_name(s, tn__net()->getpeername, "getpeername", ret);
}

int
tn_socket_getsockopt(const struct tn_socket *s, int level, int name, void *ret,
    socklen_t *size)
{
	int r = tn__net()->getsockopt(s->io.fd, level, name, ret, size);

	return r < 0 ? tn__socket_fail(s, r, "getsockopt", NULL) : 0;
}

int
tn_socket_setsockopt(struct tn_socket *s, int level, int name,
    const void *value, socklen_t size)
{
	int r = tn__net()->setsockopt(s->io.fd, level, name, value, size);

	return r < 0 ? tn__socket_fail(s, r, "setsockopt", NULL) : 0;
}

int
tn_socket_bind(struct tn_socket *s, const struct tn_address *address)
{
	int r = tn__net()->bind(s->io.fd,
	    (const struct sockaddr *)&address->storage, address->size);
	char text[TN_ADDRESS_TEXT_MAX];

	if (r < 0)
		return tn_error_set(r, "bind %s: %s",
		    tn_address_format(address, text),
		    tn__socket_advice(TN__SOCKET_BIND, s->family, r));
	return 0;
}

int
tn_socket_listen(struct tn_socket *s, int backlog)
{
	int r = tn__net()->listen(s->io.fd, backlog);

	return r < 0 ? tn__socket_fail_words(s, r, "listen", NULL,
	    tn__socket_advice(TN__SOCKET_BIND, s->family, r)) : 0;
}

int
tn_socket_shutdown(struct tn_socket *s, int how)
{
	int r = tn__net()->shutdown(s->io.fd, how);

	return r < 0 ? tn__socket_fail(s, r, "shutdown", "to") : 0;
}

/* ---- the descriptor ---------------------------------------------------- */

int
tn_socket_ioctl(struct tn_socket *s, unsigned long request, void *argument)
{
	int r;

	if (request == FIONBIO)
		return tn_error_set(-EINVAL, "ioctl FIONBIO: "
		    "tn_socket_setblocking() is how it is said here");
	r = s->io.fd < 0 ? -EBADF :
	    tn__net()->ioctl(s->io.fd, request, argument);
	return r < 0 ? tn__socket_fail(s, r, "ioctl", NULL) : r;
}

int
tn_socket_get_inheritable(const struct tn_socket *s)
{
	int r = s->io.fd < 0 ? -EBADF : tn__net()->claimed(s->io.fd);

	return r < 0 ? tn__socket_fail(s, r, "get_inheritable", NULL) : r == 0;
}

int
tn_socket_set_inheritable(struct tn_socket *s, bool inheritable)
{
	int r = s->io.fd < 0 ? -EBADF :
	    tn__net()->inherit(s->io.fd, inheritable);

	return r < 0 ? tn__socket_fail(s, r, "set_inheritable", NULL) : 0;
}
