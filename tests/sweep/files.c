/* What is written into a folder: whole or not at all, and nothing beside it. */
#include <dirent.h>
#include <stdlib.h>
#include <tenon/file.h>

#include "sweep/folder.h"
#include "sweep/sweep.h"

#define PART (40 * 1024)
#define PARTS 3

/* ---- what is there, past the calls that can fail ------------------------- */

static FILE *
file_open(const char *name, const char *mode)
{
	char path[sizeof(folder_path) + 32];

	snprintf(path, sizeof(path), "%s/%s", folder_path, name);
	return fopen(path, mode);
}

static char
file_byte(size_t i)
{
	return (char)(i % 251);
}

/* How much of what was to be written, -1 when it is anything else. */
static long
file_written(const char *name)
{
	FILE *file = file_open(name, "rb");
	long n = 0;
	int byte;

	if (file == NULL)
		return 0;
	for (; n >= 0 && (byte = getc(file)) != EOF; n++)
		if (n == PARTS * PART || (char)byte != file_byte((size_t)n))
			n = -2;
	fclose(file);
	return n;
}

static bool
file_is_old(const char *name)
{
	char text[4] = "";
	FILE *file = file_open(name, "rb");
	size_t n = file == NULL ? 0 : fread(text, 1, sizeof(text), file);

	if (file != NULL)
		fclose(file);
	return n == 3 && memcmp(text, "old", 3) == 0;
}

static void
file_remove(const char *name)
{
	char path[sizeof(folder_path) + 32];

	snprintf(path, sizeof(path), "%s/%s", folder_path, name);
	(void)remove(path);
}

/* Whether there is a file that nobody asked for. */
static bool
folder_has_more(void)
{
	DIR *dir = opendir(folder_path);
	struct dirent *entry;
	bool more = dir == NULL;

	while (!more && (entry = readdir(dir)) != NULL)
		more = entry->d_name[0] == '.' && entry->d_name[1] == 't';
	if (dir != NULL)
		closedir(dir);
	return more;
}

/* ---- replaced ------------------------------------------------------------ */

static struct tn_slice
part(char bytes[PART], size_t i)
{
	for (size_t at = 0; at < PART; at++)
		bytes[at] = file_byte(i * PART + at);
	return tn_slice(bytes, PART);
}

static int
replace(struct tn_dir *dir, const char *name, bool exclusive)
{
	char bytes[PART];
	TN_CLEANUP(tn_replace_freep) struct tn_replace *file = NULL;
	int r = tn_replace_open(dir, tn_slice_str(name), 0600, &file);

	for (size_t i = 0; i < PARTS && r == 0; i++)
		r = tn_replace_write(file, part(bytes, i));
	return r < 0 ? r : tn_replace_commit(TN_TAKE(file), exclusive);
}

static int
replace_named(const char *name, bool exclusive)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	int r = tn_dir_open(folder_path, &dir);

	return r < 0 ? r : replace(dir, name, exclusive);
}

/* Under a name that is taken. */
static int
replace_old(void)
{
	int r = replace_named("taken", false);

	SWEEP_CHECK(file_written("taken") == PARTS * PART ||
	    (r < 0 && file_is_old("taken")));
	return r;
}

static int
replace_new(void)
{
	int r = replace_named("new", true);

	SWEEP_CHECK(file_written("new") == PARTS * PART ||
	    (r < 0 && file_written("new") == 0));
	return r;
}

static int
run_replace(void)
{
	int r;

	file_remove("new");
	SWEEP_CHECK(folder_file("taken", "old", 3) == 0);
	r = sweep_both(replace_old, replace_new);
	SWEEP_CHECK(!folder_has_more());
	return r;
}

/* What was begun and not ended, too. */
static int
run_give_up(void)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	struct tn_replace *file = NULL;
	int r = tn_dir_open(folder_path, &dir);

	SWEEP_CHECK(folder_file("taken", "old", 3) == 0);
	if (r == 0)
		r = tn_replace_open(dir, TN_SLICE("taken"), 0600, &file);
	if (r == 0)
		r = tn_replace_write(file, TN_SLICE("new"));
	tn_replace_free(file);
	SWEEP_CHECK(file_is_old("taken") && !folder_has_more());
	return r;
}

/* ---- added to ------------------------------------------------------------ */

static int
append(struct tn_append *log)
{
	char bytes[PART];
	int r = 0;

	for (size_t i = 0; i < PARTS && r == 0; i++)
		r = tn_append_write(log, part(bytes, i));
	return r;
}

/* Part of it may be there, in order. */
static int
run_append(void)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	TN_CLEANUP(tn_append_freep) struct tn_append *log = NULL;
	long written;
	int r;

	file_remove("log");
	r = tn_dir_open(folder_path, &dir);
	if (r == 0)
		r = tn_append_open(dir, TN_SLICE("log"), 0600, &log);
	if (r == 0)
		r = append(log);
	written = file_written("log");
	SWEEP_CHECK(r < 0 ? written >= 0 : written == PARTS * PART);
	return r;
}

/* ------------------------------------------------------------------------ */

static const struct sweep_scenario scenarios[] = {
	{ "replace", run_replace, folder_begin, folder_end },
	{ "give-up", run_give_up, folder_begin, folder_end },
	{ "append", run_append, folder_begin, folder_end },
};

int
main(void)
{
	return sweep_main("files", scenarios, TN_COUNT(scenarios));
}
