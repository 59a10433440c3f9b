#!/usr/bin/env bash
# Each switch of stacks: assembly and ucontext here, AArch64 under emulation; and
# the runtime on the other libc.
set -euo pipefail
source=$TENON_SOURCE
out=$TENON_BUILD/switches
mkdir -p "$out"

build() { # build NAME COMPILER SWITCH FLAGS...
	local name=$1 compiler=$2 switch=$3
	shift 3
	(cd "$source" && "$compiler" -std=gnu17 -D_GNU_SOURCE -O1 -g -static \
	    "$@" -Iinclude -Isrc -I"$TENON_BUILD" -o "$out/$name" \
	    tests/unit/rt/portable.c src/base/*.c $switch \
	    $(ls src/rt/*.c | grep -v switch_) -lpthread)
}

build asm cc "src/rt/switch_asm.c src/rt/switch_$(uname -m).S" \
    -DTN__FIBER_ASM=1
"$out/asm"
build ucontext cc src/rt/switch_ucontext.c
"$out/ucontext"

if command -v musl-gcc >/dev/null; then
	# musl brings no headers of the kernel; these are the machine's.
	mkdir -p "$out/kernel"
	for folder in linux asm-generic "$(uname -m)-linux-gnu/asm"; do
		ln -sfn "/usr/include/$folder" "$out/kernel/${folder##*/}"
	done
	build musl musl-gcc \
	    "src/rt/switch_asm.c src/rt/switch_$(uname -m).S" \
	    -DTN__FIBER_ASM=1 -isystem "$out/kernel"
	"$out/musl"
fi
if ! command -v aarch64-linux-gnu-gcc qemu-aarch64 >/dev/null; then
	echo "no AArch64 compiler or emulator: not tried" >&2
	exit 77
fi
build aarch64 aarch64-linux-gnu-gcc \
    "src/rt/switch_asm.c src/rt/switch_aarch64.S" -DTN__FIBER_ASM=1
qemu-aarch64 "$out/aarch64"
build aarch64-ucontext aarch64-linux-gnu-gcc src/rt/switch_ucontext.c
qemu-aarch64 "$out/aarch64-ucontext"
