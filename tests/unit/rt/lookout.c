/* Somebody looks at a descriptor while its fiber waits for something else; and
 * a deadline that is moved. */
#include "unit/rt/io.h"

struct looker {
	struct tn__io io;
	int fds[2];
	struct tn_group *group;
	int result, again; /* of the wait, and of one behind the lookout */
	bool cancelled;    /* then */
	bool shielded;
};

static bool
gone(struct tn__lookout *lookout)
{
	char dropped[16];
	ssize_t n = recv(lookout->io->fd, dropped, sizeof(dropped),
	    MSG_DONTWAIT);

	if (n < 0)
		tn__io_empty(lookout->io, TN__IO_READ);
	return n == 0;
}

static int
look(void *arg)
{
	struct looker *l = arg;
	struct tn__lookout lookout, inner;
	struct tn_shield shield;

	tn__lookout_open(&lookout, &l->io, gone);
	tn__lookout_open(&inner, NULL, NULL);
	tn__lookout_close(&inner);
	if (l->shielded) {
		tn_shield_open(&shield, TN_SECOND);
		l->again = tn_sleep(20 * TN_MILLISECOND);
		tn_shield_close(&shield);
		CHECK_INT(l->again, 0);
	}
	l->result = tn_sleep(100 * TN_SECOND);
	CHECK(tn_cancelled());
	tn__lookout_close(&lookout);
	l->cancelled = tn_cancelled();
	l->again = tn_sleep(TN_MILLISECOND);
	tn__io_close(&l->io);
	return 0;
}

static void
looker_start(struct looker *l)
{
	tcp_pair(l->fds);
	tn__io_init(&l->io, l->fds[0], TN__IO_HINT);
	CHECK_INT(tn_group_open(&l->group), 0);
	CHECK_INT(tn_loop_count() > 0 ? tn_go(l->group, look, l) :
	    tn_go_thread(l->group, look, l), 0);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
}

static void
looker_end(struct looker *l)
{
	CHECK_INT(tn_group_wait(l->group), 0);
	tn_group_free(l->group);
	CHECK_INT(l->result, -ECANCELED);
	close(l->fds[0]);
	close(l->fds[1]);
}

static int
peer_main(void *arg)
{
	struct looker l = { .result = 1 };

	looker_start(&l);
	CHECK_INT(send(l.fds[1], "says nothing", 12, 0), 12);
	CHECK_INT(tn_sleep(5 * TN_MILLISECOND), 0);
	CHECK_INT(l.result, 1);
	CHECK_INT(shutdown(l.fds[1], SHUT_WR), 0);
	looker_end(&l);
	CHECK_INT(l.again, 0);
	CHECK(!l.cancelled);
	return 0;
}

/* What was cancelled by its group as well stays so. */
static int
group_main(void *arg)
{
	struct looker l = { .result = 1 };

	looker_start(&l);
	CHECK_INT(shutdown(l.fds[1], SHUT_WR), 0);
	tn_group_cancel(l.group);
	looker_end(&l);
	CHECK_INT(l.again, -ECANCELED);
	CHECK(l.cancelled);
	return 0;
}

static int
shield_main(void *arg)
{
	struct looker l = { .result = 1, .shielded = true };

	looker_start(&l);
	CHECK_INT(shutdown(l.fds[1], SHUT_WR), 0);
	looker_end(&l);
	CHECK_INT(l.again, 0);
	return 0;
}

/* ---- reading was shut down at this end ---------------------------------- */

static int
shutdown_main(void *arg)
{
	struct looker l = { .result = 1 };

	looker_start(&l);
	CHECK_INT(shutdown(l.fds[0], SHUT_RD), 0);
	looker_end(&l);
	return 0;
}

/* ---- a deadline that moves ---------------------------------------------- */

static int
move_main(void *arg)
{
	struct tn_scope outer, inner;

	tn_scope_open(&outer, tn_after(TN_MILLISECOND));
	tn_scope_open(&inner, tn_after(30 * TN_MILLISECOND));
	CHECK_INT(tn_sleep(TN_SECOND), -ETIMEDOUT);
	CHECK_INT(tn_sleep(TN_MILLISECOND), -ETIMEDOUT);
	tn_scope_reschedule(&outer, TN_NEVER);
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	CHECK_INT(tn_sleep(TN_SECOND), -ETIMEDOUT); /* the inner one */
	tn_scope_reschedule(&inner, tn_after(60 * TN_SECOND));
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	tn_scope_reschedule(&outer, tn_after(TN_MILLISECOND));
	CHECK_INT(tn_sleep(TN_SECOND), -ETIMEDOUT);
	tn_scope_close(&inner);
	CHECK(tn_scope_close(&outer));
	CHECK_INT(tn_sleep(TN_MILLISECOND), 0);
	return 0;
}

static const struct io_row rows[] = {
	{ "the peer half-closes", peer_main, true },
	{ "the group is cancelled too", group_main, true },
	{ "behind a shield", shield_main, true },
	{ "reading was shut down", shutdown_main, true },
	{ "a deadline moves", move_main, true },
};

int
main(void)
{
	return CHECK_ROWS(rows, io_row_test);
}
