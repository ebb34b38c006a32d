#include "ctl/output.h"
#include "ctl/watch.h"
#include "heliostat/v1/common.pb-c.h"
#include "proto/json/json.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int print_message(struct ctl *ctl, const ProtobufCMessage *message, unsigned flags) {
    char *text;
    int r = proto_json_encode(message, flags, &text);
    if (r < 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer cannot be written as JSON: %s", strerror(-r));
    size_t length = strlen(text);
    if (!ctl->watch || ctl_watch_is_new_message(ctl, message, text)) {
        fputs(text, stdout);
        if (length == 0 || text[length - 1] != '\n')
            fputc('\n', stdout);
    }
    free(text);
    return 0;
}

/* The elements of the first repeated message field; false where there is none. */
static bool list_of(const ProtobufCMessage *message, ProtobufCMessage *const **ret_items, size_t *ret_n) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        memcpy(ret_items, (const char *)message + field->offset, sizeof(*ret_items));
        memcpy(ret_n, (const char *)message + field->quantifier_offset, sizeof(*ret_n));
        return true;
    }
    return false;
}

bool ctl_wants_json(const struct ctl *ctl) {
    return ctl->format == CTL_FORMAT_JSON || ctl->format == CTL_FORMAT_JSONL;
}

/* A copy of the answer that also says what was asked. */
static const void *with_planned(struct ctl *ctl, const ProtobufCMessage *message) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "meta");
    if (!ctl->planned || !field)
        return message;
    size_t size = message->descriptor->sizeof_message;
    char *copy = ctl_alloc(ctl, size);
    memcpy(copy, message, size);
    Heliostat__V1__ReplyMeta **at = (Heliostat__V1__ReplyMeta **)(copy + field->offset);
    Heliostat__V1__ReplyMeta *meta = ctl_alloc(ctl, sizeof(*meta));
    if (!*at)
        return message;
    *meta = **at;
    meta->planned = ctl->planned;
    *at = meta;
    return copy;
}

int ctl_print_json(struct ctl *ctl, const void *message) {
    ProtobufCMessage *const *items;
    size_t n;
    if (ctl->format != CTL_FORMAT_JSONL)
        return print_message(ctl, with_planned(ctl, message), PROTO_JSON_PRETTY);
    if (!list_of(message, &items, &n))
        return print_message(ctl, message, 0);
    if (ctl->watch)
        ctl->watch->seen.is_used = true;
    for (size_t i = 0; i < n; i++) {
        int exit_status = print_message(ctl, items[i], 0);
        if (exit_status)
            return exit_status;
    }
    return 0;
}

void ctl_show_table(struct ctl *ctl, const struct ctl_table *table) {
    if (ctl->watch)
        ctl_watch_print_table(ctl, table);
    else if (ctl->format == CTL_FORMAT_NAME)
        ctl_table_print_names(table, stdout);
    else
        ctl_table_print(table, stdout, ctl->format == CTL_FORMAT_WIDE);
}

int ctl_show(struct ctl *ctl, const void *message, const struct ctl_view *view) {
    struct ctl_table table;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, message);
    ctl_table_init(&table, view->columns, view->n_columns);
    view->fill(ctl, &table, message);
    bool out_of_memory = table.out_of_memory;
    if (ctl_table_rows(&table) || (ctl->watch && !ctl->watch->is_first))
        ctl_show_table(ctl, &table);
    else if (view->none && ctl->format != CTL_FORMAT_NAME)
        fprintf(stderr, "%s\n", view->none);
    ctl_table_deinit(&table);
    return out_of_memory ? ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory") : 0;
}

void ctl_say(const struct ctl *ctl, const char *format, ...) {
    va_list values;
    if (ctl->format != CTL_FORMAT_TABLE && ctl->format != CTL_FORMAT_WIDE)
        return;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
}
