/* How many connections each address has: a table with a row for every address
 * that has one, so it is never larger than the connections are many. */
#include <errno.h>
#include <tenon/error.h>
#include "base/memory.h"
#include "server/server.h"

#define PEERS_CAP_MIN 64 /* rows; always a power of two */

struct tn__peer {
	uint64_t key;
	uint32_t count; /* 0: a free row */
};

/* ---- who is who -------------------------------------------------------- */

/* The first 64 bits of an IPv6 address: who has one has them all.  IPv4
 * addresses stand where only multicast would. */
bool
tn__peers_key(const struct tn_address *address, uint64_t *ret)
{
	static const struct tn_ip_network v4 = { .ip.family = 4 };
	struct tn_ip ip;
	uint64_t key = UINT32_MAX;
	size_t at = 0, end = 8;

	if (tn_address_ip(address, &ip) < 0)
		return false;
	if (ip.family == 4)
		end = 4;
	else if (tn_ip_network_has(&v4, &ip)) /* it came as ::ffff:0:0/96 */
		at = 12, end = 16;
	for (; at < end; at++)
		key = key << 8 | ip.bytes[at];
	*ret = key;
	return true;
}

/* Who may choose addresses does not know the seed, and so not which of them
 * meet in a row. */
static size_t
peers_place(const struct tn__peers *p, uint64_t key)
{
	uint64_t x = (key ^ p->seed) * UINT64_C(0xff51afd7ed558ccd);

	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (size_t)(x ^ x >> 33) & (p->cap - 1);
}

/* Its row, or the free one where it belongs. */
static struct tn__peer *
peers_find(const struct tn__peers *p, uint64_t key)
{
	size_t i = peers_place(p, key);

	while (p->rows[i].count > 0 && p->rows[i].key != key)
		i = (i + 1) & (p->cap - 1);
	return &p->rows[i];
}

/* ---- the table --------------------------------------------------------- */

static int
peers_resize(struct tn__peers *p, size_t cap)
{
	struct tn__peers bigger = *p;

	bigger.cap = cap;
	bigger.rows = tn__zalloc(cap * sizeof(*bigger.rows));
	if (bigger.rows == NULL)
		return tn__error_nomem();
	for (size_t i = 0; i < p->cap; i++)
		if (p->rows[i].count > 0)
			*peers_find(&bigger, p->rows[i].key) = p->rows[i];
	tn__free(p->rows);
	p->rows = bigger.rows;
	p->cap = cap;
	return 0;
}

/* Frees a row; those behind it that could not have their own place move up. */
static void
peers_remove(struct tn__peers *p, size_t hole)
{
	size_t mask = p->cap - 1, i = hole;

	for (i = (i + 1) & mask; p->rows[i].count > 0; i = (i + 1) & mask) {
		size_t place = peers_place(p, p->rows[i].key);

		if (((i - place) & mask) < ((i - hole) & mask))
			continue;
		p->rows[hole] = p->rows[i];
		hole = i;
	}
	p->rows[hole].count = 0;
	p->used--;
	if (p->cap > PEERS_CAP_MIN && p->used < p->cap / 8)
		(void)peers_resize(p, p->cap / 2); /* or it stays as it is */
}

static int
peers_add(struct tn__peers *p, uint64_t key)
{
	struct tn__peer *row;
	int r = 0;

	if (p->used >= p->cap / 2)
		r = peers_resize(p, p->cap == 0 ? PEERS_CAP_MIN : 2 * p->cap);
	if (r < 0)
		return r;
	row = peers_find(p, key);
	if (row->count >= p->max)
		return TN_ELIMIT;
	if (row->count++ == 0) {
		row->key = key;
		p->used++;
	}
	return 0;
}

/* ---- from outside ------------------------------------------------------ */

void
tn__peers_init(struct tn__peers *p, int64_t max)
{
	pthread_mutex_init(&p->lock, NULL);
	p->max = max <= 0 ? 0 : max < UINT32_MAX ? (uint32_t)max : UINT32_MAX;
	if (p->max > 0)
		tn__random(&p->seed, sizeof(p->seed));
}

void
tn__peers_destroy(struct tn__peers *p)
{
	pthread_mutex_destroy(&p->lock);
	tn__free(p->rows);
}

int
tn__peers_enter(struct tn__peers *p, uint64_t key)
{
	int r;

	pthread_mutex_lock(&p->lock);
	r = peers_add(p, key);
	pthread_mutex_unlock(&p->lock);
	return r;
}

void
tn__peers_leave(struct tn__peers *p, uint64_t key)
{
	struct tn__peer *row;

	pthread_mutex_lock(&p->lock);
	row = peers_find(p, key);
	if (--row->count == 0)
		peers_remove(p, (size_t)(row - p->rows));
	pthread_mutex_unlock(&p->lock);
}
