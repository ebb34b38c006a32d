#pragma once
/* The names of things in a pod: POD/cube-07, POD/cube-07/host-03, POD/cube-07/chip-1-2-3, POD/ocs-x-05, ports
 * A17.
 *
 * Reading takes one to three digits (cube-7 is cube-07) and, where there is one pod, no pod in front. Writing
 * uses two digits, and three for cubes of a pod with more than 100. Every reader writes into error, on
 * INVENTORY_REFUSED, the value and what would be accepted; error is INVENTORY_ERROR_MAX bytes or NULL. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INVENTORY_POD_MAX 64   /* bytes of a pod's name with its NUL */
#define INVENTORY_NAME_MAX 112 /* bytes of any name with its NUL */
#define INVENTORY_ERROR_MAX 200

/* What a name stands for. */
struct inventory_name {
    char pod[INVENTORY_POD_MAX]; /* "": left out */
    unsigned cube;               /* of a cube, host, chip */
    unsigned host;               /* of a host: 0..15 */
    unsigned chip[3];            /* of a chip: each 0..3 */
    unsigned dimension, number;  /* of a switch: 0..2 and 0..99 */
};

__attribute__((warn_unused_result)) int inventory_parse_pod(const char *text, char *error);
__attribute__((warn_unused_result)) int inventory_parse_cube(const char *text,
                                                             struct inventory_name *ret_name, char *error);
__attribute__((warn_unused_result)) int inventory_parse_host(const char *text,
                                                             struct inventory_name *ret_name, char *error);
__attribute__((warn_unused_result)) int inventory_parse_chip(const char *text,
                                                             struct inventory_name *ret_name, char *error);
__attribute__((warn_unused_result)) int inventory_parse_ocs(const char *text, struct inventory_name *ret_name,
                                                            char *error);
/* "A17": side 0 is A, 1 is B; port 1..TOPO_PORTS_MAX. */
__attribute__((warn_unused_result)) int inventory_parse_port(const char *text, unsigned *ret_side,
                                                             unsigned *ret_port, char *error);
/* "+x" is 0, "-x" 1, and so on, as topo_face(). */
__attribute__((warn_unused_result)) int inventory_parse_face(const char *text, unsigned *ret_face,
                                                             char *error);
/* HOST:PORT, or [ADDRESS]:PORT for IPv6; *ret_host_len bytes of text are the host, brackets included. */
__attribute__((warn_unused_result)) int inventory_parse_address(const char *text, size_t *ret_host_len,
                                                                unsigned *ret_port, char *error);

/* pod NULL or "": without it. ret_name: INVENTORY_NAME_MAX bytes. Returns ret_name. n_cubes decides the
 * digits. */
char *inventory_cube_name(char *ret_name, const char *pod, unsigned n_cubes, unsigned cube);
char *inventory_host_name(char *ret_name, const char *pod, unsigned n_cubes, unsigned cube, unsigned host);
char *inventory_chip_name(char *ret_name, const char *pod, unsigned n_cubes, unsigned cube, unsigned x,
                          unsigned y, unsigned z);
char *inventory_ocs_name(char *ret_name, const char *pod, unsigned dimension, unsigned number);

/* The host that drives a chip of its cube: a block of 2x2x1. */
static inline unsigned inventory_host_of_chip(unsigned x, unsigned y, unsigned z) {
    return x / 2 + 2 * (y / 2) + 4 * z;
}

/* Names, addresses and serials: printable ASCII without space; min..max bytes. */
bool inventory_is_word(const char *text, size_t min, size_t max);

/* Errors are shown on terminals and sent as protobuf strings: anything but printable ASCII becomes '?'. */
void inventory_make_printable(char *text);
