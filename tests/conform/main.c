/* conform: scores the corpora of test cases that it finds under a path.
 * CONTRIBUTING.md says how it is used. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <tenon/file.h>

#include "conform/conform.h"

#define FOLDER_DEPTH 16
#define FOLDER_ENTRIES 100000

static const char usage[] =
    "usage: ./dev conform [-v] [--json] [--record] PATH...\n"
    "\n"
    "Runs the corpora found under each PATH, a folder or a file.\n"
    "\n"
    "  -v        each miss: what was given, expected and got; each known\n"
    "            difference and why; what was no corpus\n"
    "  --json    a line of JSON for each corpus\n"
    "  --record  writes down scores that are new or have risen;\n"
    "            where anything fell it fails, and leaves that score alone\n";

/* ---- what lies under a path --------------------------------------------- */

static bool
is_known_ending(const char *path)
{
	for (size_t i = 0; i < formats_count; i++)
		if (tn_slice_ends(tn_slice_str(path),
		        tn_slice_str(formats[i].ending)))
			return true;
	return false;
}

static void
run_file(struct conform *c, const char *path)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	TN_CLEANUP(tn_buffer_free) struct tn_buffer shown = { 0 };
	struct corpus corpus = { 0 };
	const struct format *f = NULL;
	int e = 1;

	put_escaped(&shown, tn_slice_str(path));
	corpus.path = shown.data;
	if (is_known_ending(path)) {
		e = file_load(path, &text);
		corpus.text = tn_buffer_slice(&text);
		if (e == 0)
			e = corpus_read(&corpus, &f);
	}
	if (e < 0)
		conform_fail(c);
	else if (e > 0 && c->verbose)
		printf("%s: no corpus\n", shown.data);
	else if (e == 0)
		conform_corpus(c, f, &corpus);
	c->found += e <= 0;
	corpus_free(&corpus);
}

static void run_folder(struct conform *c, const char *path, int depth);

static void
run_entry(struct conform *c, const char *folder,
    const struct tn_dir_entry *entry, int depth)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer path = { 0 };
	size_t len = strlen(folder);

	putf(&path, "%s%s%s", folder,
	    len > 0 && folder[len - 1] == '/' ? "" : "/", entry->name);
	if (entry->info.kind == TN_FILE_DIRECTORY && !entry->link)
		run_folder(c, path.data, depth + 1);
	else if (entry->info.kind == TN_FILE_REGULAR)
		run_file(c, path.data);
}

static void
run_folder(struct conform *c, const char *path, int depth)
{
	TN_CLEANUP(tn_dir_freep) struct tn_dir *dir = NULL;
	struct tn_dir_list list = { 0 };
	int e = tn_dir_open(path, &dir);

	if (e == 0)
		e = tn_dir_list(dir, TN_SLICE(""), FOLDER_ENTRIES, &list);
	if (e < 0) {
		conform_fail(c);
		return;
	}
	if (list.truncated || depth > FOLDER_DEPTH) {
		tn_error_set(TN_ELIMIT, "%s: too many files or too deep", path);
		conform_fail(c);
	} else {
		for (size_t i = 0; i < list.count; i++)
			run_entry(c, path, &list.entries[i], depth);
	}
	tn_dir_list_free(&list);
}

static void
run_path(struct conform *c, const char *path)
{
	struct tn_dir *dir = NULL;
	unsigned before = c->found;
	int e = tn_dir_open(path, &dir);

	tn_dir_free(dir);
	if (e == -ENOTDIR)
		run_file(c, path);
	else if (e < 0)
		conform_fail(c);
	else
		run_folder(c, path, 0);
	if (c->found == before && (e == 0 || e == -ENOTDIR)) {
		tn_error_set(-ENOENT, "%s: no corpus", path);
		conform_fail(c);
	}
}

/* ---- the end ------------------------------------------------------------- */

static void
finish(struct conform *c)
{
	if (!c->json && c->seen.count > 0)
		conform_sum(c);
	fflush(stdout);
	conform_stale(c);
	if (c->rises.len > 0)
		fputs(c->rises.data, stderr);
	if (c->record && c->changed) {
		if (scores_save(&c->scores, c->scores_path) < 0)
			conform_fail(c);
	} else if (c->changed) {
		fputs("conform: --record writes this down\n", stderr);
	}
}

static int
options(struct conform *c, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "known", required_argument, NULL, 'k' },
		{ "record", no_argument, NULL, 'r' },
		{ "scores", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "hv", known, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'j':
			c->json = true;
			break;
		case 'k':
			c->known_path = optarg;
			break;
		case 'r':
			c->record = true;
			break;
		case 's':
			c->scores_path = optarg;
			break;
		case 'v':
			c->verbose = true;
			break;
		default:
			return -EINVAL;
		}
	}
	for (int i = optind; i < argc; i++)
		if (argv[i][0] == '\0')
			return -EINVAL;
	return optind < argc ? 1 : -EINVAL;
}

int
main(int argc, char **argv)
{
	struct conform c = { .scores_path = "tests/conform/scores",
		.known_path = "tests/conform/known" };
	int e = options(&c, argc, argv);

	if (e <= 0) {
		fputs(e < 0 ? usage : "", stderr);
		return e < 0 ? 2 : 0;
	}
	if (scores_load(&c.scores, c.scores_path) < 0 ||
	    known_load(&c.known, c.known_path) < 0) {
		conform_fail(&c);
	} else {
		if (!c.json)
			printf("%-37s%9s%9s%9s%9s\n", "corpus", "passed",
			    "known", "missed", "total");
		for (int i = optind; i < argc; i++)
			run_path(&c, argv[i]);
		finish(&c);
	}
	scores_free(&c.scores);
	scores_free(&c.seen);
	known_free(&c.known);
	tn_buffer_free(&c.rises);
	return c.failed ? 1 : 0;
}
