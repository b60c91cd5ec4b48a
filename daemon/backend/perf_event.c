/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "thread_event.h"

static const char *event_label(const struct event *event, char *label, size_t size)
{
	snprintf(label, size, "event 0x%02x%s%s", SELECT_EVENT(event->select),
		 event->name ? " " : "", event->name ? event->name : "");
	return label;
}

/* Logs why perf_event_open(2) refused, and gives the errno that the client gets. */
static int refuse(const struct event *event, const struct perf_target *target, int error)
{
	char label[64];
	char where[32];

	event_label(event, label, sizeof label);
	if (target->cpu >= 0)
		snprintf(where, sizeof where, "CPU %d", target->cpu);
	else
		snprintf(where, sizeof where, "this machine");
	switch (error) {
	case ENODEV:
		log_error("PMIOSETUP: %s: %s is offline; bring it online (echo 1 into its file "
			  "online in /sys/devices/system/cpu), or set the counter up again",
			  label, where);
		return -EAGAIN;
	case ENOENT:
	case EOPNOTSUPP:
		if (target->pmu && target->cpu < 0)
			log_info("PMIOSETUP: %s: on several kinds of core this kernel has no %s "
				 "for a thread (Linux 6.6 has them on Arm); --scope system may do",
				 label, event->counted);
		else
			log_info("PMIOSETUP: %s: %s has no hardware counter for %s (%s); a virtual "
				 "machine has none unless its host lends it a PMU",
				 label, where, event->counted, strerrorname_np(error));
		return -EOPNOTSUPP;
	case EINVAL:
		log_info("PMIOSETUP: %s: the PMU of %s takes no such event or flags: %s; try it "
			 "without unit mask, counter mask and flags",
			 label, where, event->counted);
		return -EOPNOTSUPP;
	case ENOSYS:
		log_info("PMIOSETUP: %s: this kernel has no perf_event_open(2): run one with "
			 "CONFIG_PERF_EVENTS",
			 label);
		return -EOPNOTSUPP;
	case EACCES:
	case EPERM:
		log_error("PMIOSETUP: %s: the kernel forbids perf events (%s): perfmond needs "
			  "CAP_PERFMON, or CAP_SYS_ADMIN where kernel.perf_event_paranoid is 3%s",
			  label, strerrorname_np(error),
			  target->thread >= 0 && event->kernel ? "; PMCF_USR alone takes less"
							       : "");
		return -EACCES;
	case EAGAIN:
		log_error("PMIOSETUP: %s: a thread was starting another program; set the counter "
			  "up again",
			  label);
		return -EAGAIN;
	case EMFILE:
	case ENFILE:
		log_error("PMIOSETUP: %s: %s; raise the limit of open files (ulimit -n, "
			  "LimitNOFILE=)",
			  label, strerror(error));
		return -error;
	default:
		log_error("PMIOSETUP: %s on %s: %s", label, where, strerror(error));
		return -error;
	}
}

/*
 * Arm's PMU lets a program read an event's counter by itself where the event asks for it, bit 1 of
 * config1, and the sysctl kernel.perf_user_access says so (Linux 5.17, admin-guide/perf/arm_pmu).
 */
static uint64_t user_access(const struct event *event, unsigned term,
			    const struct perf_target *target)
{
#ifdef __aarch64__
	return target->alone && event->term[term].type != PERF_TYPE_SOFTWARE ? 2 : 0;
#else
	(void)event;
	(void)term;
	(void)target;
	return 0;
#endif
}

/*
 * Neither user nor kernel mode means that nothing is counted, but the event is tried as for both:
 * one that this machine lacks is refused in any case.
 *
 * A pinned event loses the counts of those that inherit it, without a word; so an inherited one is
 * not pinned, and tells by its times whether it was on the PMU.
 *
 * The task clock runs in all modes, whichever are excluded, and without the kernel's it takes no
 * right.
 */
static struct perf_event_attr attributes(const struct event *event, unsigned term,
					 const struct perf_target *target)
{
	bool both = event->user == event->kernel;
	bool clock = event->kind == EVENT_TASK_CLOCK;

	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.type = event->term[term].type,
		.config = event->term[term].config,
		.disabled = 1,
		.config1 = user_access(event, term, target),
		.pinned = target->thread < 0 || target->alone,
		.inherit = target->thread >= 0 && !target->alone,
		.exclude_user = !both && !event->user,
		.exclude_kernel = clock || (!both && !event->kernel),
		.exclude_hv = !both,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
}

static bool is_generic(const struct perf_event_attr *attr)
{
	return attr->type == PERF_TYPE_HARDWARE || attr->type == PERF_TYPE_HW_CACHE;
}

/* Names the PMU: in the upper half of a generic event's config, else by its type (Linux 5.13). */
static void choose_pmu(struct perf_event_attr *attr, const struct core_pmu *pmu)
{
	if (!pmu)
		return;
	if (is_generic(attr))
		attr->config |= (uint64_t)pmu->type << PERF_PMU_TYPE_SHIFT;
	else if (attr->type == PERF_TYPE_RAW)
		attr->type = pmu->type;
}

static long try_open(struct perf_event_attr *attr, const struct perf_target *target)
{
	if (target->thread >= 0)
		return thread_event_open(attr, target->thread, -1);
	return syscall(SYS_perf_event_open, attr, -1, target->cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int perf_event_open(const struct event *event, unsigned term, const struct perf_target *target)
{
	struct perf_event_attr attr = attributes(event, term, target);
	long fd;

	choose_pmu(&attr, target->pmu);
	fd = try_open(&attr, target);
	/* Arm's kernels before 6.6 take no PMU there, but find the one that the CPU has. */
	if (fd < 0 && errno == ENOENT && target->pmu && target->cpu >= 0 && is_generic(&attr)) {
		attr.config = event->term[term].config;
		fd = try_open(&attr, target);
	}
	if (fd >= 0)
		return (int)fd;
	return errno == ESRCH ? -ESRCH : refuse(event, target, errno);
}

int perf_event_read(int fd, struct perf_reading *ret_reading)
{
	ssize_t size = read(fd, ret_reading, sizeof *ret_reading);

	if (size < 0)
		return -errno;
	return size == sizeof *ret_reading ? 0 : -EAGAIN;
}
