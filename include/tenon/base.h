/* tenon/base.h - what every other header stands on: visibility, ownership
 * macros, slices, time as a number, and what this build can do. */
#ifndef TENON_BASE_H
#define TENON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TN_API __attribute__((visibility("default")))
#define TN_CHECK __attribute__((warn_unused_result))
#define TN_PRINTF(index, first)                                                \
	__attribute__((__format__(__printf__, index, first)))

/* TN_CLEANUP(tn_x_freep) struct tn_x *x = NULL;  frees x when it leaves scope;
 * `return TN_TAKE(x)` or `*ret = TN_TAKE(x)` hands it on instead. */
#define TN_CLEANUP(function) __attribute__((cleanup(function)))
#define TN_TAKE(pointer)                                                       \
	__extension__({                                                        \
		__typeof__(pointer) *tn_take_ = &(pointer);                    \
		__typeof__(pointer) tn_taken_ = *tn_take_;                     \
		*tn_take_ = NULL;                                              \
		tn_taken_;                                                     \
	})
/* TN_DEFINE_CLEANUP(struct tn_x, tn_x_free) defines tn_x_freep(). */
#define TN_DEFINE_CLEANUP(type, function)                                      \
	static inline void function##p(type **pointer)                         \
	{                                                                      \
		function(*pointer);                                            \
	}

#define TN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes that belong to somebody else.  `data` need not end in NUL and may be
 * NULL when `len` is 0.  In C++ too it is `struct tn_slice`, with the word: the
 * function of that name hides the other. */
struct tn_slice {
	const char *data;
	size_t len;
};

#ifdef __cplusplus
#define TN_SLICE(literal) tn_slice("" literal, sizeof(literal) - 1)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* a function named as a struct */
#else
#define TN_SLICE(literal)                                                      \
	((struct tn_slice){ "" literal, sizeof(literal) - 1 })
#endif

static inline struct tn_slice
tn_slice(const void *data, size_t len)
{
	struct tn_slice s = { (const char *)data, len };

	return s;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

/* The slice of a C string without its NUL; NULL gives the empty slice. */
static inline struct tn_slice
tn_slice_str(const char *string)
{
	return tn_slice(string, string == NULL ? 0 : strlen(string));
}

/* What is left after the first `n` bytes; all of them gone when `n` > len. */
static inline struct tn_slice
tn_slice_skip(struct tn_slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return n == 0 ? s : tn_slice(s.data + n, s.len - n);
}

/* At most the first `n` bytes. */
static inline struct tn_slice
tn_slice_head(struct tn_slice s, size_t n)
{
	return tn_slice(s.data, n < s.len ? n : s.len);
}

static inline bool
tn_slice_equal(struct tn_slice a, struct tn_slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII letters compare without case; no locale is asked. */
TN_API bool tn_slice_equal_nocase(struct tn_slice a, const char *string);

/* Whether `s` begins, or ends, with these bytes; the empty one always fits. */
TN_API bool tn_slice_starts(struct tn_slice s, struct tn_slice prefix);
TN_API bool tn_slice_ends(struct tn_slice s, struct tn_slice suffix);

/* Index of the first such byte or sequence, or -1. */
TN_API ssize_t tn_slice_find(struct tn_slice s, char byte);
TN_API ssize_t tn_slice_search(struct tn_slice s, struct tn_slice needle);

/* Without leading and trailing SP, HTAB, CR and LF. */
TN_API struct tn_slice tn_slice_trim(struct tn_slice s);

/* Cuts `*rest` at the first `byte`: returns what stands before it and leaves
 * what follows in `*rest`.  Without such a byte returns everything and sets
 * rest->data to NULL, so that a loop ends at `rest.data == NULL`. */
TN_API struct tn_slice tn_slice_split(struct tn_slice *rest, char byte);

/* Nanoseconds of the monotonic clock: an absolute instant.  A deadline of
 * TN_NEVER never passes. */
typedef int64_t tn_time;
#define TN_NEVER INT64_MAX
#define TN_MICROSECOND ((tn_time)1000)
#define TN_MILLISECOND ((tn_time)1000000)
#define TN_SECOND ((tn_time)1000000000)

/* "0.1.0"; the version of the library that runs, not of the header. */
TN_API const char *tn_version(void);

/* True when this build has the named feature ("asm-fibers", "guard-install",
 * "gzip", "brotli", "zstd", "tls").  A name nobody knows is false. */
TN_API bool tn_has(const char *feature);

#ifdef __cplusplus
}
#endif

#endif
