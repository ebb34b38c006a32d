#pragma once
/* Named places at which a test may kill the process: before and after each durable step and each device
 * command. They exist only with -Dfault_points=true; the environment variable HELIOSTAT_KILL_AT=NAME:N ends
 * the process, as SIGKILL does, when the place is passed for the N-th time. Any thread. */
#ifdef HELIOSTAT_FAULT_POINTS
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif
