#include "ctl/watch.h"
#include "ctl/client.h"
#include "ctl/event_stream.h"
#include "ctl/output.h"
#include "proto/json/json.h"
#include <stdlib.h>
#include <string.h>

#define SETTLE_MS 100        /* what happens together is shown together */
#define SETTLE_MOST_ITEMS 64 /* ... but not later than this */

/* Takes over text; true when it differs from what was there. */
static bool replace_text(char **at, char *text) {
    bool differs = !*at || !text || strcmp(*at, text) != 0;
    free(*at);
    *at = text;
    return differs;
}

static void print_header(struct ctl *ctl, const struct ctl_table *table, bool wide) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    ctl_table_print_header(table, out, wide);
    fclose(out);
    if (replace_text(&ctl->watch->header, text) && text)
        fputs(text, stdout);
}

void ctl_watch_print_table(struct ctl *ctl, const struct ctl_table *table) {
    bool wide = ctl->format == CTL_FORMAT_WIDE, any = false;
    bool *is_old = ctl_alloc(ctl, ctl_table_rows(table) * sizeof(*is_old));
    ctl->watch->seen.is_used = true;
    for (size_t row = 0; row < ctl_table_rows(table); row++) {
        char *key = ctl_table_row_key(table, row), *text = ctl_table_row_text(table, row, wide);
        is_old[row] = key && text && !ctl_seen_is_new(&ctl->watch->seen, key, text);
        any = any || !is_old[row];
        free(key);
        free(text);
    }
    if (!any)
        return;
    ctl->watch->has_changed = true;
    if (ctl->format == CTL_FORMAT_NAME) {
        for (size_t row = 0; row < ctl_table_rows(table); row++)
            if (!is_old[row])
                printf("%s\n", table->cells[row * table->n_columns]);
        return;
    }
    print_header(ctl, table, wide);
    ctl_table_print_rows(table, stdout, wide, is_old);
}

/* What tells one object of a list from another: its name or number, or the fields that name it together. */
static char *key_of(struct ctl *ctl, const ProtobufCMessage *message) {
    static const char *const names[] = {"name", "id", "pod", "ocs", "a", "kind", "object"};
    char *key = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, names[i]);
        if (!field || field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        const void *at = (const char *)message + field->offset;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            key = ctl_text(ctl, "%s%s\t", key, *(char *const *)at);
        else if (field->type == PROTOBUF_C_TYPE_INT64)
            key = ctl_text(ctl, "%s%lld\t", key, (long long)*(const int64_t *)at);
        else if (field->type == PROTOBUF_C_TYPE_UINT32)
            key = ctl_text(ctl, "%s%u\t", key, *(const uint32_t *)at);
        if (i < 2)
            break;
    }
    return key;
}

/* The revision in the meta of an answer moves with everything; it is no change of what was asked for. */
static char *text_without_meta(const ProtobufCMessage *message) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "meta");
    if (!field)
        return NULL;
    char *copy = malloc(message->descriptor->sizeof_message), *text = NULL;
    const void *none = NULL;
    if (!copy)
        return NULL;
    memcpy(copy, message, message->descriptor->sizeof_message);
    memcpy(copy + field->offset, &none, sizeof(none));
    if (proto_json_encode((const ProtobufCMessage *)copy, 0, &text) < 0)
        text = NULL;
    free(copy);
    return text;
}

bool ctl_watch_is_new_message(struct ctl *ctl, const ProtobufCMessage *message, const char *text) {
    char *bare = text_without_meta(message);
    bool is_new = ctl_seen_is_new(&ctl->watch->seen, key_of(ctl, message), bare ? bare : text);
    free(bare);
    ctl->watch->has_changed = ctl->watch->has_changed || is_new;
    return is_new;
}

static void print_gone(const char *key, const char *text, void *userdata) {
    struct ctl *ctl = userdata;
    if (ctl_wants_json(ctl))
        printf("{\"gone\":%s}\n", text);
    else if (ctl->format != CTL_FORMAT_NAME)
        printf("gone: %.*s%s\n", (int)strcspn(key, "\t"), key, strchr(key, '\t') ? strchr(key, '\t') : "");
}

/* What the command printed by itself: in a table's round it stands beside the rows; otherwise it is all there
 * is. */
static void print_round(struct ctl *ctl, char *text) {
    struct ctl_watch *watch = ctl->watch;
    if (watch->seen.is_used) {
        if (watch->has_changed)
            fputs(text, stdout);
        ctl_seen_end_round(&watch->seen, print_gone, ctl);
        free(text);
        return;
    }
    bool had_text = watch->text != NULL;
    if (!replace_text(&watch->text, text))
        return;
    if (had_text)
        putchar('\n');
    fputs(text, stdout);
}

static int run_round(struct ctl *ctl, struct ctl_watch *watch, struct ctl_client **client) {
    struct ctl round;
    char *text = NULL;
    size_t size;
    FILE *screen = stdout, *out = open_memstream(&text, &size);
    if (!out)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
    ctl_init(&round, ctl->nouns, ctl->arguments);
    round.client = *client;
    round.watch = watch;
    if (round.format == CTL_FORMAT_JSON)
        round.format = CTL_FORMAT_JSONL;
    watch->has_changed = false;
    ctl_seen_begin_round(&watch->seen);
    stdout = out; /* what is printed is judged before it is shown */
    int exit_status = ctl->arguments->command->run(&round);
    stdout = screen;
    fclose(out);
    if (exit_status == 0)
        print_round(&round, text);
    else
        free(text);
    watch->is_first = false;
    *client = round.client;
    round.client = NULL;
    ctl_deinit(&round);
    return exit_status;
}

int ctl_watch_command(struct ctl *ctl) {
    struct ctl_watch watch = {.is_first = true};
    struct ctl_event_stream stream;
    struct ctl_client *client = NULL;
    int exit_status = 0;
    bool is_due = false;
    unsigned n = 0;
    ctl_event_stream_init(&stream, ctl, 0, "");
    for (;;) {
        Heliostat__V1__WatchResponse *item;
        enum ctl_event_result result =
            ctl_event_stream_next(&stream, is_due ? SETTLE_MS : -1, &item, &exit_status);
        if (result == CTL_EVENT_END)
            break;
        if (result == CTL_EVENT_BACK) {
            is_due = true;
            ctl_client_free(client);
            client = NULL;
        }
        if (result == CTL_EVENT_ITEM) {
            is_due = is_due || item->type != HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SNAPSHOT;
            grpcx_unpack_free(&item->base);
            if (++n < SETTLE_MOST_ITEMS)
                continue;
        }
        if (!is_due || stream.is_lost)
            continue;
        n = 0;
        exit_status = run_round(ctl, &watch, &client);
        if (exit_status && exit_status != CTL_EXIT_UNREACHABLE)
            break;
        if (fflush(stdout) != 0)
            break;
        is_due = exit_status != 0; /* the stream says when the daemon is back */
    }
    ctl_event_stream_deinit(&stream);
    ctl_client_free(client);
    ctl_seen_deinit(&watch.seen);
    free(watch.header);
    free(watch.text);
    return exit_status;
}
