/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Newer kernels (seen on 7.2 and 7.3, not on 6.12) may put a task aside in the middle of a tracepoint. While it is aside, its processor runs the same
 * probe for nobody else: the kernel skips it, and what happened is lost. Older kernels never do that.
 */
#ifndef VEDETTE_UNDISTURBED_H
#define VEDETTE_UNDISTURBED_H

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

/* Before 6.15 the verifier refuses functions of their own within, and there the tracepoint itself keeps the task. */
#define FUNCTIONS_MAY_BE_CALLED_FROM KERNEL_VERSION(6, 15, 0)
#define may_be_put_aside()                                                                                       \
	(LINUX_KERNEL_VERSION >= FUNCTIONS_MAY_BE_CALLED_FROM && bpf_ksym_exists(bpf_preempt_disable))

/* Does the work of a probe without being put aside. `work` must not return from the probe. */
#define undisturbed(work)                                                                                        \
	({                                                                                                       \
		if (may_be_put_aside())                                                                          \
			bpf_preempt_disable();                                                                   \
		work;                                                                                            \
		if (may_be_put_aside())                                                                          \
			bpf_preempt_enable();                                                                    \
		0;                                                                                               \
	})

#endif
