/* tn_dump(): each loop describes its own fibers, since nobody else can look at
 * them while they run. */
#include <errno.h>
#include <inttypes.h>
#include "rt/internal.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tn__list registry = { &registry, &registry };
static int registry_starting;

void
tn__registry_add(struct tn__loop *loop)
{
	pthread_mutex_lock(&registry_lock);
	tn__list_push_back(&registry, &loop->registered);
	pthread_mutex_unlock(&registry_lock);
}

void
tn__registry_remove(struct tn__loop *loop)
{
	pthread_mutex_lock(&registry_lock);
	tn__list_remove(&loop->registered);
	pthread_mutex_unlock(&registry_lock);
}

void
tn__registry_starting(int change)
{
	pthread_mutex_lock(&registry_lock);
	registry_starting += change;
	pthread_mutex_unlock(&registry_lock);
}

int
tn__registry_count(bool polling)
{
	int count;

	pthread_mutex_lock(&registry_lock);
	count = polling ? 0 : registry_starting;
	TN__LIST_FOR(node, &registry)
		count += !polling || TN__CONTAINER(node, struct tn__loop,
		    registered)->poller != NULL;
	pthread_mutex_unlock(&registry_lock);
	return count;
}

/* In the child of a fork only the calling thread's loop is left. */
void
tn__registry_forked(struct tn__loop *loop)
{
	pthread_mutex_init(&registry_lock, NULL);
	tn__list_init(&registry);
	registry_starting = 0;
	tn__list_init(&loop->registered);
	tn__list_push_back(&registry, &loop->registered);
}

/* ---- one loop ---------------------------------------------------------- */

static int
dump_fiber(struct tn__fiber *f, tn_time now, struct tn_buffer *out)
{
	char on[160] = "";
	int r;

	if (f->io_count > 0 && f->ios[0]->describe != NULL)
		f->ios[0]->describe(f->ios[0], on, sizeof(on));
	r = tn_buffer_printf(out, "  fiber %" PRIu64 "%s%s", f->id,
	    f->name[0] != '\0' ? " " : "", f->name);
	if (r == 0 && f->what == NULL)
		r = tn_buffer_printf(out, "%s", f->state == TN__FIBER_READY ?
		    " ready" : " running");
	else if (r == 0)
		r = tn_buffer_printf(out, " waits: %s%s%s, for %.3f s", f->what,
		    on[0] != '\0' ? " " : "", on,
		    (double)(now - f->since) / (double)TN_SECOND);
	if (r == 0 && f->what != NULL && f->deadline != TN_NEVER)
		r = tn_buffer_printf(out, ", deadline in %.3f s",
		    (double)(f->deadline - now) / (double)TN_SECOND);
	if (r == 0 && atomic_load(&f->cancelled))
		r = tn_buffer_append_str(out, ", cancelled");
	return r < 0 ? r : tn_buffer_append_byte(out, '\n');
}

void
tn__dump_loop(struct tn__loop *loop, struct tn_buffer *out)
{
	tn_time now = loop->host->now(loop->host);
	int r;

	if (loop->owner == NULL)
		r = tn_buffer_printf(out, "thread\n");
	else
		r = tn_buffer_printf(out, "loop %d: %zu fibers\n", loop->index,
		    loop->fiber_count);
	TN__LIST_FOR(node, &loop->fibers) {
		if (r == 0)
			r = dump_fiber(TN__CONTAINER(node, struct tn__fiber,
			    all), now, out);
	}
}

/* ---- all loops --------------------------------------------------------- */

/* A request to another loop.  It may answer long after the asker left, so both
 * hold it and the last one frees it. */
struct dump_request {
	struct tn__post post;
	pthread_mutex_t lock;
	struct tn_buffer text;
	struct tn__wait *wait; /* NULL once the asker has left */
	struct tn__wait mine;
	int holders;
	int index; /* of the loop; -1: a thread without one */
	struct dump_request *next;
};

static void
dump_release(struct dump_request *request)
{
	int left;

	pthread_mutex_lock(&request->lock);
	left = --request->holders;
	pthread_mutex_unlock(&request->lock);
	if (left > 0)
		return;
	pthread_mutex_destroy(&request->lock);
	tn_buffer_free(&request->text);
	tn__free(request);
}

static void
dump_answer(struct tn__post *post, struct tn__loop *loop)
{
	struct dump_request *request =
	    TN__CONTAINER(post, struct dump_request, post);

	pthread_mutex_lock(&request->lock);
	if (request->wait != NULL) {
		tn__dump_loop(loop, &request->text);
		tn__wait_grant(request->wait, 0);
		request->wait = NULL;
	}
	pthread_mutex_unlock(&request->lock);
	dump_release(request);
}

/* Asks every loop but the present one; a thread without a loop is asked too,
 * and answers when it waits. */
static struct dump_request *
dump_ask(struct tn__loop *self)
{
	struct dump_request *first = NULL, **last = &first;

	pthread_mutex_lock(&registry_lock);
	TN__LIST_FOR(node, &registry) {
		struct tn__loop *loop =
		    TN__CONTAINER(node, struct tn__loop, registered);
		struct dump_request *request;

		if (loop == self)
			continue;
		request = tn__zalloc(sizeof(*request));
		if (request == NULL)
			break;
		pthread_mutex_init(&request->lock, NULL);
		tn__wait_init(&request->mine, NULL);
		request->wait = &request->mine;
		request->holders = 2;
		request->index = loop->owner == NULL ? -1 : loop->index;
		request->post.run = dump_answer;
		tn__loop_post(loop, &request->post);
		*last = request;
		last = &request->next;
	}
	pthread_mutex_unlock(&registry_lock);
	return first;
}

static void
dump_collect(struct dump_request *request, FILE *out)
{
	int r = 0;

	pthread_mutex_lock(&request->lock);
	if (!request->mine.granted)
		r = tn__wait_park(&request->mine, &request->lock, "dump",
		    false);
	request->wait = NULL;
	if (r == 0 && request->text.data != NULL)
		fputs(request->text.data, out);
	else if (request->index >= 0)
		fprintf(out, "loop %d: busy, it does not answer\n",
		    request->index);
	else
		fputs("thread: busy, it does not answer\n", out);
	pthread_mutex_unlock(&request->lock);
}

void
tn_dump(FILE *out)
{
	struct tn__loop *self = tn__loop();
	struct tn_buffer text = { 0 };
	struct dump_request *request, *next;
	struct tn_shield shield;

	tn__dump_loop(self, &text);
	if (text.data != NULL)
		fputs(text.data, out);
	tn_buffer_free(&text);
	tn_shield_open(&shield, TN_SECOND);
	for (request = dump_ask(self); request != NULL; request = next) {
		next = request->next;
		dump_collect(request, out);
		dump_release(request);
	}
	tn_shield_close(&shield);
	fflush(out);
}
