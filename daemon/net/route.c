#include "daemon/net/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

int net_address_parse(const char *text, struct net_address *ret_address) {
    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool has_brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (has_brackets)
        text++, len -= 2;
    if (len == 0 || len >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    struct net_address address = {.family = has_brackets ? AF_INET6 : AF_INET};
    if (inet_pton(address.family, host, address.bytes) != 1)
        return -EINVAL;
    *ret_address = address;
    return 0;
}

size_t net_address_length(const struct net_address *address) {
    return address->family == AF_INET6 ? 16 : 4;
}

static int on_route(struct nl_msg *message, void *userdata) {
    struct net_route *route = userdata;
    const struct rtmsg *header = nlmsg_data(nlmsg_hdr(message));
    struct nlattr *attribute[RTA_MAX + 1];
    if (nlmsg_parse(nlmsg_hdr(message), sizeof(*header), attribute, RTA_MAX, NULL) < 0)
        return NL_SKIP;
    if (attribute[RTA_OIF])
        route->interface = (int)nla_get_u32(attribute[RTA_OIF]);
    size_t length = header->rtm_family == AF_INET6 ? 16 : 4;
    if (attribute[RTA_GATEWAY] && (size_t)nla_len(attribute[RTA_GATEWAY]) == length) {
        route->has_gateway = true;
        route->gateway = (struct net_address){.family = header->rtm_family};
        memcpy(route->gateway.bytes, nla_data(attribute[RTA_GATEWAY]), length);
    }
    return NL_STOP;
}

int net_route_get(struct nl_sock *sock, const struct net_address *to, struct net_route *ret_route) {
    int length = (int)net_address_length(to);
    struct rtmsg header = {.rtm_family = (unsigned char)to->family,
                           .rtm_dst_len = (unsigned char)(8 * length)};
    struct net_route route = {0};
    struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
    struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
    int r = -EAGAIN;
    if (message && callbacks && nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) == 0 &&
        nla_put(message, RTA_DST, length, to->bytes) == 0) {
        nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, on_route, &route);
        /* Without this libnl asks for an acknowledgement beside the answer. */
        nl_socket_disable_auto_ack(sock);
        int sent = nl_send_auto(sock, message);
        int got = sent < 0 ? sent : nl_recvmsgs(sock, callbacks);
        nl_socket_enable_auto_ack(sock);
        if (got >= 0 && route.interface)
            r = 0;
        else if (sent >= 0 && got < 0 && got != -NLE_AGAIN && got != -NLE_NOMEM)
            r = -EHOSTUNREACH;
    }
    nl_cb_put(callbacks);
    nlmsg_free(message);
    if (r == 0)
        *ret_route = route;
    return r;
}
