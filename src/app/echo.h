/* Echo: what comes goes back. */
#ifndef APP_ECHO_H
#define APP_ECHO_H

#include <tenon/server.h>

/* Handlers for tn_server_options.handle, for connections and for datagrams. */
int app_echo_handle(struct tn_request *request);

/* With the time before each piece: "[Wed Jan 10 23:32:35 2018] hello".  What
 * one receive returned is a piece; nothing waits for a line end. */
int app_echo_handle_stamped(struct tn_request *request);

#endif
