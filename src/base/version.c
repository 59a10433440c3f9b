#include <tenon/base.h>

#include "config.h"

/* Whatever the build left out is not in the table. */
static const char *const version_features[] = {
#if TN__FIBER_ASM
	"asm-fibers",
#else
	"ucontext-fibers",
#endif
#if TN__OPENSSL
	"tls",
#endif
#if TN__ICU
	"idna",
#endif
#if TN__ZLIB
	"gzip",
#endif
#if TN__BROTLI
	"brotli",
#endif
#if TN__ZSTD
	"zstd",
#endif
	"guard-install", /* tried first; older kernels get mprotect */
};

const char *
tn_version(void)
{
	return TN__VERSION;
}

bool
tn_has(const char *feature)
{
	for (size_t i = 0; i < TN_COUNT(version_features); i++)
		if (strcmp(feature, version_features[i]) == 0)
			return true;
	return false;
}
