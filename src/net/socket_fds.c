/* Descriptors that travel with bytes: SCM_RIGHTS of unix(7). */
#include <tenon/error.h>

#include "net/socket.h"

/* Room for a message's descriptors, aligned as their headers are. */
union fds_room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(TN_SOCKET_FDS_MAX * sizeof(int))];
};

static int
fds_check(const struct tn_socket *s, size_t count, const char *verb)
{
	if (s->family != AF_UNIX)
		return tn_error_set(-EOPNOTSUPP,
		    "%s: descriptors travel over Unix sockets only", verb);
	if (count > TN_SOCKET_FDS_MAX)
		return tn_error_set(-EINVAL,
		    "%s: %zu descriptors, but at most %d go together", verb,
		    count, TN_SOCKET_FDS_MAX);
	return 0;
}

/* ---- sending ----------------------------------------------------------- */

ssize_t
tn_socket_send_fds(struct tn_socket *s, const void *bytes, size_t size,
    const int *fds, size_t count, int flags)
{
	struct iovec vector = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	union fds_room room = { 0 };
	int r = fds_check(s, count, "send_fds");

	if (r < 0)
		return r;
	if (size == 0 && s->type == SOCK_STREAM)
		return tn_error_set(-EINVAL, "send_fds: on a stream they go "
		    "with at least one byte");
	if (count > 0) {
		room.header.cmsg_level = SOL_SOCKET;
		room.header.cmsg_type = SCM_RIGHTS;
		room.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&room.header), fds, count * sizeof(int));
		message.msg_control = &room;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return tn_socket_sendmsg(s, &message, flags);
}

/* ---- receiving --------------------------------------------------------- */

/* Those of one header: as many as fit, and the others are closed. */
static size_t
fds_take(const struct cmsghdr *header, int *out, size_t room)
{
	const unsigned char *data = CMSG_DATA(header);
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int), taken;

	taken = count < room ? count : room;
	memcpy(out, data, taken * sizeof(int));
	for (size_t i = taken; i < count; i++) {
		int fd;

		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		tn__net()->close(fd);
	}
	return taken;
}

ssize_t
tn_socket_recv_fds(struct tn_socket *s, void *ret, size_t size, int *ret_fds,
    size_t *count, int flags, int *ret_flags)
{
	struct iovec vector = { ret, size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	int r = fds_check(s, *count, "recv_fds");
	union fds_room room;
	size_t taken = 0;
	ssize_t n;

	if (r < 0)
		return r;
	if (*count > 0) {
		message.msg_control = &room;
		message.msg_controllen = CMSG_LEN(*count * sizeof(int));
	}
	n = tn_socket_recvmsg(s, &message, flags);
	if (n < 0)
		return n;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h != NULL;
	     h = CMSG_NXTHDR(&message, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			taken += fds_take(h, ret_fds + taken, *count - taken);
	*count = taken;
	if (ret_flags != NULL)
		*ret_flags = message.msg_flags;
	return n;
}
