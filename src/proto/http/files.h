/* The inside of a struct tn_http_files: what was seen at each path, and the
 * cache of that.
 *
 * What was seen is an entry, which never changes once it is made: whoever holds
 * a reference may use it without a lock, while the cache has long put another
 * in its place. */
#ifndef TN__HTTP_FILES_H
#define TN__HTTP_FILES_H

#include <pthread.h>
#include <stdatomic.h>
#include <tenon/http_files.h>

#include "base/list.h"
#include "proto/http/content.h"

/* ---- what is at a path: http_files_entry.c ------------------------------ */

enum tn__http_files_kind {
	TN__HTTP_FILES_FILE,
	TN__HTTP_FILES_FOLDER, /* without an index */
	TN__HTTP_FILES_SLASH,  /* a folder whose "/" is missing */
	TN__HTTP_FILES_NOTHING,
};

/* The file, or what stands for it in one coding. */
struct tn__http_files_variant {
	struct tn__http_content content;
	struct tn_file_info info;
	struct tn_file *file; /* content's, when its bytes are not here */
	size_t bytes;         /* of memory */
	char text[];          /* the lines of the content, and its bytes */
};

struct tn__http_files_entry {
	/* The cache's, under the lock of its shard. */
	struct tn__list age;
	struct tn__http_files_entry *next; /* in the same bucket */
	uint64_t hash;
	tn_time until; /* believed */
	bool used;     /* since its age was last looked at */

	atomic_uint references;
	enum tn__http_files_kind kind;
	int64_t wall; /* when it was looked at, since 1970 */
	/* So long ago that a change since would show in the file's times. */
	bool settled;
	size_t bytes; /* of memory, all in all */
	struct tn__http_files_variant *variants[TN__HTTP_CODINGS];
	bool has_siblings; /* files in a coding may stand for it */
	bool may_squeeze;  /* and where none does, it may be compressed here */
	atomic_uint tried; /* to do so, 1 << coding; and what came of it: */
	_Atomic(struct tn__http_files_variant *) made[TN__HTTP_CODINGS];
	size_t path_len; /* of the request's; an index has a longer one: */
	char path[];
};

/* Looks at `path`: 0 with one reference, or the error why it cannot. */
int tn__http_files_look(struct tn_http_files *files, struct tn_slice path,
    struct tn__http_files_entry **ret);
/* Whether looking again would find the same. */
bool tn__http_files_is_same(struct tn_http_files *files,
    const struct tn__http_files_entry *entry);
/* Gives a reference back; NULL is fine. */
void tn__http_files_put(struct tn__http_files_entry *entry);

/* A variant of this entry with room for `size` bytes, at *ret_bytes, which are
 * its content; not yet one of the entry's.  `made`: nothing that stands beside
 * the file but made of it, and the hash of those bytes. */
int tn__http_files_variant_new(struct tn_http_files *files,
    const struct tn__http_files_entry *entry, enum tn__http_coding coding,
    const struct tn_file_info *info, uint64_t made, size_t size,
    struct tn__http_files_variant **ret, char **ret_bytes);
void tn__http_files_variant_free(struct tn__http_files_variant *variant);

/* The status that says to a client that a path could not be opened; 0: the
 * failure is ours. */
int tn__http_files_status(int code);

/* ---- the cache: http_files_cache.c -------------------------------------- */

/* A part of the cache with a lock of its own, by the hash of the path. */
struct tn__http_files_shard {
	pthread_mutex_t lock;
	struct tn__list ages; /* the newest first */
	struct tn__http_files_entry **buckets; /* NULL: no cache */
	size_t bucket_count; /* a power of two */
	size_t count, count_max, bytes, bytes_max;
	char apart[64]; /* no line of memory for two of them */
};

#define TN__HTTP_FILES_SHARDS 16

struct tn_http_files {
	struct tn_http_files_options options; /* with the defaults filled in */
	struct tn__http_files_shard *shards;
	size_t shard_count; /* a power of two */
	uint64_t key[2];    /* of the hash */
	atomic_int squeezing; /* files being compressed just now */
};

int tn__http_files_cache_open(struct tn_http_files *files);
void tn__http_files_cache_close(struct tn_http_files *files);
/* Forgets everything, and so closes all that nobody uses just now. */
void tn__http_files_cache_drop(struct tn_http_files *files);

/* The entry has it from now on, and the cache counts its `bytes`.  False when
 * they are too many. */
bool tn__http_files_add_made(struct tn_http_files *files,
    struct tn__http_files_entry *entry, enum tn__http_coding coding,
    struct tn__http_files_variant *variant, size_t bytes);

/* Forgets what is idle, some of it at least. */
void tn__http_files_cache_tidy(struct tn_http_files *files);

/* What is at `path` now, or was within cache_ms, with a reference. */
int tn__http_files_get(struct tn_http_files *files, struct tn_slice path,
    struct tn__http_files_entry **ret);

/* ---- compressed here: http_files_squeeze.c ------------------------------- */

/* What this request is given of the file.  Who asks first for a coding waits
 * until it is made, on a worker; others get what there is meanwhile. */
const struct tn__http_content *tn__http_files_choose(
    struct tn_http_exchange *x, struct tn_http_files *files,
    struct tn__http_files_entry *entry);

#endif
