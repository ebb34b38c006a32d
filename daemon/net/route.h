#pragma once
/* One question to the kernel: by which interface and next hop is an address reached? */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_sock;

struct net_address {
    int family; /* AF_INET or AF_INET6 */
    uint8_t bytes[16];
};

struct net_route {
    int interface;
    bool has_gateway;
    struct net_address gateway;
};

/* "10.0.0.2:5025", "[fd00::2]:5025"; the port is left out. 0 or -EINVAL. */
__attribute__((warn_unused_result)) int net_address_parse(const char *text, struct net_address *ret_address);
size_t net_address_length(const struct net_address *address);
/* 0, -EHOSTUNREACH (no route) or -EAGAIN (no answer). */
__attribute__((warn_unused_result)) int net_route_get(struct nl_sock *sock, const struct net_address *to,
                                                      struct net_route *ret_route);
