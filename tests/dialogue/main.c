/* The program of a protocol: plays talks, says nothing when all is well.
 *
 *     dialogue-http [-v] FILE [server | client]
 *         [whole | bytes | split BYTE | faults SEED]
 *
 * With a way of delivery only that one, and its trace.  TENON_SIM_SEED=N stands
 * for "faults N"; TENON_SIM_SEEDS=N plays so many seeds of faults. */
#include <errno.h>
#include <stdlib.h>
#include <tenon/buffer.h>
#include <tenon/error.h>
#include <tenon/number.h>

#include "dialogue/talk.h"

#define MAIN_SEEDS 20

static int
main_read(const char *path, struct tn_buffer *ret)
{
	FILE *file = fopen(path, "re");
	char bytes[4096];
	size_t n;
	int r = 0;

	if (file == NULL)
		return tn_error_set(-errno, "%s: %s", path,
		    tn_error_words(-errno));
	while (r == 0 && (n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		r = tn_buffer_append(ret, tn_slice(bytes, n));
	if (r == 0 && ferror(file)) /* as of a folder */
		r = tn_error_set(-errno, "%s: %s", path,
		    tn_error_words(-errno));
	fclose(file);
	return r;
}

bool
talk_run_file(const struct talk_protocol *protocol, const char *path,
    const struct talk_choice *choice)
{
	TN_CLEANUP(tn_buffer_free) struct tn_buffer text = { 0 };
	struct talk *talk = NULL;
	bool good = false;

	if (main_read(path, &text) < 0 ||
	    talk_parse(path, tn_buffer_slice(&text), &talk) < 0)
		fprintf(choice->out, "%s\n", tn_error_text());
	else
		good = talk_run(protocol, talk, choice);
	talk_free(talk);
	return good;
}

static int
main_number(const char *text, uint64_t *ret)
{
	return text == NULL ? -EINVAL :
	    tn_parse_uint(tn_slice_str(text), UINT64_MAX, ret);
}

/* The word and what belongs to it; the words used, 0 when there is none. */
static int
main_word(struct talk_choice *choice, char **words)
{
	static const struct {
		const char *name;
		int sides; /* 0: a delivery */
		enum talk_mode mode;
		bool number;
	} rows[] = {
		{ "server", 1 << TALK_SERVER },
		{ "client", 1 << TALK_CLIENT },
		{ "whole", 0, TALK_WHOLE },
		{ "bytes", 0, TALK_BYTES },
		{ "split", 0, TALK_SPLIT, true },
		{ "faults", 0, TALK_FAULTS, true },
	};

	for (size_t i = 0; i < TN_COUNT(rows); i++) {
		if (strcmp(words[0], rows[i].name) != 0)
			continue;
		if (rows[i].sides != 0) {
			choice->sides = rows[i].sides;
			return 1;
		}
		choice->one = true;
		choice->delivery.mode = rows[i].mode;
		if (!rows[i].number)
			return 1;
		return main_number(words[1], &choice->delivery.at) < 0 ? 0 : 2;
	}
	return 0;
}

static int
main_usage(const char *self)
{
	fprintf(stderr, "usage: %s [-v] FILE [server | client] "
	    "[whole | bytes | split BYTE | faults SEED]\n", self);
	return 2;
}

int
talk_main(const struct talk_protocol *protocol, int argc, char **argv)
{
	struct talk_choice choice = {
		.sides = 1 << TALK_SERVER | 1 << TALK_CLIENT,
		.seeds = MAIN_SEEDS,
		.self = argv[0],
		.out = stderr,
	};
	const char *path;
	int used;

	if (getenv("TENON_SIM_SEED") != NULL) {
		choice.one = true;
		choice.delivery.mode = TALK_FAULTS;
		if (main_number(getenv("TENON_SIM_SEED"),
			&choice.delivery.at) < 0)
			return main_usage(argv[0]);
	}
	(void)main_number(getenv("TENON_SIM_SEEDS"), &choice.seeds);
	argv++;
	if (argc > 1 && strcmp(argv[0], "-v") == 0) {
		choice.count = stdout;
		argv++;
	}
	path = *argv;
	if (path == NULL)
		return main_usage(choice.self);
	for (argv++; *argv != NULL; argv += used) {
		used = main_word(&choice, argv);
		if (used == 0)
			return main_usage(choice.self);
	}
	return talk_run_file(protocol, path, &choice) ? 0 : 1;
}
