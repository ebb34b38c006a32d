#include "daemon/net/net.h"
#include "daemon/net/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define RECEIVE_BUFFER (1 << 20)
#define ANSWER_TIMEOUT_S 1 /* the kernel answers at once: a lost answer must not stop the daemon */
#define NEEDED_FLAGS (IFF_UP | IFF_RUNNING | IFF_LOWER_UP)

struct interface {
    struct interface *next;
    int index;
    bool is_up;
    char name[IFNAMSIZ];
};

struct entry {
    struct entry *next;
    struct net_address address;
    struct net_route route; /* interface 0: none */
    bool neighbour_failed;
    struct net_path path;
};

struct net_watch {
    struct nl_sock *events, *queries;
    struct interface *interfaces;
    struct entry *entries;
    bool routes_are_old, interfaces_are_old, has_changed;
};

static const struct interface *find_interface(const struct net_watch *watch, int index) {
    for (const struct interface *interface = watch->interfaces; interface; interface = interface->next)
        if (interface->index == index)
            return interface;
    return NULL;
}

static void lose(struct net_watch *watch, struct entry *entry, const char *format, const char *name) {
    if (!entry->path.is_up)
        return;
    entry->path.is_up = false;
    entry->path.losses++;
    snprintf(entry->path.text, sizeof(entry->path.text), format, name);
    watch->has_changed = true;
}

static int open_socket(struct nl_sock **ret_sock) {
    *ret_sock = nl_socket_alloc();
    if (!*ret_sock)
        return -ENOMEM;
    int r = nl_connect(*ret_sock, NETLINK_ROUTE);
    return r < 0 ? -EPROTONOSUPPORT : 0;
}

static int open_queries(struct nl_sock **ret_sock) {
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    int r = open_socket(ret_sock);
    if (r == 0 &&
        setsockopt(nl_socket_get_fd(*ret_sock), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
        r = -errno;
    return r;
}

/* After a query without an answer: the answer may still come, and would be taken for that of the next. */
static void renew_queries(struct net_watch *watch) {
    struct nl_sock *sock = NULL;
    if (open_queries(&sock) < 0) {
        nl_socket_free(sock);
        return;
    }
    nl_socket_free(watch->queries);
    watch->queries = sock;
}

/* Asks for the route anew, and judges it. A way that leads over another interface than before is no loss as
 * long as the interface before has carrier: connections outlive it. */
static void look_up(struct net_watch *watch, struct entry *entry) {
    struct net_route route;
    char text[INET6_ADDRSTRLEN] = "";
    int r = net_route_get(watch->queries, &entry->address, &route);
    const struct interface *interface = r == 0 ? find_interface(watch, route.interface) : NULL;
    if (r == -EAGAIN) { /* the kernel gave no answer: what was known stands */
        renew_queries(watch);
        return;
    }
    entry->route = r == 0 ? route : (struct net_route){0};
    if (interface && interface->is_up) {
        if (!entry->path.is_up) {
            entry->path.is_up = true;
            entry->path.returns++;
            watch->has_changed = true;
        }
        return;
    }
    inet_ntop(entry->address.family, entry->address.bytes, text, sizeof(text));
    if (interface)
        lose(watch, entry, "%s has no carrier", interface->name);
    else
        lose(watch, entry, "no route to %s", text);
}

static void take_link(struct net_watch *watch, struct rtnl_link *link, bool is_gone) {
    int index = rtnl_link_get_ifindex(link);
    if (rtnl_link_get_family(link) == AF_BRIDGE)
        return; /* about a bridge's port, not about the interface */
    bool is_up = !is_gone && (rtnl_link_get_flags(link) & NEEDED_FLAGS) == NEEDED_FLAGS;
    struct interface **at = &watch->interfaces;
    while (*at && (*at)->index != index)
        at = &(*at)->next;
    if (!*at) {
        if (is_gone || !(*at = calloc(1, sizeof(**at))))
            return;
        (*at)->index = index;
    }
    struct interface *interface = *at;
    if (rtnl_link_get_name(link))
        snprintf(interface->name, sizeof(interface->name), "%s", rtnl_link_get_name(link));
    if (interface->is_up != is_up)
        watch->routes_are_old = true;
    interface->is_up = is_up;
    for (struct entry *entry = is_up ? NULL : watch->entries; entry; entry = entry->next)
        if (entry->route.interface == index)
            lose(watch, entry, is_gone ? "%s is gone" : "%s has no carrier", interface->name);
    if (is_gone) {
        *at = interface->next;
        free(interface);
    }
}

/* The next hop, or the switch itself, does not answer: the session ends, but new ones are tried, or nothing
 * would ever ask for the neighbour again. */
static void take_neighbour(struct net_watch *watch, struct rtnl_neigh *neighbour) {
    struct nl_addr *address = rtnl_neigh_get_dst(neighbour);
    int state = rtnl_neigh_get_state(neighbour);
    if (!address)
        return;
    for (struct entry *entry = watch->entries; entry; entry = entry->next) {
        const struct net_address *hop = entry->route.has_gateway ? &entry->route.gateway : &entry->address;
        if (entry->route.interface != rtnl_neigh_get_ifindex(neighbour) ||
            nl_addr_get_family(address) != hop->family ||
            nl_addr_get_len(address) != net_address_length(hop) ||
            memcmp(nl_addr_get_binary_addr(address), hop->bytes, net_address_length(hop)) != 0)
            continue;
        if ((state & NUD_FAILED) && !entry->neighbour_failed) {
            char text[INET6_ADDRSTRLEN] = "";
            entry->neighbour_failed = true;
            inet_ntop(hop->family, hop->bytes, text, sizeof(text));
            lose(watch, entry, "neighbour %s does not answer", text);
            watch->routes_are_old = true;
        } else if ((state & (NUD_REACHABLE | NUD_PERMANENT)) && entry->neighbour_failed) {
            entry->neighbour_failed = false;
            entry->path.returns++;
            watch->has_changed = true;
        }
    }
}

static void take_object(struct nl_object *object, void *userdata) {
    struct net_watch *watch = userdata;
    int type = nl_object_get_msgtype(object);
    if (type == RTM_NEWLINK || type == RTM_DELLINK)
        take_link(watch, (struct rtnl_link *)object, type == RTM_DELLINK);
    else if (type == RTM_NEWNEIGH)
        take_neighbour(watch, (struct rtnl_neigh *)object);
}

static int on_message(struct nl_msg *message, void *userdata) {
    struct net_watch *watch = userdata;
    int type = nlmsg_hdr(message)->nlmsg_type;
    if (type == RTM_NEWROUTE || type == RTM_DELROUTE)
        watch->routes_are_old =
            true; /* a full routing table is not kept here: only what it says about switches */
    else
        nl_msg_parse(message, take_object, watch);
    return NL_OK;
}

/* Every interface, after a start and after events were dropped. */
static int read_interfaces(struct net_watch *watch) {
    struct nl_cache *cache;
    if (rtnl_link_alloc_cache(watch->queries, AF_UNSPEC, &cache) < 0) {
        renew_queries(watch);
        return -EIO;
    }
    watch->interfaces_are_old = false;
    for (struct interface *interface = watch->interfaces; interface; interface = interface->next) {
        struct rtnl_link *link = rtnl_link_get(cache, interface->index);
        if (!link)
            interface->is_up = false;
        else
            rtnl_link_put(link);
    }
    for (struct nl_object *object = nl_cache_get_first(cache); object; object = nl_cache_get_next(object))
        take_link(watch, (struct rtnl_link *)object, false);
    nl_cache_free(cache);
    watch->routes_are_old = true;
    return 0;
}

int net_watch_new(struct net_watch **ret_watch) {
    struct net_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return -ENOMEM;
    int r = open_socket(&watch->events);
    if (r == 0)
        r = open_queries(&watch->queries);
    if (r == 0) {
        nl_socket_disable_seq_check(watch->events);
        nl_socket_modify_cb(watch->events, NL_CB_VALID, NL_CB_CUSTOM, on_message, watch);
        if (nl_socket_add_memberships(watch->events, RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE,
                                      RTNLGRP_IPV6_ROUTE, RTNLGRP_NONE) < 0 ||
            nl_socket_set_nonblocking(watch->events) < 0)
            r = -EPROTONOSUPPORT;
        nl_socket_set_buffer_size(watch->events, RECEIVE_BUFFER, 0);
    }
    if (r == 0)
        r = read_interfaces(watch);
    if (r < 0) {
        net_watch_free(watch);
        return r;
    }
    *ret_watch = watch;
    return 0;
}

void net_watch_free(struct net_watch *watch) {
    if (!watch)
        return;
    nl_socket_free(watch->events);
    nl_socket_free(watch->queries);
    while (watch->interfaces) {
        struct interface *interface = watch->interfaces;
        watch->interfaces = interface->next;
        free(interface);
    }
    while (watch->entries) {
        struct entry *entry = watch->entries;
        watch->entries = entry->next;
        free(entry);
    }
    free(watch);
}

int net_watch_fd(const struct net_watch *watch) {
    return nl_socket_get_fd(watch->events);
}

bool net_watch_dispatch(struct net_watch *watch) {
    int r;
    do
        r = nl_recvmsgs_default(watch->events);
    while (r == 0);
    if (r == -NLE_NOMEM) /* events were dropped (ENOBUFS) */
        watch->interfaces_are_old = true;
    if (watch->interfaces_are_old)
        (void)!read_interfaces(watch);
    if (watch->routes_are_old) {
        watch->routes_are_old = false;
        for (struct entry *entry = watch->entries; entry; entry = entry->next)
            look_up(watch, entry);
    }
    bool has_changed = watch->has_changed;
    watch->has_changed = false;
    return has_changed;
}

const struct net_path *net_watch_path(struct net_watch *watch, const char *text) {
    struct net_address address;
    if (net_address_parse(text, &address) < 0)
        return NULL;
    for (struct entry *entry = watch->entries; entry; entry = entry->next)
        if (memcmp(&entry->address, &address, sizeof(address)) == 0)
            return &entry->path;
    struct entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    entry->address = address;
    entry->path.is_up = true; /* until the kernel says otherwise */
    entry->next = watch->entries;
    watch->entries = entry;
    look_up(watch, entry);
    watch->has_changed = false;
    return &entry->path;
}
