/* What the tests of this room share.  A test of waiting runs twice, on a plain
 * thread and in a fiber. */
#ifndef TESTS_UNIT_NET_CHECK_H
#define TESTS_UNIT_NET_CHECK_H

#include <tenon/run.h>
#include <tenon/socket.h>
#include <unistd.h>

#include "net/host.h"
#include "rt/rt.h"
#include "unit/check.h"

/* "FORMAT" filled in; good until the fourth call from here. */
static inline const char *check_printf(const char *format, ...)
    TN_PRINTF(1, 2);
static inline const char *
check_printf(const char *format, ...)
{
	static char texts[4][1024];
	static unsigned next;
	char *text = texts[next++ % 4];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(texts[0]), format, arguments);
	va_end(arguments);
	return text;
}

/* "PREFIX" and a name that no other process of these tests has. */
static inline const char *
check_unique(const char *prefix)
{
	return check_printf("%stenon-test-%d", prefix, (int)getpid());
}

/* ---- on a thread and in a fiber ---------------------------------------- */

typedef void check_function(void);

static inline int
check_main(void *arg)
{
	(*(check_function **)arg)();
	return 0;
}

/* For cmocka: .initial_state is the address of the function. */
static inline void
check_both(void **state)
{
	check_function **function = *state;

	(*function)();
	CHECK_INT(tn_run(check_main, function, NULL), 0);
}

#define CHECK_BOTH(function)                                 \
	{                                                    \
		.name = #function, .test_func = check_both,  \
		.initial_state = (void *)&(check_function *) \
		{                                            \
			function                             \
		}                                            \
	}

/* Both ways again, with another table in the place of the kernel's. */
static inline void
check_both_with(check_function *function, const struct tn__net_ops *net)
{
	struct tn__host host = tn__host_linux;

	host.net = net;
	tn__host_set(&host);
	function();
	CHECK_INT(tn_run(check_main, &function, NULL), 0);
	tn__host_set(NULL);
}

/* A member of a group: a fiber in a loop, a thread elsewhere. */
static inline void
check_go(struct tn_group *group, int (*fn)(void *), void *arg)
{
	if (tn_loop_index() >= 0)
		CHECK_INT(tn_go(group, fn, arg), 0);
	else
		CHECK_INT(tn_go_thread(group, fn, arg), 0);
}

static inline struct tn_group *
check_group(void)
{
	struct tn_group *group;

	CHECK_INT(tn_group_open(&group), 0);
	return group;
}

static inline void
check_group_end(struct tn_group *group)
{
	CHECK_INT(tn_group_wait(group), 0);
	tn_group_free(group);
}

/* ---- sockets ----------------------------------------------------------- */

static inline struct tn_address
check_name(const struct tn_socket *s)
{
	struct tn_address a;

	CHECK_INT(tn_socket_getsockname(s, &a), 0);
	return a;
}

/* Its own address as text; good until the fourth call from here. */
static inline const char *
check_name_text(const struct tn_socket *s)
{
	char text[TN_ADDRESS_TEXT_MAX];
	struct tn_address a = check_name(s);

	return check_printf("%s", tn_address_format(&a, text));
}

static inline struct tn_socket *
check_listen(const char *address)
{
	struct tn_socket *s;

	CHECK_INT(tn_listen(address, NULL, &s), 0);
	return s;
}

/* A port of 127.0.0.1 on which nobody listens. */
static inline uint16_t
check_dead_port(void)
{
	struct tn_socket *s = check_listen("127.0.0.1:0");
	struct tn_address a = check_name(s);

	tn_socket_free(s);
	return tn_address_port(&a);
}

/* A connected TCP pair: [0] called, [1] was called. */
static inline void
check_tcp_pair(struct tn_socket *ret[2])
{
	struct tn_socket *listener = check_listen("127.0.0.1:0");
	struct tn_address a = check_name(listener);

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &ret[0]), 0);
	CHECK_INT(tn_socket_connect(ret[0], &a), 0);
	CHECK_INT(tn_socket_accept(listener, &ret[1], NULL), 0);
	tn_socket_free(listener);
}

static inline int64_t
check_ms_since(tn_time start)
{
	return (tn_now() - start) / TN_MILLISECOND;
}

#endif
