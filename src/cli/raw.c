#include <errno.h>
#include <stdlib.h>
#include <tenon/error.h>
#include <termios.h>

#include "cli/raw.h"

static struct {
	int fd;
	bool on, registered;
	struct termios before;
} raw;

int
cli_raw_begin(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &raw.before) < 0)
		return tn_error_set(-errno, "--raw: %s: standard input has to "
		    "be a terminal", tn_error_words(-errno));
	if (!raw.registered && atexit(cli_raw_end) == 0)
		raw.registered = true;
	t = raw.before;
	cfmakeraw(&t);
	/* TCSADRAIN: what was typed before stays to be read. */
	if (tcsetattr(fd, TCSADRAIN, &t) < 0)
		return tn_error_set(-errno, "--raw: %s",
		    tn_error_words(-errno));
	raw.fd = fd;
	raw.on = true;
	return 0;
}

void
cli_raw_end(void)
{
	if (raw.on)
		(void)tcsetattr(raw.fd, TCSADRAIN, &raw.before);
	raw.on = false;
}

bool
cli_raw(void)
{
	return raw.on;
}
