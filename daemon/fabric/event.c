#include "daemon/fabric/event.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAME_MAX_BYTES = 63,
    KIND_MAX_BYTES = 31,
    OBJECT_MAX_BYTES = 95,
    CAUSE_MAX_BYTES = FABRIC_TEXT_MAX - 1
};

struct fabric_event *event_of_row(const struct store_event *row) {
    struct fabric_event *event;
    const struct {
        const char *from;
        size_t max, place;
    } texts[] = {
#define TEXT(field, max) {row->field, max, offsetof(struct fabric_event, field)}
        TEXT(kind, KIND_MAX_BYTES),  TEXT(pod, NAME_MAX_BYTES),    TEXT(object, OBJECT_MAX_BYTES),
        TEXT(actor, NAME_MAX_BYTES), TEXT(cause, CAUSE_MAX_BYTES), TEXT(before, NAME_MAX_BYTES),
        TEXT(after, NAME_MAX_BYTES), TEXT(owner, NAME_MAX_BYTES),
#undef TEXT
    };
    size_t size = sizeof(*event);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        size += strnlen(texts[i].from, texts[i].max) + 1;
    event = malloc(size);
    if (!event)
        return NULL;
    *event = (struct fabric_event){
        .revision = row->revision, .time_us = row->time_us, .slice_uid = row->slice_uid};
    char *at = (char *)(event + 1);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len = strnlen(texts[i].from, texts[i].max);
        memcpy(at, texts[i].from, len);
        at[len] = 0;
        memcpy((char *)event + texts[i].place, &at, sizeof(at));
        at += len + 1;
    }
    return event;
}

void event_remember(struct fabric *fabric, struct fabric_event *event) {
    struct fabric_event **place = &fabric->ring[fabric->ring_end % EVENT_RING];
    if (fabric->ring_end - fabric->ring_first == EVENT_RING) {
        fabric->ring_lost = (*place)->revision;
        fabric->ring_first++;
        free(*place);
    }
    *place = event;
    fabric->ring_end++;
}
