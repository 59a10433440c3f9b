/* A world from begin to end, and the machines in it. */
#include <inttypes.h>
#include <stdio.h>
#include <tenon/error.h>
#include "sim/sim.h"

#define WORLD_HASH UINT64_C(0xcbf29ce484222325) /* where FNV-1a begins */
#define WORLD_STACK_BYTES (256 * 1024)
#define WORLD_LOOPS_MAX 64
#define WORLD_PORT 40000 /* below the first that is given away */
#define WORLD_HERE4 "192.0.2.254" /* RFC 5737, RFC 3849: documentation */
#define WORLD_HERE6 "2001:db8::fe"
#define WORLD_DISK ((int64_t)1 << 30) /* bytes of each disk */

_Thread_local struct tn__world *tn__world TN__TLS;

static atomic_flag world_taken = ATOMIC_FLAG_INIT;

struct tn__boot *
tn__sim_boot(void)
{
	struct tn__host *host = tn__host();

	return host == &tn__host_linux ? NULL :
	    TN__CONTAINER(host, struct tn__boot, host);
}

/* ---- machines ---------------------------------------------------------- */

struct tn__machine *
tn__sim_machine(const char *name)
{
	if (name == NULL)
		return NULL;
	TN__LIST_FOR(node, &tn__world->machines) {
		struct tn__machine *m =
		    TN__CONTAINER(node, struct tn__machine, node);

		if (tn_slice_equal_nocase(tn_slice_str(m->name), name))
			return m;
	}
	return NULL;
}

int
tn__sim_inside(const char *what)
{
	return tn__world != NULL ? 0 : tn_error_set(-EINVAL, "%s: this is for "
	    "what runs inside tn_sim_run()", what);
}

static int
boot_main(void *arg)
{
	struct tn__boot *boot = arg;
	struct tn__machine *m = boot->machine;
	int r = m->main(m->arg);

	if (r < 0 && !boot->dead && !tn__world->over)
		tn__sim_trace("%s main returned %s: %s", m->name,
		    tn_error_name(r), tn_error_text());
	return r;
}

static struct tn__boot *
boot_new(struct tn__machine *m)
{
	struct tn__boot *boot = tn__sim_zalloc(sizeof(*boot));

	if (boot == NULL)
		return NULL;
	tn__sim_host_init(&boot->host);
	boot->machine = m;
	boot->run.stack_bytes = WORLD_STACK_BYTES;
	boot->main = (struct tn__run_main){
		.run = &boot->run, .fn = boot_main, .arg = boot
	};
	tn__list_push_back(&m->boots, &boot->node);
	return boot;
}

static int
boot_run(struct tn__boot *boot)
{
	struct tn__fiber *f;
	int r = tn__run_open(&boot->run, &boot->host,
	    tn__world->options.loops);

	if (r == 0)
		r = tn__run_main(&boot->main, &f);
	for (int i = 0; i < boot->run.loop_count; i++) {
		if (boot->run.loops[i] != NULL)
			tn__registry_add(boot->run.loops[i]);
	}
	return r;
}

int
tn__boot_start(struct tn__machine *m)
{
	struct tn__boot *boot = boot_new(m);
	int r;

	if (boot == NULL)
		return tn__error_nomem();
	tn__world->quiet++;
	r = boot_run(boot);
	tn__world->quiet--;
	if (r == 0)
		m->boot = boot;
	return r;
}

void
tn__boot_end(struct tn__boot *boot)
{
	for (int i = 0; i < boot->run.loop_count; i++)
		atomic_store(&boot->run.loops[i]->ending, true);
}

/* A fiber that would not end is never resumed. */
static void
loop_abandon(struct tn__loop *loop)
{
	TN__LIST_FOR(node, &loop->fibers)
		tn__fiber_free(TN__CONTAINER(node, struct tn__fiber, all));
}

static void
boot_free(struct tn__boot *boot)
{
	for (int i = 0; i < boot->run.loop_count; i++) {
		struct tn__loop *loop = boot->run.loops[i];

		if (loop == NULL)
			continue;
		tn__registry_remove(loop);
		tn__loop_drain(loop); /* a late tn_dump() */
	}
	for (int i = 0; i < boot->run.loop_count; i++) {
		if (boot->run.loops[i] != NULL)
			loop_abandon(boot->run.loops[i]);
	}
	tn__run_close(&boot->run);
	tn__error_clear(&boot->main.error);
	tn__free(boot);
}

static void
machine_power(struct tn__event *event)
{
	struct tn__machine *m = TN__CONTAINER(event, struct tn__machine, power);

	tn__sim_trace("%s has power again", m->name);
	(void)tn__boot_start(m);
}

static struct tn__machine *
machine_new(const char *name, int (*main)(void *), void *arg)
{
	struct tn__machine *m = tn__sim_zalloc(sizeof(*m));

	if (m == NULL)
		return NULL;
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	m->main = main;
	m->arg = arg;
	m->port = WORLD_PORT;
	m->bytes_left = tn__world->options.disk_bytes;
	tn__list_init(&m->boots);
	tn__list_init(&m->bound);
	tn__list_init(&m->nodes);
	tn__heap_node_init(&m->power.node);
	m->power.run = machine_power;
	tn__list_push_back(&tn__world->machines, &m->node);
	return m;
}

static void
machine_free(struct tn__machine *m)
{
	tn__files_free(m);
	TN__LIST_FOR(node, &m->boots)
		boot_free(TN__CONTAINER(node, struct tn__boot, node));
	tn__list_remove(&m->node);
	tn__free(m);
}

static int
machine_address(struct tn__machine *m, const char *address)
{
	struct tn_ip ip;

	if (tn_ip_parse(tn_slice_str(address), &ip) < 0)
		return -EINVAL;
	if (m->address_count == TN_COUNT(m->addresses))
		return -ENOSPC;
	m->addresses[m->address_count++] = ip;
	return tn_sim_name(m->name, address);
}

int
tn_sim_host(const char *name, const char *address, int (*main)(void *arg),
    void *arg)
{
	struct tn__machine *m;
	struct tn_ip ip;
	int r = tn__sim_inside("simulated host");

	if (r == 0)
		r = tn__sim_name_fits(name, sizeof(m->name) - 1);
	if (r < 0)
		return r;
	if (main == NULL)
		return tn_error_set(-EINVAL, "simulated host %s: its main() is "
		    "NULL", name);
	if (address == NULL || tn_ip_parse(tn_slice_str(address), &ip) < 0 ||
	    !tn__place_fits(&ip))
		return tn_error_set(-EINVAL, "simulated host %s at %s: no "
		    "address of one machine; take one such as 192.0.2.1 or "
		    "2001:db8::1", name, address == NULL ? "NULL" : address);
	if (tn__sim_machine(name) != NULL ||
	    tn__machine_at(tn__world->here, &ip) != NULL)
		return tn_error_set(-EEXIST, "simulated host %s at %s: the "
		    "name or the address is taken", name, address);
	m = machine_new(name, main, arg);
	r = m == NULL ? tn__error_nomem() : machine_address(m, address);
	return r == 0 ? tn__boot_start(m) : r;
}

/* ---- begin and end ----------------------------------------------------- */

static void
world_defaults(struct tn_sim_options *o)
{
	if (o->loops == 0)
		o->loops = 1;
	if (o->latency_us == 0)
		o->latency_us = 500;
	if (o->latency_spread_us == 0)
		o->latency_spread_us = 500;
	if (o->time_max_ms == 0)
		o->time_max_ms = 3600 * 1000;
	if (o->disk_bytes == 0)
		o->disk_bytes = WORLD_DISK;
	if (o->steps_max == 0)
		o->steps_max = 10000000;
	tn__sim_rates(o);
}

#define WORLD_LATENCY (3600 * TN_SECOND / TN_MICROSECOND)
#define WORLD_TIME (TN_NEVER / TN_MILLISECOND / 2)

static int
world_check(const struct tn_sim_options *o)
{
	const struct {
		const char *name;
		int64_t value, least, most;
	} all[] = {
		{ "loops", o->loops, 0, WORLD_LOOPS_MAX },
		{ "latency_us", o->latency_us, -1, WORLD_LATENCY },
		{ "latency_spread_us", o->latency_spread_us, -1,
		    WORLD_LATENCY },
		{ "bytes_per_second", o->bytes_per_second, 0, INT64_MAX },
		{ "disk_bytes", o->disk_bytes, 0, INT64_MAX },
		{ "time_max_ms", o->time_max_ms, 0, WORLD_TIME },
		{ "steps_max", o->steps_max, 0, INT64_MAX },
	};

	for (size_t i = 0; i < TN_COUNT(all); i++)
		if (all[i].value < all[i].least || all[i].value > all[i].most)
			return tn_error_set(-EINVAL, "simulation: %s is %"
			    PRId64 "; it can be %" PRId64 " to %" PRId64,
			    all[i].name, all[i].value, all[i].least,
			    all[i].most);
	for (int i = 0; i < TN_SIM_FAULTS; i++)
		if (o->rates[i] < -1 || o->rates[i] > 1000000)
			return tn_error_set(-EINVAL, "simulation: the rate of "
			    "\"%s\" (rates[%d]) is %" PRId32 "; it can be 0 "
			    "to 1000000, or -1 for never",
			    tn_sim_fault_name((enum tn_sim_fault)i), i,
			    o->rates[i]);
	return 0;
}

static int
world_begin(struct tn__world *w, int (*main)(void *), void *arg)
{
	int r;

	tn__dice_init(&w->dice, w->seed);
	tn__dice_init(&w->bytes, ~w->seed);
	w->hash = WORLD_HASH;
	w->quiet = 1;
	tn__list_init(&w->machines);
	tn__list_init(&w->names);
	tn__list_init(&w->ways);
	tn__list_init(&w->ends);
	tn__list_init(&w->datagrams);
	w->here = machine_new("here", main, arg);
	r = w->here == NULL ? -ENOMEM : machine_address(w->here, WORLD_HERE4);
	if (r == 0)
		r = machine_address(w->here, WORLD_HERE6);
	return r == 0 ? tn__boot_start(w->here) : r;
}

/* What the programs left open is said, and gone. */
static void
world_close_things(struct tn__world *w)
{
	for (size_t i = 0; i < w->thing_count; i++) {
		struct tn__thing *thing = w->things[i];

		if (thing == NULL)
			continue;
		w->result.left_open++;
		tn__sim_trace("%s left a descriptor open",
		    thing->boot->machine->name);
		thing->ops->close(thing);
	}
}

static void
world_end(struct tn__world *w)
{
	world_close_things(w);
	TN__LIST_FOR(node, &w->ends)
		tn__end_free(TN__CONTAINER(node, struct tn__end, all));
	TN__LIST_FOR(node, &w->datagrams)
		tn__datagram_free(TN__CONTAINER(node, struct tn__datagram,
		    node));
	TN__LIST_FOR(node, &w->machines)
		machine_free(TN__CONTAINER(node, struct tn__machine, node));
	tn__sim_names_free(w);
	tn__heap_free(&w->events);
	tn__free(w->things);
	tn__free(w->scratch);
}

/* On the outside: this thread is the world's until it ends. */
static int
world_run(struct tn__world *w, int (*main)(void *), void *arg)
{
	struct tn__run_main *m;
	int r = world_begin(w, main, arg);

	tn__sim_trace("seed %" PRIu64, w->seed);
	if (r == 0)
		r = tn__sim_drive(w);
	if (r == 0) {
		m = &w->here->boot->main;
		r = m->result;
		if (r < 0)
			tn__error_move(tn__error_current, &m->error);
	}
	tn__sim_trace("end after %" PRId64 " steps: %s", w->result.steps,
	    r < 0 ? tn_error_name(r) : "fine");
	w->result.time_ns = w->now;
	world_end(w);
	w->result.trace_hash = w->hash;
	return r;
}

int
tn_sim_run(uint64_t seed, const struct tn_sim_options *options,
    int (*main)(void *arg), void *arg, struct tn_sim_result *ret)
{
	struct tn__world world = { .seed = seed };
	struct tn__loop *outer = tn__loop();
	struct tn__host *host = tn__host_current;
	struct tn__error *error = tn__error_current;
	unsigned long long ids;
	int r;

	if (options != NULL)
		world.options = *options;
	r = world_check(&world.options);
	if (r < 0)
		return r;
	if (main == NULL)
		return tn_error_set(-EINVAL, "simulation: main() is NULL");
	if (outer->poller != NULL || atomic_flag_test_and_set(&world_taken))
		return tn_error_set(-EBUSY, "simulation: this thread runs a "
		    "loop, or there is another world already");
	world_defaults(&world.options);
	ids = atomic_exchange(&tn__fiber_ids, 0); /* the same in each run */
	tn__registry_remove(outer);
	tn__loop_current = NULL;
	tn__host_current = NULL;
	tn__error_current = &world.error;
	tn__world = &world;
	tn__sim_memory(true);
	r = world_run(&world, main, arg);
	tn__sim_memory(false);
	tn__world = NULL;
	tn__error_current = error;
	if (r < 0)
		tn__error_move(error, &world.error);
	tn__error_clear(&world.error);
	tn__host_current = host;
	tn__loop_current = outer;
	tn__registry_add(outer);
	atomic_fetch_add(&tn__fiber_ids, ids);
	atomic_flag_clear(&world_taken);
	if (ret != NULL)
		*ret = world.result;
	return r;
}
