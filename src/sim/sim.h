/* The inside of sim/: a world, its machines, the things that have a descriptor
 * there, and what is under way between them.
 *
 * One thread runs everything: the driver picks a loop that has something to do
 * and turns it once, and when none has, the clock jumps to the next event.
 * Whatever is chosen is chosen by `dice`. */
#ifndef TN__SIM_SIM_H
#define TN__SIM_SIM_H

#include <netinet/in.h>
#include <tenon/sim.h>
#include "base/heap.h"
#include "base/memory.h"
#include "net/host.h"
#include "os/host.h"
#include "rt/internal.h"

#define TN__SIM_FD (1 << 24) /* the first descriptor, far from the kernel's */

/* ---- chance ------------------------------------------------------------ */

struct tn__dice { /* xoshiro256** */
	uint64_t state[4];
};

void tn__dice_init(struct tn__dice *dice, uint64_t seed);
uint64_t tn__dice_next(struct tn__dice *dice);

/* ---- the world --------------------------------------------------------- */

/* Something that happens at an instant. */
struct tn__event {
	struct tn__heap_node node;
	void (*run)(struct tn__event *event);
};

struct tn__world {
	uint64_t seed;
	struct tn_sim_options options; /* with the defaults filled in */
	struct tn_sim_result result;
	tn_time now;
	struct tn__dice dice;  /* for what happens */
	struct tn__dice bytes; /* for tn__random() */
	struct tn__heap events;
	struct tn__list machines, names, ways;
	struct tn__machine *here;
	struct tn__thing **things; /* by descriptor; a number comes once */
	size_t thing_count, thing_cap;
	struct tn__list ends;      /* of connections, closed ones too */
	struct tn__list datagrams; /* under way */
	struct tn__list **scratch; /* of the driver, to shuffle in */
	size_t scratch_cap;
	uint64_t hash;
	struct tn__error error; /* of what runs in no fiber */
	int quiet; /* > 0: no fault strikes an allocation */
	int calls; /* of the fiber that runs, since it was resumed ... */
	unsigned long long calls_turn; /* ... in this turn of its loop */
	const struct tn__fiber *circling; /* it had to be stopped */
	bool over; /* the hosts are to end */
};

/* The one that this thread is in, or NULL. */
extern _Thread_local struct tn__world *tn__world TN__TLS;

/* A name with an address, and where programs run. */
struct tn__machine {
	struct tn__list node;
	char name[64];
	struct tn_ip addresses[8]; /* besides loopback */
	size_t address_count;
	int (*main)(void *);
	void *arg;
	struct tn__list boots;  /* the last is the present one */
	struct tn__boot *boot;  /* NULL: without power */
	struct tn__list bound;  /* sockets with a name of their own */
	struct tn__node *root;  /* its files */
	struct tn__list nodes;  /* all of them, nameless ones too */
	uint64_t inodes;
	int64_t bytes_left;     /* on its disk */
	int64_t wall_shift;     /* by jumps of the clock */
	uint16_t port;          /* the last one given away */
	struct tn__event power; /* comes back */
};

/* A machine from power on to power off. */
struct tn__boot {
	struct tn__host host; /* tn__host() of all that runs on it */
	struct tn__list node;
	struct tn__machine *machine;
	struct tn__run run;
	struct tn__run_main main;
	bool dead; /* what still runs reaches nothing */
};

/* world.c */
struct tn__boot *tn__sim_boot(void); /* of the running fiber */
/* NULL: there is none, whatever the case of its letters. */
struct tn__machine *tn__sim_machine(const char *name);
int tn__sim_inside(const char *what); /* -EINVAL with words: it is not */
int tn__boot_start(struct tn__machine *machine);
void tn__boot_end(struct tn__boot *boot); /* cancels what runs on it */

/* driver.c */
int tn__sim_drive(struct tn__world *world);
void tn__event_at(struct tn__event *event, tn_time when);
void tn__event_cancel(struct tn__event *event);

/* circle.c: a fiber calls, and may do so for ever without waiting.  Stops it,
 * and comes back once it was cancelled. */
void tn__sim_called(void);

/* fault.c */
uint64_t tn__sim_below(uint64_t below);
tn_time tn__sim_between(tn_time least, tn_time most);
/* Whether it strikes now, the machine that runs or another: counted and
 * told. */
bool tn__sim_strikes(enum tn_sim_fault fault);
bool tn__sim_strikes_on(const struct tn__machine *m, enum tn_sim_fault fault);
void tn__sim_rates(struct tn_sim_options *options);
void tn__sim_memory(bool on);
/* Memory of the world itself: no fault strikes it.  Zeroed; NULL only when
 * the real machine has none. */
void *tn__sim_zalloc(size_t size);
void *tn__sim_resize(void *pointer, size_t size);

/* trace.c: a line; "%s" of bytes goes through tn__sim_show(). */
void tn__sim_trace(const char *format, ...) TN_PRINTF(1, 2);
void tn__sim_trace_text(const char *text); /* of several lines */
#define TN__SIM_SHOWN 256
/* At most 60 bytes, in quotes and escaped; returns `out`. */
const char *tn__sim_show(const void *bytes, size_t size,
    char out[TN__SIM_SHOWN]);

/* ---- readiness --------------------------------------------------------- */

struct tn__thing;

struct tn__thing_ops {
	/* What is possible now: enum tn__poll_bits. */
	unsigned (*state)(struct tn__thing *thing);
	void (*close)(struct tn__thing *thing); /* frees it, some time */
};

/* What a descriptor stands for. */
struct tn__thing {
	const struct tn__thing_ops *ops;
	struct tn__boot *boot;
	int fd; /* -1 once closed */
	bool socket;
	struct tn__list watches;
};

struct tn__watch {
	struct tn__list node;  /* in the thing's list */
	struct tn__list all;   /* in the poller's */
	struct tn__list ready; /* likewise, when somebody has to look at it */
	struct tn__poller *poller;
	struct tn__thing *thing;
	uint64_t data;
	unsigned bits;
	bool armed;    /* one shot: not fired yet */
	bool spurious; /* woken for nothing */
};

struct tn__poller {
	struct tn__boot *boot;
	struct tn__list watches, ready;
	size_t count;
	bool woken; /* by somebody outside its loop */
};

/* poller.c */
void tn__sim_host_init(struct tn__host *host);
int tn__thing_open(struct tn__thing *thing, const struct tn__thing_ops *ops);
/* NULL: no such descriptor, or another machine's. */
struct tn__thing *tn__thing_of(int fd);
void tn__thing_forget(struct tn__thing *thing); /* its number and watches */
/* Something became possible: whoever watches has to look. */
void tn__thing_edge(struct tn__thing *thing);

/* ---- sockets ----------------------------------------------------------- */

struct tn__place {
	struct tn_ip ip; /* family 0: none; never a mapped one */
	uint16_t port;
};

struct tn__name { /* of a Unix socket */
	size_t size; /* of the bytes; 0: none */
	char bytes[108];
};

struct tn__option {
	struct tn__option *next;
	int level, name;
	socklen_t size;
	char value[];
};

struct tn__vector {
	const struct iovec *parts;
	size_t count;
};

struct tn__sim_socket;

struct tn__socket_ops {
	int (*listen)(struct tn__sim_socket *s, int backlog);
	int (*accept)(struct tn__sim_socket *s, struct tn__sim_socket **ret);
	int (*connect)(struct tn__sim_socket *s, const struct tn_address *to);
	/* `from` and `ret_flags` are NULL or wanted. */
	ssize_t (*recv)(struct tn__sim_socket *s, struct tn__vector out,
	    int flags, struct tn_address *from, int *ret_flags);
	/* `to` is NULL where it is connected. */
	ssize_t (*send)(struct tn__sim_socket *s, struct tn__vector in,
	    int flags, const struct tn_address *to);
	int (*shutdown)(struct tn__sim_socket *s, int how);
};

struct tn__sim_socket {
	struct tn__thing thing;
	const struct tn__socket_ops *ops;
	int family, type, protocol;
	int error; /* SO_ERROR, positive */
	struct tn__place local, remote;
	struct tn__name name, peer_name; /* Unix */
	struct tn__node *file;           /* Unix, bound to a path */
	bool connected, listening;
	struct tn__list bound; /* in the machine's list */
	struct tn__option *options;
};

/* socket.c */
extern const struct tn__net_ops tn__sim_net;
struct tn__sim_socket *tn__sim_socket(int fd); /* NULL: none */
void tn__sim_socket_init(struct tn__sim_socket *s, int family, int type,
    int protocol, const struct tn__socket_ops *ops);
void tn__sim_socket_fini(struct tn__sim_socket *s);
void tn__sim_socket_unbind(struct tn__sim_socket *s);
/* -EBADF, -ENOTSOCK; -ENETDOWN without power, when nothing is reached. */
int tn__sim_socket_get(int fd, struct tn__sim_socket **ret);
/* option.c */
int tn__sim_getsockopt(int fd, int level, int name, void *out,
    socklen_t *size);
int tn__sim_setsockopt(int fd, int level, int name, const void *value,
    socklen_t size);
int tn__sim_option(const struct tn__sim_socket *s, int level, int name,
    int otherwise);
/* vector.c */
size_t tn__vector_size(struct tn__vector v);
/* Copies between `bytes` and the parts: how many. */
size_t tn__vector_put(struct tn__vector v, const char *bytes, size_t size);
size_t tn__vector_get(struct tn__vector v, char *bytes, size_t size);

/* place.c: names and ways */
int tn__place_parse(const struct tn_address *address, struct tn__place *ret);
void tn__place_format(const struct tn__place *place, int family,
    struct tn_address *ret);
bool tn__place_equal(const struct tn__place *a, const struct tn__place *b);
#define TN__PLACE_TEXT 160
/* "server.test:80", as seen on `machine`. */
const char *tn__place_text(const struct tn__place *place,
    struct tn__machine *machine, char out[TN__PLACE_TEXT]);
const char *tn__socket_text(const struct tn__sim_socket *s,
    char out[TN__PLACE_TEXT]);
/* Whether it can be the address of one machine, and no other's. */
bool tn__place_fits(const struct tn_ip *ip);
bool tn__machine_has(const struct tn__machine *m, const struct tn_ip *ip);
/* Who answers at `ip` when `from` calls it; NULL: nobody. */
struct tn__machine *tn__machine_at(struct tn__machine *from,
    const struct tn_ip *ip);
int tn__place_bind(struct tn__sim_socket *s, const struct tn_address *to);
/* The address that `m` calls `to` from.  -ENETUNREACH. */
int tn__place_source(const struct tn__machine *m, const struct tn_ip *to,
    struct tn_ip *ret);
/* Gives it a name when it has none, to call `to` with.  -ENETUNREACH. */
int tn__place_autobind(struct tn__sim_socket *s, const struct tn__place *to);
/* The bound socket that is meant; TCP: the one that listens. */
struct tn__sim_socket *tn__place_find(struct tn__machine *m, int type,
    const struct tn__place *to, const struct tn__place *from);

/* The way between two machines: how many bytes travel together, when so many
 * more have left, how long they take, whether it is cut now, and how often it
 * was so far. */
size_t tn__way_segment(struct tn__machine *from, struct tn__machine *to);
tn_time tn__way_line(struct tn__machine *from, struct tn__machine *to,
    size_t size);
tn_time tn__way_latency(struct tn__machine *a, struct tn__machine *b);
bool tn__way_cut(struct tn__machine *a, struct tn__machine *b);
unsigned tn__way_cuts(struct tn__machine *a, struct tn__machine *b);

/* tcp.c, flow.c, end.c, end_io.c */
enum tn__end_state {
	TN__END_NEW,
	TN__END_LISTENING,
	TN__END_CONNECTING,
	TN__END_CONNECTED,
	TN__END_DEAD, /* reset, timed out, or never to be */
};

enum tn__segment_kind {
	TN__SEGMENT_SYN,
	TN__SEGMENT_SYNACK,
	TN__SEGMENT_ACK, /* the third of the handshake */
	TN__SEGMENT_DATA,
	TN__SEGMENT_FIN,
	TN__SEGMENT_RST,
};

struct tn__segment {
	struct tn__list node;
	enum tn__segment_kind kind;
	tn_time when;
	unsigned cuts; /* of the way, when it was sent */
	size_t size;
	char bytes[];
};

/* One end of a connection, TCP or Unix, or a listener. */
struct tn__end {
	struct tn__sim_socket socket;
	struct tn__list all; /* in the world's list */
	enum tn__end_state state;
	bool local;          /* Unix: nothing takes time */
	struct tn__end *peer;
	struct tn__machine *far;

	char *in; /* arrived and not read */
	size_t in_start, in_size, in_cap;
	bool in_ended, shut_in, shut_out;

	size_t out_used; /* sent, and not read by the peer so far */
	size_t out_max, in_max;
	bool wants_room;
	struct tn__list flow; /* segments on the way */
	struct tn__event arrival;
	tn_time arrival_last, lost_since, backoff;
	size_t read; /* by us, and the peer does not know it */
	tn_time untold_since;
	struct tn__event reading;
	struct tn__event stall; /* under way: nobody reads here */

	struct tn__end *listener; /* whose queue it is in, or will be */
	struct tn__list queue;    /* of a listener; or the place in it */
	int queued, backlog;      /* half-open ones count */
};

#define TN__END_GIVE_UP (924 * TN_SECOND) /* tcp_retries2 = 15 */

#define TN__END_BUFFER 65536

struct tn__end *tn__end_new(int family, int type, int protocol);
/* The other end, for a listener to accept. */
struct tn__end *tn__end_pair(struct tn__end *e, struct tn__boot *boot);
void tn__end_push(struct tn__end *e, enum tn__segment_kind kind,
    const char *bytes, size_t size);
void tn__end_arrival(struct tn__event *event); /* the first segment's */
bool tn__end_is_closed(const struct tn__end *e);
void tn__end_fail(struct tn__end *e, int error); /* positive */
void tn__end_purge(struct tn__end *e); /* what is on its way is gone */
void tn__end_free(struct tn__end *e);
void tn__end_let_go(struct tn__end *e); /* frees it, if nobody needs it */
/* A connection is complete: into the listener's queue. */
void tn__end_queue(struct tn__end *e);
void tn__end_syn(struct tn__end *e); /* tcp.c: it has come to e->far */
unsigned tn__end_poll(struct tn__thing *thing);
void tn__end_close(struct tn__thing *thing);
void tn__end_stall(struct tn__end *e);
bool tn__end_stalls(const struct tn__end *e);
bool tn__end_has_room(const struct tn__end *e); /* worth waking for */
void tn__end_told(struct tn__event *event); /* the peer, what was read */
ssize_t tn__end_recv(struct tn__sim_socket *s, struct tn__vector out,
    int flags, struct tn_address *from, int *ret_flags);
ssize_t tn__end_send(struct tn__sim_socket *s, struct tn__vector in,
    int flags, const struct tn_address *to);
int tn__end_shutdown(struct tn__sim_socket *s, int how);
int tn__end_listen(struct tn__sim_socket *s, int backlog);
int tn__end_accept(struct tn__sim_socket *s, struct tn__sim_socket **ret);
extern const struct tn__thing_ops tn__end_thing_ops;

int tn__tcp_open(int family, int protocol, struct tn__sim_socket **ret);

/* datagram.c: a socket that takes datagrams, UDP or Unix. */
struct tn__mailbox {
	struct tn__sim_socket socket;
	struct tn__list queue;
	size_t queued, queued_bytes;
	tn_time arrival_last;
	bool shut_in, shut_out;
	bool wants_room;          /* Unix: somebody's queue was full */
	struct tn__mailbox *pair; /* of a socketpair */
};

struct tn__datagram {
	struct tn__list node; /* in the world's list, or a queue */
	struct tn__event arrival;
	struct tn__machine *sender, *far;
	unsigned cuts;
	struct tn__place from, to;
	struct tn__name name; /* of the sender, Unix */
	size_t size;
	char bytes[];
};

struct tn__mailbox *tn__mailbox_new(int family, int protocol,
    const struct tn__socket_ops *ops);
int tn__mailbox_open(struct tn__mailbox *m, struct tn__sim_socket **ret);
struct tn__datagram *tn__datagram_new(struct tn__vector in);
void tn__datagram_free(struct tn__datagram *d);
void tn__mailbox_put(struct tn__mailbox *m, struct tn__datagram *d);
ssize_t tn__mailbox_recv(struct tn__sim_socket *s, struct tn__vector out,
    int flags, struct tn_address *from, int *ret_flags);
int tn__mailbox_shutdown(struct tn__sim_socket *s, int how);
int tn__udp_open(int family, int protocol, struct tn__sim_socket **ret);

/* unix.c, unix_stream.c, unix_datagram.c */
int tn__unix_name(const struct tn_address *address, struct tn__name *ret);
int tn__unix_find(struct tn__machine *m, const struct tn__name *name,
    struct tn__sim_socket **ret);
int tn__unix_stream_open(int family, int protocol,
    struct tn__sim_socket **ret);
int tn__unix_packets_open(int family, int protocol,
    struct tn__sim_socket **ret);
int tn__unix_datagram_open(int family, int protocol,
    struct tn__sim_socket **ret);
int tn__unix_pair(int type, int ret[2]);
int tn__unix_bind(struct tn__sim_socket *s, const struct tn_address *to);
void tn__unix_room(struct tn__machine *machine); /* a queue has room again */
int tn__unix_chmod(const char *path, unsigned mode);
int tn__unix_lstat(const char *path, struct stat *ret);
int tn__unix_unlink(const char *path);

/* disk.c, files.c, files_ops.c */
extern const struct tn__os_ops tn__sim_os;
void tn__files_crash(struct tn__machine *machine);
void tn__files_free(struct tn__machine *machine);

/* resolve.c */
int tn__sim_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret);
void tn__sim_freeaddrinfo(struct addrinfo *list);
int tn__sim_getnameinfo(const struct sockaddr *address, socklen_t size,
    char *host, size_t host_size, char *service, size_t service_size,
    int flags);
void tn__sim_names_free(struct tn__world *world);
/* The other half's name; NULL, -ENOENT: none such. */
const char *tn__sim_service_name(uint16_t port);
int tn__sim_service_port(const char *service);
/* 0, or -EINVAL with words: not for a host or the table of names. */
int tn__sim_name_fits(const char *name, size_t len_max);

/* netdb.c */
int tn__sim_gethostbyname(const char *name, int family,
    struct tn_hostent *into);
int tn__sim_gethostbyaddr(const struct tn_ip *ip, struct tn_hostent *into);
int tn__sim_getservbyname(const char *name, const char *protocol);
int tn__sim_getservbyport(uint16_t port, const char *protocol, char *ret,
    size_t size);
int tn__sim_getprotobyname(const char *name);
int tn__sim_gethostname(char *ret, size_t size);
int tn__sim_interfaces(struct tn_interface **ret, size_t *ret_count);

#endif
