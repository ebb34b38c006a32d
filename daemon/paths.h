#pragma once
/* Tells the fabric what daemon/net knows of the ways to its switches. Loop thread only. */
#include <stdint.h>

struct loop;
struct fabric;
struct paths;

/* changed: something was told to the fabric, which wants to be advanced. 0 or negative errno;
 * -EPROTONOSUPPORT: there is no rtnetlink here. */
__attribute__((warn_unused_result)) int paths_new(struct loop *loop, void (*changed)(void *userdata),
                                                  void *userdata, struct paths **ret_paths);
void paths_free(struct paths *paths);
/* Switches, or their addresses, may be others than before. */
void paths_mark(struct paths *paths);
/* At the end of a turn, before the fabric is advanced. */
void paths_tell(struct paths *paths, struct fabric *fabric, int64_t now_us);
