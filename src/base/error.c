#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <tenon/number.h>

#include "base/error.h"
#include "base/memory.h"

#undef tn_error_set /* the analyzer's; here they are defined */
#undef tn__error_nomem

#define ERROR_TEXT 512 /* octets kept, the NUL included */

/* The one registry: every code the library returns, with its words. */
#define OURS(name) name, #name
#define SYSTEM(name) -name, #name

static const struct error_row {
	int code;
	const char *name, *words;
} error_rows[] = {
	{ OURS(TN_EPROTO), "protocol error" },
	{ OURS(TN_EREFUSED), "refused by the peer" },
	{ OURS(TN_ELIMIT), "limit passed" },
	{ OURS(TN_ETRUNCATED), "ended in the middle" },
	{ OURS(TN_EESCAPE), "path leaves its folder" },
	{ OURS(TN_EDEADLOCK), "every fiber waits for another" },
	{ OURS(TN_ETLS_CERTIFICATE), "certificate is no good" },
	{ OURS(TN_ETLS_EXPIRED), "certificate has expired" },
	{ OURS(TN_ETLS_NOT_YET), "certificate is not valid yet" },
	{ OURS(TN_ETLS_SELF_SIGNED), "certificate is signed by itself" },
	{ OURS(TN_ETLS_ISSUER), "certificate of an unknown issuer" },
	{ OURS(TN_ETLS_NAME), "certificate is for another name" },
	{ OURS(TN_ETLS_CONSTRAINT), "certificate's issuer may not name that" },
	{ OURS(TN_ETLS_REVOKED), "certificate was revoked" },
	{ OURS(TN_ETLS_ALERT), "TLS refused by the peer" },
	{ OURS(TN_ETLS_PLAIN), "the peer does not speak TLS" },
	{ OURS(TN_ETLS_VERSION), "no TLS version in common" },
	{ OURS(TN_ETLS), "TLS protocol error" },
	{ OURS(TN_EGAI_NONAME), "no such host or service" },
	{ OURS(TN_EGAI_AGAIN), "name server did not answer" },
	{ OURS(TN_EGAI_FAIL), "name server failed" },
	{ OURS(TN_EGAI_FAMILY), "address family not supported" },
	{ OURS(TN_EGAI_NODATA), "host has no address of this family" },
	{ OURS(TN_EGAI_SERVICE), "no such service for this socket type" },
	{ OURS(TN_EGAI_SOCKTYPE), "no such socket type" },
	{ OURS(TN_EGAI_FLAGS), "flags do not go together" },
	{ OURS(TN_EHOST_NONAME), "address has no name" },
	{ OURS(TN_EHOST_AGAIN), "name server did not answer" },
	{ OURS(TN_EHOST_FAIL), "name server failed" },
	{ OURS(TN_EHOST_NODATA), "known, but not by a name" },

	{ SYSTEM(EPERM), "not permitted" },
	{ SYSTEM(ENOENT), "no such file or directory" },
	{ SYSTEM(ESRCH), "no such process" },
	{ SYSTEM(EINTR), "interrupted by a signal" },
	{ SYSTEM(EIO), "input/output error" },
	{ SYSTEM(ENXIO), "no such device or address" },
	{ SYSTEM(E2BIG), "arguments too long" },
	{ SYSTEM(ENOEXEC), "not a program" },
	{ SYSTEM(EBADF), "closed or not a descriptor" },
	{ SYSTEM(ECHILD), "no child process" },
	{ SYSTEM(EAGAIN), "not ready yet" },
	{ SYSTEM(ENOMEM), "out of memory" },
	{ SYSTEM(EACCES), "permission denied" },
	{ SYSTEM(EFAULT), "bad memory address" },
	{ SYSTEM(ENOTBLK), "not a block device" },
	{ SYSTEM(EBUSY), "in use" },
	{ SYSTEM(EEXIST), "exists already" },
	{ SYSTEM(EXDEV), "on another file system" },
	{ SYSTEM(ENODEV), "no such device" },
	{ SYSTEM(ENOTDIR), "not a directory" },
	{ SYSTEM(EISDIR), "is a directory" },
	{ SYSTEM(EINVAL), "invalid argument" },
	{ SYSTEM(ENFILE), "too many open files in the system" },
	{ SYSTEM(EMFILE), "too many open files" },
	{ SYSTEM(ENOTTY), "not a terminal" },
	{ SYSTEM(ETXTBSY), "program is running" },
	{ SYSTEM(EFBIG), "file too large" },
	{ SYSTEM(ENOSPC), "no space left" },
	{ SYSTEM(ESPIPE), "cannot seek" },
	{ SYSTEM(EROFS), "read-only file system" },
	{ SYSTEM(EMLINK), "too many links" },
	{ SYSTEM(EPIPE), "the other end is closed" },
	{ SYSTEM(EDOM), "argument out of domain" },
	{ SYSTEM(ERANGE), "out of range" },
	{ SYSTEM(EDEADLK), "would deadlock" },
	{ SYSTEM(ENAMETOOLONG), "name too long" },
	{ SYSTEM(ENOLCK), "no locks left" },
	{ SYSTEM(ENOSYS), "not in this kernel" },
	{ SYSTEM(ENOTEMPTY), "directory not empty" },
	{ SYSTEM(ELOOP), "too many symbolic links" },
	{ SYSTEM(EILSEQ), "invalid characters" },
	{ SYSTEM(EOVERFLOW), "value too large" },
	{ SYSTEM(EUSERS), "too many users" },
	{ SYSTEM(ENOTSOCK), "not a socket" },
	{ SYSTEM(EDESTADDRREQ), "destination address required" },
	{ SYSTEM(EMSGSIZE), "message too long" },
	{ SYSTEM(EPROTOTYPE), "wrong protocol for the socket type" },
	{ SYSTEM(ENOPROTOOPT), "no such protocol option" },
	{ SYSTEM(EPROTONOSUPPORT), "protocol not supported" },
	{ SYSTEM(ESOCKTNOSUPPORT), "socket type not supported" },
	{ SYSTEM(EOPNOTSUPP), "not supported" },
	{ SYSTEM(EPFNOSUPPORT), "protocol family not supported" },
	{ SYSTEM(EAFNOSUPPORT), "address family not supported" },
	{ SYSTEM(EADDRINUSE), "address in use" },
	{ SYSTEM(EADDRNOTAVAIL), "address not on this machine" },
	{ SYSTEM(ENETDOWN), "network is down" },
	{ SYSTEM(ENETUNREACH), "no route" },
	{ SYSTEM(ENETRESET), "network dropped the connection" },
	{ SYSTEM(ECONNABORTED), "connection aborted" },
	{ SYSTEM(ECONNRESET), "connection reset by the peer" },
	{ SYSTEM(ENOBUFS), "no buffer space" },
	{ SYSTEM(EISCONN), "already connected" },
	{ SYSTEM(ENOTCONN), "not connected" },
	{ SYSTEM(ESHUTDOWN), "already shut down" },
	{ SYSTEM(ETOOMANYREFS), "too many descriptors in flight" },
	{ SYSTEM(ETIMEDOUT), "timed out" },
	{ SYSTEM(ECONNREFUSED), "connection refused" },
	{ SYSTEM(EHOSTDOWN), "host is down" },
	{ SYSTEM(EHOSTUNREACH), "host unreachable" },
	{ SYSTEM(EALREADY), "already in progress" },
	{ SYSTEM(EINPROGRESS), "in progress" },
	{ SYSTEM(ESTALE), "stale file handle" },
	{ SYSTEM(EDQUOT), "quota exceeded" },
	{ SYSTEM(ECANCELED), "cancelled" },
	{ SYSTEM(EPROTO), "protocol error in the kernel" },
	{ SYSTEM(EBADMSG), "bad message" },
	{ SYSTEM(ENODATA), "no data" },
	{ SYSTEM(ENOLINK), "link was severed" },
	{ SYSTEM(ECOMM), "communication error" },
	{ SYSTEM(EREMOTEIO), "remote input/output error" },
	{ SYSTEM(ENONET), "machine is not on the network" },
	{ SYSTEM(ENOTUNIQ), "name not unique on the network" },
	{ SYSTEM(EBADFD), "descriptor in a bad state" },
	{ SYSTEM(EMEDIUMTYPE), "not a type that is taken" },
	{ SYSTEM(EUCLEAN), "file system needs cleaning" },
	{ SYSTEM(ENOKEY), "no such key" },
	{ SYSTEM(EKEYEXPIRED), "key has expired" },
	{ SYSTEM(EKEYREVOKED), "key was revoked" },
	{ SYSTEM(EKEYREJECTED), "key was rejected" },
	{ SYSTEM(EOWNERDEAD), "owner died" },
	{ SYSTEM(ENOTRECOVERABLE), "state not recoverable" },
	{ SYSTEM(EHWPOISON), "memory page has a hardware error" },
};

#undef SYSTEM
#undef OURS

_Thread_local struct tn__error *tn__error_current TN__TLS;

static _Thread_local struct tn__error error_own;

static pthread_once_t error_once = PTHREAD_ONCE_INIT;
static pthread_key_t error_key;
static bool error_key_made;

static struct tn__error *
error_of(struct tn__error *error)
{
	return error == NULL ? &error_own : error;
}

static void
error_thread_exit(void *error)
{
	tn__error_clear(error);
}

static void
error_make_key(void)
{
	error_key_made = pthread_key_create(&error_key, error_thread_exit) == 0;
}

/* The end of the program or of dlclose(): the main thread's line, and the key
 * whose destructor is about to be unmapped. */
__attribute__((destructor)) static void
error_unload(void)
{
	tn__error_clear(&error_own);
	if (error_key_made)
		pthread_key_delete(error_key);
	error_key_made = false;
}

/* Sees to it that the text of the thread's own line goes with the thread. */
static bool
error_adopt(struct tn__error *error)
{
	if (error != &error_own)
		return true;
	pthread_once(&error_once, error_make_key);
	return error_key_made && pthread_setspecific(error_key, error) == 0;
}

static int
error_store(int code, const char *line)
{
	struct tn__error *error = error_of(tn__error_current);

	if (error->text == NULL && error_adopt(error))
		error->text = tn__alloc(ERROR_TEXT);
	if (error->text != NULL)
		memcpy(error->text, line, strlen(line) + 1);
	return error->code = code;
}

/* Takes off a UTF-8 sequence that the end of the buffer cut in two. */
static void
error_trim(char *line)
{
	size_t len = strlen(line);
	uint32_t code;

	for (size_t n = 1; n <= 3 && n <= len; n++)
		if (tn_utf8_decode(tn_slice(line + len - n, n), &code) == 0)
			line[len - n] = '\0';
}

static const struct error_row *
error_row(int code)
{
	static const struct error_row unknown = { 0, "E?", "unknown error" };

	for (size_t i = 0; i < TN_COUNT(error_rows); i++)
		if (error_rows[i].code == code)
			return &error_rows[i];
	return &unknown;
}

const char *
tn_error_words(int code)
{
	return error_row(code)->words;
}

const char *
tn_error_name(int code)
{
	return error_row(code)->name;
}

const char *
tn_error_text(void)
{
	const struct tn__error *error = error_of(tn__error_current);

	if (error->code == 0)
		return "";
	if (error->text == NULL || error->text[0] == '\0')
		return tn_error_words(error->code);
	return error->text;
}

int
tn_error_code(void)
{
	return error_of(tn__error_current)->code;
}

int
tn_error_set(int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tn_error_vset(code, format, arguments);
	va_end(arguments);
	return code;
}

int
tn_error_vset(int code, const char *format, va_list arguments)
{
	char line[ERROR_TEXT]; /* an argument may be the present text */

	if (vsnprintf(line, sizeof(line), format, arguments) < 0)
		line[0] = '\0';
	error_trim(line);
	return error_store(code, line);
}

int
tn_error_prefix(const char *format, ...)
{
	char what[ERROR_TEXT];
	va_list arguments;
	int code = tn_error_code(), n;

	if (code == 0)
		return 0;
	va_start(arguments, format);
	n = vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (n < 0)
		return code;
	return tn_error_set(code, "%s: %s", what, tn_error_text());
}

void
tn__error_clear(struct tn__error *error)
{
	error = error_of(error);
	tn__free(error->text);
	*error = (struct tn__error){ 0 };
}

void
tn__error_move(struct tn__error *to, struct tn__error *from)
{
	to = error_of(to);
	from = error_of(from);
	if (to == from)
		return;
	tn__error_clear(to);
	if (!error_adopt(to))
		tn__free(TN_TAKE(from->text));
	*to = *from;
	*from = (struct tn__error){ 0 };
}

int
tn__error_nomem(void)
{
	struct tn__error *error = error_of(tn__error_current);

	if (error->text != NULL)
		error->text[0] = '\0';
	return error->code = -ENOMEM;
}
