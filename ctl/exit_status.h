#pragma once
/* What the exit status of helioctl says. */

enum ctl_exit {
    CTL_EXIT_DONE = 0,
    CTL_EXIT_FAILED = 1,
    CTL_EXIT_USAGE = 2,
    CTL_EXIT_NOT_FOUND = 3,
    CTL_EXIT_REFUSED = 4, /* for good */
    CTL_EXIT_UNREACHABLE = 5,
    CTL_EXIT_NOT_NOW = 6, /* try again later */
    CTL_EXIT_NOT_ALLOWED = 7,
    CTL_EXIT_NOT_REACHED = 65, /* accepted, but what --wait asked for was not reached in time */
};
