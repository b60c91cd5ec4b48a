/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_EBB_INTERNAL_H
#define PERFMON_EBB_INTERNAL_H

#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <perfmon/ext.h>
#include <stdatomic.h>
#include <stdbool.h>

#define EVENTS_MAX 256

/*
 * Slots of a table, never freed: a signal of an event may come, or its handler run, while another
 * thread closes it. What a handler writes is atomic, as a second overflow may interrupt it.
 */
struct ebb_event {
	atomic_bool claimed;
	atomic_uint generation; /* odd while open */
	int fd;
	int connection; /* to perfmond, which has the event open as long; -1: it has not opened it
			 */
	uint64_t data;  /* attr.sig_data, by which a signal tells its event */
	pid_t thread;
	uint32_t type;
	uint64_t config;
	uint32_t period;
	bool enabled;
	struct ebb_event *leader; /* itself, or the group's */
	struct ebb_event *next;   /* of the group */
	atomic_ullong delivered;
	atomic_ullong held;
	atomic_ullong missed;
};

/* What POWER has in BESCR, EBBHR and EBBRR, and the library in addition. */
struct ebb_thread {
	ebb_handler_t handler;
	void *context;
	atomic_bool enabled;               /* GE, but for the time that the handler runs */
	atomic_bool busy;                  /* the handler runs */
	uintptr_t address;                 /* EBBRR */
	struct ebb_event *_Atomic pending; /* overflowed while disabled */
	struct ebb_event *active;          /* the leader that is on the PMU (POWER has one) */
	const char *error;
};

/* No allocation at the first access in a handler. */
extern _Thread_local struct ebb_thread ebb_self __attribute__((tls_model("initial-exec")));

/* Notes the words for ebb_error(), and gives -error. */
int ebb_fail(int error, const char *text);

/* rules.c: -EINVAL, -E2BIG by attr->size, which is 0 or that of the program's own header. */
int ebb_copy_attr(const struct perf_event_attr *attr, struct perf_event_attr *ret_attr);

/*
 * rules.c: -EINVAL where attributes and period are not those of an EBB event of POWER's kernel; not
 * those of a leader, or of a member; of a member of this leader on that thread.
 */
int ebb_check_rules(const struct perf_event_attr *attr, uint64_t period);
int ebb_check_role(const struct perf_event_attr *attr, bool leads);
int ebb_check_group(const struct perf_event_attr *attr, const struct ebb_event *leader,
		    pid_t thread);

/* event.c: the machine's own preparation, once. -ENOSYS and others. */
int ebb_prepare(void);

/* slots.c: a free slot, to be given back by ebb_slot_free(); or NULL. */
struct ebb_event *ebb_slot_claim(void);

/* slots.c: a claimed slot is an open event from here on, whose signals are taken. */
void ebb_slot_show(struct ebb_event *event);

/* slots.c: closes the descriptors of an open event, or none of a claimed slot, and frees it. */
void ebb_slot_free(struct ebb_event *event);

/* slots.c: the open event of attr.sig_data, of a descriptor; or NULL. */
struct ebb_event *ebb_slot_by_data(uint64_t data);
struct ebb_event *ebb_slot_by_descriptor(int fd);

/* slots.c: the one breakpoint that is enabled on a thread; NULL where there is none, or several. */
struct ebb_event *ebb_slot_of_breakpoint(pid_t thread);

/* slots.c: a forked child has none. */
void ebb_slots_forget(void);

/* slots.c: the sig_data of an event that this process opens. */
uint64_t ebb_slot_data(const struct ebb_event *event);

/* The upper 16 bits of sig_data: of an event of slots.c, and of one that perfmond opened. */
#define EBB_MARK_SHIFT 48
#define EBB_MARK_OWN   UINT64_C(0x0ebb)
#define EBB_MARK_TOKEN UINT64_C(0x0ebd)

/*
 * device.c: by perfmond. Opens an event for the process of a thread (0: this one); takes it, with
 * its connection; what a legacy event is. Errors: with words for ebb_error().
 */
int ebb_device_offer(const struct perf_event_attr *attr, uint32_t period, uint64_t leader,
		     pid_t thread, uint64_t *ret_token);
int ebb_device_take(uint64_t token, int *ret_fd, int *ret_connection,
		    struct perfmon_taken *ret_taken);

/* open.c: perf_event_open(2) of an event's slot, by perfmond where the kernel forbids it. */
int ebb_open(struct ebb_event *event, const struct perf_event_attr *attr);

/*
 * How this machine branches: signal.c, power.c or none.c. Each is called by the thread that it is
 * about, but for the first three.
 */
int ebb_machine_prepare(void); /* once for the process; -ENOSYS */
int ebb_machine_check(struct perf_event_attr *attr,
		      uint64_t period); /* may complete type, config */
void ebb_machine_complete(const struct ebb_event *event, struct perf_event_attr *attr);
/* The kernel took no event as it was completed: a descriptor of it in another way, or -1, errno. */
int ebb_machine_open_otherwise(const struct ebb_event *event, struct perf_event_attr *attr,
			       int group);
/* signal_event.c: whether this kernel had to be asked in that way. */
bool ebb_signals_by_descriptor(void);
void ebb_machine_start(struct ebb_event *leader); /* it is on the PMU */
void ebb_machine_set_handler(int save);
void ebb_machine_enable(void);
void ebb_machine_disable(void);
void ebb_machine_rearm(void);
int ebb_machine_trigger(struct ebb_event *event); /* -EBUSY, -EINVAL, -EAGAIN */

#endif
