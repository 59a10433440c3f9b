/* Echo: what comes goes back. */
#ifndef APP_ECHO_H
#define APP_ECHO_H

#include <tenon/server.h>

/* Handlers for tn_server_options.handle, for connections and for datagrams. */
int app_echo_handle(struct tn_request *request);

/* With the time before each piece: "[Wed Jan 10 23:32:35 2018] hello".  What
 * one receive returned is a piece; nothing waits for a line end. */
int app_echo_handle_stamped(struct tn_request *request);

struct app_echo { /* all-zero is valid */
	bool stamp;
	const char *charset; /* what the other side writes; NULL = UTF-8 */
	/* Is told each piece, as UTF-8, wrong bytes replaced; or NULL. */
	void (*show)(void *arg, const struct tn_address *peer,
	    struct tn_slice text);
	void *arg;
};

/* The same for text, with the struct app_echo as tn_server_options.arg: a piece
 * ends where a character does, and the stamp is in the charset.  The bytes that
 * go back are those that came, right or wrong. */
int app_echo_handle_text(struct tn_request *request);

#endif
