/* tenon/log.h - one callback through which the library speaks; none by
 * default.  The library itself never prints. */
#ifndef TENON_LOG_H
#define TENON_LOG_H

#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tn_log_level {
	TN_LOG_DEBUG,
	TN_LOG_INFO,
	TN_LOG_WARNING,
	TN_LOG_ERROR,
};

struct tn_log_field {
	const char *key;
	const char *value; /* already escaped for a terminal */
};

/* `event` names what happened ("accept.emfile", "fiber.stall"); the fields say
 * on what.  Called on whatever thread it happened; must not wait and must not
 * call back into the library, tn_error_*() and tn_buffer_*() apart. */
typedef void tn_log_function(void *arg, enum tn_log_level level,
    const char *event, const struct tn_log_field *fields, size_t count);

/* Process-wide; set it before the first thread starts.  NULL turns it off. */
TN_API void tn_log_set(tn_log_function *function, void *arg);

/* Sends one event.  `fields` may be NULL when `count` is 0. */
TN_API void tn_log(enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count);

#ifdef __cplusplus
}
#endif

#endif
