/* One message of eight bytes through a channel: between two fibers of a loop,
 * handed over or with room for 64, and from one loop to another. */
#include <tenon/channel.h>
#include "bench.h"

struct sender {
	struct tn_channel *channel;
	int64_t count;
};

static int
send_all(void *arg)
{
	struct sender *sender = arg;
	int r = 0;

	for (int64_t i = 0; r >= 0 && i < sender->count; i++)
		r = tn_channel_send(sender->channel, &i);
	tn_channel_close(sender->channel);
	return r;
}

/* The channel is freed last: nobody may be in it any more. */
static int
pass(int64_t n, size_t capacity, int loop)
{
	TN_CLEANUP(tn_channel_freep) struct tn_channel *channel = NULL;
	TN_CLEANUP(tn_group_freep) struct tn_group *group = NULL;
	struct sender sender = { .count = n };
	int64_t message;
	int r;

	r = tn_channel_open(sizeof(message), capacity, &channel);
	if (r < 0)
		return r;
	sender.channel = channel;
	r = tn_group_open(&group);
	if (r < 0)
		return r;
	r = tn_go_on(group, loop, send_all, &sender);
	if (r < 0)
		return r;
	while ((r = tn_channel_recv(channel, &message)) > 0)
		;
	return r < 0 ? r : tn_group_wait(group);
}

static int
handed_over(int64_t n)
{
	return pass(n, 0, 0);
}

static int
with_room(int64_t n)
{
	return pass(n, 64, 0);
}

static int
across(int64_t n)
{
	return pass(n, 64, 1);
}

static int
all(void *arg)
{
	int r = bench("Channel/capacity=0", handed_over);

	(void)arg;
	if (r >= 0)
		r = bench("Channel/capacity=64", with_room);
	if (r >= 0)
		r = bench("Channel/capacity=64/loops=2", across);
	return r;
}

int
main(void)
{
	return bench_main(all, 2);
}
