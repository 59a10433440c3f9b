/* tenon/error.h - what can go wrong, as a number and as a line for a person.
 *
 * Every call that can fail returns a negative int: -errno, or one of the codes
 * below.  Beside the code each fiber (and each plain thread) keeps one line of
 * text about its last failure: what was attempted, on what, what happened and,
 * where known, what to do. */
#ifndef TENON_ERROR_H
#define TENON_ERROR_H

#include <stdarg.h>
#include <tenon/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	TN_EPROTO = -4096,     /* the peer broke the protocol */
	TN_EREFUSED = -4097,   /* the peer said no; the session has its words */
	TN_ELIMIT = -4098,     /* over a limit of ours; the text names it */
	TN_ETRUNCATED = -4099, /* the stream ended in the middle of something */
	TN_EESCAPE = -4100,    /* a path would have left its folder */
	TN_EDEADLOCK = -4101,  /* every fiber waits and nothing can wake one */

	/* TLS (tenon/tls.h): what is wrong with the peer's certificate ... */
	TN_ETLS_CERTIFICATE = -4300, /* something else; the text says what */
	TN_ETLS_EXPIRED = -4301,
	TN_ETLS_NOT_YET = -4302,     /* it is not valid yet */
	TN_ETLS_SELF_SIGNED = -4303, /* and nobody told us to trust it */
	TN_ETLS_ISSUER = -4304,      /* signed by nobody we know */
	TN_ETLS_NAME = -4305,        /* it is for another host */
	TN_ETLS_CONSTRAINT = -4306,  /* its issuer may not sign for that name */
	TN_ETLS_REVOKED = -4307,
	/* ... or with its talk */
	TN_ETLS_ALERT = -4310,   /* the peer refused; the text says why */
	TN_ETLS_PLAIN = -4311,   /* the peer does not speak TLS */
	TN_ETLS_VERSION = -4312, /* only versions that we do not speak */
	TN_ETLS = -4313,         /* anything else that breaks the protocol */

	/* getaddrinfo's answers (RFC 3493 section 6.1), Python's gaierror */
	TN_EGAI_NONAME = -4200,  /* no such host or service */
	TN_EGAI_AGAIN = -4201,   /* the name server did not answer; try later */
	TN_EGAI_FAIL = -4202,    /* the name server failed for good */
	TN_EGAI_FAMILY = -4203,  /* this address family is not supported */
	TN_EGAI_NODATA = -4204,  /* the host has no address of this family */
	TN_EGAI_SERVICE = -4205, /* no such service for this socket type */
	TN_EGAI_SOCKTYPE = -4206, /* no such socket type */
	TN_EGAI_FLAGS = -4207,    /* flags that do not go together */

	/* gethostbyaddr's, Python's herror */
	TN_EHOST_NONAME = -4220, /* the address has no name */
	TN_EHOST_AGAIN = -4221,  /* the name server did not answer; try later */
	TN_EHOST_FAIL = -4222,   /* the name server failed for good */
	TN_EHOST_NODATA = -4223, /* it is known, but not by a name */
};

/* The line about this fiber's last failure, "" before the first.  It stays
 * until the next failing call of this fiber. */
TN_API const char *tn_error_text(void);

/* The code that line belongs to, 0 before the first failure. */
TN_API int tn_error_code(void);

/* Sets the line and returns `code`, so that a failing function can end in
 *     return tn_error_set(TN_EPROTO, "%s: reply without a code", name);
 * At most 512 bytes are kept.  Never fails: out of memory the line becomes the
 * words of the code.  Text of a peer goes through tn_buffer_append_escaped()
 * first. */
TN_API int tn_error_set(int code, const char *format, ...) TN_PRINTF(2, 3);
TN_API int tn_error_vset(int code, const char *format, va_list arguments);

#ifdef __clang_analyzer__ /* it cannot see that the result is `code` */
#define tn_error_set(code, ...) ((void)(tn_error_set)(code, __VA_ARGS__), code)
#endif

/* Puts "WHAT: " before the present line, which keeps its code; returns the
 * code.  For a layer that knows what the layer below was needed for. */
TN_API int tn_error_prefix(const char *format, ...) TN_PRINTF(1, 2);

/* A few words for any code ("connection refused", "protocol error"); never
 * NULL.  The string is static. */
TN_API const char *tn_error_words(int code);

/* The code's name ("ECONNREFUSED", "TN_EPROTO"), or "E?" for a number that is
 * no code.  The string is static. */
TN_API const char *tn_error_name(int code);

#ifdef __cplusplus
}
#endif

#endif
