/* Fiber switch, AAPCS64: x19 to x30, sp and the low halves of v8 to v15 belong
 * to the callee, and so does the floating-point control register. */

	.text

	/* void tn__context_swap(void **from_sp, void *to_sp) */
	.globl	tn__context_swap
	.hidden	tn__context_swap
	.type	tn__context_swap, %function
	.align	4
tn__context_swap:
	.cfi_startproc
	hint	#34			/* bti c */
	sub	sp, sp, #176
	.cfi_adjust_cfa_offset 176
	stp	x19, x20, [sp, #0]
	.cfi_rel_offset x19, 0
	.cfi_rel_offset x20, 8
	stp	x21, x22, [sp, #16]
	.cfi_rel_offset x21, 16
	.cfi_rel_offset x22, 24
	stp	x23, x24, [sp, #32]
	.cfi_rel_offset x23, 32
	.cfi_rel_offset x24, 40
	stp	x25, x26, [sp, #48]
	.cfi_rel_offset x25, 48
	.cfi_rel_offset x26, 56
	stp	x27, x28, [sp, #64]
	.cfi_rel_offset x27, 64
	.cfi_rel_offset x28, 72
	stp	x29, x30, [sp, #80]
	.cfi_rel_offset x29, 80
	.cfi_rel_offset x30, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, fpcr
	str	x9, [sp, #160]

	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1

	ldr	x9, [sp, #160]
	msr	fpcr, x9
	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	ldp	x29, x30, [sp, #80]
	ldp	x27, x28, [sp, #64]
	ldp	x25, x26, [sp, #48]
	ldp	x23, x24, [sp, #32]
	ldp	x21, x22, [sp, #16]
	ldp	x19, x20, [sp, #0]
	add	sp, sp, #176
	.cfi_adjust_cfa_offset -176
	ret
	.cfi_endproc
	.size	tn__context_swap, .-tn__context_swap

	/* Where a new stack begins: x19 is the entry, x20 its argument.  A
	 * backtrace ends here.  It is reached by ret, which needs no landing
	 * pad; the hint costs nothing and serves a branch. */
	.globl	tn__context_start
	.hidden	tn__context_start
	.type	tn__context_start, %function
	.align	4
tn__context_start:
	.cfi_startproc
	.cfi_undefined x30
	hint	#36			/* bti j */
	mov	x29, xzr
	mov	x0, x20
	blr	x19
	brk	#1
	.cfi_endproc
	.size	tn__context_start, .-tn__context_start

	/* What BTI asks of an object that keeps its rules. */
	.section .note.gnu.property, "a"
	.align	3
	.long	4
	.long	16
	.long	5
	.asciz	"GNU"
	.long	0xc0000000
	.long	4
	.long	1
	.long	0

	.section .note.GNU-stack, "", %progbits
