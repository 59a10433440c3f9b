#include "check.h"

#include "base/list.h"

struct item {
	int number;
	struct tn__list node;
};

static struct item *
item_of(struct tn__list *node)
{
	return TN__CONTAINER(node, struct item, node);
}

static void
test_order(void **state)
{
	struct item items[4];
	struct tn__list list;
	int expected = 0;

	tn__list_init(&list);
	assert_true(tn__list_empty(&list));
	assert_null(tn__list_pop(&list));
	for (int i = 0; i < 4; i++) {
		items[i].number = i;
		tn__list_init(&items[i].node);
	}
	tn__list_push_back(&list, &items[1].node);
	tn__list_push_back(&list, &items[2].node);
	tn__list_push_front(&list, &items[0].node);
	tn__list_push_back(&list, &items[3].node);
	TN__LIST_FOR(node, &list) {
		assert_int_equal(item_of(node)->number, expected++);
	}
	assert_int_equal(expected, 4);

	tn__list_remove(&items[2].node);
	tn__list_remove(&items[2].node); /* in none: nothing happens */
	assert_true(tn__list_empty(&items[2].node));
	assert_ptr_equal(item_of(tn__list_pop(&list)), &items[0]);
	assert_ptr_equal(item_of(tn__list_pop(&list)), &items[1]);
	assert_ptr_equal(item_of(tn__list_pop(&list)), &items[3]);
	assert_true(tn__list_empty(&list));
}

/* The loop survives that its node leaves, even into another list. */
static void
test_remove_inside(void **state)
{
	struct item items[6];
	struct tn__list list, odd;
	int seen = 0;

	tn__list_init(&list);
	tn__list_init(&odd);
	for (int i = 0; i < 6; i++) {
		items[i].number = i;
		tn__list_push_back(&list, &items[i].node);
	}
	TN__LIST_FOR(node, &list) {
		seen++;
		if (item_of(node)->number % 2 == 0)
			continue;
		tn__list_remove(node);
		tn__list_push_front(&odd, node);
	}
	assert_int_equal(seen, 6);
	for (int i = 0; i < 6; i += 2)
		assert_int_equal(item_of(tn__list_pop(&list))->number, i);
	for (int i = 5; i > 0; i -= 2)
		assert_int_equal(item_of(tn__list_pop(&odd))->number, i);
	assert_true(tn__list_empty(&list) && tn__list_empty(&odd));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_remove_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
