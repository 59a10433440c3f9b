/* What the two halves of processes share. */
#ifndef TN__STREAM_PROCESS_H
#define TN__STREAM_PROCESS_H

#include <tenon/process.h>
#include "rt/rt.h"

struct tn_process {
	struct tn__process process;
	struct tn_stream *standard[3]; /* NULL: no pipe of ours */
	int pid, status;
	bool ended;
};

/* Our end of a pipe to a program (`writes`) or from one; takes `fd`, which does
 * not block. */
int tn__pipe_open(int fd, bool writes, struct tn_stream **ret);
struct tn__io *tn__pipe_io(struct tn_stream *pipe);
/* Closes the descriptor, the stream stays. */
void tn__pipe_end(struct tn_stream *pipe);

/* Whether it has ended: then it is reaped, and its status is known or
 * TN__PROCESS_UNKNOWN. */
#define TN__PROCESS_UNKNOWN INT32_MIN
bool tn__process_has_ended(struct tn_process *process);

#endif
