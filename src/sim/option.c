/* Options of sockets: a few mean something, the others are kept and read
 * back. */
#include "sim/sim.h"

static struct tn__option *
option_find(const struct tn__sim_socket *s, int level, int name)
{
	for (struct tn__option *o = s->options; o != NULL; o = o->next)
		if (o->level == level && o->name == name)
			return o;
	return NULL;
}

int
tn__sim_option(const struct tn__sim_socket *s, int level, int name,
    int otherwise)
{
	const struct tn__option *o = option_find(s, level, name);
	int value;

	if (o == NULL || o->size < sizeof(value))
		return otherwise;
	memcpy(&value, o->value, sizeof(value));
	return value;
}

static int
option_own(struct tn__sim_socket *s, int name, int *ret)
{
	switch (name) {
	case SO_ERROR:
		*ret = s->error;
		s->error = 0;
		return 1;
	case SO_TYPE:
		*ret = s->type;
		return 1;
	case SO_DOMAIN:
		*ret = s->family;
		return 1;
	case SO_PROTOCOL:
		*ret = s->protocol;
		return 1;
	case SO_ACCEPTCONN:
		*ret = s->listening;
		return 1;
	default:
		return 0;
	}
}

/* What nobody has set reads as zero. */
int
tn__sim_getsockopt(int fd, int level, int name, void *out, socklen_t *size)
{
	struct tn__sim_socket *s = tn__sim_socket(fd);
	const struct tn__option *o;
	int value = 0;

	if (s == NULL)
		return tn__thing_of(fd) == NULL ? -EBADF : -ENOTSOCK;
	o = option_find(s, level, name);
	memset(out, 0, *size);
	if (level == SOL_SOCKET && option_own(s, name, &value))
		o = NULL;
	if (o != NULL) {
		memcpy(out, o->value, *size < o->size ? *size : o->size);
		*size = o->size;
	} else if (*size >= sizeof(value)) {
		memcpy(out, &value, sizeof(value));
		*size = sizeof(value);
	}
	return 0;
}

/* As the kernel has it: twice what is asked for, and no less than so much. */
static void
option_buffers(struct tn__sim_socket *s, int level, int name)
{
	struct tn__end *e = TN__CONTAINER(s, struct tn__end, socket);
	int value = tn__sim_option(s, level, name, 0);
	size_t size = value < 1024 ? 2048 : 2 * (size_t)value;

	if (level != SOL_SOCKET || s->type == SOCK_DGRAM)
		return;
	if (name == SO_SNDBUF)
		e->out_max = size;
	if (name == SO_RCVBUF)
		e->in_max = size;
}

int
tn__sim_setsockopt(int fd, int level, int name, const void *value,
    socklen_t size)
{
	struct tn__option **at, *o, *old;
	struct tn__sim_socket *s;
	int r = tn__sim_socket_get(fd, &s);

	if (r < 0)
		return r;
	o = tn__sim_zalloc(sizeof(*o) + size);
	if (o == NULL)
		return -ENOMEM;
	o->level = level;
	o->name = name;
	o->size = size;
	if (size > 0)
		memcpy(o->value, value, size);
	old = option_find(s, level, name);
	for (at = &s->options; *at != old; at = &(*at)->next)
		;
	o->next = old == NULL ? NULL : old->next;
	*at = o;
	tn__free(old);
	option_buffers(s, level, name);
	return 0;
}
