/* The calls that a sweep can make fail: what the library asks of libc and the
 * kernel, and the allocator.  Every program of this suite is linked with
 * --wrap for each of them (the file `wrapped`), so a call of the library, the
 * command or the test lands in calls.c first; nothing in the library knows. */
#ifndef TESTS_SWEEP_CALLS_H
#define TESTS_SWEEP_CALLS_H

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Beside errno's: the call does a part of what it was asked for. */
#define SWEEP_SHORT 10000

/* Each call, and the errors worth trying: those that Linux can give there while
 * the library does nothing wrong.  What only a bug could cause (EFAULT) is not
 * among them, nor is EAGAIN where an edge would have to follow it. */
#define SWEEP_CALLS(X)                                                         \
	X(alloc, ENOMEM)                                                       \
	/* anything that makes a descriptor */                                 \
	X(descriptor, EMFILE)                                                  \
                                                                               \
	X(accept4, EMFILE, ENFILE, ECONNABORTED, ENOBUFS, ENOMEM, EPERM,       \
	    EINTR, EPROTO)                                                     \
	X(bind, EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOMEM)                     \
	X(close, EIO, EINTR)                                                   \
	X(connect, ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, ETIMEDOUT, EPERM, \
	    ENOBUFS)                                                           \
	X(getpeername, ENOBUFS)                                                \
	X(getsockname, ENOBUFS)                                                \
	X(getsockopt, ENOBUFS)                                                 \
	X(listen, EADDRINUSE)                                                  \
	X(recv, EINTR, ECONNRESET, ETIMEDOUT, ENOMEM)                          \
	X(recvmsg, EINTR, ECONNRESET, ECONNREFUSED, ENOMEM)                    \
	X(send, EINTR, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, SWEEP_SHORT)        \
	X(sendfile, EINTR, EIO, EPIPE, ENOMEM, SWEEP_SHORT)                    \
	X(sendmsg, EINTR, ECONNRESET, EPIPE, ENOBUFS, SWEEP_SHORT)             \
	X(setsockopt, ENOBUFS, EINVAL)                                         \
	X(shutdown, ENOTCONN)                                                  \
	X(socket, EMFILE, ENFILE, ENOBUFS, EACCES)                             \
	X(socketpair, EMFILE, ENFILE)                                          \
	X(getaddrinfo, EAI_AGAIN, EAI_NONAME, EAI_MEMORY, EAI_SYSTEM)          \
	X(getnameinfo, EAI_AGAIN, EAI_MEMORY)                                  \
                                                                               \
	X(epoll_create1, EMFILE, ENOMEM)                                       \
	X(epoll_add, ENOMEM, ENOSPC)                                           \
	X(epoll_wait, EINTR)                                                   \
	X(eventfd, EMFILE, ENFILE, ENOMEM)                                     \
	X(event_read, EINTR)                                                   \
	X(event_write, EINTR)                                                  \
	X(getrandom, EINTR)                                                    \
	X(poll, EINTR, ENOMEM)                                                 \
	X(ppoll, EINTR, ENOMEM)                                                \
	X(madvise, EINVAL, ENOMEM)                                             \
	X(mmap, ENOMEM)                                                        \
	X(mprotect, ENOMEM)                                                    \
	X(pthread_create, EAGAIN)                                              \
	X(fork, EAGAIN, ENOMEM)                                                \
	X(pidfd_open, ENOSYS, EMFILE, ENOMEM)                                  \
	X(pipe2, EMFILE, ENFILE)                                               \
	X(sigaction, EINVAL)                                                   \
	X(waitid, EINTR)                                                       \
                                                                               \
	X(fchmod, EIO, EROFS)                                                  \
	X(fchmodat, EPERM, EROFS)                                              \
	X(fstat, EIO, ENOMEM)                                                  \
	X(fstatat, EIO, ENOENT, EACCES)                                        \
	X(fstatfs, EIO)                                                        \
	X(fsync, EIO, ENOSPC)                                                  \
	X(getdents64, EIO, ENOENT)                                             \
	X(linkat, ENOENT, EIO, EMLINK, ENOSPC)                                 \
	X(lstat, ENOENT, EACCES)                                               \
	X(open, EMFILE, ENFILE, ENOENT, EACCES, EIO, EINTR, ENOMEM)            \
	X(openat, EMFILE, ENOENT, EACCES, EIO, EINTR, ENOMEM)                  \
	X(openat2, EMFILE, ENFILE, ENOENT, EACCES, EIO, EINTR, EAGAIN, EPERM,  \
	    ENOMEM)                                                            \
	X(pread, EINTR, EIO, SWEEP_SHORT)                                      \
	X(preadv2, EINTR, EAGAIN, EOPNOTSUPP, EIO, SWEEP_SHORT)                \
	X(pwrite, EINTR, EIO, ENOSPC, SWEEP_SHORT)                             \
	X(read, EINTR, EIO)                                                    \
	X(readlinkat, EIO)                                                     \
	X(realpath, ENOENT, ENOMEM)                                            \
	X(renameat, EIO, ENOSPC)                                               \
	X(renameat2, EINVAL, EEXIST, ENOSPC)                                   \
	X(unlink, EACCES, ENOENT)                                              \
	X(unlinkat, EIO, ENOENT)                                               \
	X(write, EINTR, EIO, ENOSPC, EPIPE, SWEEP_SHORT)

#define SWEEP_ENUM(name, ...) SWEEP_##name,
enum sweep_call { SWEEP_CALLS(SWEEP_ENUM) SWEEP_CALL_COUNT };

#define SWEEP_ERRORS_MAX 10

struct sweep_row {
	const char *name;
	int errors[SWEEP_ERRORS_MAX]; /* 0 behind the last */
};
extern const struct sweep_row sweep_rows[SWEEP_CALL_COUNT];

/* Where a call is to fail. */
struct sweep_point {
	enum sweep_call call;
	int n;       /* its n-th use, from 1 */
	int error;   /* 0: nothing fails */
	bool onward; /* also the later ones, for SWEEP_ONWARD_MS */
};
#define SWEEP_ONWARD_MS 30

/* In memory that the processes of a sweep share: what is counted holds for the
 * one that is swept. */
struct sweep_state {
	struct sweep_point point;
	atomic_int counts[SWEEP_CALL_COUNT]; /* uses so far */
	atomic_int fired;
	atomic_llong released; /* when `onward` is over, in ms; 0: not begun */
	struct sweep_held_by {
		atomic_long blocks, mappings;
	} held[2]; /* now, by the process that runs the scenario and one that
		    * it has made */
};
extern struct sweep_state *sweep_state;

/* True on a thread whose calls are not counted and never fail: the test's
 * own. */
extern _Thread_local bool sweep_outside;

/* Begins to count from nothing; `point` NULL: nothing fails. */
void sweep_arm(const struct sweep_point *point);
/* Puts the counting allocator in place. */
void sweep_calls_begin(void);
/* fork(2) into a process that holds nothing so far, in `held[index]`, and whose
 * calls are counted. */
int sweep_process(int index);
/* It has ended. */
void sweep_held_none(int index);

#endif
