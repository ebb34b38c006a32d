#include "daemon/api/address.h"
#include "inventory/names.h"

#include <arpa/inet.h>
#include <string.h>

bool address_is_numeric(const char *text) {
    char host[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t length;
    unsigned port;
    if (inventory_parse_address(text, &length, &port, NULL))
        return false;
    bool is_v6 = *text == '[';
    if (is_v6) {
        text++;
        length -= 2;
    }
    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = 0;
    return inet_pton(is_v6 ? AF_INET6 : AF_INET, host, &parsed) == 1;
}
