/* Between the files that read a head. */
#ifndef TN__HTTP_HEAD_H
#define TN__HTTP_HEAD_H

#include "proto/http/wire.h"

/* Sets h->status and the error text, and returns `code`.  The text shows what
 * stands up to and with byte `at` of the head, escaped. */
int tn__http_refuse(struct tn__http_head *h, struct tn_slice in, uint32_t at,
    int code, int status, const char *why);

/* Takes h->target apart; h->verb is known.  0 or a refusal. */
int tn__http_target_parse(struct tn__http_head *h, struct tn_slice in);

/* host ":" port, neither of them empty: a CONNECT's target. */
bool tn__http_is_authority(struct tn_slice text);

/* Takes in what field `index`, just read, says about the message. */
int tn__http_field_read(struct tn__http_head *h, struct tn_slice in,
    uint32_t index);

/* Once all fields are there: which host, where the body ends, what becomes of
 * the connection.  0 or a refusal. */
int tn__http_head_finish(struct tn__http_head *h, struct tn_slice in);

#endif
