/* A look-up of the tests' own: one host with the addresses that a test names,
 * one whose name server is slow, none else. */
#ifndef TESTS_UNIT_NET_FAKE_H
#define TESTS_UNIT_NET_FAKE_H

#include "check.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <tenon/number.h>

#define FAKE_SLOW_MS 600

static const char *const *fake_addresses; /* of "host.test"; ends in NULL */
static int fake_error;                    /* for it instead, when not 0 */
static atomic_int fake_lists;             /* made and not yet freed */
static atomic_int fake_look_ups;

struct fake_entry {
	struct addrinfo info;
	struct tn_address address;
};

static struct addrinfo *
fake_entry(const char *text, const char *service, struct addrinfo *next)
{
	struct fake_entry *e = calloc(1, sizeof(*e));
	struct tn_ip ip;
	uint64_t port = 0;

	CHECK(e != NULL);
	CHECK_INT(tn_ip_parse(tn_slice_str(text), &ip), 0);
	if (service != NULL)
		CHECK_INT(tn_parse_uint(tn_slice_str(service), 65535, &port),
		    0);
	CHECK_INT(tn_address_from_ip(&ip, (uint16_t)port, &e->address), 0);
	e->info.ai_family = e->address.storage.ss_family;
	e->info.ai_addr = (struct sockaddr *)&e->address.storage;
	e->info.ai_addrlen = e->address.size;
	e->info.ai_next = next;
	return &e->info;
}

static int
fake_getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **ret)
{
	struct addrinfo *list = NULL;
	size_t n = 0;

	fake_look_ups++;
	if (strcmp(host, "slow.test") == 0)
		usleep(FAKE_SLOW_MS * 1000);
	else if (strcmp(host, "host.test") != 0)
		return TN_EGAI_NONAME;
	if (fake_error != 0)
		return fake_error;
	while (fake_addresses[n] != NULL)
		n++;
	while (n > 0)
		list = fake_entry(fake_addresses[--n], service, list);
	fake_lists++;
	*ret = list;
	return 0;
}

static void
fake_freeaddrinfo(struct addrinfo *list)
{
	while (list != NULL) {
		struct addrinfo *next = list->ai_next;

		free(TN__CONTAINER(list, struct fake_entry, info));
		list = next;
	}
	fake_lists--;
}

static inline struct tn__net_ops
fake_net(void)
{
	struct tn__net_ops net = tn__net_linux;

	net.getaddrinfo = fake_getaddrinfo;
	net.freeaddrinfo = fake_freeaddrinfo;
	return net;
}

/* Until the look-ups that were left behind have ended. */
static inline void
fake_settle(void)
{
	for (int i = 0; i < 200 && fake_lists > 0; i++)
		CHECK_INT(tn_sleep(10 * TN_MILLISECOND), 0);
	CHECK_INT(fake_lists, 0);
}

#endif
