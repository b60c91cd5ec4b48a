/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Branches by perf_event_open(2)'s synchronous SIGTRAP (sigtrap, Linux 5.13). The handler runs on
 * the signal's frame, and sigreturn restores all that was interrupted.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "internal.h"

/* <signal.h> of glibc before 2.34 has neither name. */
#ifndef TRAP_PERF
#define TRAP_PERF 6
#endif
#ifndef TRAP_HWBKPT
#define TRAP_HWBKPT 4
#endif

/* What the kernel's siginfo has at si_addr for TRAP_PERF (asm-generic/siginfo.h, _perf). */
struct perf_info {
	void *address;
	uint64_t data;
	uint32_t type;
	uint32_t flags;
};

static struct sigaction before;

static uint64_t data_of(const siginfo_t *info)
{
	struct perf_info perf;

	memcpy(&perf, &info->si_addr, sizeof perf);
	return perf.data;
}

static bool is_marked(uint64_t data)
{
	uint64_t mark = data >> EBB_MARK_SHIFT;

	return mark == EBB_MARK_OWN || mark == EBB_MARK_TOKEN;
}

/*
 * Of a virtual machine with much to do, the kernel takes about one store in 30,000,000 for
 * nobody's: the debug registers are another thread's, or in another order, when its trap arrives.
 * perf does not count it. Where it can be one breakpoint's alone, and each store is a branch, it is
 * that.
 */
static bool is_stray(struct ebb_event **ret_event)
{
	struct ebb_event *event = ebb_slot_of_breakpoint(gettid());

	*ret_event = event && event->period == 1 ? event : NULL;
	return event != NULL;
}

/*
 * Whether a signal is of an event, and of which: NULL where that one has been closed, as its last
 * signal may come after that.
 */
static bool is_ours(const siginfo_t *info, struct ebb_event **ret_event)
{
	if (info->si_code == TRAP_PERF && is_marked(data_of(info))) {
		*ret_event = ebb_slot_by_data(data_of(info));
		return true;
	}
	if (info->si_code == TRAP_HWBKPT)
		return is_stray(ret_event);
	*ret_event = NULL;
	if (info->si_code != SI_SIGIO || !ebb_signals_by_descriptor())
		return false;
	*ret_event = ebb_slot_by_descriptor(info->si_fd);
	return true;
}

static uintptr_t interrupted(const ucontext_t *frame)
{
#ifdef __x86_64__
	return (uintptr_t)frame->uc_mcontext.gregs[REG_RIP];
#else
	return (uintptr_t)frame->uc_mcontext.pc;
#endif
}

/* As the kernel would: nobody handles it, so it ends the process. */
static void end_by(int number)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };

	sigaction(number, &plain, NULL);
	raise(number);
}

/* sigreturn takes back what is blocked here. */
static void pass_on(int number, siginfo_t *info, void *frame)
{
	struct sigaction action = before;
	sigset_t blocked = action.sa_mask;
	int error = errno;

	/* One that the kernel forces cannot be ignored. */
	if (!(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	if (!(action.sa_flags & SA_SIGINFO) &&
	    (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)) {
		end_by(number);
		return;
	}
	if (!(action.sa_flags & SA_NODEFER))
		sigaddset(&blocked, number);
	if (action.sa_flags & SA_RESETHAND)
		before = (struct sigaction){ .sa_handler = SIG_DFL };
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(number, info, frame);
	else
		action.sa_handler(number);
	errno = error;
}

static void run_handler(struct ebb_event *event, const ucontext_t *frame)
{
	int error = errno;

	ebb_self.address = interrupted(frame);
	atomic_fetch_add(&event->delivered, 1);
	ebb_self.handler(event, ebb_self.context);
	errno = error;
}

/*
 * Up to the mark that it is busy, the way is short and calls nothing of another library: its own
 * page faults and instructions are events too, and would nest.
 */
static void branch(struct ebb_event *event, const ucontext_t *frame)
{
	if (atomic_exchange(&ebb_self.busy, true)) {
		atomic_fetch_add(&event->held, 1);
		return;
	}
	if (atomic_load(&ebb_self.enabled)) {
		run_handler(event, frame);
	} else {
		atomic_store(&ebb_self.pending, event);
		atomic_fetch_add(&event->missed, 1);
	}
	atomic_store(&ebb_self.busy, false);
}

static void on_trap(int number, siginfo_t *info, void *frame)
{
	struct ebb_event *event;

	if (!is_ours(info, &event))
		pass_on(number, info, frame);
	else if (event)
		branch(event, frame);
}

int ebb_machine_prepare(void)
{
	struct sigaction trap = { .sa_sigaction = on_trap,
				  .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART };

	/* One may come as soon as it is taken, and be passed on. */
	sigaction(SIGTRAP, NULL, &before);
	sigaction(SIGTRAP, &trap, NULL);
	return 0;
}

void ebb_machine_start(struct ebb_event *leader)
{
	(void)leader;
}

void ebb_machine_set_handler(int save)
{
	sigset_t trap;

	(void)save;
	sigemptyset(&trap);
	sigaddset(&trap, SIGTRAP);
	pthread_sigmask(SIG_UNBLOCK, &trap, NULL);
}

/* The one that was kept is a branch, and so it was not missed. */
static void deliver_pending(void)
{
	struct ebb_event *event = atomic_exchange(&ebb_self.pending, NULL);

	if (!event)
		return;
	atomic_fetch_sub(&event->missed, 1);
	if (ebb_machine_trigger(event) < 0)
		atomic_fetch_add(&event->missed, 1);
}

void ebb_machine_enable(void)
{
	atomic_store(&ebb_self.enabled, true);
	/* From the handler it would come as held. */
	if (!atomic_load(&ebb_self.busy))
		deliver_pending();
}

void ebb_machine_disable(void)
{
	atomic_store(&ebb_self.enabled, false);
}

void ebb_machine_rearm(void)
{
	atomic_store(&ebb_self.busy, false);
}

/* The signal that the kernel would send. A signal of one's own comes before its system call
 * returns. */
int ebb_machine_trigger(struct ebb_event *event)
{
	struct perf_info perf = { .data = event->data };
	siginfo_t info = { .si_signo = SIGTRAP, .si_code = TRAP_PERF };
	sigset_t blocked;

	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	if (sigismember(&blocked, SIGTRAP))
		return ebb_fail(EINVAL, "SIGTRAP is blocked, by which this machine branches: "
					"unblock it");
	memcpy(&info.si_addr, &perf, sizeof perf);
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGTRAP, &info) < 0)
		return ebb_fail(errno, "no signal can be queued: raise the limit (ulimit -i)");
	return 0;
}
