#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "sweep/calls.h"

#define SWEEP_ROW(name_, ...) { .name = #name_, .errors = { __VA_ARGS__ } },
const struct sweep_row sweep_rows[SWEEP_CALL_COUNT] = {
	SWEEP_CALLS(SWEEP_ROW)
};

static struct sweep_state calls_own;
struct sweep_state *sweep_state = &calls_own;
_Thread_local bool sweep_outside;
static int calls_held; /* index into sweep_state->held */

/* ---- whether a call fails ---------------------------------------------- */

static long long
calls_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
calls_onward(struct sweep_state *s)
{
	long long now = calls_now_ms(), until = 0;

	if (atomic_compare_exchange_strong(&s->released, &until,
		now + SWEEP_ONWARD_MS))
		return true;
	return now < until;
}

/* Counts a use; 0, or the error that it is to end with. */
static int
calls_fail(enum sweep_call call)
{
	struct sweep_state *s = sweep_state;
	int n;

	if (sweep_outside)
		return 0;
	n = atomic_fetch_add(&s->counts[call], 1) + 1;
	if (s->point.error == 0 || s->point.call != call || n < s->point.n)
		return 0;
	if (n > s->point.n && (!s->point.onward || !calls_onward(s)))
		return 0;
	atomic_fetch_add(&s->fired, 1);
	return s->point.error;
}

int __real_shutdown(int fd, int how);

/* A connection that is said to be dead has to be so for both ends. */
static int
calls_fail_connection(enum sweep_call call, int fd)
{
	int error = calls_fail(call);

	if (error == ECONNRESET || error == EPIPE || error == ETIMEDOUT)
		__real_shutdown(fd, SHUT_RDWR);
	return error;
}

static int
calls_fail_descriptor(enum sweep_call call)
{
	int error = calls_fail(SWEEP_descriptor);

	return error != 0 ? error : calls_fail(call);
}

void
sweep_arm(const struct sweep_point *point)
{
	static const struct sweep_point none;
	struct sweep_state *s = sweep_state;

	s->point = none;
	for (int i = 0; i < SWEEP_CALL_COUNT; i++)
		atomic_store(&s->counts[i], 0);
	atomic_store(&s->fired, 0);
	atomic_store(&s->released, 0);
	if (point != NULL)
		s->point = *point;
}

/* ---- memory ------------------------------------------------------------ */

static void *
calls_alloc(size_t size)
{
	int error = calls_fail(SWEEP_alloc);
	void *pointer = error != 0 ? NULL : malloc(size);

	if (pointer == NULL)
		errno = ENOMEM;
	else
		atomic_fetch_add(&sweep_state->held[calls_held].blocks, 1);
	return pointer;
}

static void *
calls_resize(void *pointer, size_t size)
{
	void *moved;

	if (pointer == NULL)
		return calls_alloc(size);
	moved = calls_fail(SWEEP_alloc) != 0 ? NULL : realloc(pointer, size);
	if (moved == NULL)
		errno = ENOMEM;
	return moved;
}

static void
calls_release(void *pointer)
{
	atomic_fetch_sub(&sweep_state->held[calls_held].blocks, 1);
	free(pointer);
}

void
sweep_calls_begin(void)
{
	static const struct tn__memory_ops counting = {
		.alloc = calls_alloc,
		.resize = calls_resize,
		.release = calls_release,
	};

	tn__memory_set(&counting);
}

/* ---- calls that are all alike ------------------------------------------ */

/* `of`: as which row it counts.  The second names are what libc calls the
 * same where off_t has 64 bits. */
#define WRAP_AS(of, type, name, failure, parameters, arguments)                \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		int error = of;                                                \
                                                                               \
		if (error == 0)                                                \
			return __real_##name arguments;                        \
		errno = error;                                                 \
		return failure;                                                \
	}
#define WRAP(type, name, parameters, arguments)                                \
	WRAP_AS(calls_fail(SWEEP_##name), type, name, -1, parameters, arguments)
#define WRAP_DESCRIPTOR(name, parameters, arguments)                           \
	WRAP_AS(calls_fail_descriptor(SWEEP_##name), int, name, -1,            \
	    parameters, arguments)
#define WRAP_64(name, parameters, arguments)                                   \
	WRAP(int, name, parameters, arguments)                                 \
	WRAP_AS(calls_fail(SWEEP_##name), int, name##64, -1, parameters,       \
	    arguments)

WRAP_DESCRIPTOR(accept4,
    (int fd, struct sockaddr *ret, socklen_t *size, int flags),
    (fd, ret, size, flags))
WRAP_DESCRIPTOR(epoll_create1, (int flags), (flags))
WRAP_DESCRIPTOR(pipe2, (int ret[2], int flags), (ret, flags))
WRAP_DESCRIPTOR(socket, (int family, int type, int protocol),
    (family, type, protocol))
WRAP_DESCRIPTOR(socketpair, (int family, int type, int protocol, int ret[2]),
    (family, type, protocol, ret))

WRAP(int, bind, (int fd, const struct sockaddr *to, socklen_t size),
    (fd, to, size))
WRAP(int, connect, (int fd, const struct sockaddr *to, socklen_t size),
    (fd, to, size))
WRAP(int, epoll_wait, (int fd, struct epoll_event *ret, int max, int ms),
    (fd, ret, max, ms))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchmodat, (int dir, const char *path, mode_t mode, int flags),
    (dir, path, mode, flags))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, getpeername, (int fd, struct sockaddr *ret, socklen_t *size),
    (fd, ret, size))
WRAP(ssize_t, getrandom, (void *out, size_t size, unsigned flags),
    (out, size, flags))
WRAP(int, getsockname, (int fd, struct sockaddr *ret, socklen_t *size),
    (fd, ret, size))
WRAP(int, getsockopt, (int fd, int level, int name, void *out, socklen_t *size),
    (fd, level, name, out, size))
WRAP(int, linkat,
    (int from_dir, const char *from, int dir, const char *name, int flags),
    (from_dir, from, dir, name, flags))
WRAP(int, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, madvise, (void *memory, size_t size, int advice),
    (memory, size, advice))
WRAP(int, mprotect, (void *memory, size_t size, int what), (memory, size, what))
WRAP(int, poll, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms))
WRAP(ssize_t, readlinkat, (int dir, const char *path, char *out, size_t size),
    (dir, path, out, size))
WRAP_AS(calls_fail(SWEEP_realpath), char *, realpath, NULL,
    (const char *path, char *out), (path, out))
WRAP_AS(calls_fail_connection(SWEEP_recv, fd), ssize_t, recv, -1,
    (int fd, void *out, size_t size, int flags), (fd, out, size, flags))
WRAP_AS(calls_fail_connection(SWEEP_recvmsg, fd), ssize_t, recvmsg, -1,
    (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(int, renameat,
    (int from_dir, const char *from, int to_dir, const char *to),
    (from_dir, from, to_dir, to))
WRAP(int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t size),
    (fd, level, name, value, size))
WRAP(int, shutdown, (int fd, int how), (fd, how))
WRAP(int, sigaction,
    (int number, const struct sigaction *action, struct sigaction *ret),
    (number, action, ret))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
WRAP(int, waitid, (idtype_t type, id_t id, siginfo_t *ret, int options),
    (type, id, ret, options))

/* `struct stat` and the like are one struct in this program either way. */
WRAP_64(fstat, (int fd, struct stat *ret), (fd, ret))
WRAP_64(fstatat, (int dir, const char *name, struct stat *ret, int flags),
    (dir, name, ret, flags))
WRAP_64(fstatfs, (int fd, struct statfs *ret), (fd, ret))
WRAP_64(lstat, (const char *path, struct stat *ret), (path, ret))

/* ---- calls that can do a part ------------------------------------------ */

/* `size` is the parameter of that name: half of it is done. */
#define WRAP_PART_AS(fail, name, parameters, arguments)                        \
	ssize_t __real_##name parameters;                                      \
	ssize_t __wrap_##name parameters;                                      \
	ssize_t __wrap_##name parameters                                       \
	{                                                                      \
		int error = fail;                                              \
                                                                               \
		if (error == SWEEP_SHORT)                                      \
			size = (size + 1) / 2;                                 \
		if (error == 0 || error == SWEEP_SHORT)                        \
			return __real_##name arguments;                        \
		errno = error;                                                 \
		return -1;                                                     \
	}
#define WRAP_PART_64(name, parameters, arguments)                              \
	WRAP_PART_AS(calls_fail(SWEEP_##name), name, parameters, arguments)    \
	WRAP_PART_AS(calls_fail(SWEEP_##name), name##64, parameters, arguments)

WRAP_PART_AS(calls_fail_connection(SWEEP_send, fd), send,
    (int fd, const void *bytes, size_t size, int flags),
    (fd, bytes, size, flags))
WRAP_PART_AS(calls_fail_connection(SWEEP_sendfile, fd), sendfile,
    (int fd, int file, off_t *offset, size_t size), (fd, file, offset, size))
WRAP_PART_AS(calls_fail_connection(SWEEP_sendfile, fd), sendfile64,
    (int fd, int file, off_t *offset, size_t size), (fd, file, offset, size))
WRAP_PART_64(pread, (int fd, void *out, size_t size, off_t offset),
    (fd, out, size, offset))
WRAP_PART_64(pwrite, (int fd, const void *bytes, size_t size, off_t offset),
    (fd, bytes, size, offset))

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

/* A stream gets half of the first part; a datagram goes whole or not at all. */
ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	int error = calls_fail_connection(SWEEP_sendmsg, fd);
	struct msghdr some = *message;
	struct iovec half;

	if (error == SWEEP_SHORT && message->msg_name == NULL &&
	    message->msg_iovlen > 0) {
		half = message->msg_iov[0];
		half.iov_len = (half.iov_len + 1) / 2;
		some.msg_iov = &half;
		some.msg_iovlen = 1;
		return __real_sendmsg(fd, &some, flags);
	}
	if (error == 0 || error == SWEEP_SHORT)
		return __real_sendmsg(fd, message, flags);
	errno = error;
	return -1;
}

int __real_ppoll(struct pollfd *fds, nfds_t count,
    const struct timespec *span, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count,
    const struct timespec *span, const sigset_t *mask);

/* A signal is only seen where nothing else is. */
int
__wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *span,
    const sigset_t *mask)
{
	static const struct timespec now;
	int error = calls_fail(SWEEP_ppoll), n;

	if (error == 0)
		return __real_ppoll(fds, count, span, mask);
	n = error == EINTR ? __real_ppoll(fds, count, &now, mask) : 0;
	if (n > 0)
		return n;
	errno = error;
	return -1;
}

/* ---- counters that wake ------------------------------------------------ */

#define CALLS_FDS 1024
static atomic_bool calls_is_event[CALLS_FDS];

int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);

int
__wrap_eventfd(unsigned count, int flags)
{
	int error = calls_fail_descriptor(SWEEP_eventfd), fd;

	if (error != 0) {
		errno = error;
		return -1;
	}
	fd = __real_eventfd(count, flags);
	if (fd >= 0 && fd < CALLS_FDS)
		atomic_store(&calls_is_event[fd], true);
	return fd;
}

static bool
calls_event(int fd)
{
	return fd >= 0 && fd < CALLS_FDS && atomic_load(&calls_is_event[fd]);
}

ssize_t __real_read(int fd, void *out, size_t size);
ssize_t __wrap_read(int fd, void *out, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);

ssize_t
__wrap_read(int fd, void *out, size_t size)
{
	int error = calls_fail(
	    calls_event(fd) ? SWEEP_event_read : SWEEP_read);

	if (error == 0)
		return __real_read(fd, out, size);
	errno = error;
	return -1;
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t size)
{
	int error = calls_fail(
	    calls_event(fd) ? SWEEP_event_write : SWEEP_write);

	if (error == SWEEP_SHORT)
		size = (size + 1) / 2;
	if (error == 0 || error == SWEEP_SHORT)
		return __real_write(fd, bytes, size);
	errno = error;
	return -1;
}

/* A descriptor is gone whatever close(2) says. */
int __real_close(int fd);
int __wrap_close(int fd);

int
__wrap_close(int fd)
{
	int error = calls_fail(SWEEP_close), r;

	if (calls_event(fd))
		atomic_store(&calls_is_event[fd], false);
	r = __real_close(fd);
	if (error == 0)
		return r;
	errno = error;
	return -1;
}

/* Only adding can fail: it alone needs memory. */
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);

int
__wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	int error = op == EPOLL_CTL_ADD ? calls_fail(SWEEP_epoll_add) : 0;

	if (error == 0)
		return __real_epoll_ctl(epoll, op, fd, event);
	errno = error;
	return -1;
}

/* ---- mappings ---------------------------------------------------------- */

#define WRAP_MMAP(name)                                                        \
	void *__real_##name(void *at, size_t size, int what, int flags,        \
	    int fd, off_t offset);                                             \
	void *__wrap_##name(void *at, size_t size, int what, int flags,        \
	    int fd, off_t offset);                                             \
	void *__wrap_##name(void *at, size_t size, int what, int flags,        \
	    int fd, off_t offset)                                              \
	{                                                                      \
		int error = calls_fail(SWEEP_mmap);                            \
		void *memory = MAP_FAILED;                                     \
                                                                               \
		if (error == 0)                                                \
			memory = __real_##name(at, size, what, flags, fd,      \
			    offset);                                           \
		else                                                           \
			errno = error;                                         \
		if (memory != MAP_FAILED)                                      \
			atomic_fetch_add(                                      \
			    &sweep_state->held[calls_held].mappings, 1);       \
		return memory;                                                 \
	}
WRAP_MMAP(mmap)
WRAP_MMAP(mmap64)

int __real_munmap(void *memory, size_t size);
int __wrap_munmap(void *memory, size_t size);

int
__wrap_munmap(void *memory, size_t size)
{
	atomic_fetch_sub(&sweep_state->held[calls_held].mappings, 1);
	return __real_munmap(memory, size);
}

/* ---- opening ----------------------------------------------------------- */

static unsigned
calls_mode(int flags, va_list arguments)
{
	if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
		return va_arg(arguments, unsigned);
	return 0;
}

#define WRAP_OPEN(of, name, parameters, arguments)                             \
	int __real_##name parameters;                                          \
	int __wrap_##name parameters;                                          \
	int __wrap_##name parameters                                           \
	{                                                                      \
		int error = calls_fail_descriptor(SWEEP_##of);                 \
		va_list rest;                                                  \
		unsigned mode;                                                 \
                                                                               \
		va_start(rest, flags);                                         \
		mode = calls_mode(flags, rest);                                \
		va_end(rest);                                                  \
		if (error == 0)                                                \
			return __real_##name arguments;                        \
		errno = error;                                                 \
		return -1;                                                     \
	}
WRAP_OPEN(open, open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open, open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, openat, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode))
WRAP_OPEN(openat, openat64, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode))

/* ---- calls without a name of their own --------------------------------- */

static int
calls_fail_number(long number)
{
	switch (number) {
	case SYS_openat2:
		return calls_fail_descriptor(SWEEP_openat2);
	case SYS_pidfd_open:
		return calls_fail_descriptor(SWEEP_pidfd_open);
	case SYS_getdents64:
		return calls_fail(SWEEP_getdents64);
	case SYS_preadv2:
		return calls_fail(SWEEP_preadv2);
	case SYS_renameat2:
		return calls_fail(SWEEP_renameat2);
	default:
		return 0;
	}
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long
__wrap_syscall(long number, ...)
{
	int error = calls_fail_number(number);
	struct iovec half;
	va_list rest;
	long a[6];

	va_start(rest, number);
	for (size_t i = 0; i < 6; i++) /* as syscall(3) itself does */
		a[i] = va_arg(rest, long);
	va_end(rest);
	if (error == SWEEP_SHORT && number == SYS_preadv2) {
		half = *(const struct iovec *)(uintptr_t)a[1];
		half.iov_len = (half.iov_len + 1) / 2;
		a[1] = (long)(uintptr_t)&half;
	}
	if (error == 0 || error == SWEEP_SHORT)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4],
		    a[5]);
	errno = error;
	return -1;
}

/* ---- calls that return their error ------------------------------------- */

int __real_pthread_create(pthread_t *ret, const pthread_attr_t *attributes,
    void *(*main)(void *), void *arg);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attributes,
    void *(*main)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attributes,
    void *(*main)(void *), void *arg)
{
	int error = calls_fail(SWEEP_pthread_create);

	return error != 0 ? error :
	    __real_pthread_create(ret, attributes, main, arg);
}

static int
calls_fail_lookup(enum sweep_call call)
{
	int error = calls_fail(call);

	if (error == EAI_SYSTEM)
		errno = EMFILE;
	return error;
}

int __real_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret);
int __wrap_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret);

int
__wrap_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret)
{
	int error = calls_fail_lookup(SWEEP_getaddrinfo);

	return error != 0 ? error :
	    __real_getaddrinfo(host, service, hints, ret);
}

int __real_getnameinfo(const struct sockaddr *address, socklen_t size,
    char *host, socklen_t host_size, char *service, socklen_t service_size,
    int flags);
int __wrap_getnameinfo(const struct sockaddr *address, socklen_t size,
    char *host, socklen_t host_size, char *service, socklen_t service_size,
    int flags);

int
__wrap_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
    socklen_t host_size, char *service, socklen_t service_size, int flags)
{
	int error = calls_fail_lookup(SWEEP_getnameinfo);

	return error != 0 ? error :
	    __real_getnameinfo(address, size, host, host_size, service,
		service_size, flags);
}

/* ---- processes --------------------------------------------------------- */

int __real_fork(void);
int __wrap_fork(void);

/* The child of a process that is swept counts for itself, and nothing fails
 * there. */
int
__wrap_fork(void)
{
	int error = calls_fail(SWEEP_fork), pid;

	if (error != 0) {
		errno = error;
		return -1;
	}
	pid = __real_fork();
	if (pid == 0) {
		sweep_state = &calls_own;
		sweep_arm(NULL);
	}
	return pid;
}

void
sweep_held_none(int index)
{
	atomic_store(&sweep_state->held[index].blocks, 0);
	atomic_store(&sweep_state->held[index].mappings, 0);
}

int
sweep_process(int index)
{
	int pid = __real_fork();

	if (pid == 0) {
		sweep_outside = false;
		calls_held = index;
		sweep_held_none(index);
	}
	return pid;
}
