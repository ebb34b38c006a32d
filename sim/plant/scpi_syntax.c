#include "sim/plant/scpi_syntax.h"
#include <ctype.h>

/* Moves both behind one node; false when the node is neither the short nor the long form. */
static bool node_matches(const char **pattern, const char **header, const char *end) {
    const char *p = *pattern, *h = *header;
    bool matches = true;
    size_t short_len = 0, long_len = 0, len = 0;

    while (p[long_len] && p[long_len] != ':') {
        if (!islower((unsigned char)p[long_len]))
            short_len = long_len + 1;
        long_len++;
    }
    while (h + len < end && h[len] != ':') {
        if (len >= long_len || toupper((unsigned char)h[len]) != toupper((unsigned char)p[len]))
            matches = false;
        len++;
    }
    *pattern = p + long_len;
    *header = h + len;
    return matches && (len == short_len || len == long_len);
}

bool scpi_header_matches(const char *pattern, const char *header, size_t len) {
    const char *end = header + len;

    for (;;) {
        if (!node_matches(&pattern, &header, end))
            return false;
        if (!*pattern || header == end)
            return !*pattern && header == end;
        pattern++;
        header++;
    }
}

void scpi_skip_space(const char **at, const char *end) {
    while (*at < end && isspace((unsigned char)**at))
        (*at)++;
}

static bool take(const char **at, const char *end, char wanted) {
    scpi_skip_space(at, end);
    if (*at == end || **at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool take_number(const char **at, const char *end, uint32_t *ret_number) {
    uint32_t number = 0;
    size_t digits = 0;

    scpi_skip_space(at, end);
    while (*at < end && isdigit((unsigned char)**at)) {
        if (number < 100000000)
            number = number * 10 + (uint32_t)(**at - '0');
        (*at)++;
        digits++;
    }
    *ret_number = number;
    return digits > 0;
}

static int add_ports(struct scpi_list *list, uint32_t first, uint32_t last) {
    if (last < first)
        return -102;
    if (last - first >= SCPI_MAX_LIST - list->count)
        return -223;
    for (uint32_t port = first; port <= last; port++)
        list->ports[list->count++] = port;
    return 0;
}

int scpi_read_list(const char **at, const char *end, bool ranges, struct scpi_list *ret_list) {
    ret_list->count = 0;
    if (!take(at, end, '(') || !take(at, end, '@'))
        return -102;
    if (take(at, end, ')'))
        return 0;
    do {
        uint32_t first, last;
        int error;

        if (!take_number(at, end, &first))
            return -102;
        last = first;
        if (take(at, end, ':')) {
            if (!ranges)
                return -103;
            if (!take_number(at, end, &last))
                return -102;
        }
        error = add_ports(ret_list, first, last);
        if (error)
            return error;
    } while (take(at, end, ','));
    return take(at, end, ')') ? 0 : -102;
}
