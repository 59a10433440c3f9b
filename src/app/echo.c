#include <stdio.h>
#include <tenon/charset.h>
#include <tenon/stream.h>

#include "app/echo.h"

/* The next piece.  Between two of them nothing is owed to the peer: a server
 * that is told to stop need not wait for it to hang up. */
static int
echo_hear(struct tn_request *request, struct tn_slice *ret)
{
	int r;

	tn_request_idle(request, true);
	r = tn_stream_fill(request->stream, 1, ret);
	tn_request_idle(request, false);
	return r;
}

/* An empty datagram is a piece too; a connection without one is just over. */
static int
echo_answer(struct tn_request *request,
    int (*answer)(struct tn_stream *s, struct tn_slice said))
{
	struct tn_slice said;
	int r = echo_hear(request, &said);

	if (r == 0 && tn_stream_socket(request->stream) == NULL)
		return answer(request->stream, said);
	while (r > 0) {
		r = answer(request->stream, said);
		if (r < 0)
			break;
		tn_stream_consume(request->stream, said.len);
		r = echo_hear(request, &said);
	}
	return r;
}

int
app_echo_handle(struct tn_request *request)
{
	return echo_answer(request, tn_stream_write);
}

static int
echo_stamp(struct tn_stream *s, struct tn_slice said)
{
	int r = tn_stream_printf(s, "[%s] ", tn_ctime_now());

	return r < 0 ? r : tn_stream_write(s, said);
}

int
app_echo_handle_stamped(struct tn_request *request)
{
	return echo_answer(request, echo_stamp);
}

/* ---- text ---------------------------------------------------------------- */

struct echo_text {
	const struct app_echo *how;
	struct tn_request *request;
	struct tn_charset *decoder;
	struct tn_charset *encoder; /* of the stamps */
	struct tn_buffer said;      /* the piece, as UTF-8 */
	struct tn_buffer stamp;
};

static int
echo_text_open(struct tn_request *request, struct echo_text *ret)
{
	const struct app_echo *how = request->arg;
	const char *charset = how->charset == NULL ? "UTF-8" : how->charset;
	int r = tn_charset_decoder(charset, TN_CHARSET_REPLACE, &ret->decoder);

	ret->how = how;
	ret->request = request;
	return r < 0 ? r : tn_charset_encoder(charset, TN_CHARSET_REPLACE,
			       &ret->encoder);
}

static void
echo_text_close(struct echo_text *e)
{
	tn_charset_free(e->decoder);
	tn_charset_free(e->encoder);
	tn_buffer_free(&e->said);
	tn_buffer_free(&e->stamp);
}

static int
echo_text_stamp(struct echo_text *e)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "[%s] ", tn_ctime_now()), r;

	tn_buffer_clear(&e->stamp);
	r = tn_charset_convert(e->encoder, tn_slice(text, (size_t)n),
	    &e->stamp);
	if (r < 0)
		return r;
	return tn_stream_write(e->request->stream, tn_buffer_slice(&e->stamp));
}

/* A piece, of which `said` has the text. */
static int
echo_text_answer(struct echo_text *e, struct tn_slice piece)
{
	int r = 0;

	if (e->how->show != NULL)
		e->how->show(e->how->arg, &e->request->peer,
		    tn_buffer_slice(&e->said));
	tn_buffer_clear(&e->said);
	if (e->how->stamp)
		r = echo_text_stamp(e);
	return r < 0 ? r : tn_stream_write(e->request->stream, piece);
}

/* What was held back stands before what is new, until its character is
 * whole. */
static int
echo_text_hear(struct echo_text *e, size_t *held)
{
	struct tn_stream *s = e->request->stream;
	struct tn_slice piece;
	int r;

	tn_request_idle(e->request, true);
	r = tn_stream_fill(s, *held + 1, &piece);
	tn_request_idle(e->request, false);
	if (r <= 0)
		return r;
	r = piece.len > *held
	    ? tn_charset_convert(e->decoder, tn_slice_skip(piece, *held),
		  &e->said)
	    : tn_charset_finish(e->decoder, &e->said);
	if (r < 0)
		return r;
	*held = tn_charset_pending(e->decoder);
	if (*held == piece.len)
		return 1;
	piece.len -= *held;
	r = echo_text_answer(e, piece);
	if (r < 0)
		return r;
	tn_stream_consume(s, piece.len);
	return 1;
}

static int
echo_text_all(struct echo_text *e)
{
	struct tn_slice none = { NULL, 0 };
	size_t held = 0;
	int r = echo_text_hear(e, &held);

	if (r == 0 && tn_stream_socket(e->request->stream) == NULL)
		return echo_text_answer(e, none); /* an empty datagram */
	while (r > 0)
		r = echo_text_hear(e, &held);
	return r;
}

int
app_echo_handle_text(struct tn_request *request)
{
	struct echo_text e = { 0 };
	int r = echo_text_open(request, &e);

	if (r == 0)
		r = echo_text_all(&e);
	echo_text_close(&e);
	return r;
}
