#pragma once
#include "heliostat/v1/inventory.pb-c.h"
#include "inventory/check.h"
#include "inventory/fill.h"
#include "inventory/findings.h"
#include "inventory/message.h"
#include "inventory/names.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static inline Heliostat__V1__Pod *filled(const char *name, const char *model, const char *address) {
    Heliostat__V1__Pod *pod = NULL;
    const char *field = "";
    char error[INVENTORY_ERROR_MAX] = "no memory";
    cr_assert_eq(inventory_fill(name, model, address, &pod, &field, error), 0, "%s: %s", field, error);
    return pod;
}

static inline void change(char **field, const char *text) {
    cr_assert_eq(inventory_set(field, "%s", text), 0);
}

static inline void print_findings(const struct inventory_findings *findings) {
    for (size_t i = 0; i < findings->n && i < 20; i++)
        fprintf(stderr, "  %s line %u %s: %s\n", findings->items[i].is_warning ? "warning" : "error",
                findings->items[i].line, findings->items[i].field, findings->items[i].text);
}

/* One finding of this kind is there. */
static inline void has(const struct inventory_findings *findings, bool is_warning, uint32_t line,
                       const char *field, const char *text) {
    for (size_t i = 0; i < findings->n; i++) {
        const struct inventory_finding *item = &findings->items[i];
        if (item->is_warning == is_warning && item->line == line && strcmp(item->field, field) == 0 &&
            strstr(item->text, text))
            return;
    }
    print_findings(findings);
    cr_expect(false, "wants line %u %s: %s", line, field, text);
}
