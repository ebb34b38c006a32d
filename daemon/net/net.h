#pragma once
/* The ways by which switches are reached, as the kernel sees them (rtnetlink): interfaces, neighbours,
 * routes. Loop thread only. The socket does not block; a route look-up is answered by the kernel before the
 * call returns. */
#include <stdbool.h>
#include <stdint.h>

struct net_watch;

#define NET_TEXT_MAX 120

/* What is known of the way to one address. The counters only grow, so that no outage between two looks is
 * missed. */
struct net_path {
    bool is_up;              /* the interface that the route names has carrier */
    uint32_t losses;         /* times that the way was lost */
    uint32_t returns;        /* times that it came back, or that a neighbour answers again */
    char text[NET_TEXT_MAX]; /* why it was lost last: "eth1 has no carrier"; "" for never */
};

/* 0 or negative errno: without rtnetlink nothing is watched. */
__attribute__((warn_unused_result)) int net_watch_new(struct net_watch **ret_watch);
void net_watch_free(struct net_watch *watch);
/* Readable when net_watch_dispatch() has something to do. */
int net_watch_fd(const struct net_watch *watch);
/* Takes in what the kernel said. True when a way that was asked for changed. */
bool net_watch_dispatch(struct net_watch *watch);
/* address: "10.0.0.2:5025" or "[fd00::2]:5025". Watched from the first call on. NULL when it is no address,
 * or without memory; valid until the next call. */
const struct net_path *net_watch_path(struct net_watch *watch, const char *address);
