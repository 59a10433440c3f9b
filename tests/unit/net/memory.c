/* Out of memory at every place in turn: an error, and nothing left behind. */
#include "check.h"

#include <dirent.h>
#include <tenon/resolve.h>

#include "base/memory.h"

static int memory_left;

static bool
memory_may(void)
{
	return memory_left-- > 0;
}

static void *
memory_alloc(size_t size)
{
	return memory_may() ? malloc(size) : NULL;
}

static void *
memory_resize(void *pointer, size_t size)
{
	return memory_may() ? realloc(pointer, size) : NULL;
}

static const struct tn__memory_ops memory_failing = {
	.alloc = memory_alloc,
	.resize = memory_resize,
	.release = free,
};

static int
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* ---- what is tried ----------------------------------------------------- */

static struct tn_socket *listener;
static char dead_port[8], live_port[8];

static int
try_open(void)
{
	struct tn_socket *s;
	int r = tn_socket_open(AF_INET, SOCK_STREAM, 0, &s);

	if (r == 0)
		tn_socket_free(s);
	return r;
}

static int
try_pair(void)
{
	struct tn_socket *s[2];
	int r = tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, s);

	if (r == 0) {
		tn_socket_free(s[0]);
		tn_socket_free(s[1]);
	}
	return r;
}

static int
try_from_fd(void)
{
	struct tn_socket *s;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int r = tn_socket_from_fd(fd, &s);

	if (r == 0)
		tn_socket_free(s);
	else
		close(fd);
	return r;
}

static int
try_fromfd(void)
{
	struct tn_socket *s, *copy;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int r = tn_net_fromfd(fd, &s);

	close(fd); /* it stayed ours */
	if (r < 0)
		return r;
	r = tn_socket_dup(s, &copy);
	tn_socket_free(s);
	if (r == 0)
		tn_socket_free(copy);
	return r;
}

static int
try_connect(void)
{
	struct tn_socket *s, *accepted;
	int r = tn_net_create_connection("127.0.0.1", live_port, NULL, &s);

	if (r < 0)
		return r;
	r = tn_socket_accept(listener, &accepted, NULL);
	if (r == 0)
		tn_socket_free(accepted);
	tn_socket_free(s);
	return r;
}

/* It fails in any case; the text may be the code's words alone. */
static int
try_connect_dead(void)
{
	struct tn_socket *s;
	int r = tn_net_create_connection("", dead_port, NULL, &s);

	CHECK(r == -ENOMEM || r == -ECONNREFUSED);
	return r == -ENOMEM ? r : 0;
}

static int
try_listen(void)
{
	const char *address = check_unique("unix:/tmp/");
	struct tn_socket *s;
	int r = tn_listen(address, NULL, &s);

	if (r == 0)
		tn_socket_free(s);
	CHECK_INT(access(strchr(address, '/'), F_OK), -1);
	return r;
}

static int
try_look_up(void)
{
	struct tn_address a;
	int r = tn_net_getaddrinfo("localhost", "80", AF_INET, SOCK_STREAM,
	    false, &a, 1);

	return r > 0 ? 0 : r;
}

static void
test_try(void **state)
{
	int (**try)(void) = *state;
	int before, r = -ENOMEM;

	CHECK_INT((*try)(), 0); /* what is made once is there now */
	before = descriptors();
	for (int n = 0; r != 0; n++) {
		CHECK(n < 50);
		memory_left = n;
		tn__memory_set(&memory_failing);
		r = (*try)();
		tn__memory_set(NULL);
		if (r != 0 && r != -EAGAIN)
			CHECK_INT(r, -ENOMEM);
		CHECK_INT(descriptors(), before);
	}
}

#define TRY(function)                                       \
	{                                                   \
		.name = #function, .test_func = test_try,   \
		.initial_state = (void *)&(int (*[])(void)) \
		{                                           \
			function                            \
		}                                           \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TRY(try_open),
		TRY(try_pair),
		TRY(try_from_fd),
		TRY(try_fromfd),
		TRY(try_connect),
		TRY(try_connect_dead),
		TRY(try_listen),
		TRY(try_look_up),
	};
	struct tn_address a;
	int failed;

	listener = check_listen("127.0.0.1:0");
	a = check_name(listener);
	snprintf(live_port, sizeof(live_port), "%u", tn_address_port(&a));
	snprintf(dead_port, sizeof(dead_port), "%u", check_dead_port());
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tn_socket_free(listener);
	return failed;
}
