/* A folder of its own for a scenario that needs files. */
#ifndef TESTS_SWEEP_FOLDER_H
#define TESTS_SWEEP_FOLDER_H

#include <stddef.h>

extern char folder_path[64];

int folder_begin(void);
int folder_file(const char *name, const char *text, size_t size);
int folder_end(void);

#endif
