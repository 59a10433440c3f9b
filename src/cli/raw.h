/* A terminal that sends every key at once and shows bytes as they come. */
#ifndef CLI_RAW_H
#define CLI_RAW_H

#include <stdbool.h>
#include <tenon/base.h>

/* Makes the terminal at `fd` raw.  It becomes what it was at cli_raw_end(), and
 * at exit(3) at the latest.  -ENOTTY, or what tcsetattr(3) says. */
TN_CHECK int cli_raw_begin(int fd);

/* Does nothing without the former. */
void cli_raw_end(void);

/* Whether it is raw now: a line then ends in CR and LF. */
bool cli_raw(void);

#endif
