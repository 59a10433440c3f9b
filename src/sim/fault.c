/* What goes wrong, and everything else that is left to chance. */
#include "sim/sim.h"

static const struct fault {
	const char *name;
	int32_t usual; /* in a million: most short conversations go well */
} faults[TN_SIM_FAULTS] = {
	[TN_SIM_SHORT_READ] = { "short read", 100000 },
	[TN_SIM_SHORT_WRITE] = { "short write", 100000 },
	[TN_SIM_SPURIOUS] = { "spurious wake-up", 50000 },
	[TN_SIM_DELAY] = { "delay", 20000 },
	[TN_SIM_RESET] = { "reset", 10000 },
	[TN_SIM_STALL] = { "stall", 10000 },
	[TN_SIM_REFUSE] = { "refused", 30000 },
	[TN_SIM_UNREACHABLE] = { "unreachable", 30000 },
	[TN_SIM_LOSE] = { "lost datagram", 20000 },
	[TN_SIM_DUPLICATE] = { "datagram twice", 20000 },
	[TN_SIM_REORDER] = { "datagram overtakes", 50000 },
	[TN_SIM_LOOKUP_FAIL] = { "look-up fails", 20000 },
	[TN_SIM_LOOKUP_SLOW] = { "slow look-up", 20000 },
	[TN_SIM_NO_DESCRIPTOR] = { "no descriptor", 5000 },
	[TN_SIM_NO_MEMORY] = { "no memory", 2000 },
	[TN_SIM_NO_SPACE] = { "no space", 20000 },
	[TN_SIM_DISK_ERROR] = { "disk error", 10000 },
	[TN_SIM_CLOCK_JUMP] = { "clock jump", 50000 },
};

const char *
tn_sim_fault_name(enum tn_sim_fault fault)
{
	return (unsigned)fault < TN_SIM_FAULTS ? faults[fault].name : "?";
}

void
tn__sim_rates(struct tn_sim_options *options)
{
	for (size_t i = 0; i < TN_SIM_FAULTS; i++)
		if (options->every_fault && options->rates[i] == 0)
			options->rates[i] = faults[i].usual;
}

/* ---- dice -------------------------------------------------------------- */

static uint64_t
dice_left(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

/* splitmix64 fills the state, as the authors of xoshiro advise. */
void
tn__dice_init(struct tn__dice *dice, uint64_t seed)
{
	for (size_t i = 0; i < TN_COUNT(dice->state); i++) {
		uint64_t x = seed += UINT64_C(0x9e3779b97f4a7c15);

		x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
		dice->state[i] = x ^ x >> 31;
	}
}

uint64_t
tn__dice_next(struct tn__dice *dice)
{
	uint64_t *s = dice->state;
	uint64_t result = dice_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = dice_left(s[3], 45);
	return result;
}

/* The high half of a product: as even as anybody can tell. */
uint64_t
tn__sim_below(uint64_t below)
{
	uint64_t x = tn__dice_next(&tn__world->dice);

	if (below <= UINT32_MAX)
		return (x >> 32) * below >> 32;
	return x % below;
}

tn_time
tn__sim_between(tn_time least, tn_time most)
{
	return least + (tn_time)tn__sim_below((uint64_t)(most - least) + 1);
}

uint64_t
tn_sim_random(uint64_t below)
{
	return tn__world == NULL || below == 0 ? 0 : tn__sim_below(below);
}

bool
tn__sim_strikes_on(const struct tn__machine *m, enum tn_sim_fault fault)
{
	struct tn__world *w = tn__world;
	int32_t rate = w->options.rates[fault];

	if (rate <= 0 || tn__sim_below(1000000) >= (uint64_t)rate)
		return false;
	w->result.faults[fault]++;
	tn__sim_trace("%s fault: %s", m->name, faults[fault].name);
	return true;
}

bool
tn__sim_strikes(enum tn_sim_fault fault)
{
	return tn__sim_strikes_on(tn__sim_boot()->machine, fault);
}

/* ---- memory and randomness --------------------------------------------- */

static bool
fault_memory(void)
{
	struct tn__world *w = tn__world;

	if (w == NULL || w->quiet > 0 || !tn__sim_strikes(TN_SIM_NO_MEMORY))
		return false;
	tn__sim_called(); /* who asks until there is some */
	return true;
}

static void *
fault_alloc(size_t size)
{
	return fault_memory() ? NULL : tn__memory_machine.alloc(size);
}

static void *
fault_resize(void *pointer, size_t size)
{
	return fault_memory() ? NULL :
	    tn__memory_machine.resize(pointer, size);
}

static void
fault_release(void *pointer)
{
	tn__memory_machine.release(pointer);
}

static void
fault_random(void *out, size_t size)
{
	struct tn__world *w = tn__world;
	unsigned char *bytes = out;

	if (w == NULL) { /* another thread, which is in no world */
		tn__random_machine(out, size);
		return;
	}
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(tn__dice_next(&w->bytes) >> 32);
}

void
tn__sim_memory(bool on)
{
	static const struct tn__memory_ops memory = {
		.alloc = fault_alloc,
		.resize = fault_resize,
		.release = fault_release,
	};
	static const struct tn__random_ops random_bytes = {
		.fill = fault_random,
	};

	tn__memory_set(on ? &memory : NULL);
	tn__random_set(on ? &random_bytes : NULL);
}

void *
tn__sim_zalloc(size_t size)
{
	void *pointer;

	tn__world->quiet++;
	pointer = tn__zalloc(size);
	tn__world->quiet--;
	return pointer;
}

void *
tn__sim_resize(void *pointer, size_t size)
{
	void *moved;

	tn__world->quiet++;
	moved = tn__resize(pointer, size);
	tn__world->quiet--;
	return moved;
}
