/* The seam of net/: every socket call and look-up the library makes.  Results
 * are >= 0 or -errno (TN_EGAI_* for look-ups), read at once after the call.
 * host_linux.c has the kernel's; a simulated world brings its own. */
#ifndef TN__NET_HOST_H
#define TN__NET_HOST_H

#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <tenon/address.h>
#include <tenon/netdb.h>
#include "rt/rt.h"

struct tn__net_ops {
	/* Always CLOEXEC and NONBLOCK. */
	int (*socket)(int family, int type, int protocol);
	int (*socketpair)(int family, int type, int protocol, int ret[2]);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t size);
	int (*listen)(int fd, int backlog);
	int (*accept)(int fd, struct sockaddr *ret, socklen_t *size);
	int (*connect)(int fd, const struct sockaddr *address, socklen_t size);
	ssize_t (*recv)(int fd, void *out, size_t size, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	ssize_t (*send)(int fd, const void *bytes, size_t size, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	/* From the file at `*offset`, which moves on.  SIGPIPE never comes. */
	ssize_t (*sendfile)(int fd, int file, int64_t *offset, size_t size);
	int (*getsockopt)(int fd, int level, int name, void *out,
	    socklen_t *size);
	int (*setsockopt)(int fd, int level, int name, const void *value,
	    socklen_t size);
	int (*getsockname)(int fd, struct sockaddr *ret, socklen_t *size);
	int (*getpeername)(int fd, struct sockaddr *ret, socklen_t *size);
	int (*shutdown)(int fd, int how);
	int (*close)(int fd);
	/* 1 when O_NONBLOCK is set, 0 when it is not. */
	int (*nonblocking)(int fd);
	/* A descriptor that was open when this process began: whether it is
	 * close-on-exec, and makes it that and nonblocking. */
	int (*claimed)(int fd);
	int (*claim)(int fd);
	/* O_NONBLOCK from now on; another descriptor for the same, CLOEXEC;
	 * whether programs started from here have it. */
	int (*unblock)(int fd);
	int (*dup)(int fd);
	int (*inherit)(int fd, bool yes);
	int (*ioctl)(int fd, unsigned long request, void *argument);
	/* The file of a Unix socket: the mode that bind() will give it; once it
	 * is there the same, whose it is (-1: as it was), what it is, and away
	 * with it.  No link is followed. */
	int (*fchmod)(int fd, unsigned mode);
	int (*chmod)(const char *path, unsigned mode);
	int (*chown)(const char *path, int64_t user, int64_t group);
	int (*lstat)(const char *path, struct stat *ret);
	int (*unlink)(const char *path);
	/* The number of a user or group; -ENOENT.  Blocks. */
	int (*id)(const char *name, bool group, uint32_t *ret);
	/* Blocks; called on a look-up worker only. */
	int (*getaddrinfo)(const char *host, const char *service,
	    const struct addrinfo *hints, struct addrinfo **ret);
	void (*freeaddrinfo)(struct addrinfo *list);
	/* Likewise. */
	int (*getnameinfo)(const struct sockaddr *address, socklen_t size,
	    char *host, size_t host_size, char *service, size_t service_size,
	    int flags);
	/* Likewise, and what is found is added to `into`; TN_EHOST_*. */
	int (*gethostbyname)(const char *name, int family,
	    struct tn_hostent *into);
	int (*gethostbyaddr)(const struct tn_ip *ip, struct tn_hostent *into);
	/* Likewise; a port or number, -ENOENT, -ENOBUFS.  `protocol` may be
	 * NULL. */
	int (*getservbyname)(const char *name, const char *protocol);
	int (*getservbyport)(uint16_t port, const char *protocol, char *ret,
	    size_t size);
	int (*getprotobyname)(const char *name);
	int (*gethostname)(char *ret, size_t size);
	int (*interfaces)(struct tn_interface **ret, size_t *ret_count);
	/* 0 when there is no such interface; 0 or -errno. */
	unsigned (*if_nametoindex)(const char *name);
	int (*if_indextoname)(unsigned index, char ret[IF_NAMESIZE]);
};

extern const struct tn__net_ops tn__net_linux;

/* host_linux_names.c: its look-ups and interfaces. */
int tn__linux_gethostbyname(const char *name, int family,
    struct tn_hostent *into);
int tn__linux_gethostbyaddr(const struct tn_ip *ip, struct tn_hostent *into);
int tn__linux_getservbyname(const char *name, const char *protocol);
int tn__linux_getservbyport(uint16_t port, const char *protocol, char *ret,
    size_t size);
int tn__linux_getprotobyname(const char *name);
int tn__linux_gethostname(char *ret, size_t size);
int tn__linux_interfaces(struct tn_interface **ret, size_t *ret_count);

/* Adds to what a look-up has found, unless it is there: 0, or -ENOMEM. */
int tn__hostent_name(struct tn_hostent *host, const char *name);
int tn__hostent_alias(struct tn_hostent *host, const char *alias);
int tn__hostent_address(struct tn_hostent *host, const struct tn_ip *ip);

/* The present thread's. */
static inline const struct tn__net_ops *
tn__net(void)
{
	const struct tn__net_ops *net = tn__host()->net;

	return net != NULL ? net : &tn__net_linux;
}

#endif
