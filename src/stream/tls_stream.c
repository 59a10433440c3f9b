/* TLS as a stream: OpenSSL reads what the stream below shows, and writes into a
 * buffer of ours.  Neither ever waits; that is done around it.
 *
 * Over a carrier that sends without waiting (a socket) it is a carrier itself:
 * small writes collect and leave before the fiber waits, as they do there.
 * Over anything else each write is encrypted and handed down at once. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <tenon/error.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/tls.h"

/* What one record holds at most (RFC 8446 section 5.1). */
#define TLS_RECORD_BYTES 16384

/* Around each call: what it says of errors is the queue's, which others in this
 * thread have too.  Emptying one that is empty takes a tenth of a message. */
static void
tls_clear_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* ---- what OpenSSL calls -------------------------------------------------- */

/* RFC 8446 section 5.1: what the first record begins with. */
static bool
tls_is_record(char first)
{
	return first == SSL3_RT_ALERT || first == SSL3_RT_HANDSHAKE;
}

static int
tls_bio_read(BIO *bio, char *out, int size)
{
	struct tn__tls_stream *t = BIO_get_data(bio);
	struct tn_slice shown = { NULL, 0 };

	BIO_clear_retry_flags(bio);
	/* With 0 it does not wait. */
	if (size <= 0 || tn_stream_fill(t->stream.below, 0, &shown) <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (!t->heard && !tls_is_record(shown.data[0])) {
		t->plain = true; /* who shakes hands says so */
		BIO_set_retry_read(bio);
		return -1;
	}
	t->heard = true;
	shown = tn_slice_head(shown, (size_t)size);
	memcpy(out, shown.data, shown.len);
	tn_stream_consume(t->stream.below, shown.len);
	return (int)shown.len;
}

static int
tls_bio_write(BIO *bio, const char *bytes, int size)
{
	struct tn__tls_stream *t = BIO_get_data(bio);
	size_t n = size < 0 ? 0 : (size_t)size, room;

	BIO_clear_retry_flags(bio);
	if (t->wire == NULL) {
		t->wire = tn__pool_get();
		if (t->wire == NULL)
			return -1;
		t->wire_start = t->wire_end = 0;
	}
	room = TN__POOL_BYTES - t->wire_end;
	if (n > room)
		n = room;
	if (n == 0) {
		BIO_set_retry_write(bio);
		return -1;
	}
	memcpy(t->wire + t->wire_end, bytes, n);
	t->wire_end += (uint32_t)n;
	return (int)n;
}

static long
tls_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *tls_bio_method;
static int tls_index = -1;
static pthread_once_t tls_once = PTHREAD_ONCE_INIT;

static void
tls_make_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() |
	    BIO_TYPE_SOURCE_SINK, "tenon stream");

	tls_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (method == NULL || tls_index < 0)
		return;
	BIO_meth_set_read(method, tls_bio_read);
	BIO_meth_set_write(method, tls_bio_write);
	BIO_meth_set_ctrl(method, tls_bio_ctrl);
	tls_bio_method = method;
}

struct tn__tls_stream *
tn__tls_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, tls_index);
}

/* ---- the way down -------------------------------------------------------- */

static void
tls_drop_wire(struct tn__tls_stream *t)
{
	if (t->wire != NULL)
		tn__pool_put(t->wire);
	t->wire = NULL;
	t->wire_start = t->wire_end = 0;
}

/* Without waiting: 1 when all is gone, 0 when the rest has to wait for room, or
 * the error, without a text. */
static int
tls_push_wire(struct tn__tls_stream *t)
{
	struct tn_stream *below = t->stream.below;
	ssize_t n;

	while (t->wire_start < t->wire_end) {
		struct iovec vector = { t->wire + t->wire_start,
			t->wire_end - t->wire_start };

		if (below->write_error < 0)
			return below->write_error;
		n = below->ops->send(below, &vector, 1, 0);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN) {
			tn__io_empty(below->ops->io(below), TN__IO_WRITE);
			return 0;
		}
		if (n < 0) {
			tls_drop_wire(t);
			return below->write_error = (int)n;
		}
		tn__stream_count_out(below, n);
		t->wire_start += (uint32_t)n;
	}
	tls_drop_wire(t);
	return 1;
}

/* The same through the stream's own door, which may wait. */
static int
tls_write_wire(struct tn__tls_stream *t)
{
	struct tn_slice bytes = { t->wire + t->wire_start,
		t->wire_end - t->wire_start };
	int r = 0;

	if (t->wire == NULL)
		return 0;
	r = tn_stream_write(t->stream.below, bytes);
	tls_drop_wire(t);
	if (r < 0)
		t->stream.write_error = r;
	return r;
}

int
tn__tls_flush(struct tn__tls_stream *t)
{
	struct tn_stream *s = &t->stream;
	int r;

	if (s->ops->send == NULL) {
		r = tls_write_wire(t);
		return r < 0 ? r : tn_stream_flush(s->below);
	}
	for (;;) {
		r = tls_push_wire(t);
		if (r == 0)
			r = s->below->ops->room(s->below);
		else if (r > 0)
			return 0;
		if (r < 0)
			return tn__stream_break(s, r);
	}
}

/* What reading has left there: an answer to a change of keys, an alert.  When
 * it does not fit it goes with the next write. */
static void
tls_offer_wire(struct tn__tls_stream *t)
{
	if (t->wire == NULL || t->stream.write_error < 0)
		return;
	if (t->stream.ops->send != NULL)
		(void)tls_push_wire(t);
	else
		(void)tls_write_wire(t);
}

/* One record's worth into the wire, which is empty: how much. */
static int
tls_encrypt(struct tn__tls_stream *t, struct tn_slice bytes)
{
	int n;

	bytes = tn_slice_head(bytes, TLS_RECORD_BYTES);
	tls_clear_errors();
	n = SSL_write(t->ssl, bytes.data, (int)bytes.len);
	if (n <= 0) {
		tls_clear_errors();
		return TN_ETLS;
	}
	return n;
}

/* As a carrier.  Bytes that are in the wire are reported only when they have
 * left it: until then this gives -EAGAIN, and is given them again. */
static ssize_t
tls_send(struct tn_stream *s, const struct iovec *vectors, int count, int flags)
{
	struct tn__tls_stream *t = (struct tn__tls_stream *)s;
	int r = tls_push_wire(t);
	ssize_t n;

	(void)flags;
	assert(count > 0);
	if (r > 0 && t->taken == 0) {
		r = tls_encrypt(t, tn_slice(vectors->iov_base,
		    vectors->iov_len));
		if (r < 0)
			return r;
		t->taken = (size_t)r;
		r = tls_push_wire(t);
	}
	if (r <= 0)
		return r < 0 ? r : -EAGAIN;
	n = (ssize_t)t->taken;
	t->taken = 0;
	return n;
}

static struct tn__io *
tls_io(struct tn_stream *s)
{
	return s->below->ops->io(s->below);
}

static int
tls_room(struct tn_stream *s)
{
	return s->below->ops->room(s->below);
}

/* As a filter. */
static int
tls_write(struct tn_stream *s, struct tn_slice bytes)
{
	struct tn__tls_stream *t = (struct tn__tls_stream *)s;
	int r = tls_write_wire(t);

	while (r >= 0 && bytes.len > 0) {
		r = tls_encrypt(t, bytes);
		if (r < 0)
			return tn__stream_fail(s, r, "write to");
		bytes = tn_slice_skip(bytes, (size_t)r);
		r = tls_write_wire(t);
	}
	return r < 0 ? r : 0;
}

/* The peer need not answer: what is below ends in its own good order. */
static int
tls_shutdown(struct tn_stream *s)
{
	struct tn__tls_stream *t = (struct tn__tls_stream *)s;
	int r = s->ops->send == NULL ? 0 : tn__stream_drain(s, 0);

	if (r < 0 || t->error == TN_ETLS)
		return r;
	tls_clear_errors();
	(void)SSL_shutdown(t->ssl);
	tls_clear_errors();
	return tn__tls_flush(t);
}

/* ---- the way up ---------------------------------------------------------- */

/* Keeps the line that was just set, for all who read later. */
static int
tls_keep_error(struct tn__tls_stream *t, int code)
{
	t->error = code;
	t->error_text = tn__strndup(tn_slice_str(tn_error_text()));
	return code;
}

static int
tls_truncated(struct tn__tls_stream *t)
{
	return tls_keep_error(t, tn_error_set(TN_ETRUNCATED, "%s: the peer "
	    "ended the connection without a close_notify; what came may be cut "
	    "short", t->who));
}

/* The peer makes us say so much (changes of keys) that it has to take some of
 * it first.  Another fiber may wait for the same room. */
static int
tls_unstick(struct tn__tls_stream *t)
{
	struct tn_stream *s = &t->stream;
	int r = s->ops->send == NULL ? tls_write_wire(t) : tls_push_wire(t);

	if (r == 0 && t->wire != NULL)
		r = s->ops->room(s);
	if (r == -EBUSY)
		r = tn_yield();
	t->stuck = t->wire != NULL;
	return r < 0 ? tn__stream_fail(s, r, "read from") : 0;
}

static int
tls_ready(struct tn_stream *s)
{
	struct tn__tls_stream *t = (struct tn__tls_stream *)s;
	struct tn_slice shown;
	int r;

	if (t->error < 0)
		return tn_error_set(t->error, "%s", t->error_text != NULL ?
		    t->error_text : tn_error_words(t->error));
	while (t->stuck) {
		r = tls_unstick(t);
		if (r < 0)
			return r;
	}
	if (SSL_pending(t->ssl) > 0)
		return 0;
	r = tn_stream_fill(s->below, 1, &shown);
	if (r == 0)
		r = tls_truncated(t);
	return r < 0 ? r : 0;
}

static ssize_t
tls_recv(struct tn_stream *s, void *out, size_t size)
{
	struct tn__tls_stream *t = (struct tn__tls_stream *)s;
	ssize_t n;

	tls_clear_errors();
	n = SSL_read(t->ssl, out, size > INT_MAX ? INT_MAX : (int)size);
	switch (SSL_get_error(t->ssl, (int)n)) {
	case SSL_ERROR_NONE:
		break;
	case SSL_ERROR_ZERO_RETURN:
		n = 0;
		break;
	case SSL_ERROR_WANT_READ:
		n = -EAGAIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		t->stuck = true;
		n = -EAGAIN;
		break;
	default: /* ready() tells */
		tls_keep_error(t, tn__tls_fail(t));
		n = -EAGAIN;
	}
	tls_clear_errors();
	tls_offer_wire(t);
	return n;
}

/* ---- one stream ---------------------------------------------------------- */

static void
tls_release(struct tn_stream *s)
{
	struct tn__tls_stream *t = (struct tn__tls_stream *)s;

	/* A session that may be taken up again stays so, however the
	 * connection ends (RFC 5246 section 7.2.1). */
	if (t->ssl != NULL && SSL_is_init_finished(t->ssl) && t->error >= 0)
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN |
		    SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	tls_clear_errors();
	tls_drop_wire(t);
	X509_free(t->verify_leaf);
	tn_tls_free(t->tls);
	tn_buffer_free(&t->subject);
	tn_buffer_free(&t->issuer);
	tn_buffer_free(&t->names);
	tn__free(t->who);
	tn__free(t->asked);
	tn__free(t->session_key);
	tn__free(t->error_text);
}

static const struct tn__stream_ops tls_carrier_ops = {
	.kind = "TLS stream",
	.ready = tls_ready,
	.recv = tls_recv,
	.tells = true,
	.secure = true,
	.send = tls_send,
	.io = tls_io,
	.room = tls_room,
	.shutdown = tls_shutdown,
	.release = tls_release,
};

static const struct tn__stream_ops tls_filter_ops = {
	.kind = "TLS stream",
	.ready = tls_ready,
	.recv = tls_recv,
	.tells = true,
	.secure = true,
	.write = tls_write,
	.shutdown = tls_shutdown,
	.release = tls_release,
};

struct tn__tls_stream *
tn__tls_stream(struct tn_stream *s)
{
	return s->ops == &tls_carrier_ops || s->ops == &tls_filter_ops ?
	    (struct tn__tls_stream *)s : NULL;
}

static int
tls_attach(struct tn__tls_stream *t)
{
	BIO *bio;

	pthread_mutex_lock(&t->tls->lock);
	t->ssl = SSL_new(t->tls->ctx);
	pthread_mutex_unlock(&t->tls->lock);
	bio = tls_bio_method == NULL ? NULL : BIO_new(tls_bio_method);
	if (t->ssl == NULL || bio == NULL ||
	    SSL_set_ex_data(t->ssl, tls_index, t) != 1) {
		BIO_free(bio);
		tls_clear_errors();
		return tn__error_nomem();
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return 0;
}

int
tn__tls_stream_new(struct tn_stream *below, struct tn_tls *tls,
    struct tn__tls_stream **ret)
{
	TN_CLEANUP(tn_stream_freep) struct tn_stream *s = NULL;
	struct tn__tls_stream *t;
	int r;

	pthread_once(&tls_once, tls_make_method);
	r = tn__stream_new(below->ops->send != NULL ? &tls_carrier_ops :
	    &tls_filter_ops, sizeof(*t), below, &s);
	if (r < 0)
		return r;
	t = (struct tn__tls_stream *)s;
	t->tls = tn_tls_ref(tls);
	r = tls_attach(t);
	if (r < 0)
		return r;
	(void)TN_TAKE(s);
	*ret = t;
	return 0;
}
