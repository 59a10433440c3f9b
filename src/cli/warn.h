/* Lines on stderr from the midst of serving. */
#ifndef CLI_WARN_H
#define CLI_WARN_H

#include <tenon/base.h>

/* Before the first of them, while there is one thread. */
void cli_warn_begin(void);

/* "tenon VERB: TEXT", `text` without its newline.  Never waits: beyond 20 lines
 * a second, and while nobody reads stderr, lines are only counted, and the next
 * one is preceded by how many they were.  Any thread may call it. */
void cli_warn(const char *verb, const char *text);

/* The same, always shown when stderr takes it. */
void cli_say(const char *text);

/* Says how many were not shown, if any. */
void cli_warn_end(const char *verb);

#endif
