#include "daemon/fabric/version.h"
#include "daemon/fabric/fabric.h"
#include "daemon/fabric/swap_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice_version *slice_version_new(const struct slice_version *before) {
    struct slice_version *version = malloc(sizeof(*version));
    if (!version)
        return NULL;
    if (!before) {
        *version = (struct slice_version){.references = 1, .generation = 1, .host_mask = 0xffff};
        return version;
    }
    *version = *before;
    version->references = 1;
    version->missing = version->failed = (struct link_list){0};
    version->pending = version->fresh = (struct swap_list){0};
    if (link_list_copy(&before->missing, &version->missing) < 0 ||
        link_list_copy(&before->failed, &version->failed) < 0 ||
        swap_list_set(&version->pending, before->pending.swap, before->pending.count) < 0 ||
        swap_list_set(&version->fresh, before->fresh.swap, before->fresh.count) < 0) {
        slice_version_drop(version);
        return NULL;
    }
    return version;
}

struct slice_version *slice_version_keep(struct slice_version *version) {
    if (version)
        version->references++;
    return version;
}

void slice_version_drop(struct slice_version *version) {
    if (!version || --version->references)
        return;
    link_list_deinit(&version->missing);
    link_list_deinit(&version->failed);
    swap_list_deinit(&version->pending);
    swap_list_deinit(&version->fresh);
    free(version);
}

bool slice_version_same_circuits(const struct slice_version *one, const struct slice_version *other) {
    return one->shape.n_cubes == other->shape.n_cubes && one->shape.twist == other->shape.twist &&
           one->host_mask == other->host_mask &&
           memcmp(one->shape.cubes, other->shape.cubes, sizeof(one->shape.cubes)) == 0 &&
           memcmp(one->cubes, other->cubes, sizeof(*one->cubes) * one->shape.n_cubes) == 0;
}

bool fabric_part_block(const struct slice_version *version, struct topo_block *ret_block) {
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_part_blocks(&version->shape, blocks);
    for (unsigned i = 0; i < n_blocks; i++)
        if (blocks[i].hosts == version->host_mask) {
            *ret_block = blocks[i];
            ret_block->cube = version->cubes[0];
            return true;
        }
    return false;
}

static uint32_t link_key(const struct slice_link *link) {
    return (uint32_t)link->position << 16 | (uint32_t)link->dimension << 8 | link->index;
}

static int compare_links(const void *one, const void *other) {
    uint32_t a = link_key(one), b = link_key(other);
    return a < b ? -1 : a > b;
}

void link_list_set(struct link_list *list, struct slice_link *links, unsigned count) {
    link_list_deinit(list);
    if (count)
        qsort(links, count, sizeof(*links), compare_links);
    else
        free(links);
    *list = (struct link_list){.link = count ? links : NULL, .count = count};
}

bool link_list_same_links(const struct link_list *one, const struct link_list *other) {
    if (one->count != other->count)
        return false;
    for (unsigned i = 0; i < one->count; i++)
        if (link_key(&one->link[i]) != link_key(&other->link[i]))
            return false;
    return true;
}

bool link_list_equal(const struct link_list *one, const struct link_list *other) {
    if (!link_list_same_links(one, other))
        return false;
    for (unsigned i = 0; i < one->count; i++)
        if (one->link[i].cause != other->link[i].cause)
            return false;
    return true;
}

int link_list_copy(const struct link_list *from, struct link_list *ret_to) {
    struct slice_link *links = NULL;
    if (from->count) {
        links = malloc(sizeof(*links) * from->count);
        if (!links)
            return -ENOMEM;
        memcpy(links, from->link, sizeof(*links) * from->count);
    }
    *ret_to = (struct link_list){.link = links, .count = from->count};
    return 0;
}

void link_list_deinit(struct link_list *list) {
    free(list->link);
    *list = (struct link_list){0};
}

char *link_list_format(const struct link_list *list) {
    enum { LINK_TEXT_MAX = 24 };
    char *text = malloc(list->count * LINK_TEXT_MAX + 1);
    if (!text)
        return NULL;
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < list->count; i++)
        at += (size_t)snprintf(text + at, LINK_TEXT_MAX, i ? " %u.%u.%u.%u" : "%u.%u.%u.%u",
                               list->link[i].position, list->link[i].dimension, list->link[i].index,
                               list->link[i].cause);
    return text;
}

int link_list_parse(const char *text, struct link_list *ret_list) {
    unsigned count = 0;
    for (const char *c = text; *c; c++)
        count += *c == '.';
    count /= 3;
    struct slice_link *links = count ? malloc(sizeof(*links) * count) : NULL;
    if (count && !links)
        return -ENOMEM;
    const char *at = text;
    for (unsigned i = 0; i < count; i++) {
        unsigned position, dimension, index, cause;
        int len = 0;
        if (sscanf(at, "%u.%u.%u.%u%n", &position, &dimension, &index, &cause, &len) != 4 ||
            position >= TOPO_POSITIONS_MAX || dimension > 2 || index >= TOPO_INDICES ||
            cause >= LINK_CAUSES) {
            free(links);
            return -EBADMSG;
        }
        links[i] =
            (struct slice_link){(uint16_t)position, (uint8_t)dimension, (uint8_t)index, (uint8_t)cause};
        at += len;
        while (*at == ' ')
            at++;
    }
    if (*at) {
        free(links);
        return -EBADMSG;
    }
    *ret_list = (struct link_list){0};
    link_list_set(ret_list, links, count);
    return 0;
}

bool slice_version_is_fresh(const struct slice_version *version, unsigned cube) {
    for (unsigned i = 0; i < version->fresh.count; i++)
        if (version->fresh.swap[i].in == cube)
            return true;
    return false;
}
