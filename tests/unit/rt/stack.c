/* Stacks: the guard below, the report when it is hit, and what a parked fiber
 * gives back. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tenon/run.h>
#include <unistd.h>
#include "rt/internal.h"
#include "unit/rt/check.h"

static int __attribute__((noinline))
deep(int n)
{
	volatile char here[1024];

	memset((char *)here, n, sizeof(here));
	return n == 0 ? here[0] : deep(n - 1) + here[n % 1024];
}

/* ---- overflow ---------------------------------------------------------- */

static int
overflow(void *arg)
{
	tn_fiber_name("digger");
	return deep(1000000);
}

static int
overflow_main(void *arg)
{
	struct tn_group *g;

	if (tn_group_open(&g) < 0 || tn_go(g, overflow, NULL) < 0)
		return -EIO;
	return tn_group_wait(g);
}

/* A kernel that does not know MADV_GUARD_INSTALL yet: mprotect guards then. */
static bool
forbid_guard_install(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 102, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { TN_COUNT(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void
overflow_in_child(bool old_kernel)
{
	char text[8192] = "";
	size_t used = 0;
	int out[2], status;
	ssize_t n;
	pid_t child;

	CHECK_INT(pipe(out), 0);
	child = fork();
	if (child == 0) {
		dup2(out[1], 2);
		close(out[0]);
		if (old_kernel && !forbid_guard_install())
			_exit(9);
		if (tn_overflow_report() < 0)
			_exit(9);
		_exit(tn_run(overflow_main, NULL, NULL) == 0);
	}
	close(out[1]);
	while (used < sizeof(text) - 1 && (n = read(out[0], text + used,
	    sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(out[0]);
	CHECK_INT(waitpid(child, &status, 0), child);
	/* By the signal, or by a sanitizer's handler that comes after ours. */
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) > 1);
	CHECK(strstr(text, "(digger) overflowed its stack of 256 "
	    "KiB; raise tn_run_options.stack_bytes") != NULL);
}

static void
test_overflow(void **state)
{
	overflow_in_child(false);
}

static void
test_overflow_old_kernel(void **state)
{
	overflow_in_child(true);
}

/* ---- recycling --------------------------------------------------------- */

static unsigned
resident_pages(const char *stack, size_t size)
{
	unsigned char in[256];
	size_t page = tn__page_size(), count = size / page;
	unsigned resident = 0;

	CHECK(count <= sizeof(in));
	if (mincore((void *)(uintptr_t)stack, size, in) != 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		resident += in[i] & 1;
	return resident;
}

static int
dig_and_park(void *arg)
{
	*(struct tn__fiber **)arg = tn__self();
	deep(60);
	return tn_sleep(3600 * TN_SECOND);
}

static int
trim_main(void *arg)
{
	struct tn__fiber *f;
	struct tn_group *g;
	size_t page = tn__page_size(), size = tn__loop()->stack_size - page;
	unsigned before, after;

	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, dig_and_park, &f), 0);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	before = resident_pages(f->stack + page, size);
	CHECK_INT(tn_sleep(2500 * TN_MILLISECOND), 0);
	after = resident_pages(f->stack + page, size);
	CHECK(before >= 16);
	if (tn__context_depth(&f->context) != NULL)
		CHECK(after < before / 2);
	tn_group_free(g);
	return 0;
}

static void
test_trim(void **state)
{
	CHECK_INT(tn_run(trim_main, NULL, NULL), 0);
}

static int
stack_of(void *arg)
{
	*(char **)arg = tn__self()->stack;
	return 0;
}

static int
reuse_main(void *arg)
{
	char *first, *second;
	struct tn_group *g;

	CHECK_INT(tn_group_open(&g), 0);
	CHECK_INT(tn_go(g, stack_of, &first), 0);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK_INT(tn_go(g, stack_of, &second), 0);
	CHECK_INT(tn_group_wait(g), 0);
	CHECK(first == second); /* last in, first out */
	tn_group_free(g);
	return 0;
}

static void
test_reuse(void **state)
{
	CHECK_INT(tn_run(reuse_main, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_overflow_old_kernel),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_reuse),
	};

	return cmocka_run_group_tests_name("rt/stack", tests, NULL, NULL);
}
