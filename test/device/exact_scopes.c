/* SPDX-License-Identifier: BSD-2-Clause */

/* Whose events are counted. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact.h"
#include "work.h"

/* A child on a CPU that does its loop when told to. Returns its end of the pipe. */
static int start_looper(int cpu, uint64_t instructions, pid_t *ret_pid)
{
	int go[2];
	char byte;

	if (pipe(go) < 0)
		fail("pipe: %s", strerror(errno));
	*ret_pid = fork();
	if (*ret_pid == 0) {
		pin(cpu);
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			loop(instructions);
		_exit(0);
	}
	close(go[0]);
	return go[1];
}

/* Counts while a loop of 2 * 10^7 runs on CPU 0 and one of 4 * 10^7 on CPU 1. */
static int64_t count_two(unsigned event)
{
	int64_t count = 0;
	pid_t pid[2];
	int go[2];

	expect("PMIOSETUP", 0, set_up(node, 0, (unsigned char)event, PMCF_USR));
	go[0] = start_looper(0, 20000000, &pid[0]);
	go[1] = start_looper(1, 40000000, &pid[1]);
	/* They have reached their read. */
	usleep(200000);
	expect("PMIOSTART", 0, start(node, 0));
	/* One after the other: an emulator's counters take in what another CPU does meanwhile. */
	for (int i = 0; i < 2; i++) {
		if (write(go[i], "g", 1) != 1)
			fail("a child is gone");
		waitpid(pid[i], NULL, 0);
	}
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count));
	close(go[0]);
	close(go[1]);
	return count;
}

/* Others run little meanwhile: what they add is less than one part in fifty. */
static void judge_two(int64_t count, int64_t wanted, const char *name)
{
	printf("# %lld, of which the loops are %lld\n", (long long)count, (long long)wanted);
	result(count >= wanted && count < wanted + wanted / 50, name);
}

void check_both_cpus(char **argument)
{
	judge_two(count_two(number(argument[0])), 60000000, "two pinned loops: their sum");
}

void check_one_cpu(char **argument)
{
	unsigned cpu = number(argument[1]);

	judge_two(count_two(number(argument[0])), cpu ? 40000000 : 20000000,
		  "two pinned loops: that of the scope's CPU");
}

/* Work in units, so many that each bit of the count tells of one thread or process. */
static bool by_loop;

static void work(unsigned units)
{
	if (by_loop)
		loop(units * UINT64_C(1000000));
	else
		burn(units * 40);
}

static pthread_barrier_t barrier;

static void *early_thread(void *argument)
{
	(void)argument;
	pthread_barrier_wait(&barrier);
	work(1);
	return NULL;
}

static void *late_thread(void *argument)
{
	(void)argument;
	work(2);
	return NULL;
}

/* 4 in a child, 8 in a child of it that has ended. */
static pid_t start_family(void)
{
	pid_t child = fork();

	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			work(8);
			_exit(0);
		}
		waitpid(grandchild, NULL, 0);
		work(4);
		_exit(0);
	}
	return child;
}

/* A child from before SETUP, which is no part of what the opener starts later. */
static pid_t start_stranger(int *ret_go)
{
	pid_t pid;
	int go[2];
	char byte;

	if (pipe(go) < 0)
		fail("pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			work(32);
		_exit(0);
	}
	close(go[0]);
	*ret_go = go[1];
	return pid;
}

static int64_t clock_mhz(void)
{
	struct pmc_tstamp stamp;

	if (ioctl(node, PMIOTSTAMP, &stamp) < 0)
		fail("PMIOTSTAMP: %s", strerror(errno));
	return stamp.pmct_rate;
}

/* What the opener's scope counts of a whole family. */
static int64_t count_family(void)
{
	int64_t count = 0;
	pthread_t early;
	pthread_t late;
	pid_t stranger;
	pid_t child;
	int go;

	pthread_barrier_init(&barrier, NULL, 2);
	stranger = start_stranger(&go);
	if (pthread_create(&early, NULL, early_thread, NULL))
		fail("no thread");
	expect("PMIOSETUP", 0,
	       set_up(node, 0, by_loop ? PMC6_INST_RETIRED : PMC6_CPU_CLK_UNHALTED,
		      by_loop ? PMCF_USR : BOTH));
	expect("PMIOSTART", 0, start(node, 0));
	/* One after the other, as above; all but the late ones are there from the beginning. */
	pthread_barrier_wait(&barrier);
	pthread_join(early, NULL);
	if (write(go, "g", 1) != 1)
		fail("the stranger is gone");
	close(go);
	waitpid(stranger, NULL, 0);
	if (pthread_create(&late, NULL, late_thread, NULL))
		fail("no thread");
	pthread_join(late, NULL);
	child = start_family();
	waitpid(child, NULL, 0);
	work(16);
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count));
	pthread_barrier_destroy(&barrier);
	return count;
}

/*
 * The clock of a thread's time has no interrupts and no stolen time in it, the one that is counted
 * has: on a machine that is busy the first try can be above.
 */
void check_family(char **argument)
{
	int tries = 15;
	bool good;

	by_loop = strcmp(argument[0], "loop") == 0;
	do {
		int64_t unit = by_loop ? 1000000 : clock_mhz() * 40000;
		int64_t count = count_family();

		printf("# %lld, %.3f of 31 units\n", (long long)count,
		       (double)count / (double)unit);
		good = count >= 31 * unit && count < 32 * unit;
	} while (!good && !by_loop && --tries > 0);
	result(good, "threads and children, earlier, later and gone: each once");
}

static void switch_cpu(bool online)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);

	if (fd < 0 || write(fd, online ? "1" : "0", 1) != 1)
		fail("CPU 1 cannot be switched: %s", strerror(errno));
	close(fd);
}

/* A loop of 10^7 on CPU 1, by a child, as the caller may be moved off. */
static void loop_on_cpu1(void)
{
	pid_t pid;
	int go = start_looper(1, 10000000, &pid);

	if (write(go, "g", 1) != 1)
		fail("a child is gone");
	waitpid(pid, NULL, 0);
	close(go);
}

void check_hotplug(char **argument)
{
	int64_t count[4] = { 0 };

	pin(0);
	expect("PMIOSETUP", 0, set_up(node, 0, (unsigned char)number(argument[0]), PMCF_USR));
	expect("PMIOSTART", 0, start(node, 0));
	loop_on_cpu1();
	switch_cpu(false);
	expect("PMIOREAD", 0, read_count(node, 0, &count[0]));
	loop(10000000);
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count[1]));
	expect("PMIOSTART on one CPU", 0, start(node, 0));
	loop(10000000);
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count[2]));
	switch_cpu(true);
	expect("PMIOSTART on two CPUs", 0, start(node, 0));
	loop_on_cpu1();
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count[3]));
	printf("# %lld %lld %lld %lld\n", (long long)count[0], (long long)count[1],
	       (long long)count[2], (long long)count[3]);
	result(count[0] >= 10000000, "a CPU that goes offline keeps its share");
	result(count[1] >= 20000000 && count[1] < 30000000, "the others go on");
	result(count[2] - count[1] >= 10000000 && count[2] - count[1] < 20000000,
	       "START without it");
	result(count[3] - count[2] >= 10000000, "one that comes is counted from the next START");
}

static void *waiting_thread(void *argument)
{
	(void)argument;
	pause();
	return NULL;
}

void check_ask(char **argument)
{
	int64_t count;
	pthread_t thread;

	for (unsigned i = 1; i < number(argument[2]); i++)
		if (pthread_create(&thread, NULL, waiting_thread, NULL))
			fail("no thread");
	expect("PMIOSETUP", 0,
	       set_up(node, 0, (unsigned char)number(argument[0]),
		      (unsigned char)number(argument[1])));
	expect("PMIOSTART", 0, start(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count));
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count));
	expect("PMIORESET", 0, reset(node, 0));
	result(true, "six requests");
}
