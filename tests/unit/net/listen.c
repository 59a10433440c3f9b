/* Listening: what is bound, what is in the way, and what is left behind. */
#include "check.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void
connect_to(const char *host, const struct tn_socket *listener, int result)
{
	struct tn_address a = check_name(listener);
	struct tn_socket *s;
	int r = tn_net_create_connection(host,
	    check_printf("%u", tn_address_port(&a)), NULL, &s);

	CHECK_INT(r, result);
	if (r == 0)
		tn_socket_free(s);
}

/* ---- TCP and UDP ------------------------------------------------------- */

static void
test_every_address(void)
{
	struct tn_listen_options v6_only = { .v6_only = true };
	struct tn_socket *s = check_listen(":0");

	connect_to("127.0.0.1", s, 0);
	connect_to("::1", s, 0);
	tn_socket_free(s);
	s = check_listen("[::]:0");
	connect_to("127.0.0.1", s, 0);
	tn_socket_free(s);
	s = check_listen("0.0.0.0:0");
	connect_to("127.0.0.1", s, 0);
	connect_to("::1", s, -ECONNREFUSED);
	tn_socket_free(s);
	CHECK_INT(tn_listen("[::]:0", &v6_only, &s), 0);
	connect_to("::1", s, 0);
	connect_to("127.0.0.1", s, -ECONNREFUSED);
	tn_socket_free(s);
	s = check_listen("localhost:0");
	connect_to("localhost", s, 0);
	tn_socket_free(s);
}

static int
socket_without_v6(int family, int type, int protocol)
{
	if (family == AF_INET6)
		return -EAFNOSUPPORT;
	return tn__net_linux.socket(family, type, protocol);
}

static void
without_v6(void)
{
	struct tn_socket *s = check_listen(":0");

	CHECK_INT(tn_socket_family(s), AF_INET);
	connect_to("127.0.0.1", s, 0);
	tn_socket_free(s);
	CHECK_ERROR(tn_listen("[::]:0", NULL, &s), -EAFNOSUPPORT,
	    "listen [::]:0: address family not supported");
}

static void
test_without_v6(void **state)
{
	struct tn__net_ops net = tn__net_linux;

	net.socket = socket_without_v6;
	check_both_with(without_v6, &net);
}

static void
test_in_use(void)
{
	struct tn_listen_options shared = { .reuse_port = true };
	struct tn_socket *s = check_listen("127.0.0.1:0"), *t;
	const char *name = check_name_text(s);

	CHECK_ERROR(tn_listen(name, NULL, &t), -EADDRINUSE,
	    check_printf("listen %s: address already in use; stop the other "
			 "program or choose another port",
		name));
	CHECK_INT(tn_listen(name, &shared, &t), -EADDRINUSE);
	tn_socket_free(s);
	CHECK_INT(tn_listen(name, &shared, &s), 0);
	CHECK_INT(tn_listen(name, &shared, &t), 0);
	tn_socket_free(s);
	tn_socket_free(t);

	s = check_listen("udp:127.0.0.1:0");
	name = check_name_text(s);
	CHECK_INT(tn_listen(check_printf("udp:%s", name), NULL, &t),
	    -EADDRINUSE);
	tn_socket_free(s);
}

/* The server closes first, so its port stays behind in TIME_WAIT. */
static void
test_restart(void)
{
	struct tn_listen_options careful = { .no_reuse_address = true };
	struct tn_socket *listener = check_listen("127.0.0.1:0"), *s, *t;
	const char *name = check_name_text(listener);
	struct tn_address a = check_name(listener);
	char byte;

	CHECK_INT(tn_socket_open(AF_INET, SOCK_STREAM, 0, &s), 0);
	CHECK_INT(tn_socket_connect(s, &a), 0);
	CHECK_INT(tn_socket_accept(listener, &t, NULL), 0);
	tn_socket_free(t);
	CHECK_INT(tn_socket_recv(s, &byte, 1, 0), 0);
	tn_socket_free(s);
	tn_socket_free(listener);
	CHECK_INT(tn_listen(name, &careful, &listener), -EADDRINUSE);
	CHECK_INT(tn_listen(name, NULL, &listener), 0);
	tn_socket_free(listener);
}

static int
bind_denied(int fd, const struct sockaddr *address, socklen_t size)
{
	return -EACCES;
}

static void
denied(void)
{
	struct tn_socket *s;

	CHECK_ERROR(tn_listen("127.0.0.1:80", NULL, &s), -EACCES,
	    "listen 127.0.0.1:80: permission denied; ports below 1024 are for "
	    "root and CAP_NET_BIND_SERVICE: choose a higher one");
	CHECK_ERROR(tn_listen("unix:/x", NULL, &s), -EACCES,
	    "listen unix:/x: permission denied; the directory has to be "
	    "writable for this user");
}

static void
test_denied(void **state)
{
	struct tn__net_ops net = tn__net_linux;

	net.bind = bind_denied;
	check_both_with(denied, &net);
}

static void
test_refused_addresses(void)
{
	struct tn_socket *s;

	CHECK_ERROR(tn_listen("192.0.2.77:0", NULL, &s), -EADDRNOTAVAIL,
	    "listen 192.0.2.77:0: no such address on this machine; 0.0.0.0 and "
	    "[::] stand for all it has");
	CHECK_ERROR(tn_listen("localhost", NULL, &s), -EINVAL,
	    "listen localhost: a port is missing; write HOST:PORT, or HOST:0 "
	    "for any that is free");
	CHECK_ERROR(tn_listen("tls:[::]:443", NULL, &s), -EOPNOTSUPP,
	    "listen tls:[::]:443: a socket alone speaks no TLS");
	CHECK_INT(tn_listen("a b:1", NULL, &s), -EINVAL);
	CHECK_INT(tn_listen("localhost:no-such-service", NULL, &s),
	    TN_EGAI_SERVICE);
}

/* What `before_bind` does there, and what it may say. */
static int
widen(struct tn_socket *s, void *arg)
{
	int *answer = arg;
	struct tn_address name = check_name(s);

	CHECK_INT(tn_address_port(&name), 0);
	if (*answer == -EPROTO)
		return tn_error_set(-EPROTO, "it is too narrow");
	if (*answer < 0)
		return *answer;
	return tn_socket_setsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &(int){ 7 },
	    sizeof(int));
}

static void
test_before_bind(void)
{
	int answer = 0, value;
	struct tn_listen_options options = { .before_bind = widen,
		.arg = &answer };
	struct tn_socket *s;

	CHECK_INT(tn_listen("127.0.0.1:0", &options, &s), 0);
	CHECK_INT(tn_socket_getsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &value,
		      &(socklen_t){ sizeof(value) }),
	    0);
	CHECK_INT(value, 7);
	tn_socket_free(s);
	answer = -EPROTO;
	CHECK_ERROR(tn_listen("127.0.0.1:0", &options, &s), -EPROTO,
	    "listen 127.0.0.1:0: it is too narrow");
	answer = -EPERM;
	CHECK_INT(tn_listen("127.0.0.1:0", &options, &s), -EPERM);
	CHECK(strstr(tn_error_text(), "listen 127.0.0.1:0: ") != NULL);
}

/* ---- Unix -------------------------------------------------------------- */

static const char *
unix_path(const char *address)
{
	return strchr(address, ':') + 1;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A path whose listener is gone without having cleaned up. */
static void
leave_stale(const char *address)
{
	struct tn_socket *s = check_listen(address);

	CHECK_INT(close(tn_socket_detach(s)), 0);
	CHECK(exists(unix_path(address)));
}

static void
unix_life(const char *address)
{
	const char *path = unix_path(address);
	struct tn_socket *s, *t;

	leave_stale(address);
	s = check_listen(address);
	CHECK_ERROR(tn_listen(address, NULL, &t), -EADDRINUSE,
	    check_printf("listen unix:%s: address already in use; stop the "
			 "other program or choose another path",
		path));
	CHECK(exists(path));
	tn_socket_free(s);
	CHECK(!exists(path));

	/* A newer listener's file is not ours to remove. */
	s = check_listen(address);
	CHECK_INT(unlink(path), 0);
	t = check_listen(address);
	tn_socket_free(s);
	CHECK(exists(path));
	CHECK_INT(tn_socket_close(t), 0);
	CHECK(!exists(path));
	tn_socket_free(t);
}

static void
test_unix(void)
{
	unix_life(check_unique("unix:/tmp/"));
	unix_life(check_unique("unixgram:/tmp/"));
}

/* Another type of socket that lives is in use too. */
static void
test_unix_other_type(void)
{
	struct tn_socket *s = check_listen(check_unique("unix:/tmp/")), *t;

	CHECK_INT(tn_listen(check_unique("unixgram:/tmp/"), NULL, &t),
	    -EADDRINUSE);
	tn_socket_free(s);
}

static void
test_unix_in_the_way(void)
{
	const char *address = check_unique("unix:/tmp/");
	const char *path = unix_path(address);
	struct tn_socket *s;
	FILE *file = fopen(path, "w");

	CHECK(file != NULL);
	fclose(file);
	CHECK_ERROR(tn_listen(address, NULL, &s), -EEXIST,
	    check_printf("listen %s: a file that is no socket has that name; "
			 "remove it or choose another path",
		address));
	CHECK_INT(unlink(path), 0);
	CHECK_INT(symlink("/nowhere", path), 0);
	CHECK_INT(tn_listen(address, NULL, &s), -EEXIST);
	CHECK_INT(unlink(path), 0);
	CHECK_ERROR(tn_listen("unix:/no/such/x", NULL, &s), -ENOENT,
	    "listen unix:/no/such/x: no such directory; make it first");
}

static unsigned
unix_mode(const char *address, int mode)
{
	struct tn_listen_options options = { .unix_mode = mode };
	struct tn_socket *s;
	struct stat st;

	CHECK_INT(tn_listen(address, &options, &s), 0);
	CHECK_INT(lstat(unix_path(address), &st), 0);
	tn_socket_free(s);
	return st.st_mode & 0777;
}

static void
test_unix_mode(void)
{
	const char *address = check_unique("unix:/tmp/");
	mode_t old = umask(027);

	CHECK_INT(unix_mode(address, 0), 0750);
	CHECK_INT(unix_mode(address, 0600), 0600);
	CHECK_INT(unix_mode(address, 0666), 0666);
	CHECK_INT(umask(old), 027);
}

static struct stat
unix_owned(const char *address, const char *owner, int result)
{
	const struct tn_listen_options options = { .unix_owner = owner,
		.unix_mode = 0660 };
	struct tn_socket *s;
	struct stat st = { 0 };

	CHECK_INT(tn_listen(address, &options, &s), result);
	if (result < 0)
		return st;
	CHECK_INT(lstat(unix_path(address), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0660);
	tn_socket_free(s);
	return st;
}

static void
test_unix_owner(void)
{
	const char *address = check_unique("unix:/tmp/");
	const char *wrong[] = { "", ":", "root:", "a:b:c" };
	bool root = geteuid() == 0;
	struct stat st;

	st = unix_owned(address, check_printf("%u:%u", geteuid(), getegid()),
	    0);
	CHECK_INT(st.st_uid, geteuid());
	CHECK_INT(st.st_gid, getegid());
	st = unix_owned(address, "4321", root ? 0 : -EPERM);
	if (root) {
		CHECK_INT(st.st_uid, 4321);
		CHECK_INT(st.st_gid, getegid());
		CHECK_INT(unix_owned(address, ":4321", 0).st_gid, 4321);
		CHECK_INT(unix_owned(address, "root:4321", 0).st_gid, 4321);
		CHECK(unix_owned(address, "daemon", 0).st_uid != 0);
		CHECK(unix_owned(address, ":daemon", 0).st_gid != 0);
	} else {
		CHECK_TEXT(tn_error_text(), check_printf("listen %s: operation "
		    "not permitted; only root may give a socket to another "
		    "user, or to a group that this one is not in", address));
	}
	unix_owned(address, "nobody here", -ENOENT);
	CHECK_TEXT(tn_error_text(), check_printf("listen %s: unix_owner: no "
	    "user \"nobody here\": this machine does not know it", address));
	unix_owned(address, "0:nobody here", -ENOENT);
	for (size_t i = 0; i < TN_COUNT(wrong); i++)
		unix_owned(address, wrong[i], i < 3 ? -EINVAL : -ENOENT);
	CHECK(!exists(unix_path(address)));
}

/* A forked child frees its copy of the listener; the server stays there. */
static void
test_unix_fork(void **state)
{
	const char *address = check_unique("unix:/tmp/");
	struct tn_socket *s = check_listen(address);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		tn__rt_forked();
		tn_socket_free(s);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK(exists(unix_path(address)));
	tn_socket_free(s);
	CHECK(!exists(unix_path(address)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_BOTH(test_every_address),
		CHECK_BOTH(test_in_use),
		CHECK_BOTH(test_restart),
		CHECK_BOTH(test_refused_addresses),
		CHECK_BOTH(test_before_bind),
		CHECK_BOTH(test_unix),
		CHECK_BOTH(test_unix_other_type),
		CHECK_BOTH(test_unix_in_the_way),
		CHECK_BOTH(test_unix_mode),
		CHECK_BOTH(test_unix_owner),
		cmocka_unit_test(test_without_v6),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_unix_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
