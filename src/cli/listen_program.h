/* tenon listen --exec: a program for a connection. */
#ifndef CLI_LISTEN_PROGRAM_H
#define CLI_LISTEN_PROGRAM_H

#include "cli/wiring.h"

/* Starts `argv` with a socket as its standard input and output and carries what
 * goes through it to and from `stream`, which is taken, until the program has
 * ended: 0 with its exit status, or minus the signal that ended it, in
 * `*ret_status`.  It ends too, by SIGTERM first, when the peer was lost. */
TN_CHECK int listen_program(const char *const *argv, struct tn_stream *stream,
    const struct wiring_peer *peer, int *ret_status);

#endif
