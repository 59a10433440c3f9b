/* What every verb that serves does around its servers: loops, signals, the
 * library's log, and saying where it can be reached. */
#ifndef CLI_SERVING_H
#define CLI_SERVING_H

#include <tenon/buffer.h>
#include <tenon/server.h>

struct cli_serving {
	const char *verb; /* for what it says on stderr */
	struct tn_server *const *servers;
	size_t count;
	struct tn_server *beside; /* ends after them; or NULL */
	bool quiet; /* no words but errors */
	/* Called once signals do what they should: says where it listens. */
	void (*say)(void *arg);
	/* SIGHUP, which otherwise ends it unless it is ignored. */
	void (*hangup)(void *arg);
	void *arg;
};

/* Serves with all of them until SIGINT, SIGTERM or SIGHUP, then lets what is in
 * flight finish; a second SIGINT or SIGTERM ends that too, and SIGQUIT shows on
 * stderr what every fiber waits for.  SIGUSR2 starts the command again with the
 * same listeners, and ends this one when the other is ready; when that fails
 * this one goes on.  systemd, if it asks, hears when it is ready, when it ends,
 * and that it lives.  Call it inside tn_run().  0, or the error of the server
 * that failed first. */
int cli_serve(const struct cli_serving *serving);

/* Allows as many descriptors as one may have: the limit that counts is often
 * one for programs whose select(2) knows no more. */
void cli_serve_limits(void);

/* nohup(1) and the like: whether a signal is ignored, and has to stay so. */
bool cli_ignores(int number);

/* From now on the library's warnings and errors become lines on stderr that
 * begin with "tenon VERB:". */
void cli_serve_log(const char *verb);

/* Calls `each` with every address at which others find what listens at
 * `address`: itself, or for 0.0.0.0 and [::] one of this machine's own and one
 * that the network sees for each family there is. */
void cli_serve_addresses(const struct tn_address *address,
    void (*each)(void *arg, const struct tn_address *reached, bool loopback),
    void *arg);

#endif
