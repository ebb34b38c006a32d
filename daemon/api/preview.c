#include "daemon/api/preview.h"
#include "daemon/api/preview_deed.h"
#include "daemon/api/scope.h"
#include "daemon/api/service.h"

#include <string.h>

static const struct {
    const char *method;
    enum deed deed;
    void (*look)(struct preview *p); /* NULL: the sentence is all */
    const char *risk;                /* that always applies; NULL: none */
} methods[] = {
    {"CreateSlice", DEED_MOVES, preview_create_slices, NULL},
    {"CreateSlices", DEED_MOVES, preview_create_slices, NULL},
    {"SwapSlice", DEED_MOVES, preview_swap_slice, NULL},
    {"ReshapeSlice", DEED_MOVES, preview_move_slices, NULL},
    {"AcceptDisruption", DEED_MOVES, preview_accept_disruption, NULL},
    {"ActivateSlice", DEED_MOVES, preview_activate_slice, NULL},
    {"ReleaseHold", DEED_MOVES, preview_release_hold, NULL},
    {"DeleteSlice", DEED_RELEASES, preview_delete_slice, NULL},
    {"DrainCube", DEED_DRAINS, preview_drain_cube, NULL},
    {"MarkCube", DEED_MARKS, preview_mark_cube, NULL},
    {"QualifyCube", DEED_TESTS, preview_qualify_cube, NULL},
    {"ReplaceHost", DEED_TESTS, preview_replace_host, NULL},
    {"BeginMaintenance", DEED_CLEARS, preview_begin_maintenance, NULL},
    {"AllowMaintenance", DEED_CLEARS, preview_allow_maintenance, NULL},
    {"EndMaintenance", DEED_RESTORES, preview_end_maintenance, NULL},
    {"FinishPortMove", DEED_RESTORES, preview_end_maintenance, NULL},
    {"ReplaceOcs", DEED_RESTORES, preview_replace_ocs, NULL},
    {"ClearCircuit", DEED_RELEASES, preview_clear_circuit,
     "a job that this daemon does not know of may run over it"},
    {"ThawPod", DEED_WORDS, preview_thaw_pod, NULL},
    {"FreezePod", DEED_WORDS, NULL, "until it is thawed nothing is put right and nothing is repaired"},
    {"AdoptSlice", DEED_WORDS, NULL, NULL},
    {"CordonCube", DEED_WORDS, NULL, NULL},
    {"UncordonCube", DEED_WORDS, NULL, NULL},
    {"CancelDrain", DEED_WORDS, NULL, "slices that moved off already do not come back"},
    {"ReleaseCube", DEED_WORDS, NULL, "its links are not tested: a fault may still be there"},
    {"SetSpares", DEED_WORDS, NULL, "what is held back is not there for new slices"},
    {"RenewSlice", DEED_WORDS, NULL, NULL},
    {"ExtendReservation", DEED_WORDS, NULL, NULL},
    {"ReplaceCube", DEED_WORDS, NULL,
     "the wiring counts as it was: fibers that were exchanged show only in `helioctl cube qualify`"},
    {"SetTestPort", DEED_WORDS, NULL, "without a loopback plug there, it proves no sign"},
};

static void write_how_long(struct preview *p) {
    Heliostat__V1__Preview *message = p->message;
    message->about_s = (uint32_t)((p->time.takes_us + 999999) / 1000000);
    if (!p->time.text)
        message->how_long = arena_copy(p->arena, "at once: no mirror moves");
    else
        message->how_long = arena_printf(p->arena, "about %u s: %s", message->about_s, p->time.text);
}

Heliostat__V1__Preview *preview_make(struct api *api, struct arena *arena, struct grpcx_call *call,
                                     const ProtobufCMessage *request, const ProtobufCMessage *tail,
                                     int64_t now_us) {
    const char *method = strrchr(grpcx_call_method(call)->path, '/') + 1;
    struct preview p = {.fabric = api->fabric,
                        .arena = arena,
                        .method = method,
                        .request = request,
                        .tail = tail,
                        .now_us = now_us,
                        .time = {.arena = arena}};
    for (size_t i = 0; request && i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(methods[i].method, method) != 0)
            continue;
        p.message = arena_message(arena, &heliostat__v1__preview__descriptor);
        if (!p.message)
            return NULL;
        if (methods[i].look)
            methods[i].look(&p);
        if (methods[i].risk)
            preview_add_line(&p, true, "%s", methods[i].risk);
        preview_tell_risks(&p, methods[i].deed);
        write_how_long(&p);
        scope_message(session_rights(call), api->fabric, arena, &p.message->base);
    }
    return p.message;
}
