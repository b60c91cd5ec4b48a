/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/device.h"

#include <errno.h>

#include "device/counter.h"
#include "device/request.h"
#include "device/users.h"

static int open_device(struct device *device, bool write)
{
	if (device->rules.set == EVENT_SET_NATIVE && !device->backend->source.native)
		return -ENXIO;
	return write && device->has_writer ? -EBUSY : 0;
}

int device_open(struct device *device, bool write, const struct caller *caller)
{
	uint64_t begin = trace_begin(device->trace);
	int result = open_device(device, write);

	if (result == 0)
		result = users_add(device, caller->user);
	if (result == 0 && write) {
		device->has_writer = true;
		device->writer = *caller;
	}
	trace_open(device->trace, caller, write, result, begin);
	return result;
}

void device_release(struct device *device, bool write, uint32_t user, const struct caller *caller)
{
	uint64_t begin = trace_begin(device->trace);

	if (write) {
		for (int i = 0; i < NPMC; i++)
			counter_release(device, i);
		device->has_writer = false;
	}
	users_remove(device, user);
	trace_release(device->trace, caller, write, begin);
}

static int serve(struct device *device, bool write, const struct request *request,
		 struct argument *argument)
{
	if (request->writes && !write)
		return -EPERM;
	return request->handle(device, argument);
}

int device_ioctl(struct device *device, bool write, uint32_t number, const void *argument,
		 size_t argument_size, void *reply, size_t *ret_size, const struct caller *caller)
{
	const struct request *request = request_find(number);
	uint64_t begin = trace_begin(device->trace);
	struct argument decoded;
	int result;

	if (!request) {
		trace_unknown(device->trace, caller, number, -ENOTTY, begin);
		return -ENOTTY;
	}
	/* The kernel copies what the number says; only a transport that is not it can bring less.
	 */
	if (request->takes && argument_size < request_size(request))
		return -EFAULT;
	request_decode(request, argument, &decoded);
	device->caller = *caller;
	device->backend->pass.skew = 0;
	result = serve(device, write, request, &decoded);
	/* Asked here because the call alone is a tenth of a PMIOREAD. */
	if (device->trace)
		trace_request(device->trace, caller, device, request, &decoded, result, begin);
	if (result < 0)
		return result;
	if (request->gives)
		request_encode(request, &decoded, reply);
	*ret_size = request->gives ? request_size(request) : 0;
	return 0;
}

void device_close(struct device *device)
{
	for (int i = 0; i < NPMC; i++)
		counter_release(device, i);
	users_free(device);
}
