#ifndef TESTS_DIALOGUE_HTTP_H
#define TESTS_DIALOGUE_HTTP_H

#include "dialogue/talk.h"

/* "client GET /path [BODY] [NAME=NUMBER...]"; the real client will take its
 * place. */
int http_call(struct talk_ours *ours);

#endif
