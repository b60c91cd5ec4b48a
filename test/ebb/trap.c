/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A SIGTRAP that is not a branch does what it would without the library, by the disposition that
 * stood before. That is kept once for a process, so each check is in a child.
 */

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source.h"
#include "tap.h"

static volatile sig_atomic_t seen;
static volatile sig_atomic_t wrong;
static volatile sig_atomic_t code;
static volatile unsigned calls;
static volatile bool by_instruction;
static sigjmp_buf after;

static void trap(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int3" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("brk #0" ::: "memory");
#else
	__asm__ volatile("trap" ::: "memory");
#endif
}

/* The mask of the disposition holds in it. */
static void look_at_mask(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	wrong += sigismember(&mask, SIGUSR1) != 1 || sigismember(&mask, SIGTRAP) != 1 ||
		 sigismember(&mask, SIGUSR2) != 0;
}

/* An instruction that traps would be run again on some processors. */
static void end_trap(void)
{
	seen++;
	look_at_mask();
	if (by_instruction)
		siglongjmp(after, 1);
}

static void on_plain(int number)
{
	wrong += number != SIGTRAP;
	end_trap();
}

static void on_info(int number, siginfo_t *info, void *context)
{
	wrong += number != SIGTRAP || info->si_signo != SIGTRAP || !context;
	code = info->si_code;
	end_trap();
}

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

static bool branches(const struct source *source)
{
	unsigned from = calls;

	source->overflow();
	return calls > from;
}

static void make_trap(bool instruction)
{
	by_instruction = instruction;
	if (!instruction)
		raise(SIGTRAP);
	else if (sigsetjmp(after, 1) == 0)
		trap();
}

/* In the child: 0 if the program goes on as it should. */
static int run(const struct source *source, const struct sigaction *action, bool instruction)
{
	struct rlimit none = { 0 };
	struct ebb_event *event;
	sigset_t mask;
	bool handled = action->sa_flags & SA_SIGINFO || action->sa_handler == on_plain;

	setrlimit(RLIMIT_CORE, &none);
	sigaction(SIGTRAP, action, NULL);
	if (ebb_set_handler(count, NULL, EBB_SAVE_VSR) < 0 ||
	    source_open(source, &event, NULL) < 0 || ebb_global_enable() < 0)
		return 1;
	if (!branches(source))
		return 2;
	make_trap(instruction);
	if (seen != handled || wrong)
		return 3;
	if (action->sa_flags & SA_SIGINFO && (code == SI_TKILL) == instruction)
		return 4;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	if (sigismember(&mask, SIGTRAP) || sigismember(&mask, SIGUSR1))
		return 5;
	if (!branches(source))
		return 6;
	/* It was for one signal. */
	if (action->sa_flags & (int)SA_RESETHAND)
		raise(SIGTRAP);
	return 0;
}

static void check(const struct source *source, const char *name, struct sigaction action,
		  bool instruction, int signal_number)
{
	char text[160];
	int status = -1;
	pid_t child;

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR1);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		alarm(100);
		_exit(run(source, &action, instruction));
	}
	waitpid(child, &status, 0);
	snprintf(text, sizeof text, "%s: %s, %s: %s", source->name, name,
		 instruction ? "an instruction that traps" : "raise(SIGTRAP)",
		 signal_number ? "the process ends by SIGTRAP" : "it goes on, and branches");
	if (WIFSIGNALED(status))
		printf("# signal %d\n", WTERMSIG(status));
	else
		printf("# exit %d\n", WEXITSTATUS(status));
	result(signal_number ? WIFSIGNALED(status) && WTERMSIG(status) == signal_number
			     : status == 0,
	       text);
}

/* The first source that is there: which one makes no difference to a signal. */
static const struct source *find_source(void)
{
	const struct source *source = sources;

	/* Not in this process: it would take the signal. */
	while (source->optional)
		source++;
	return source;
}

int main(void)
{
	const struct source *source = find_source();
	struct sigaction info = { .sa_sigaction = on_info, .sa_flags = SA_SIGINFO };
	struct sigaction plain = { .sa_handler = on_plain };
	struct sigaction once = { .sa_handler = on_plain, .sa_flags = (int)SA_RESETHAND };
	struct sigaction ignored = { .sa_handler = SIG_IGN };
	struct sigaction standard = { .sa_handler = SIG_DFL };

	check(source, "a handler with SA_SIGINFO", info, false, 0);
	check(source, "a handler with SA_SIGINFO", info, true, 0);
	check(source, "a plain handler", plain, false, 0);
	check(source, "a plain handler", plain, true, 0);
	check(source, "a handler with SA_RESETHAND, twice", once, false, SIGTRAP);
	check(source, "SIG_IGN", ignored, false, 0);
	check(source, "SIG_IGN", ignored, true, SIGTRAP);
	check(source, "SIG_DFL", standard, false, SIGTRAP);
	check(source, "SIG_DFL", standard, true, SIGTRAP);
	return tap_end();
}
