/* Replays files through a fuzz target: the arguments are folders;
 * one that is not there is passed over. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replayed;

static void
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	size_t size = 0, room = 0, n;

	if (!file)
		return;
	do {
		if (size == room) {
			room = room ? 2 * room : 4096;
			bytes = realloc(bytes, room);
			if (!bytes)
				abort();
		}
		n = fread(bytes + size, 1, room - size, file);
		size += n;
	} while (n > 0);
	fclose(file);

	/* An allocation of its own size: reading beyond it is seen. */
	bytes = realloc(bytes, size ? size : 1);
	if (!bytes)
		abort();
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(bytes, size);
	replayed++;
	free(bytes);
}

static void
replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[4096];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		replay_file(file);
	}
	closedir(dir);
}

int
main(int argc, char **argv)
{
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		replay_folder(argv[i]);
	printf("%d inputs replayed\n", replayed);
	return 0;
}
