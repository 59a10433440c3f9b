#include "check.h"

#include <errno.h>
#include <tenon/buffer.h>
#include <tenon/error.h>

#include "base/error.h"
#include "base/heap.h"

/* Each grows the buffer by more than the 64 octets it begins with. */
static int
grow_reserve(struct tn_buffer *b)
{
	return tn_buffer_reserve(b, 1000);
}

static int
grow_append(struct tn_buffer *b)
{
	static const char much[1000] = "much";

	return tn_buffer_append(b, tn_slice(much, sizeof(much)));
}

static int
grow_printf(struct tn_buffer *b)
{
	return tn_buffer_printf(b, "%*d", 1000, 7);
}

static int
grow_escaped(struct tn_buffer *b)
{
	static const char controls[1000] = "\n\n\n\xc3\xbc\xff";

	return tn_buffer_append_escaped(b,
	    tn_slice(controls, sizeof(controls)));
}

static const struct grow_row {
	const char *name;
	int (*grow)(struct tn_buffer *b);
} grow[] = {
	{ "reserve", grow_reserve },
	{ "append", grow_append },
	{ "printf", grow_printf },
	{ "append_escaped", grow_escaped },
};

/* Whichever allocation fails: -ENOMEM, and the contents are as before. */
static void
test_grow(void **state)
{
	const struct grow_row *t = *state;
	int r = -ENOMEM, n;

	for (n = 0; r == -ENOMEM; n++) {
		TN_CLEANUP(tn_buffer_free) struct tn_buffer b = { 0 };
		TN_CLEANUP(tn_buffer_free) struct tn_buffer none = { 0 };

		check_fail_after(0);
		assert_int_equal(t->grow(&none), -ENOMEM);
		assert_null(none.data);

		check_fail_after(-1);
		assert_int_equal(tn_buffer_append_str(&b, "before"), 0);
		check_fail_after(n);
		r = t->grow(&b);
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(tn_error_code(), -ENOMEM);
		assert_string_equal(tn_error_text(), "out of memory");
		assert_int_equal(b.len, 6);
		assert_string_equal(b.data, "before");
	}
	check_fail_after(-1);
	assert_int_equal(r, 0);
	assert_true(n > 0);
}

static void
test_heap(void **state)
{
	struct tn__heap heap = { 0 };
	struct tn__heap_node node;

	tn__heap_node_init(&node);
	assert_int_equal(tn__heap_reserve(&heap, 1), 0);
	tn__heap_insert(&heap, &node, 3);
	check_fail_after(0);
	assert_int_equal(tn__heap_reserve(&heap, 1), 0); /* is there already */
	assert_int_equal(tn__heap_reserve(&heap, 1000), -ENOMEM);
	assert_int_equal(tn__heap_reserve(&heap, SIZE_MAX), -ENOMEM);
	check_fail_after(-1);
	assert_int_equal(heap.count, 1);
	assert_ptr_equal(tn__heap_first(&heap), &node);
	tn__heap_free(&heap);
}

static void
test_alloc(void **state)
{
	char *p, *copy;

	errno = EINTR;
	check_fail_after(0);
	assert_null(tn__alloc(1));
	assert_null(tn__zalloc(1));
	assert_null(tn__resize(NULL, 1));
	assert_null(tn__strndup(TN_SLICE("abc")));
	check_fail_after(-1);
	assert_int_equal(errno, EINTR);

	p = tn__zalloc(64);
	assert_non_null(p);
	for (int i = 0; i < 64; i++)
		assert_int_equal(p[i], 0);
	memset(p, 'x', 64);
	p = tn__resize(p, 128);
	assert_non_null(p);
	assert_int_equal(p[63], 'x');
	tn__wipe(p, 64);
	tn__wipe(NULL, 0);
	assert_int_equal(p[63], 0);
	tn__free(p);
	tn__free(NULL);

	copy = tn__strndup(tn_slice("abcdef", 3));
	assert_string_equal(copy, "abc");
	tn__free(copy);
	copy = tn__strndup(tn_slice(NULL, 0));
	assert_string_equal(copy, "");
	tn__free(copy);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_alloc),
	};

	return CHECK_ROWS(grow, test_grow) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
