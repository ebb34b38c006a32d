#pragma once
/* `heliosim ctl`: one request to the control socket. Returns the exit status: 0 done, 1 failed, 2 usage. */
int sim_ctl(int argc, char **argv);
