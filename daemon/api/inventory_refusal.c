#include "daemon/api/inventory_refusal.h"
#include "daemon/api/refusal.h"

/* Every finding as an item, errors first. */
static void add_findings(struct fabric_refusal *refusal, const struct inventory_findings *findings,
                         bool warnings) {
    for (size_t i = 0; i < findings->n; i++) {
        const struct inventory_finding *finding = &findings->items[i];
        if (finding->is_warning != warnings)
            continue;
        const char *kind = finding->is_warning ? "warning: " : "";
        const char *colon = *finding->field ? ": " : "";
        if (finding->line)
            refusal_add_item(refusal, "line %u: %s%s%s%s", finding->line, kind, finding->field, colon,
                             finding->text);
        else
            refusal_add_item(refusal, "%s%s%s%s", kind, finding->field, colon, finding->text);
    }
}

int refuse_findings(struct fabric_refusal *refusal, const char *field,
                    const struct inventory_findings *findings) {
    add_findings(refusal, findings, false);
    add_findings(refusal, findings, true);
    return refuse_invalid(refusal, field, "%zu error%s and %zu warning%s: nothing was changed",
                          findings->errors, findings->errors == 1 ? "" : "s", findings->warnings,
                          findings->warnings == 1 ? "" : "s");
}
