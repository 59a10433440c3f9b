/* The cache of what was seen at which path.  A hit is a hash, a lock held for a
 * few comparisons, and a look at the clock; everything else happens without the
 * lock, at worst by two fibers at once, of whom the later one wins. */
#include <assert.h>
#include <errno.h>
#include <tenon/error.h>
#include <tenon/run.h>

#include "base/error.h"
#include "base/memory.h"
#include "proto/http/files.h"

/* A shard should have room for so many paths, and files of the largest size,
 * before there is another. */
#define CACHE_SHARD_PATHS 64
#define CACHE_SHARD_FILES 8

/* Of so many paths in a shard it is asked at a time whether they are idle. */
#define CACHE_TIDY_PATHS 64
#define CACHE_TIDY_FEW 2

/* ---- hash: SipHash-1-3, whose key a stranger does not know --------------- */

struct cache_hash {
	uint64_t v[4];
};

static inline uint64_t
cache_rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void
cache_round(struct cache_hash *h)
{
	uint64_t *v = h->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = cache_rotate(v[1], 13) ^ v[0];
	v[3] = cache_rotate(v[3], 16) ^ v[2];
	v[0] = cache_rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = cache_rotate(v[1], 17) ^ v[2];
	v[3] = cache_rotate(v[3], 21) ^ v[0];
	v[2] = cache_rotate(v[2], 32);
}

static inline void
cache_mix(struct cache_hash *h, uint64_t word)
{
	h->v[3] ^= word;
	cache_round(h);
	h->v[0] ^= word;
}

static uint64_t
cache_hash(const uint64_t key[2], struct tn_slice path)
{
	struct cache_hash h = { {
	    key[0] ^ UINT64_C(0x736f6d6570736575),
	    key[1] ^ UINT64_C(0x646f72616e646f6d),
	    key[0] ^ UINT64_C(0x6c7967656e657261),
	    key[1] ^ UINT64_C(0x7465646279746573),
	} };
	uint64_t word;

	for (; path.len >= sizeof(word); path = tn_slice_skip(path, 8)) {
		memcpy(&word, path.data, sizeof(word));
		cache_mix(&h, word);
	}
	word = 0;
	if (path.len > 0)
		memcpy(&word, path.data, path.len);
	cache_mix(&h, word);
	cache_mix(&h, path.len); /* no other has the same tail */
	h.v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		cache_round(&h);
	return h.v[0] ^ h.v[1] ^ h.v[2] ^ h.v[3];
}

/* ---- one shard, whose lock is held --------------------------------------- */

static struct tn__http_files_entry **
shard_find(struct tn__http_files_shard *shard, uint64_t hash,
    struct tn_slice path)
{
	struct tn__http_files_entry **at =
	    &shard->buckets[hash & (shard->bucket_count - 1)];

	while (*at != NULL && ((*at)->hash != hash ||
	    !tn_slice_equal(tn_slice((*at)->path, (*at)->path_len), path)))
		at = &(*at)->next;
	return at;
}

/* Takes it out, with the reference that the shard had, and puts it in front of
 * `out`. */
static void
shard_take(struct tn__http_files_shard *shard, struct tn__http_files_entry **at,
    struct tn__http_files_entry **out)
{
	struct tn__http_files_entry *e = *at;

	assert(e != NULL);
	*at = e->next;
	tn__list_remove(&e->age);
	shard->count--;
	shard->bytes -= e->bytes;
	e->next = *out;
	*out = e;
}

static void
shard_take_entry(struct tn__http_files_shard *shard,
    struct tn__http_files_entry *e, struct tn__http_files_entry **out)
{
	shard_take(shard, shard_find(shard, e->hash,
	    tn_slice(e->path, e->path_len)), out);
}

static struct tn__http_files_entry *
shard_oldest(struct tn__http_files_shard *shard)
{
	return TN__CONTAINER(shard->ages.prev, struct tn__http_files_entry,
	    age);
}

static void
shard_make_young(struct tn__http_files_shard *shard,
    struct tn__http_files_entry *e)
{
	tn__list_remove(&e->age);
	tn__list_push_front(&shard->ages, &e->age);
}

/* Looks at the `count` oldest: who is asked for is believed until about now, so
 * what was believed until `idle` at most goes, and all others are young. */
static void
shard_tidy(struct tn__http_files_shard *shard, size_t count, tn_time idle,
    struct tn__http_files_entry **out)
{
	for (; count > 0 && shard->count > 0; count--) {
		struct tn__http_files_entry *e = shard_oldest(shard);

		if (e->until <= idle)
			shard_take_entry(shard, e, out);
		else
			shard_make_young(shard, e);
	}
}

/* Until there is room for one of `bytes` more: the oldest go, but who was used
 * since it was last looked at is young again. */
static void
shard_make_room(struct tn__http_files_shard *shard, size_t bytes,
    struct tn__http_files_entry **out)
{
	while (shard->count > 0 && (shard->count >= shard->count_max ||
	    bytes > shard->bytes_max - shard->bytes)) {
		struct tn__http_files_entry *e = shard_oldest(shard);

		if (e->used) {
			e->used = false;
			shard_make_young(shard, e);
		} else {
			shard_take_entry(shard, e, out);
		}
	}
}

/* With a reference of the shard's. */
static void
shard_put_in(struct tn__http_files_shard *shard, struct tn__http_files_entry *e)
{
	struct tn__http_files_entry **at =
	    &shard->buckets[e->hash & (shard->bucket_count - 1)];

	e->next = *at;
	*at = e;
	tn__list_push_front(&shard->ages, &e->age);
	shard->count++;
	shard->bytes += e->bytes;
}

/* What was taken out; without the lock, as files may be closed. */
static void
shard_put_all(struct tn__http_files_entry *e)
{
	while (e != NULL) {
		struct tn__http_files_entry *next = e->next;

		tn__http_files_put(e);
		e = next;
	}
}

/* ---- the cache ----------------------------------------------------------- */

static struct tn__http_files_shard *
cache_shard(struct tn_http_files *files, uint64_t hash)
{
	/* Not by the bits that choose the bucket. */
	return &files->shards[(hash >> 32) & (files->shard_count - 1)];
}

/* Who was believed until then at the most is idle. */
static tn_time
cache_idle(const struct tn_http_files *files, tn_time now)
{
	int64_t ms = files->options.cache_idle_ms;

	return ms < 0 || ms > now / TN_MILLISECOND ? INT64_MIN :
	    now - ms * TN_MILLISECOND;
}

/* In the place of what the cache has for that path.  Larger than a shard: not
 * at all. */
static void
cache_add(struct tn_http_files *files, struct tn__http_files_entry *e)
{
	struct tn__http_files_shard *shard = cache_shard(files, e->hash);
	struct tn_slice path = tn_slice(e->path, e->path_len);
	struct tn__http_files_entry *out = NULL, **at;

	pthread_mutex_lock(&shard->lock);
	at = shard_find(shard, e->hash, path);
	if (*at != NULL) {
		e->used = (*at)->used;
		shard_take(shard, at, &out);
	}
	if (e->bytes <= shard->bytes_max) {
		shard_make_room(shard, e->bytes, &out);
		shard_put_in(shard, e);
		atomic_fetch_add_explicit(&e->references, 1,
		    memory_order_relaxed);
	}
	pthread_mutex_unlock(&shard->lock);
	shard_put_all(out);
}

/* An entry that was replaced meanwhile takes it along. */
bool
tn__http_files_add_made(struct tn_http_files *files,
    struct tn__http_files_entry *e, enum tn__http_coding coding,
    struct tn__http_files_variant *variant, size_t bytes)
{
	struct tn__http_files_shard *shard = cache_shard(files, e->hash);
	struct tn__http_files_entry *out = NULL, **at;
	bool fits;

	pthread_mutex_lock(&shard->lock);
	fits = bytes <= shard->bytes_max - e->bytes;
	at = shard_find(shard, e->hash, tn_slice(e->path, e->path_len));
	if (fits && *at == e) {
		shard_take(shard, at, &out);
		out = NULL; /* it comes back, with its reference */
		e->bytes += bytes;
		shard_make_room(shard, e->bytes, &out);
		shard_put_in(shard, e);
	}
	if (fits)
		atomic_store_explicit(&e->made[coding], variant,
		    memory_order_release);
	pthread_mutex_unlock(&shard->lock);
	shard_put_all(out);
	return fits;
}

/* With a reference, or NULL; and until when it is believed. */
static struct tn__http_files_entry *
cache_find(struct tn_http_files *files, uint64_t hash, struct tn_slice path,
    tn_time *ret_until)
{
	struct tn__http_files_shard *shard = cache_shard(files, hash);
	struct tn__http_files_entry *e;

	pthread_mutex_lock(&shard->lock);
	e = *shard_find(shard, hash, path);
	if (e != NULL) {
		atomic_fetch_add_explicit(&e->references, 1,
		    memory_order_relaxed);
		e->used = true;
		*ret_until = e->until;
	}
	pthread_mutex_unlock(&shard->lock);
	return e;
}

static tn_time
cache_until(const struct tn_http_files *files, tn_time now)
{
	int64_t ms = files->options.cache_ms;

	return ms > (TN_NEVER - now) / TN_MILLISECOND ? TN_NEVER :
	    now + ms * TN_MILLISECOND;
}

/* It was looked at again `now`, and is the same. */
static void
cache_believe(struct tn_http_files *files, struct tn__http_files_entry *e,
    tn_time now)
{
	struct tn__http_files_shard *shard = cache_shard(files, e->hash);
	struct tn__http_files_entry *out = NULL;
	tn_time until = cache_until(files, now);

	pthread_mutex_lock(&shard->lock);
	if (until > e->until)
		e->until = until;
	shard_tidy(shard, CACHE_TIDY_FEW, cache_idle(files, now), &out);
	pthread_mutex_unlock(&shard->lock);
	shard_put_all(out);
}

/* What is too many open files for us may be too many in the cache. */
static int
cache_look(struct tn_http_files *files, struct tn_slice path,
    struct tn__http_files_entry **ret)
{
	int r = tn__http_files_look(files, path, ret);

	if (r != -EMFILE && r != -ENFILE)
		return r;
	tn__http_files_cache_drop(files);
	return tn__http_files_look(files, path, ret);
}

int
tn__http_files_get(struct tn_http_files *files, struct tn_slice path,
    struct tn__http_files_entry **ret)
{
	struct tn__http_files_entry *e;
	tn_time now, until = 0;
	uint64_t hash;
	bool same;
	int r;

	if (files->shard_count == 0)
		return tn__http_files_look(files, path, ret);
	now = tn_now();
	hash = cache_hash(files->key, path);
	e = cache_find(files, hash, path, &until);
	if (e != NULL && now > until) {
		same = tn__http_files_is_same(files, e);
		if (same)
			cache_believe(files, e, now);
		else
			tn__http_files_put(TN_TAKE(e));
	}
	if (e == NULL) {
		r = cache_look(files, path, &e);
		if (r < 0)
			return r;
		e->hash = hash;
		e->until = cache_until(files, now);
		cache_add(files, e);
	}
	*ret = e;
	return 0;
}

/* ---- the whole of it ----------------------------------------------------- */

static int
shard_open(struct tn__http_files_shard *shard, size_t count, size_t bytes)
{
	size_t buckets = 1;

	while (buckets < count)
		buckets *= 2;
	pthread_mutex_init(&shard->lock, NULL);
	tn__list_init(&shard->ages);
	shard->count_max = count;
	shard->bytes_max = bytes;
	shard->bucket_count = buckets;
	shard->buckets = tn__zalloc(buckets * sizeof(struct tn_http_files *));
	return shard->buckets == NULL ? tn__error_nomem() : 0;
}

int
tn__http_files_cache_open(struct tn_http_files *files)
{
	size_t paths = (size_t)files->options.cache_files_max;
	size_t bytes = (size_t)files->options.cache_bytes_max;
	int64_t file_max = files->options.cache_file_max;
	size_t count = 1;
	int r = 0;

	while (count < TN__HTTP_FILES_SHARDS &&
	    paths / (2 * count) >= CACHE_SHARD_PATHS &&
	    (int64_t)(bytes / (2 * count)) / CACHE_SHARD_FILES > file_max)
		count *= 2;
	files->shards = tn__zalloc(count * sizeof(*files->shards));
	if (files->shards == NULL)
		return tn__error_nomem();
	tn__random(files->key, sizeof(files->key));
	while (files->shard_count < count && r == 0)
		r = shard_open(&files->shards[files->shard_count++],
		    paths / count, bytes / count);
	return r;
}

void
tn__http_files_cache_tidy(struct tn_http_files *files)
{
	tn_time idle = cache_idle(files, tn_now());

	for (size_t i = 0; i < files->shard_count; i++) {
		struct tn__http_files_shard *shard = &files->shards[i];
		struct tn__http_files_entry *out = NULL;

		pthread_mutex_lock(&shard->lock);
		shard_tidy(shard, CACHE_TIDY_PATHS, idle, &out);
		pthread_mutex_unlock(&shard->lock);
		shard_put_all(out);
	}
}

void
tn__http_files_cache_drop(struct tn_http_files *files)
{
	for (size_t i = 0; i < files->shard_count; i++) {
		struct tn__http_files_shard *shard = &files->shards[i];
		struct tn__http_files_entry *out = NULL;

		pthread_mutex_lock(&shard->lock);
		for (size_t k = 0;
		     k < shard->bucket_count && shard->buckets != NULL; k++)
			while (shard->buckets[k] != NULL)
				shard_take(shard, &shard->buckets[k], &out);
		pthread_mutex_unlock(&shard->lock);
		shard_put_all(out);
	}
}

void
tn__http_files_cache_close(struct tn_http_files *files)
{
	tn__http_files_cache_drop(files);
	for (size_t i = 0; i < files->shard_count; i++) {
		pthread_mutex_destroy(&files->shards[i].lock);
		tn__free(files->shards[i].buckets);
	}
	tn__free(files->shards);
}
