/* Fiber switch, System V x86-64: rbx, rbp, r12 to r15, mxcsr and the x87
 * control word belong to the callee; everything else is dead over a call. */

	.text

	/* void tn__context_swap(void **from_sp, void *to_sp) */
	.globl	tn__context_swap
	.hidden	tn__context_swap
	.type	tn__context_swap, @function
	.align	16
tn__context_swap:
	.cfi_startproc
	endbr64
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)

	/* Both stacks have this same frame, so the rules above hold on. */
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp

	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp

	/* Not by ret: the processor would expect to come back to our caller,
	 * and be wrong each time.  Where we go has no endbr64. */
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdx
	notrack jmp	*%rdx
	.cfi_endproc
	.size	tn__context_swap, .-tn__context_swap

	/* Where a new stack begins: r12 is the entry, r13 its argument.  A
	 * backtrace ends here. */
	.globl	tn__context_start
	.hidden	tn__context_start
	.type	tn__context_start, @function
	.align	16
tn__context_start:
	.cfi_startproc
	.cfi_undefined %rip
	endbr64
	xorl	%ebp, %ebp
	movq	%r13, %rdi
	callq	*%r12
	ud2
	.cfi_endproc
	.size	tn__context_start, .-tn__context_start

	/* What IBT asks of an object that keeps its rules. */
	.section .note.gnu.property, "a"
	.align	8
	.long	4
	.long	16
	.long	5
	.asciz	"GNU"
	.long	0xc0000002
	.long	4
	.long	1
	.long	0

	.section .note.GNU-stack, "", @progbits
