/* Characters that a person does not see, or sees elsewhere than they are. */
#ifndef TN__BASE_HIDDEN_H
#define TN__BASE_HIDDEN_H

#include <tenon/base.h>

/* C1 controls, line and paragraph separators, bidirectional marks, overrides
 * and isolates: what looks like nothing, or turns the text around it. */
bool tn__buffer_is_hidden(uint32_t code);

#endif
