/* stdin, stdout and stderr: descriptors that other programs share with us. */
#ifndef CLI_STANDARD_H
#define CLI_STANDARD_H

/* Puts /dev/null where one of them is closed; the next thing to be opened would
 * take its place, and get what is meant for a person. */
void cli_standard_fill(void);

/* A descriptor for writing to the same terminal or pipe as `fd` that never
 * waits.  O_NONBLOCK on `fd` itself would be seen by everybody who shares it.
 * `fd` where there is no other: for files, which wait for nobody, and
 * sockets.  Give it to cli_standard_release(). */
int cli_standard_own(int fd);

void cli_standard_release(int fd);

#endif
