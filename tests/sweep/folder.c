#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sweep/calls.h"
#include "sweep/folder.h"

char folder_path[64];

int
folder_begin(void)
{
	snprintf(folder_path, sizeof(folder_path), "%s", "/tmp/tenon-XXXXXX");
	return mkdtemp(folder_path) == NULL ? -1 : 0;
}

int
folder_file(const char *name, const char *text, size_t size)
{
	/* Old enough for a tag that stays. */
	static const struct timespec times[2] = { { .tv_sec = 1515627155 },
		{ .tv_sec = 1515627155 } };
	char path[sizeof(folder_path) + 64];
	FILE *file;
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder_path, name);
	file = fopen(path, "wb");
	if (file == NULL)
		return -1;
	r = fwrite(text, 1, size, file) == size ? 0 : -1;
	if (fclose(file) != 0)
		r = -1;
	return r < 0 ? r : utimensat(AT_FDCWD, path, times, 0);
}

/* Whatever is in it; there are no folders inside. */
int
folder_end(void)
{
	DIR *dir = opendir(folder_path);
	struct dirent *entry;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return rmdir(folder_path);
}
