#include "inventory/findings.h"

#include "inventory/message.h"
#include "inventory/names.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void inventory_findings_deinit(struct inventory_findings *findings) {
    for (size_t i = 0; i < findings->n; i++) {
        free(findings->items[i].field);
        free(findings->items[i].text);
    }
    free(findings->items);
    *findings = (struct inventory_findings){0};
}

/* text is taken over, also where the finding is not kept. */
static void keep(struct inventory_findings *findings, uint32_t line, const char *field, char *text,
                 bool is_warning) {
    if ((findings->n & (findings->n - 1)) == 0) {
        size_t room = findings->n ? 2 * findings->n : 1;
        struct inventory_finding *items = realloc(findings->items, room * sizeof(*items));
        if (items)
            findings->items = items;
        else
            findings->out_of_memory = true;
    }
    char *own_field = strdup(field);
    if (!own_field || !text || findings->out_of_memory) {
        findings->out_of_memory = true;
        free(own_field);
        free(text);
        return;
    }
    findings->items[findings->n++] = (struct inventory_finding){line, own_field, text, is_warning};
}

__attribute__((format(printf, 5, 0))) static void add(struct inventory_findings *findings, uint32_t line,
                                                      const char *field, bool is_warning, const char *format,
                                                      va_list arguments) {
    size_t *count = is_warning ? &findings->warnings : &findings->errors;
    if (++*count > INVENTORY_FINDINGS_MAX)
        return;
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    if (text)
        inventory_make_printable(text);
    keep(findings, line, field, text, is_warning);
}

void inventory_error(struct inventory_findings *findings, uint32_t line, const char *field,
                     const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(findings, line, field, false, format, arguments);
    va_end(arguments);
}

void inventory_warning(struct inventory_findings *findings, uint32_t line, const char *field,
                       const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(findings, line, field, true, format, arguments);
    va_end(arguments);
}

static void say_more(struct inventory_findings *findings, size_t count, const char *what, bool is_warning) {
    char *text = NULL;
    if (count <= INVENTORY_FINDINGS_MAX)
        return;
    if (asprintf(&text, "and %zu more %s", count - INVENTORY_FINDINGS_MAX, what) < 0)
        text = NULL;
    keep(findings, 0, "", text, is_warning);
}

int inventory_findings_close(struct inventory_findings *findings) {
    say_more(findings, findings->errors, "errors", false);
    say_more(findings, findings->warnings, "warnings", true);
    if (findings->out_of_memory)
        return -ENOMEM;
    return findings->errors > 0 ? INVENTORY_REFUSED : 0;
}

static Heliostat__V1__Finding *message_of(const struct inventory_finding *item) {
    Heliostat__V1__Finding *message = inventory_message_new(&heliostat__v1__finding__descriptor);
    if (!message)
        return NULL;
    message->line = item->line;
    message->is_warning = item->is_warning;
    if (inventory_set(&message->field, "%s", item->field) != 0 ||
        inventory_set(&message->text, "%s", item->text) != 0) {
        inventory_message_free(message);
        return NULL;
    }
    return message;
}

int inventory_findings_messages(const struct inventory_findings *findings,
                                Heliostat__V1__Finding ***ret_messages, size_t *ret_n) {
    Heliostat__V1__Finding **messages = NULL;
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++) {
        Heliostat__V1__Finding *message = message_of(&findings->items[i]);
        if (!message || inventory_append(&messages, &n, message) != 0) {
            inventory_message_free(message);
            for (size_t k = 0; k < n; k++)
                inventory_message_free(messages[k]);
            free(messages);
            return -ENOMEM;
        }
    }
    *ret_messages = messages;
    *ret_n = n;
    return 0;
}
