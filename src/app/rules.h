/* How long browsers and caches may keep the files of a folder. */
#ifndef APP_RULES_H
#define APP_RULES_H

#include <tenon/buffer.h>
#include <tenon/http_files.h>

#define APP_RULES_MAX 64

/* The rule that all files have: their type is what we say, and nothing that a
 * browser makes of their bytes. */
#define APP_RULE_FOR_ALL { "*", "X-Content-Type-Options", "nosniff" }

struct app_rules { /* all-zero is none */
	/* Ends in the rule for all, and zeros. */
	struct tn_http_files_rule rows[APP_RULES_MAX + 2];
	size_t count;
	struct app_rules_text {
		struct tn_buffer pattern, value;
	} texts[APP_RULES_MAX]; /* what they point to */
};

/* "PATTERN=VALUE", or VALUE for all files.  A pattern begins with "/" or "*";
 * VALUE is a time ("1h", "30d"), "never", "immutable", or a Cache-Control field
 * in full (RFC 9111 section 5.2.2).  -EINVAL says what to write, -ENOMEM,
 * TN_ELIMIT. */
TN_CHECK int app_rules_add(struct app_rules *rules, const char *given);

void app_rules_free(struct app_rules *rules);

#endif
