/* tenon/sim.h - a simulated network with a virtual clock.
 *
 * tn_sim_run() runs a program, and the hosts it starts, in a world of its own:
 * no kernel socket, no real file, no real time.  The same code that serves and
 * calls in production runs in it unchanged.  Delays, short reads, resets, lost
 * datagrams and failing disks come by seed, and the same seed gives the same
 * run, byte for byte.  See docs/simulation.md. */
#ifndef TENON_SIM_H
#define TENON_SIM_H

#include <stdio.h>
#include <tenon/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What can go wrong, each with a rate: how many times in a million chances.
 * 0 never, 1,000,000 always; -1 never, also under every_fault. */
enum tn_sim_fault {
	TN_SIM_SHORT_READ,    /* fewer bytes than are there */
	TN_SIM_SHORT_WRITE,   /* fewer bytes than there is room for */
	TN_SIM_SPURIOUS,      /* woken, and nothing is there */
	TN_SIM_DELAY,         /* a segment or datagram takes far longer */
	TN_SIM_RESET,         /* a connection is reset at this byte */
	TN_SIM_STALL,         /* a peer stops reading for a while */
	TN_SIM_REFUSE,        /* a connect is refused */
	TN_SIM_UNREACHABLE,   /* a connect finds no way */
	TN_SIM_LOSE,          /* a datagram is lost */
	TN_SIM_DUPLICATE,     /* a datagram comes twice */
	TN_SIM_REORDER,       /* a datagram overtakes another */
	TN_SIM_LOOKUP_FAIL,   /* a look-up fails */
	TN_SIM_LOOKUP_SLOW,   /* a look-up takes seconds */
	TN_SIM_NO_DESCRIPTOR, /* EMFILE */
	TN_SIM_NO_MEMORY,     /* an allocation fails */
	TN_SIM_NO_SPACE,      /* ENOSPC */
	TN_SIM_DISK_ERROR,    /* EIO */
	TN_SIM_CLOCK_JUMP,    /* the wall clock jumps, either way */
	TN_SIM_FAULTS
};

/* "short read", ...; static. */
TN_API const char *tn_sim_fault_name(enum tn_sim_fault fault);

struct tn_sim_options {        /* all-zero is valid: a network without faults */
	int32_t rates[TN_SIM_FAULTS]; /* in a million */
	bool every_fault;      /* rates of 0 stand for a usual one each */
	int loops;             /* of each host; 1 */
	int64_t latency_us;    /* between two hosts, one way; 500; -1 none */
	int64_t latency_spread_us; /* and up to so much more by seed; 500;
				    * -1 none */
	int64_t bytes_per_second;  /* from one host to another; 0 = no
				    * limit */
	int64_t disk_bytes;    /* that each host's files may have; 1 GiB */
	int64_t time_max_ms;   /* of virtual time; an hour; then TN_ELIMIT */
	int64_t steps_max;     /* turns of all loops; 10,000,000; TN_ELIMIT */
	FILE *trace;           /* who sent what to whom and when; NULL = none */
	uint64_t reserved[8];
};

struct tn_sim_result {
	uint64_t trace_hash;   /* of the whole trace, written or not */
	int64_t time_ns;       /* virtual time that passed */
	int64_t steps;
	int64_t faults[TN_SIM_FAULTS]; /* how often each fired */
	int64_t left_open;     /* descriptors that nobody closed */
};

/* Runs `main(arg)` on the host "here" (192.0.2.254 and 2001:db8::fe to the
 * others, 127.0.0.1 and ::1 to itself, as every host) and returns what it
 * returned; the other hosts are cancelled then.  TN_EDEADLOCK when every fiber
 * waits and nothing is on its way, or one waits for what is ready (a lost
 * wake-up, which a deadline would hide): the trace ends in what each does.
 * TN_ELIMIT when it does not end, or a fiber calls a million times and never
 * waits; one that goes on though it was cancelled is left where it stands.
 * `ret` and `options` may be NULL.  -EBUSY inside tn_run() or another world. */
TN_API int tn_sim_run(uint64_t seed, const struct tn_sim_options *options,
    int (*main)(void *arg), void *arg, struct tn_sim_result *ret);

/* ---- inside ------------------------------------------------------------ */

/* Another machine: a name in the look-up table, with an IPv4 or IPv6 address,
 * on which `main(arg)` runs as the first fiber.  -EEXIST for what is taken, the
 * name in another case included.  Outside tn_sim_run() each of these is
 * -EINVAL. */
TN_API TN_CHECK int tn_sim_host(const char *name, const char *address,
    int (*main)(void *arg), void *arg);

/* One more address of a name, or a name that fails with `error` (TN_EGAI_*). */
TN_API TN_CHECK int tn_sim_name(const char *name, const char *address);
TN_API TN_CHECK int tn_sim_name_fails(const char *name, int error);

/* The way between two hosts, where it is not as the options say: latency, and
 * bytes a second in each direction, which all connections share.  0 as the
 * options say, -1 none, no limit. */
TN_API TN_CHECK int tn_sim_link(const char *a, const char *b,
    int64_t latency_us, int64_t bytes_per_second);

/* Cuts or mends the way between two hosts, both directions.  What is under way
 * is lost when cut; TCP sends it again once it is mended. */
TN_API TN_CHECK int tn_sim_partition(const char *a, const char *b, bool cut);

/* The host loses its power: connections die without a word, files lose what was
 * not synced, its fibers are cancelled and reach nothing any more; after
 * `down_for` its main runs again. */
TN_API TN_CHECK int tn_sim_crash(const char *name, tn_time down_for);

/* A file of a host as it stands there, for setting up and for checking. */
TN_API TN_CHECK int tn_sim_file_write(const char *host, const char *path,
    struct tn_slice bytes);
TN_API TN_CHECK int tn_sim_file_read(const char *host, const char *path,
    struct tn_buffer *ret);

/* A line of the program's own in the trace; what would not fit into one line
 * is escaped as by tn_buffer_append_escaped(). */
TN_API void tn_sim_note(const char *format, ...) TN_PRINTF(1, 2);

/* A number from the seed, 0 to `below` - 1: for a test's own choices. */
TN_API uint64_t tn_sim_random(uint64_t below);

#ifdef __cplusplus
}
#endif

#endif
