#include "daemon/fabric/swap_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int swap_list_set(struct swap_list *list, const struct slice_swap *swaps, unsigned count) {
    struct slice_swap *copy = NULL;
    if (count) {
        copy = malloc(sizeof(*copy) * count);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, swaps, sizeof(*copy) * count);
    }
    swap_list_deinit(list);
    *list = (struct swap_list){.swap = copy, .count = count};
    return 0;
}

void swap_list_deinit(struct swap_list *list) {
    free(list->swap);
    *list = (struct swap_list){0};
}

bool swap_list_same_out(const struct swap_list *one, const struct swap_list *other) {
    if (one->count != other->count)
        return false;
    for (unsigned i = 0; i < one->count; i++)
        if (one->swap[i].out != other->swap[i].out)
            return false;
    return true;
}

bool swap_list_equal(const struct swap_list *one, const struct swap_list *other) {
    if (!swap_list_same_out(one, other))
        return false;
    for (unsigned i = 0; i < one->count; i++)
        if (one->swap[i].in != other->swap[i].in)
            return false;
    return true;
}

char *swap_list_format(const struct swap_list *list) {
    enum { SWAP_TEXT_MAX = 16 };
    char *text = malloc(list->count * SWAP_TEXT_MAX + 1);
    if (!text)
        return NULL;
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < list->count; i++) {
        at += (size_t)sprintf(text + at, i ? " %u>" : "%u>", list->swap[i].out);
        if (list->swap[i].in != SWAP_NO_CUBE)
            at += (size_t)sprintf(text + at, "%u", list->swap[i].in);
    }
    return text;
}

int swap_list_parse(const char *text, struct swap_list *ret_list) {
    unsigned count = 0;
    for (const char *c = text; *c; c++)
        count += *c == '>';
    struct slice_swap *swaps = count ? malloc(sizeof(*swaps) * count) : NULL;
    if (count && !swaps)
        return -ENOMEM;
    const char *at = text;
    for (unsigned i = 0; i < count; i++) {
        unsigned out, in = SWAP_NO_CUBE;
        int len = 0;
        bool is_good = sscanf(at, "%u>%n", &out, &len) == 1 && len > 0 && out < TOPO_CUBES_MAX;
        at += len;
        if (is_good && *at >= '0' && *at <= '9') {
            len = 0;
            is_good = sscanf(at, "%u%n", &in, &len) == 1 && in < TOPO_CUBES_MAX;
            at += len;
        }
        if (!is_good) {
            free(swaps);
            return -EBADMSG;
        }
        swaps[i] = (struct slice_swap){(uint16_t)out, (uint16_t)in};
        while (*at == ' ')
            at++;
    }
    if (*at) {
        free(swaps);
        return -EBADMSG;
    }
    *ret_list = (struct swap_list){.swap = swaps, .count = count};
    return 0;
}
