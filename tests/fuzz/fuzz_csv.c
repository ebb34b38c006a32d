/* Hostile text as a fiber table: every bad line is a finding, and every fiber that is read is a place of a
 * pod. */
#include "inventory/fiber_csv.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct inventory_fiber_list list = {0};
    struct inventory_findings findings = {0};
    char *text = malloc(size + 1); /* a copy of its own, so that a read beyond it is found */
    if (!text)
        abort();
    memcpy(text, data, size);
    int r = inventory_csv_read(text, size, "", &list, &findings);
    if (r == 0 && (list.n > INVENTORY_CSV_FIBERS_MAX || list.n != list.n_lines))
        abort();
    for (size_t i = 0; r == 0 && i < list.n; i++)
        if (!list.fibers[i] || list.lines[i] < 1)
            abort();
    inventory_fiber_list_deinit(&list);
    inventory_findings_deinit(&findings);
    free(text);
    return 0;
}
