#!/usr/bin/env bash
# The gdb helper lists parked fibers and shows the stack of one.
set -euo pipefail
command -v gdb >/dev/null || { echo "no gdb here" >&2; exit 77; }
out=$TENON_BUILD/gdb
mkdir -p "$out"
cat >"$out/parked.c" <<'END'
#include <tenon/run.h>
static void here(void) { __asm__ volatile(""); }
static int sleeper(void *arg)
{
	tn_fiber_name("sleeper");
	return tn_sleep(1000 * TN_SECOND);
}
static int run(void *arg)
{
	struct tn_group *g;
	if (tn_group_open(&g) < 0 || tn_go(g, sleeper, 0) < 0)
		return 1;
	tn_sleep(TN_MILLISECOND);
	here();
	tn_group_free(g);
	return 0;
}
int main(void) { return tn_run(run, 0, 0); }
END
cd "$TENON_SOURCE"
asm=()
[ -e "src/rt/switch_$(uname -m).S" ] || exit 77
cc -std=gnu17 -D_GNU_SOURCE -g -O1 -fno-inline -DTN__FIBER_ASM=1 -Iinclude \
    -Isrc -I"$TENON_BUILD" -o "$out/parked" "$out/parked.c" src/base/*.c \
    src/rt/switch_asm.c "src/rt/switch_$(uname -m).S" \
    $(ls src/rt/*.c | grep -v switch_) -lpthread
gdb -batch -nx -ex 'set debuginfod enabled off' \
    -ex 'source tools/gdb/tenon.py' -ex 'break here' -ex run \
    -ex 'tenon fibers' -ex 'tenon bt 3' -ex 'bt 2' "$out/parked" \
    >"$out/log" 2>&1 </dev/null ||
    { cat "$out/log"; exit 1; }
if grep -q 'ptrace: Operation not permitted' "$out/log"; then
	echo "no ptrace here" >&2
	exit 77
fi
check() { grep -qE "$1" "$out/log" || { echo "no line: $1"; cat "$out/log"; exit 1; }; }
check '2 loop 0 +running +main'
check '3 loop 0 +parked +sleeper +sleep'
check '#[0-9]+ .* tn__park '
check '#[0-9]+ .* sleeper '
check '#[0-9]+ .* fiber_main '
check '#0 .*here '
