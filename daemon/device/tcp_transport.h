#pragma once
/* The real transport of a switch session: non-blocking TCP on the loop. */
#include <stdint.h>

struct device;
struct event_base;
struct device_tcp;

/* Sets itself as the device's transport. now_us() is the loop's clock. The device must be freed first. */
__attribute__((warn_unused_result)) int device_tcp_new(struct event_base *base, struct device *device,
                                                       int64_t (*now_us)(void), struct device_tcp **ret_tcp);
void device_tcp_free(struct device_tcp *tcp);
