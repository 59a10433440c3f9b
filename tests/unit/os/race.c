/* Somebody moves directories while paths are opened: never the file outside. */
#include "tree.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define RACE_MS 300

static atomic_bool race_over;

/* By turns a directory and a link out, or a file and a link out. */
static void
exchange(void)
{
	assert_int_equal(renameat2(tree_fd, "root/swap", tree_fd, "root/link",
			     RENAME_EXCHANGE),
	    0);
	assert_int_equal(renameat2(tree_fd, "root/file", tree_fd, "root/to-file",
			     RENAME_EXCHANGE),
	    0);
}

/* root/m/x/y goes out and comes back, so that ".." of it is by turns in and
 * out. */
static void
move_out(void)
{
	static bool out;

	assert_int_equal(renameat(tree_fd, out ? "outside/y" : "root/m/x/y",
			     tree_fd, out ? "root/m/x/y" : "outside/y"),
	    0);
	out = !out;
}

static const struct race_row {
	const char *name, *path;
	void (*move)(void);
} races[] = {
	{ "directory and link", "swap/secret", exchange },
	{ "file and link", "file", exchange },
	{ "directory moved out", "m/x/y/../secret", move_out },
	{ "and one more up", "m/x/y/../../secret", move_out },
};

static void *
race_move(void *arg)
{
	void (*move)(void) = ((const struct race_row *)arg)->move;

	while (!atomic_load(&race_over))
		move();
	return NULL;
}

static int64_t
race_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
race_open(const struct race_row *t)
{
	int64_t end = race_now_ms() + RACE_MS;
	int inside = 0, refused = 0;

	while (race_now_ms() < end)
		for (int i = 0; i < 100; i++) {
			int r;
			const char *text = tree_open_read(t->path, &r);

			if (text == NULL) {
				assert_true(r == TN_EESCAPE || r == -ENOENT ||
				    r == -EISDIR || r == -ELOOP);
				refused++;
				continue;
			}
			assert_string_equal(text, "inside");
			inside++;
		}
	print_message("%s: %d inside, %d refused\n", t->name, inside, refused);
}

static void
test_race(void **state)
{
	const struct race_row *t = *state;

	for (size_t i = 0; i < TN_COUNT(tree_tables); i++) {
		int before;
		pthread_t mover;

		tree_use(tree_tables[i]);
		before = tree_descriptors();
		atomic_store(&race_over, false);
		assert_int_equal(pthread_create(&mover, NULL, race_move,
				     (void *)(uintptr_t)t),
		    0);
		race_open(t);
		atomic_store(&race_over, true);
		assert_int_equal(pthread_join(mover, NULL), 0);
		assert_int_equal(tree_descriptors(), before);
	}
}

int
main(void)
{
	void *state = NULL;
	int failed;

	if (tree_setup(&state) != 0)
		return 1;
	tree_dir("root/swap");
	tree_file("root/swap/secret", "inside");
	tree_link("root/link", "../outside");
	tree_file("root/file", "inside");
	tree_link("root/to-file", "../outside/secret");
	tree_dir("root/m");
	tree_dir("root/m/x");
	tree_dir("root/m/x/y");
	tree_file("root/m/secret", "inside");
	tree_file("root/m/x/secret", "inside");
	failed = CHECK_ROWS(races, test_race);
	return failed + (tree_teardown(&state) != 0);
}
