/* What a system call returned, as the library says it. */
#ifndef TN__BASE_RESULT_H
#define TN__BASE_RESULT_H

#include <errno.h>

/* Its result, or -errno; read at once, since another fiber of this thread
 * overwrites errno during a wait. */
#define TN__RESULT(call)                                                       \
	__extension__({                                                        \
		__typeof__(call) result_ = (call);                             \
		result_ < 0 ? (__typeof__(call))-errno : result_;              \
	})

#endif
