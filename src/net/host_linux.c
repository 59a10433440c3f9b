/* The kernel's socket calls and libc's look-ups: this file and
 * host_linux_names.c are the only ones of net/ that make them. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <tenon/error.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/result.h"
#include "net/host.h"
#include "rt/rt.h"

#ifdef __GLIBC__
#define LINUX_IOCTL_REQUEST unsigned long
#else
#define LINUX_IOCTL_REQUEST int
#endif

#define LINUX_ID_MAX (1 << 20) /* bytes of an entry in the group file */

static int
linux_socket(int family, int type, int protocol)
{
	return TN__RESULT(
	    socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

static int
linux_socketpair(int family, int type, int protocol, int ret[2])
{
	return TN__RESULT(socketpair(family,
	    type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol, ret));
}

static int
linux_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	return TN__RESULT(bind(fd, address, size));
}

static int
linux_listen(int fd, int backlog)
{
	return TN__RESULT(listen(fd, backlog));
}

static int
linux_accept(int fd, struct sockaddr *ret, socklen_t *size)
{
	return TN__RESULT(accept4(fd, ret, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static int
linux_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	return TN__RESULT(connect(fd, address, size));
}

static ssize_t
linux_recv(int fd, void *out, size_t size, int flags)
{
	return TN__RESULT(recv(fd, out, size, flags));
}

static ssize_t
linux_recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t n = TN__RESULT(recvmsg(fd, message, flags | MSG_CMSG_CLOEXEC));

	if (n >= 0) /* the kernel gives back what nobody asked for */
		message->msg_flags &= ~MSG_CMSG_CLOEXEC;
	return n;
}

static ssize_t
linux_send(int fd, const void *bytes, size_t size, int flags)
{
	return TN__RESULT(send(fd, bytes, size, flags | MSG_NOSIGNAL));
}

static ssize_t
linux_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return TN__RESULT(sendmsg(fd, message, flags | MSG_NOSIGNAL));
}

/* There is no MSG_NOSIGNAL for it. */
static ssize_t
linux_sendfile(int fd, int file, int64_t *offset, size_t size)
{
	off_t at = (off_t)*offset;
	struct tn__sigpipe before;
	ssize_t n;

	tn__sigpipe_block(&before);
	n = TN__RESULT(sendfile(fd, file, &at, size));
	tn__sigpipe_restore(&before, n == -EPIPE);
	if (n >= 0)
		*offset = at;
	return n;
}

static int
linux_getsockopt(int fd, int level, int name, void *out, socklen_t *size)
{
	return TN__RESULT(getsockopt(fd, level, name, out, size));
}

static int
linux_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	return TN__RESULT(setsockopt(fd, level, name, value, size));
}

static int
linux_getsockname(int fd, struct sockaddr *ret, socklen_t *size)
{
	return TN__RESULT(getsockname(fd, ret, size));
}

static int
linux_getpeername(int fd, struct sockaddr *ret, socklen_t *size)
{
	return TN__RESULT(getpeername(fd, ret, size));
}

static int
linux_shutdown(int fd, int how)
{
	return TN__RESULT(shutdown(fd, how));
}

static int
linux_close(int fd)
{
	return TN__RESULT(close(fd));
}

static int
linux_nonblocking(int fd)
{
	int flags = TN__RESULT(fcntl(fd, F_GETFL));

	return flags < 0 ? flags : (flags & O_NONBLOCK) != 0;
}

static int
linux_claimed(int fd)
{
	int flags = TN__RESULT(fcntl(fd, F_GETFD));

	return flags < 0 ? flags : (flags & FD_CLOEXEC) != 0;
}

static int
linux_unblock(int fd)
{
	int flags = TN__RESULT(fcntl(fd, F_GETFL));

	return flags < 0 ? flags :
	    TN__RESULT(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

static int
linux_inherit(int fd, bool yes)
{
	return TN__RESULT(fcntl(fd, F_SETFD, yes ? 0 : FD_CLOEXEC));
}

static int
linux_claim(int fd)
{
	int r = linux_unblock(fd);

	return r < 0 ? r : linux_inherit(fd, false);
}

static int
linux_dup(int fd)
{
	return TN__RESULT(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static int
linux_ioctl(int fd, unsigned long request, void *argument)
{
	/* musl's takes an int: the bits are what counts. */
	return TN__RESULT(ioctl(fd, (LINUX_IOCTL_REQUEST)request, argument));
}

static int
linux_fchmod(int fd, unsigned mode)
{
	return TN__RESULT(fchmod(fd, mode));
}

static int
linux_chmod(const char *path, unsigned mode)
{
	return TN__RESULT(fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW));
}

static int
linux_chown(const char *path, int64_t user, int64_t group)
{
	return TN__RESULT(lchown(path, (uid_t)user, (gid_t)group));
}

static int
linux_lstat(const char *path, struct stat *ret)
{
	return TN__RESULT(lstat(path, ret));
}

static int
linux_unlink(const char *path)
{
	return TN__RESULT(unlink(path));
}

/* One try with so much room. */
static int
linux_id_within(const char *name, bool group, char *room, size_t size,
    uint32_t *ret)
{
	struct passwd user, *user_found = NULL;
	struct group all, *all_found = NULL;
	int r = group ? getgrnam_r(name, &all, room, size, &all_found) :
	    getpwnam_r(name, &user, room, size, &user_found);

	if (r != 0)
		return -r;
	if (user_found == NULL && all_found == NULL)
		return -ENOENT;
	*ret = group ? all.gr_gid : user.pw_uid;
	return 0;
}

/* A group may have very many members. */
static int
linux_id(const char *name, bool group, uint32_t *ret)
{
	size_t size = 4096;
	int r = -ERANGE;

	while (r == -ERANGE && size <= LINUX_ID_MAX) {
		char *room = tn__alloc(size);

		if (room == NULL)
			return -ENOMEM;
		r = linux_id_within(name, group, room, size, ret);
		tn__free(room);
		size *= 4;
	}
	return r;
}

/* getaddrinfo's codes, which are not errno's. */
static int
linux_gai_code(int code, int error)
{
	switch (code) {
	case 0:
		return 0;
	case EAI_NONAME:
		return TN_EGAI_NONAME;
	case EAI_AGAIN:
		return TN_EGAI_AGAIN;
	case EAI_FAIL:
		return TN_EGAI_FAIL;
	case EAI_FAMILY:
		return TN_EGAI_FAMILY;
#ifdef EAI_NODATA
	case EAI_NODATA:
		return TN_EGAI_NODATA;
#endif
#ifdef EAI_ADDRFAMILY
	case EAI_ADDRFAMILY:
		return TN_EGAI_NODATA;
#endif
	case EAI_SERVICE:
		return TN_EGAI_SERVICE;
	case EAI_SOCKTYPE:
		return TN_EGAI_SOCKTYPE;
	case EAI_BADFLAGS:
		return TN_EGAI_FLAGS;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_OVERFLOW:
		return -EOVERFLOW;
	case EAI_SYSTEM:
		return error > 0 ? -error : TN_EGAI_FAIL;
	default:
		return TN_EGAI_FAIL;
	}
}

static int
linux_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret)
{
	int code;

	errno = 0;
	code = getaddrinfo(host, service, hints, ret);
	return linux_gai_code(code, errno);
}

static int
linux_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
    size_t host_size, char *service, size_t service_size, int flags)
{
	int code;

	errno = 0;
	code = getnameinfo(address, size, host, (socklen_t)host_size, service,
	    (socklen_t)service_size, flags);
	return linux_gai_code(code, errno);
}

static int
linux_if_indextoname(unsigned index, char ret[IF_NAMESIZE])
{
	return if_indextoname(index, ret) == NULL ? -errno : 0;
}

const struct tn__net_ops tn__net_linux = {
	.socket = linux_socket,
	.socketpair = linux_socketpair,
	.bind = linux_bind,
	.listen = linux_listen,
	.accept = linux_accept,
	.connect = linux_connect,
	.recv = linux_recv,
	.recvmsg = linux_recvmsg,
	.send = linux_send,
	.sendmsg = linux_sendmsg,
	.sendfile = linux_sendfile,
	.getsockopt = linux_getsockopt,
	.setsockopt = linux_setsockopt,
	.getsockname = linux_getsockname,
	.getpeername = linux_getpeername,
	.shutdown = linux_shutdown,
	.close = linux_close,
	.nonblocking = linux_nonblocking,
	.claimed = linux_claimed,
	.claim = linux_claim,
	.unblock = linux_unblock,
	.dup = linux_dup,
	.inherit = linux_inherit,
	.ioctl = linux_ioctl,
	.fchmod = linux_fchmod,
	.chmod = linux_chmod,
	.chown = linux_chown,
	.lstat = linux_lstat,
	.unlink = linux_unlink,
	.id = linux_id,
	.getaddrinfo = linux_getaddrinfo,
	.freeaddrinfo = freeaddrinfo,
	.getnameinfo = linux_getnameinfo,
	.gethostbyname = tn__linux_gethostbyname,
	.gethostbyaddr = tn__linux_gethostbyaddr,
	.getservbyname = tn__linux_getservbyname,
	.getservbyport = tn__linux_getservbyport,
	.getprotobyname = tn__linux_getprotobyname,
	.gethostname = tn__linux_gethostname,
	.interfaces = tn__linux_interfaces,
	.if_nametoindex = if_nametoindex,
	.if_indextoname = linux_if_indextoname,
};
