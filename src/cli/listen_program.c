#include <errno.h>
#include <tenon/error.h>
#include <tenon/process.h>
#include <tenon/run.h>

#include "cli/listen_program.h"

#define PROGRAM_GRACE (2 * TN_SECOND) /* between SIGTERM and SIGKILL */

/* One socket is both its input and its output, whatever carries the
 * connection: TLS can be spoken in between, and what the program leaves unread
 * costs the peer none of its last bytes. */
static int
program_start(const char *const *argv, const struct wiring_peer *peer,
    struct tn_stream **ret_stream, struct tn_process **ret)
{
	char variable[sizeof("TENON_PEER=") + sizeof(peer->name)];
	struct tn_process_options options = {
		.argv = argv,
		.env_more = (const char *const[]){ variable, NULL },
	};
	struct tn_socket *ends[2];
	int r = tn_socket_pair(AF_UNIX, SOCK_STREAM, 0, ends);

	if (r < 0)
		return r;
	snprintf(variable, sizeof(variable), "TENON_PEER=%s", peer->name);
	options.in.end = options.out.end = TN_PROCESS_FD;
	options.in.fd = options.out.fd = tn_socket_fileno(ends[1]);
	r = tn_process_open(&options, ret);
	tn_socket_free(ends[1]);
	if (r == 0) {
		r = tn_stream_from_socket(ends[0], ret_stream);
		if (r == 0)
			return 0;
		tn_process_free(*ret);
	}
	tn_socket_free(ends[0]);
	return r;
}

/* It goes on as long as it likes, unless it has nobody left to work for. */
static int
program_wait(struct tn_process *process, int code, int *ret_status)
{
	int r = code < 0 ? code : tn_process_wait(process, ret_status);

	if (r < 0)
		tn_process_end(process, PROGRAM_GRACE, ret_status);
	return r;
}

int
listen_program(const char *const *argv, struct tn_stream *stream,
    const struct wiring_peer *peer, int *ret_status)
{
	struct app_wire wire = {
		.peer = stream,
		.program = true,
		.linger_ms = -1,
		.idle_ms = wiring.idle_ms,
	};
	TN_CLEANUP(tn_process_freep) struct tn_process *process = NULL;
	struct tn_stream *end = NULL;
	int status = 0, r = program_start(argv, peer, &end, &process);

	if (r < 0) {
		tn_stream_free(stream);
		return r;
	}
	wire.in = wire.out = end;
	r = app_wire_run(&wire);
	tn_stream_free(end);
	if (r == 0)
		r = wiring_hang_up(stream, false);
	else if (r == -ECANCELED)
		(void)wiring_hang_up(stream, true);
	else
		tn_stream_free(stream);
	wiring_say_closed(peer, wire.sent, wire.received);
	r = program_wait(process, r, &status);
	wiring_say_exited(peer, argv[0], status);
	*ret_status = status;
	return r;
}
