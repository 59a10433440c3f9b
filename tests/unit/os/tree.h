/* What the tests of this room share: a fresh folder with "root", which is
 * opened, and "outside", which must never be reached; and a table of file calls
 * that can be told to fail. */
#ifndef TESTS_UNIT_OS_TREE_H
#define TESTS_UNIT_OS_TREE_H

#include "unit/base/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tenon/error.h>
#include <tenon/file.h>
#include <unistd.h>

#include "os/host.h"

extern int tree_fd;          /* the folder that holds both */
extern struct tn_dir *tree_root;
extern const struct tn__os_ops *const tree_tables[2];

/* cmocka's fixtures: of a group the folder, of a test an empty one. */
int tree_setup(void **state);
int tree_teardown(void **state);

/* Opens "root" anew with these file calls; NULL: the kernel's. */
void tree_use(const struct tn__os_ops *os);

/* In the folder; what fails here aborts the test. */
void tree_dir(const char *path);
void tree_file(const char *path, const char *text);
void tree_link(const char *path, const char *target);
bool tree_exists(const char *path);
/* The contents, good until the next call. */
const char *tree_text(const char *path);
/* How many names a directory has. */
int tree_count(const char *path);

/* Descriptors that this process has open. */
int tree_descriptors(void);

/* The whole text of a file beneath the root, good until the next call, or NULL
 * with the error in *ret. */
const char *tree_open_read(const char *path, int *ret);

/* The kernel's calls, but number `tree_fail_at` (counted from 0) fails with
 * -EIO; -1: none.  Closing succeeds also where it fails. */
extern const struct tn__os_ops tree_failing;
extern int tree_fail_at, tree_calls;

#endif
