#include "inventory/names.h"

#include "inventory/findings.h"
#include "topology/wiring.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void inventory_make_printable(char *text) {
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            *text = '?';
}

/* Long values are cut, so that what is wanted always fits behind them. */
static int refuse(char *error, const char *text, const char *wanted) {
    if (!error)
        return INVENTORY_REFUSED;
    snprintf(error, INVENTORY_ERROR_MAX, "'%.60s%s' is not accepted; wants %s", text,
             strnlen(text, 61) > 60 ? "..." : "", wanted);
    inventory_make_printable(error);
    return INVENTORY_REFUSED;
}

bool inventory_is_word(const char *text, size_t min, size_t max) {
    size_t len = 0;
    for (; text[len]; len++)
        if (len >= max || text[len] < 0x21 || text[len] > 0x7e)
            return false;
    return len >= min;
}

static bool is_pod(const char *text, size_t len) {
    if (len < 1 || len >= INVENTORY_POD_MAX || text[0] < 'a' || text[0] > 'z' || text[len - 1] == '-')
        return false;
    for (size_t i = 1; i < len; i++)
        if (text[i] != '-' && !(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9'))
            return false;
    return true;
}

int inventory_parse_pod(const char *text, char *error) {
    if (is_pod(text, strnlen(text, INVENTORY_POD_MAX)))
        return 0;
    return refuse(error, text, "1 to 63 of a-z, 0-9 and -, a letter first, no - last");
}

/* One to three digits, at most max. */
static bool read_number(const char **at, unsigned max, unsigned *ret) {
    unsigned value = 0, digits = 0;
    for (; isdigit((unsigned char)**at) && digits < 4; (*at)++, digits++)
        value = 10 * value + (unsigned)(**at - '0');
    *ret = value;
    return digits >= 1 && digits <= 3 && value <= max;
}

static bool read_word(const char **at, const char *word) {
    size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0)
        return false;
    *at += len;
    return true;
}

/* POD/ where it is there; a pod may itself be called cube-1. */
static bool read_pod(const char **at, const char *thing, struct inventory_name *name) {
    const char *slash = strchr(*at, '/');
    if (!slash || strncmp(slash + 1, thing, strlen(thing)) != 0)
        return true;
    size_t len = (size_t)(slash - *at);
    if (!is_pod(*at, len))
        return false;
    memcpy(name->pod, *at, len);
    *at = slash + 1;
    return true;
}

static bool read_cube(const char **at, struct inventory_name *name) {
    return read_pod(at, "cube-", name) && read_word(at, "cube-") &&
           read_number(at, TOPO_CUBES_MAX - 1, &name->cube);
}

int inventory_parse_cube(const char *text, struct inventory_name *ret_name, char *error) {
    struct inventory_name name = {0};
    const char *at = text;
    if (!read_cube(&at, &name) || *at)
        return refuse(error, text, "a cube such as cube-07 or pod/cube-07, 0 to 255");
    *ret_name = name;
    return 0;
}

int inventory_parse_host(const char *text, struct inventory_name *ret_name, char *error) {
    struct inventory_name name = {0};
    const char *at = text;
    if (!read_cube(&at, &name) || !read_word(&at, "/host-") || !read_number(&at, 15, &name.host) || *at)
        return refuse(error, text, "a host such as cube-07/host-03 or pod/cube-07/host-03, hosts 0 to 15");
    *ret_name = name;
    return 0;
}

int inventory_parse_chip(const char *text, struct inventory_name *ret_name, char *error) {
    struct inventory_name name = {0};
    const char *at = text;
    if (!read_cube(&at, &name) || !read_word(&at, "/chip-") || !read_number(&at, 3, &name.chip[0]) ||
        !read_word(&at, "-") || !read_number(&at, 3, &name.chip[1]) || !read_word(&at, "-") ||
        !read_number(&at, 3, &name.chip[2]) || *at)
        return refuse(error, text,
                      "a chip such as cube-07/chip-1-2-3 or pod/cube-07/chip-1-2-3, each 0 to 3");
    *ret_name = name;
    return 0;
}

int inventory_parse_ocs(const char *text, struct inventory_name *ret_name, char *error) {
    struct inventory_name name = {0};
    const char *at = text;
    bool good = read_pod(&at, "ocs-", &name) && read_word(&at, "ocs-") && *at >= 'x' && *at <= 'z';
    if (good)
        name.dimension = (unsigned)(*at++ - 'x');
    if (!good || !read_word(&at, "-") || !read_number(&at, 99, &name.number) || *at)
        return refuse(error, text, "a switch such as ocs-x-05 or pod/ocs-x-05");
    *ret_name = name;
    return 0;
}

int inventory_parse_port(const char *text, unsigned *ret_side, unsigned *ret_port, char *error) {
    const char *at = text + 1;
    unsigned port;
    if ((*text != 'A' && *text != 'B') || !read_number(&at, TOPO_PORTS_MAX, &port) || port < 1 || *at)
        return refuse(error, text, "a port such as A17 or B17, 1 to 320");
    *ret_side = *text == 'B';
    *ret_port = port;
    return 0;
}

int inventory_parse_face(const char *text, unsigned *ret_face, char *error) {
    for (unsigned face = 0; face < TOPO_FACES; face++)
        if (strcmp(text, topo_face_name(face)) == 0) {
            *ret_face = face;
            return 0;
        }
    return refuse(error, text, "one of +x -x +y -y +z -z");
}

int inventory_parse_address(const char *text, size_t *ret_host_len, unsigned *ret_port, char *error) {
    const char *colon = strrchr(text, ':');
    size_t host_len = colon ? (size_t)(colon - text) : 0;
    bool bracketed = host_len > 2 && text[0] == '[' && colon[-1] == ']';
    bool good =
        host_len > 0 && (bracketed || strcspn(text, ":[]") == host_len) && inventory_is_word(text, 3, 63);
    unsigned port = 0;
    for (const char *at = colon ? colon + 1 : ""; *at && good; at++) {
        good = isdigit((unsigned char)*at) && port <= 65535;
        port = 10 * port + (unsigned)(*at - '0');
    }
    if (!good || port < 1 || port > 65535)
        return refuse(error, text, "HOST:PORT or [IPV6]:PORT of at most 63 characters, ports 1 to 65535");
    *ret_host_len = host_len;
    *ret_port = port;
    return 0;
}

static const char *slash(const char *pod) {
    return pod && *pod ? "/" : "";
}

static const char *shown(const char *pod) {
    return pod ? pod : "";
}

static int cube_digits(unsigned n_cubes) {
    return n_cubes > 100 ? 3 : 2;
}

char *inventory_cube_name(char *ret_name, const char *pod, unsigned n_cubes, unsigned cube) {
    snprintf(ret_name, INVENTORY_NAME_MAX, "%.63s%scube-%0*u", shown(pod), slash(pod), cube_digits(n_cubes),
             cube);
    return ret_name;
}

char *inventory_host_name(char *ret_name, const char *pod, unsigned n_cubes, unsigned cube, unsigned host) {
    snprintf(ret_name, INVENTORY_NAME_MAX, "%.63s%scube-%0*u/host-%02u", shown(pod), slash(pod),
             cube_digits(n_cubes), cube, host);
    return ret_name;
}

char *inventory_chip_name(char *ret_name, const char *pod, unsigned n_cubes, unsigned cube, unsigned x,
                          unsigned y, unsigned z) {
    snprintf(ret_name, INVENTORY_NAME_MAX, "%.63s%scube-%0*u/chip-%u-%u-%u", shown(pod), slash(pod),
             cube_digits(n_cubes), cube, x, y, z);
    return ret_name;
}

char *inventory_ocs_name(char *ret_name, const char *pod, unsigned dimension, unsigned number) {
    snprintf(ret_name, INVENTORY_NAME_MAX, "%.63s%socs-%c-%02u", shown(pod), slash(pod),
             (char)('x' + (int)dimension), number);
    return ret_name;
}
