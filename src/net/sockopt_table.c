/* The usual socket options.  What stands under `initial` is Linux's without any
 * sysctl changed; NULL where it depends on the machine or the socket. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "net/sockopt.h"

#define IP4 TN_SOCKOPT_INET
#define IP6 TN_SOCKOPT_INET6
#define IP (IP4 | IP6)
#define LOCAL TN_SOCKOPT_UNIX
#define STREAM TN_SOCKOPT_STREAM
#define DGRAM TN_SOCKOPT_DGRAM
#define BOTH (STREAM | DGRAM)
#define ANY (IP | LOCAL | BOTH)
#define TCP (IP | STREAM)
#define UDP (IP | DGRAM)
#define READS TN_SOCKOPT_READ_ONLY
#define ROOT TN_SOCKOPT_ROOT

#define ROW(level, option) #option, level, option
#define BOOL TN_SOCKOPT_BOOL
#define NUMBER TN_SOCKOPT_NUMBER
#define WORD(word) { #word, word }

static const struct tn_sockopt_word families[] = {
	WORD(AF_UNIX), WORD(AF_INET), WORD(AF_INET6), { NULL, 0 },
};

static const struct tn_sockopt_word types[] = {
	WORD(SOCK_STREAM), WORD(SOCK_DGRAM), WORD(SOCK_SEQPACKET), { NULL, 0 },
};

static const struct tn_sockopt_word protocols[] = {
	WORD(IPPROTO_TCP), WORD(IPPROTO_UDP), { NULL, 0 },
};

/* What IP_PMTUDISC_* and IPV6_PMTUDISC_* are both called behind that. */
static const struct tn_sockopt_word discoveries[] = {
	{ "dont", IP_PMTUDISC_DONT },
	{ "want", IP_PMTUDISC_WANT },
	{ "do", IP_PMTUDISC_DO },
	{ "probe", IP_PMTUDISC_PROBE },
	{ "interface", IP_PMTUDISC_INTERFACE },
	{ "omit", IP_PMTUDISC_OMIT },
	{ NULL, 0 },
};

const struct tn_sockopt tn__sockopts[] = {
	/* socket(7) */
	{ ROW(SOL_SOCKET, SO_ACCEPTCONN), BOOL, ANY | READS, NULL, "off",
	    "Whether it listens." },
	{ ROW(SOL_SOCKET, SO_BINDTODEVICE), TN_SOCKOPT_TEXT, IP | BOTH, NULL,
	    "", "Only packets of this interface come and go. Once set, only "
	    "CAP_NET_RAW changes it." },
	{ ROW(SOL_SOCKET, SO_BROADCAST), BOOL, UDP, NULL, "off",
	    "Datagrams may be sent to a broadcast address." },
	{ ROW(SOL_SOCKET, SO_BUSY_POLL), NUMBER, IP | BOTH | ROOT,
	    "microseconds", "0", "So long a receive asks the network card "
	    "again and again before it sleeps." },
	{ ROW(SOL_SOCKET, SO_DEBUG), BOOL, ANY | ROOT, NULL, "off",
	    "The kernel takes notes on this socket." },
	{ ROW(SOL_SOCKET, SO_DOMAIN), NUMBER, ANY | READS, NULL, NULL,
	    "Its family.", families },
	{ ROW(SOL_SOCKET, SO_DONTROUTE), BOOL, IP | BOTH, NULL, "off",
	    "Only to hosts of directly connected networks, by no gateway." },
	{ ROW(SOL_SOCKET, SO_ERROR), NUMBER, ANY | READS, "errno", "0",
	    "What failed in the background; reading it clears it." },
	{ ROW(SOL_SOCKET, SO_INCOMING_CPU), NUMBER, IP | BOTH, NULL, NULL,
	    "The processor that packets for it came in on, -1 before any." },
	{ ROW(SOL_SOCKET, SO_KEEPALIVE), BOOL, TCP, NULL, "off",
	    "A connection that is silent is asked whether it is still there: "
	    "TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT." },
	{ ROW(SOL_SOCKET, SO_LINGER), TN_SOCKOPT_LINGER, IP | LOCAL | BOTH,
	    "seconds", "off", "close() waits so long for unsent bytes; with 0 "
	    "it resets the connection." },
	{ ROW(SOL_SOCKET, SO_MARK), NUMBER, IP | BOTH | ROOT, NULL, "0",
	    "A number on its packets, for routing rules and packet filters." },
	{ ROW(SOL_SOCKET, SO_OOBINLINE), BOOL, TCP, NULL, "off",
	    "Urgent bytes stand among the others." },
	{ ROW(SOL_SOCKET, SO_PASSCRED), BOOL, LOCAL | BOTH, NULL, "off",
	    "Messages come with the process and user of their sender." },
	{ ROW(SOL_SOCKET, SO_PEEK_OFF), NUMBER, LOCAL | BOTH, "bytes", "-1",
	    "Where MSG_PEEK looks next; -1 is always at the front." },
	{ ROW(SOL_SOCKET, SO_PRIORITY), NUMBER, ANY, NULL, "0",
	    "Which queue its packets take, 0 to 6; more needs rights." },
	{ ROW(SOL_SOCKET, SO_PROTOCOL), NUMBER, ANY | READS, NULL, NULL,
	    "Its protocol; Unix sockets have none, 0.", protocols },
	{ ROW(SOL_SOCKET, SO_RCVBUF), NUMBER, ANY, "bytes", NULL,
	    "Room for what came in and was not read. The kernel cuts what is "
	    "asked for to net.core.rmem_max, then doubles it for its own "
	    "book-keeping. Set, it no longer grows by itself." },
	{ ROW(SOL_SOCKET, SO_RCVLOWAT), NUMBER, ANY, "bytes", "1",
	    "A socket counts as readable from so many bytes on." },
	{ ROW(SOL_SOCKET, SO_RCVTIMEO), TN_SOCKOPT_SPAN, ANY, "seconds", "0",
	    "How long a blocking receive waits. Tenon's calls never block in "
	    "the kernel: they have deadlines, and tn_socket_settimeout()." },
	{ ROW(SOL_SOCKET, SO_REUSEADDR), BOOL, ANY, NULL, "off",
	    "A server may bind its port again although connections of before "
	    "are in TIME_WAIT there. tn_listen() sets it." },
	{ ROW(SOL_SOCKET, SO_REUSEPORT), BOOL, IP | BOTH, NULL, "off",
	    "Several sockets of one user share a port; the kernel deals out "
	    "what comes." },
	{ ROW(SOL_SOCKET, SO_RXQ_OVFL), BOOL, UDP, NULL, "off",
	    "Messages come with the count of those that found no room." },
	{ ROW(SOL_SOCKET, SO_SNDBUF), NUMBER, ANY, "bytes", NULL,
	    "Room for what was written and not yet acknowledged. The kernel "
	    "cuts what is asked for to net.core.wmem_max, then doubles it for "
	    "its own book-keeping. Set, it no longer grows by itself." },
	{ ROW(SOL_SOCKET, SO_SNDLOWAT), NUMBER, ANY | READS, "bytes", "1",
	    "Linux cannot set it." },
	{ ROW(SOL_SOCKET, SO_SNDTIMEO), TN_SOCKOPT_SPAN, ANY, "seconds", "0",
	    "How long a blocking send waits; see SO_RCVTIMEO." },
	{ ROW(SOL_SOCKET, SO_TIMESTAMP), BOOL, IP | LOCAL | BOTH, NULL, "off",
	    "Messages come with the time they arrived at." },
	{ ROW(SOL_SOCKET, SO_TIMESTAMPNS), BOOL, IP | LOCAL | BOTH, NULL,
	    "off", "The same in nanoseconds; one of both is on." },
	{ ROW(SOL_SOCKET, SO_TYPE), NUMBER, ANY | READS, NULL, NULL,
	    "A stream of bytes, or messages.", types },

	/* ip(7) */
	{ ROW(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), BOOL, IP4 | BOTH, NULL,
	    "off", "Binding to port 0 chooses a port only when it connects." },
	{ ROW(IPPROTO_IP, IP_FREEBIND), BOOL, IP4 | BOTH, NULL, "off",
	    "It may be bound to an address that is not there yet." },
	{ ROW(IPPROTO_IP, IP_MINTTL), NUMBER, IP4 | BOTH, "hops", "0",
	    "Packets that come with a lower TTL are dropped (RFC 5082)." },
	{ ROW(IPPROTO_IP, IP_MTU), NUMBER,
	    IP4 | BOTH | READS | TN_SOCKOPT_CONNECTED, "bytes", NULL,
	    "The largest packet that the way to the peer takes." },
	{ ROW(IPPROTO_IP, IP_MTU_DISCOVER), NUMBER, IP4 | BOTH, NULL, "want",
	    "Whether packets say \"do not divide\", which is how the size of "
	    "IP_MTU is found out: want is as the route says, do always, probe "
	    "without keeping to it.", discoveries },
	{ ROW(IPPROTO_IP, IP_MULTICAST_ALL), BOOL, IP4 | DGRAM, NULL, "on",
	    "Messages of groups that only others of this host joined come "
	    "too." },
	{ ROW(IPPROTO_IP, IP_MULTICAST_LOOP), BOOL, IP4 | DGRAM, NULL, "on",
	    "What it sends to a group comes back to this host." },
	{ ROW(IPPROTO_IP, IP_MULTICAST_TTL), NUMBER, IP4 | DGRAM, "hops", "1",
	    "How far what it sends to a group goes." },
	{ ROW(IPPROTO_IP, IP_PKTINFO), BOOL, IP4 | DGRAM, NULL, "off",
	    "Messages come with the address they were sent to." },
	{ ROW(IPPROTO_IP, IP_RECVERR), BOOL, IP4 | BOTH, NULL, "off",
	    "ICMP errors can be read with MSG_ERRQUEUE." },
	{ ROW(IPPROTO_IP, IP_RECVTOS), BOOL, IP4 | BOTH, NULL, "off",
	    "Messages come with their type of service." },
	{ ROW(IPPROTO_IP, IP_RECVTTL), BOOL, IP4 | BOTH, NULL, "off",
	    "Messages come with what was left of their TTL." },
	{ ROW(IPPROTO_IP, IP_TOS), NUMBER, IP4 | BOTH, NULL, "0",
	    "The type of service of its packets: DSCP and ECN (RFC 2474)." },
	{ ROW(IPPROTO_IP, IP_TRANSPARENT), BOOL, IP4 | BOTH | ROOT, NULL,
	    "off", "It may be bound to addresses of others: for proxies." },
	{ ROW(IPPROTO_IP, IP_TTL), NUMBER, IP4 | BOTH, "hops", "64",
	    "How many routers its packets pass at most." },

	/* ipv6(7) */
	{ ROW(IPPROTO_IPV6, IPV6_DONTFRAG), BOOL, IP6 | DGRAM, NULL, "off",
	    "Datagrams that are too large fail and are not divided." },
	{ ROW(IPPROTO_IPV6, IPV6_FREEBIND), BOOL, IP6 | BOTH, NULL, "off",
	    "As IP_FREEBIND." },
	{ ROW(IPPROTO_IPV6, IPV6_MTU), NUMBER,
	    IP6 | BOTH | READS | TN_SOCKOPT_CONNECTED, "bytes", NULL,
	    "As IP_MTU; Linux could set it, for datagrams, which is of no "
	    "use to most." },
	{ ROW(IPPROTO_IPV6, IPV6_MTU_DISCOVER), NUMBER, IP6 | BOTH, NULL, "want",
	    "As IP_MTU_DISCOVER.", discoveries },
	{ ROW(IPPROTO_IPV6, IPV6_MULTICAST_HOPS), NUMBER, IP6 | DGRAM, "hops",
	    "1", "How far what it sends to a group goes." },
	{ ROW(IPPROTO_IPV6, IPV6_MULTICAST_IF), NUMBER, IP6 | DGRAM, NULL,
	    "0", "The number of the interface that what it sends to a group "
	    "leaves by; 0 is the route's." },
	{ ROW(IPPROTO_IPV6, IPV6_MULTICAST_LOOP), BOOL, IP6 | DGRAM, NULL,
	    "on", "As IP_MULTICAST_LOOP." },
	{ ROW(IPPROTO_IPV6, IPV6_RECVERR), BOOL, IP6 | BOTH, NULL, "off",
	    "As IP_RECVERR." },
	{ ROW(IPPROTO_IPV6, IPV6_RECVHOPLIMIT), BOOL, IP6 | BOTH, NULL, "off",
	    "As IP_RECVTTL." },
	{ ROW(IPPROTO_IPV6, IPV6_RECVPKTINFO), BOOL, IP6 | BOTH, NULL, "off",
	    "As IP_PKTINFO (RFC 3542 section 6.1)." },
	{ ROW(IPPROTO_IPV6, IPV6_RECVTCLASS), BOOL, IP6 | BOTH, NULL, "off",
	    "As IP_RECVTOS." },
	{ ROW(IPPROTO_IPV6, IPV6_TCLASS), NUMBER, IP6 | BOTH, NULL, "0",
	    "As IP_TOS (RFC 3542 section 6.5)." },
	{ ROW(IPPROTO_IPV6, IPV6_UNICAST_HOPS), NUMBER, IP6 | BOTH, "hops",
	    "64", "How many routers its packets pass at most; -1 is the "
	    "route's." },
	{ ROW(IPPROTO_IPV6, IPV6_V6ONLY), BOOL, IP6 | BOTH, NULL, "off",
	    "No IPv4 over it (RFC 3493 section 5.3)." },

	/* tcp(7) */
	{ ROW(IPPROTO_TCP, TCP_CONGESTION), TN_SOCKOPT_TEXT, TCP, NULL, NULL,
	    "How it adapts to the network: cubic, reno, bbr, ...; those of "
	    "net.ipv4.tcp_allowed_congestion_control." },
	{ ROW(IPPROTO_TCP, TCP_CORK), BOOL, TCP, NULL, "off",
	    "Only full segments leave, for 200 ms at most." },
	{ ROW(IPPROTO_TCP, TCP_DEFER_ACCEPT), NUMBER, TCP, "seconds", "0",
	    "A listener hears of a client with its first bytes only." },
	{ ROW(IPPROTO_TCP, TCP_FASTOPEN), NUMBER, TCP, "connections", "0",
	    "A listener lets so many clients send along with their first "
	    "packet (RFC 7413)." },
	{ ROW(IPPROTO_TCP, TCP_FASTOPEN_CONNECT), BOOL, TCP, NULL, "off",
	    "connect() waits for the first bytes and sends them along "
	    "(RFC 7413)." },
	{ ROW(IPPROTO_TCP, TCP_KEEPCNT), NUMBER, TCP, "times", "9",
	    "So often it is asked in vain before it is given up." },
	{ ROW(IPPROTO_TCP, TCP_KEEPIDLE), NUMBER, TCP, "seconds", "7200",
	    "After so much silence it is first asked, with SO_KEEPALIVE." },
	{ ROW(IPPROTO_TCP, TCP_KEEPINTVL), NUMBER, TCP, "seconds", "75",
	    "And again after so long." },
	{ ROW(IPPROTO_TCP, TCP_LINGER2), NUMBER, TCP, "seconds", "60",
	    "So long a closed connection waits for the peer's end." },
	{ ROW(IPPROTO_TCP, TCP_MAXSEG), NUMBER, TCP, "bytes", NULL,
	    "The largest segment." },
	{ ROW(IPPROTO_TCP, TCP_NODELAY), BOOL, TCP, NULL, "off",
	    "Small writes leave at once and do not wait for the "
	    "acknowledgement of those before (RFC 896)." },
	{ ROW(IPPROTO_TCP, TCP_NOTSENT_LOWAT), NUMBER, TCP, "bytes", NULL,
	    "It counts as writable when less than this is unsent." },
	{ ROW(IPPROTO_TCP, TCP_QUICKACK), BOOL, TCP, NULL, "on",
	    "What comes is acknowledged at once; the kernel changes it as it "
	    "goes." },
	{ ROW(IPPROTO_TCP, TCP_SYNCNT), NUMBER, TCP, "times", "6",
	    "So often connect() asks again before it gives up." },
	{ ROW(IPPROTO_TCP, TCP_USER_TIMEOUT), NUMBER, TCP, "milliseconds",
	    "0", "After so long without an acknowledgement the connection is "
	    "given up (RFC 5482); 0 is about a quarter of an hour." },
	{ ROW(IPPROTO_TCP, TCP_WINDOW_CLAMP), NUMBER, TCP, "bytes", NULL,
	    "The largest window that it offers." },

	/* udp(7) */
	{ ROW(IPPROTO_UDP, UDP_CORK), BOOL, UDP, NULL, "off",
	    "What is written becomes one datagram, until it is off again." },
	{ ROW(IPPROTO_UDP, UDP_GRO), BOOL, UDP, NULL, "off",
	    "Datagrams of one sender may be received as one." },
	{ ROW(IPPROTO_UDP, UDP_SEGMENT), NUMBER, UDP, "bytes", "0",
	    "What is written in one call leaves in datagrams of this size." },
};

const size_t tn__sockopt_count = sizeof(tn__sockopts) / sizeof(tn__sockopts[0]);
