/* Questions and answers in datagrams. */
#ifndef CLI_ECHO_DATAGRAM_H
#define CLI_ECHO_DATAGRAM_H

#include <tenon/buffer.h>
#include <tenon/socket.h>

#define CLI_DATAGRAM_MAX 65507 /* what UDP over IPv4 can carry */
#define CLI_DATAGRAM_ADDRESSES 8

struct cli_datagram { /* all-zero is closed */
	const char *name;
	struct tn_address addresses[CLI_DATAGRAM_ADDRESSES];
	int count, next; /* the address to try when this one refuses */
	bool answered;
	struct tn_socket *socket;
	struct tn_buffer answer;
};

/* "udp:HOST:PORT" or "unixgram:/PATH"; `name` is borrowed. */
TN_CHECK int cli_datagram_open(const char *name, struct cli_datagram *ret);

/* Sends `text` and waits for the answer, in `*ret` until the next call.  Until
 * the first answer the other addresses of the host get their turn when one
 * refuses.  -ETIMEDOUT after `timeout_ms`. */
TN_CHECK int cli_datagram_ask(struct cli_datagram *d, struct tn_slice text,
    int64_t timeout_ms, struct tn_slice *ret);

void cli_datagram_close(struct cli_datagram *d);

#endif
