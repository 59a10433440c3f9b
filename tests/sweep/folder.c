#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	char path[sizeof(folder_path) + 64];
	FILE *file;
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder_path, name);
	file = fopen(path, "wb");
	if (file == NULL)
		return -1;
	r = fwrite(text, 1, size, file) == size ? 0 : -1;
	return fclose(file) == 0 ? r : -1;
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
