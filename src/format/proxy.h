/* The PROXY protocol's header, versions 1 and 2, with which a proxy in front
 * says whose connection it passes on (HAProxy's proxy-protocol.txt). */
#ifndef TN__PROXY_H
#define TN__PROXY_H

#include <tenon/ip.h>

#define TN__PROXY_BYTES_MAX 4096 /* of a header that we read */

struct tn__proxy {
	int version;  /* 1 or 2 */
	bool known;   /* the addresses are given: TCP over IPv4 or IPv6.  If
		       * not, the connection is the proxy's own (a health
		       * check), or one whose client it can not name */
	struct tn_ip source, destination; /* the client; where it connected */
	uint16_t source_port, destination_port;
};

/* Reads a header that begins at `in`: its bytes (> 0), or 0 when more is
 * needed.  TN_EPROTO, with words, for what is none (section 2: a receiver must
 * not guess), TN_ELIMIT beyond TN__PROXY_BYTES_MAX. */
int tn__proxy_parse(struct tn_slice in, struct tn__proxy *ret);

#endif
