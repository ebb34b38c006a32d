#pragma once
/* Slice versions and the link lists in them. */
#include "daemon/fabric/model.h"

/* A copy with one reference, to be changed before it is accepted; NULL without memory. before may be NULL:
 * zeroed, generation 1. */
struct slice_version *slice_version_new(const struct slice_version *before);
struct slice_version *slice_version_keep(struct slice_version *version);
void slice_version_drop(struct slice_version *version); /* NULL is fine */

/* The version holds its cubes. */
static inline bool slice_version_owns(const struct slice_version *version) {
    return version && !version->is_gone && version->state != SLICE_FAILED;
}
/* The version needs circuits. */
static inline bool slice_version_connects(const struct slice_version *version) {
    return slice_version_owns(version) && version->state != SLICE_RESERVED && version->shape.whole_cubes;
}
/* A repair put the cube in, and its links are not proved yet. */
bool slice_version_is_fresh(const struct slice_version *version, unsigned cube);
/* Two versions have the same hosts and need the same circuits. */
bool slice_version_same_circuits(const struct slice_version *one, const struct slice_version *other);

/* Takes over links (malloc'ed, count of them) after sorting. */
void link_list_set(struct link_list *list, struct slice_link *links, unsigned count);
bool link_list_equal(const struct link_list *one, const struct link_list *other);
/* The same links, causes left aside. */
bool link_list_same_links(const struct link_list *one, const struct link_list *other);
__attribute__((warn_unused_result)) int link_list_copy(const struct link_list *from,
                                                       struct link_list *ret_to);
void link_list_deinit(struct link_list *list);
/* "position.dimension.index.cause ..." as kept in the store; malloc'ed, NULL without memory. */
char *link_list_format(const struct link_list *list);
/* 0, -EBADMSG, -ENOMEM. */
__attribute__((warn_unused_result)) int link_list_parse(const char *text, struct link_list *ret_list);
