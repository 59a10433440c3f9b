/* Sockets that somebody else made: descriptors that were open when this process
 * began.  systemd, and a program of ours that starts itself again, count and
 * name them in the environment (sd_listen_fds(3)): LISTEN_PID is who they are
 * for, LISTEN_FDS how many, from descriptor 3 on, LISTEN_FDNAMES what they are
 * called.  One that is close-on-exec was taken already. */
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>
#include <unistd.h>

#include "net/socket.h"

/* ---- what the environment says ----------------------------------------- */

static uint64_t
inherit_number(const char *name, uint64_t max)
{
	uint64_t n = 0;

	(void)!tn_parse_uint(tn_slice_str(tn__process_env(name)), max, &n);
	return n;
}

int
tn__inherit_count(void)
{
	if (inherit_number("LISTEN_PID", INT32_MAX) != (uint64_t)getpid())
		return 0;
	return (int)inherit_number("LISTEN_FDS", TN__INHERIT_MAX);
}

struct tn_slice
tn__inherit_name(int fd)
{
	struct tn_slice names = tn_slice_str(tn__process_env("LISTEN_FDNAMES"));
	struct tn_slice name = { 0 };

	if (fd < TN__INHERIT_FIRST ||
	    fd >= TN__INHERIT_FIRST + tn__inherit_count())
		return name;
	for (int i = TN__INHERIT_FIRST; i <= fd; i++)
		name = tn_slice_split(&names, ':');
	return name;
}

static bool
inherit_handed_down(int fd)
{
	return tn_slice_equal(tn__inherit_name(fd), TN__INHERIT_HANDED_DOWN);
}

/* ---- taking one -------------------------------------------------------- */

static int
inherit_option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);
	int r = tn__net()->getsockopt(fd, SOL_SOCKET, name, &value, &size);

	return r < 0 ? r : value;
}

static int
inherit_fail(int fd, int code)
{
	const char *words = tn_error_words(code);

	if (code == -EBADF)
		words = "no such descriptor; whoever starts this program has to "
			"open it, without close-on-exec";
	else if (code == -ENOTSOCK)
		words = "it is no socket";
	return tn_error_set(code, "listen fd:%d: %s", fd, words);
}

/* Something to accept from, or to receive from. */
static int
inherit_check(int fd)
{
	int type = inherit_option(fd, SO_TYPE);

	if (type < 0)
		return inherit_fail(fd, type);
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return tn_error_set(-EPROTOTYPE, "listen fd:%d: the socket is "
		    "neither for a stream nor for datagrams", fd);
	if (type == SOCK_STREAM && inherit_option(fd, SO_ACCEPTCONN) != 1)
		return tn_error_set(-EINVAL, "listen fd:%d: nobody listens "
		    "there; whoever made the socket has to call listen()", fd);
	return 0;
}

int
tn__inherit_take(int fd, struct tn_socket **ret)
{
	int r = inherit_check(fd);

	if (r == 0)
		r = tn__net()->claim(fd);
	return r < 0 ? r : tn_socket_from_fd(fd, ret);
}

/* ---- by address -------------------------------------------------------- */

static bool
inherit_is_bound(int fd, const struct tn_address *address, int type)
{
	struct tn_address own = { .size = sizeof(own.storage) };

	if (inherit_option(fd, SO_TYPE) != type ||
	    tn__net()->getsockname(fd, (struct sockaddr *)&own.storage,
	        &own.size) < 0)
		return false;
	if (tn_address_port(address) == 0) /* any that is free */
		tn_address_set_port(&own, 0);
	return tn_address_equal(&own, address);
}

/* Its file, if it still has one, is ours when who handed it down is gone. */
static int
inherit_take_bound(int fd, const struct tn_address *address,
    struct tn_socket **ret)
{
	const char *path = tn__path_of(address);
	int r = tn__inherit_take(fd, ret);

	if (r == 0 && path != NULL && inherit_handed_down(fd))
		(void)tn__path_keep(*ret, path, getppid());
	return r;
}

int
tn__inherit_find(const struct tn_address *address, int type,
    struct tn_socket **ret)
{
	int count = tn__inherit_count();

	for (int fd = TN__INHERIT_FIRST; fd < TN__INHERIT_FIRST + count; fd++) {
		int r;

		if (tn__net()->claimed(fd) != 0 ||
		    !inherit_is_bound(fd, address, type))
			continue;
		r = inherit_take_bound(fd, address, ret);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* ---- by name ----------------------------------------------------------- */

static int
inherit_none(const char *name, int count)
{
	if (count == 0)
		return tn_error_set(-ENOENT, "listen systemd:%s: this process "
		    "was given no sockets (LISTEN_FDS); a .socket unit gives "
		    "them, or systemd-socket-activate -l 8000 PROGRAM", name);
	return tn_error_set(-ENOENT, "listen systemd:%s: none of the %d "
	    "sockets that this process was given %s", name, count,
	    name[0] == '\0' ? "is left" :
	    "has that name and is left; FileDescriptorName= of the .socket "
	    "unit gives it");
}

int
tn__inherit_named(const char *name, struct tn_socket **ret)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	int count = tn__inherit_count(), r;

	for (int fd = TN__INHERIT_FIRST; fd < TN__INHERIT_FIRST + count; fd++) {
		if (tn__net()->claimed(fd) != 0 || inherit_handed_down(fd) ||
		    (name[0] != '\0' && !tn_slice_equal(tn__inherit_name(fd),
		        tn_slice_str(name))))
			continue;
		return tn__inherit_take(fd, ret);
	}
	r = tn_buffer_append_escaped(&shown, tn_slice_str(name));
	return r < 0 ? r : inherit_none(shown.len == 0 ? "" : shown.data,
	    count);
}
