#pragma once
/* The cable plan that people keep in spreadsheets: pod,cube,face,index,ocs,side,port (RFC 4180). */
#include "heliostat/v1/inventory.pb-c.h"
#include "inventory/findings.h"
#include "inventory/names.h"

#define INVENTORY_CSV_BYTES_MAX (16u << 20)
#define INVENTORY_CSV_FIBERS_MAX 24576u /* every face link of the largest pod */

struct inventory_fiber_list {
    char pod[INVENTORY_POD_MAX]; /* that all rows name; "": none does */
    Heliostat__V1__Fiber **fibers;
    size_t n;
    uint32_t *lines; /* lines[i] is where fibers[i] stood, from 1 */
    size_t n_lines;  /* n */
};

void inventory_fiber_list_deinit(struct inventory_fiber_list *list);

/* The first line names the columns, in any order. Lines end with \n or \r\n, empty ones are skipped, a byte
 * order mark is too. All rows are of one pod: of the given one, or with pod "" of that of the first row; a
 * row may leave it out. Cubes and switches may carry the pod in front. Only what a row says by itself is
 * checked here; inventory_check_fibers() does the rest. Every bad line is a finding and is not in the list.
 * ret_list is the caller's to deinit, also when there are findings. 0 or -ENOMEM; the findings are not
 * closed. */
__attribute__((warn_unused_result)) int inventory_csv_read(const char *text, size_t len, const char *pod,
                                                           struct inventory_fiber_list *ret_list,
                                                           struct inventory_findings *findings);

/* Sorted by cube, face and index; ends with a newline. *ret_text is the caller's to free(). 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int inventory_csv_write(const Heliostat__V1__Pod *pod, char **ret_text);
