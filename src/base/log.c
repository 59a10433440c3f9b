#include <tenon/log.h>

static tn_log_function *log_function;
static void *log_arg;

void
tn_log_set(tn_log_function *function, void *arg)
{
	log_function = function;
	log_arg = arg;
}

void
tn_log(enum tn_log_level level, const char *event,
    const struct tn_log_field *fields, size_t count)
{
	if (log_function != NULL)
		log_function(log_arg, level, event, fields, count);
}
