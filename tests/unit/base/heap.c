#include "check.h"

#include "base/heap.h"

#define NODES 200

/* The earliest of the nodes that are in, by looking at each. */
static struct tn__heap_node *
earliest(struct tn__heap_node *nodes)
{
	struct tn__heap_node *best = NULL;

	for (size_t i = 0; i < NODES; i++) {
		struct tn__heap_node *n = &nodes[i];

		if (!tn__heap_contains(n))
			continue;
		if (best == NULL || n->when < best->when ||
		    (n->when == best->when && n->sequence < best->sequence))
			best = n;
	}
	return best;
}

static void
test_random(void **state)
{
	struct tn__heap heap = { 0 };
	struct tn__heap_node nodes[NODES];
	uint64_t seed = 7;
	size_t in = 0;

	for (size_t i = 0; i < NODES; i++)
		tn__heap_node_init(&nodes[i]);
	for (int i = 0; i < 50000; i++) {
		struct tn__heap_node *n = &nodes[check_random(&seed) % NODES];
		int64_t when = (int64_t)(check_random(&seed) % 50) - 25;
		bool was = tn__heap_contains(n);

		switch (check_random(&seed) % 3) {
		case 0:
			tn__heap_remove(&heap, n);
			assert_false(tn__heap_contains(n));
			in -= was;
			break;
		case 1:
			if (was) {
				tn__heap_move(&heap, n, when);
				break;
			}
			/* fallthrough */
		default:
			if (was)
				break;
			assert_int_equal(tn__heap_reserve(&heap, in + 1), 0);
			tn__heap_insert(&heap, n, when);
			in++;
		}
		assert_int_equal(heap.count, in);
		assert_ptr_equal(tn__heap_first(&heap), earliest(nodes));
	}
	while (heap.count > 0) {
		assert_ptr_equal(tn__heap_first(&heap), earliest(nodes));
		tn__heap_remove(&heap, tn__heap_first(&heap));
	}
	assert_null(earliest(nodes));
	tn__heap_free(&heap);
	assert_null(tn__heap_first(&heap));
}

/* Equal instants come out as they went in. */
static void
test_ties(void **state)
{
	struct tn__heap heap = { 0 };
	struct tn__heap_node nodes[NODES];

	assert_int_equal(tn__heap_reserve(&heap, NODES), 0);
	for (size_t i = 0; i < NODES; i++) {
		tn__heap_node_init(&nodes[i]);
		tn__heap_insert(&heap, &nodes[i], 5);
	}
	for (size_t i = 0; i < NODES; i++) {
		assert_ptr_equal(tn__heap_first(&heap), &nodes[i]);
		tn__heap_remove(&heap, &nodes[i]);
	}
	tn__heap_free(&heap);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
