#include "daemon/api/scope.h"
#include "daemon/api/find.h"
#include "daemon/api/refusal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 63

bool scope_sees(const struct rights *rights, const struct fabric_slice *slice) {
    return !rights->is_scoped || !strcmp(slice->owner, rights->principal);
}

bool scope_sees_operation(const struct rights *rights, const struct fabric *fabric,
                          const struct fabric_operation *operation) {
    bool has_own = false;
    if (rights->is_scoped && *operation->owner)
        return !strcmp(operation->owner, rights->principal);
    for (unsigned i = 0; rights->is_scoped && i < operation->n_uids; i++) {
        const struct fabric_slice *slice = find_slice_uid(fabric, operation->uid[i]);
        if (slice && !scope_sees(rights, slice))
            return false;
        has_own = has_own || slice;
    }
    return !rights->is_scoped || has_own;
}

/* Of any version: a slice whose creation is not durable yet has a name too. */
static bool is_hidden_name(const struct rights *rights, const struct fabric *fabric, const char *name,
                           size_t len) {
    for (const struct fabric_slice *slice = fabric_slices(fabric); slice; slice = slice->next)
        if (!strncmp(slice->name, name, len) && !slice->name[len] && !scope_sees(rights, slice))
            return true;
    return false;
}

static bool is_word_byte(char c) {
    return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '-';
}

/* Of the text that begins with a word of `word` bytes or none: how many of its bytes are the name of a hidden
 * slice or the owner of one; 0: none. What is joined by "/" is a part of the plant, whatever tenants call
 * their slices. */
static size_t hidden_bytes(const struct rights *rights, const struct fabric *fabric, const char *text,
                           size_t word, bool is_after_slash) {
    bool may_be_slice = word && word <= WORD_MAX && !is_after_slash && text[word] != '/';
    if (may_be_slice && is_hidden_name(rights, fabric, text, word))
        return word;
    for (const struct fabric_slice *slice = fabric_slices(fabric); slice; slice = slice->next) {
        size_t len = strlen(slice->owner);
        if (len && !strncmp(slice->owner, text, len) && !isalnum((unsigned char)text[len]) &&
            text[len] != '-' && !scope_sees(rights, slice))
            return len;
    }
    return 0;
}

/* The names of hidden slices and of their owners in a sentence, written over; NULL: there are none. */
static char *hide_words(const struct rights *rights, const struct fabric *fabric, const char *text) {
    char *out = NULL;
    size_t len = 0;
    for (const char *at = text; *at;) {
        size_t word = 0;
        while (is_word_byte(at[word]))
            word++;
        size_t hidden = hidden_bytes(rights, fabric, at, word, at > text && at[-1] == '/');
        if (hidden && !out) {
            out = malloc(strlen(text) * sizeof(SCOPE_HIDDEN) + 1);
            if (!out)
                return NULL;
            len = (size_t)(at - text);
            memcpy(out, text, len);
        }
        size_t taken = hidden ? hidden : word ? word : 1;
        if (out && hidden) {
            memcpy(out + len, SCOPE_HIDDEN, sizeof(SCOPE_HIDDEN) - 1);
            len += sizeof(SCOPE_HIDDEN) - 1;
        } else if (out) {
            memcpy(out + len, at, taken);
            len += taken;
        }
        at += taken;
    }
    if (out)
        out[len] = '\0';
    return out;
}

/* Fields by name, over all messages. */
enum treatment { LEAVE, IS_SLICE, IS_OBJECT, IS_PRINCIPAL, IS_SENTENCE };
static const struct {
    const char *field;
    enum treatment treatment;
} treatments[] = {
    {"slice", IS_SLICE},
    {"slices", IS_SLICE},
    {"part_slices", IS_SLICE},
    {"partner", IS_SLICE},
    {"held_for", IS_SLICE},
    {"owner", IS_PRINCIPAL},
    {"actor", IS_PRINCIPAL},
    {"by", IS_PRINCIPAL},
    {"scheduling_by", IS_PRINCIPAL},
    {"text", IS_SENTENCE},
    {"cause", IS_SENTENCE},
    {"object", IS_OBJECT},
    {"before", IS_SENTENCE},
    {"after", IS_SENTENCE},
    {"items", IS_SENTENCE},
    {"reasons", IS_SENTENCE},
    {"health_cause", IS_SENTENCE},
    {"link_cause", IS_SENTENCE},
    {"scheduling_reason", IS_SENTENCE},
    {"what_to_do", IS_SENTENCE},
    {"drain_blockers", IS_SENTENCE},
    {"in_the_way", IS_SENTENCE},
    {"how_long", IS_SENTENCE},
    {"consequences", IS_SENTENCE},
    {"could_go_wrong", IS_SENTENCE},
    {"frozen_reason", IS_SENTENCE},
};

static enum treatment treatment_of(const char *field) {
    for (size_t i = 0; i < sizeof(treatments) / sizeof(treatments[0]); i++)
        if (!strcmp(treatments[i].field, field))
            return treatments[i].treatment;
    return LEAVE;
}

static bool is_shown_principal(const struct rights *rights, const char *principal) {
    return !*principal || !strcmp(principal, rights->principal) || !strcmp(principal, "heliostatd");
}

static void scope_text(const struct rights *rights, const struct fabric *fabric, struct arena *arena,
                       enum treatment treatment, char **text) {
    static char hidden[] = SCOPE_HIDDEN;
    if (!*text || !**text)
        return;
    if (treatment == IS_PRINCIPAL && !is_shown_principal(rights, *text))
        *text = hidden;
    bool is_pod = treatment == IS_OBJECT && fabric_pod_find(fabric, *text);
    if (treatment == IS_PRINCIPAL || is_pod)
        return;
    char *out = hide_words(rights, fabric, *text);
    if (out)
        *text = arena_copy(arena, out);
    free(out);
}

void scope_message(const struct rights *rights, const struct fabric *fabric, struct arena *arena,
                   const ProtobufCMessage *message) {
    const ProtobufCMessageDescriptor *descriptor = message ? message->descriptor : NULL;
    if (!rights->is_scoped)
        return;
    for (unsigned i = 0; descriptor && i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char *at = (char *)message + field->offset;
        if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            continue;
        bool is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = is_repeated ? *(const size_t *)((const char *)message + field->quantifier_offset) : 1;
        void **values = is_repeated ? *(void ***)at : (void **)at;
        enum treatment treatment = treatment_of(field->name);
        for (size_t k = 0; k < count; k++) {
            if (field->type == PROTOBUF_C_TYPE_MESSAGE)
                scope_message(rights, fabric, arena, values[k]);
            else if (treatment != LEAVE)
                scope_text(rights, fabric, arena, treatment, (char **)&values[k]);
        }
    }
}

static void hide_in_place(const struct rights *rights, const struct fabric *fabric, char *text, size_t size) {
    char *out = hide_words(rights, fabric, text);
    if (out) {
        strncpy(text, out, size - 1);
        text[size - 1] = '\0';
    }
    free(out);
}

void scope_refusal(const struct rights *rights, const struct fabric *fabric, struct fabric_refusal *refusal) {
    if (!rights->is_scoped)
        return;
    hide_in_place(rights, fabric, refusal->text, sizeof(refusal->text));
    hide_in_place(rights, fabric, refusal->would_fit_if, sizeof(refusal->would_fit_if));
    for (size_t i = 0; i < refusal->n_items; i++) {
        char *out = hide_words(rights, fabric, refusal->items[i]);
        if (!out)
            continue;
        free(refusal->items[i]);
        refusal->items[i] = out;
    }
}

static const char *string_field(const ProtobufCMessage *message, const char *name) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (!field || field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED)
        return NULL;
    return *(char *const *)((const char *)message + field->offset);
}

/* Of a repeated field. */
static const char *first_hidden(const struct rights *rights, const struct fabric *fabric,
                                const ProtobufCMessage *message, const char *name) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (!field || field->type != PROTOBUF_C_TYPE_STRING || field->label != PROTOBUF_C_LABEL_REPEATED)
        return NULL;
    char *const *values = *(char *const *const *)((const char *)message + field->offset);
    size_t n = *(const size_t *)((const char *)message + field->quantifier_offset);
    for (size_t i = 0; i < n; i++)
        if (is_hidden_name(rights, fabric, values[i], strlen(values[i])))
            return values[i];
    return NULL;
}

int scope_check_request(const struct rights *rights, const struct fabric *fabric, bool is_mutation,
                        const ProtobufCMessage *request, struct fabric_refusal *refusal) {
    static const char *const fields[] = {"name", "slice", "names"};
    for (size_t i = 0; rights->is_scoped && request && i < 3; i++) {
        const char *name = string_field(request, fields[i]);
        if (!name)
            name = first_hidden(rights, fabric, request, fields[i]);
        if (!name || !*name || !is_hidden_name(rights, fabric, name, strlen(name)))
            continue;
        if (!is_mutation)
            return refuse_not_found(refusal, fields[i], "there is no slice \"%.63s\"", name);
        refusal_set_fits(refusal, "its owner or an operator asks");
        return refuse(refusal, REASON_NOT_OWNER, fields[i], "slice %.63s does not belong to %s", name,
                      rights->principal);
    }
    return 0;
}
