#include "ctl/error.h"
#include "ctl/output.h"
#include "ctl/word.h"
#include "proto/json/json.h"
#include <stdlib.h>

#define ITEMS_SHOWN 8
#define FINDINGS_SHOWN 50 /* of a file, or of what an import would change */

static void set_text(json_t *object, const char *key, const char *text) {
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

void ctl_print_error(const struct ctl *ctl, int exit_status, const char *text, json_t *more) {
    if (!ctl_wants_json(ctl)) {
        fprintf(stderr, "helioctl: %s\n", text);
        json_decref(more);
        return;
    }
    json_t *error = json_object(), *metadata = json_object(), *all = json_object();
    set_text(error, "message", text);
    if (exit_status)
        json_object_set_new(error, "exitStatus", json_integer(exit_status));
    json_object_update(error, more);
    set_text(metadata, "method", ctl->asked_method);
    set_text(metadata, "requestId", ctl->asked_request_id);
    if (json_object_size(metadata))
        json_object_set(error, "metadata", metadata);
    json_object_set(all, "error", error);
    json_dumpf(all, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(all);
    json_decref(error);
    json_decref(metadata);
    json_decref(more);
}

static const char *retry_text(Heliostat__V1__Retry retry) {
    switch (retry) {
    case HELIOSTAT__V1__RETRY__RETRY_WHEN_FREED:
        return "try again when capacity is freed";
    case HELIOSTAT__V1__RETRY__RETRY_LATER:
        return "try again later";
    case HELIOSTAT__V1__RETRY__RETRY_AFTER_OPERATOR:
        return "an operator has to act first";
    default:
        return NULL;
    }
}

static void print_details(const Heliostat__V1__Refusal *refusal, bool shows_many) {
    const char *retry = retry_text(refusal->retry);
    size_t shown = shows_many ? FINDINGS_SHOWN : ITEMS_SHOWN;
    for (size_t i = 0; i < refusal->n_items && i < shown; i++)
        fprintf(stderr, "  - %s\n", refusal->items[i]);
    if (refusal->n_items > shown)
        fprintf(stderr, "  ... and %zu more\n", refusal->n_items - shown);
    if (*refusal->would_fit_if)
        fprintf(stderr, "  would succeed: %s\n", refusal->would_fit_if);
    if (retry)
        fprintf(stderr, "  retry: %s\n", retry);
}

void ctl_print_refusal(const struct ctl *ctl, int exit_status, const char *text, const char *status,
                       const Heliostat__V1__Refusal *refusal) {
    char *json = NULL, *line;
    if (ctl_wants_json(ctl)) {
        json_t *more = refusal && proto_json_encode(&refusal->base, 0, &json) == 0 ? json_loads(json, 0, NULL)
                                                                                   : json_object();
        set_text(more, "status", status);
        ctl_print_error(ctl, exit_status, text, more);
        free(json);
        return;
    }
    const char *reason =
        refusal ? ctl_enum_word(&heliostat__v1__reason__descriptor, (int)refusal->reason) : "";
    const char *field = refusal ? refusal->field : "";
    if (asprintf(&line, *reason ? "%s%s%s [%s]" : "%s%s%s", field, *field ? ": " : "", text, reason) >= 0) {
        ctl_print_error(ctl, exit_status, line, NULL);
        free(line);
    }
    if (refusal)
        print_details(refusal, !*reason || refusal->reason == HELIOSTAT__V1__REASON__REASON_WOULD_DISRUPT);
}
