#pragma once
/* The grammar of SCPI requests: keywords, port lists. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCPI_MAX_LIST 2048

/* pattern such as "OXC:SWITch:CONNect:ADD": every node is matched in its short form (the capitals) or its
 * long form, in any case. header has no leading colon and no '?'. */
bool scpi_header_matches(const char *pattern, const char *header, size_t len);

struct scpi_list {
    uint32_t ports[SCPI_MAX_LIST];
    size_t count;
};

/* Reads "(@1,2,5:8)" or "(@)" at *at and moves on behind it. 0 or the SCPI error: -102 syntax, -103 a range
 * although ranges are not understood, -223 more than SCPI_MAX_LIST. */
__attribute__((warn_unused_result)) int scpi_read_list(const char **at, const char *end, bool ranges,
                                                       struct scpi_list *ret_list);
void scpi_skip_space(const char **at, const char *end);
