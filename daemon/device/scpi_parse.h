#pragma once
/* Strict reading of what a switch answers. A truncated or garbled answer is no answer. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SCPI_WORD_MAX 64

struct scpi_identity {
    char vendor[SCPI_WORD_MAX];
    char product[SCPI_WORD_MAX];
    char serial[SCPI_WORD_MAX];
    char version[SCPI_WORD_MAX];
};

/* All of these: 0, or -EBADMSG. */
__attribute__((warn_unused_result)) int scpi_parse_identity(const char *text,
                                                            struct scpi_identity *ret_identity);
__attribute__((warn_unused_result)) int scpi_parse_size(const char *text, unsigned *ret_a, unsigned *ret_b);
/* `(@1,2),(@17,18)` with ingress 1..ports_a and egress ports_a+1..ports_a+ports_b into
 * ret_b_of_a[0..ports_a], B ports from 1, 0 for none. */
__attribute__((warn_unused_result)) int scpi_parse_map(const char *text, unsigned ports_a, unsigned ports_b,
                                                       uint16_t *ret_b_of_a);
/* `0,"No error"`: the number. Printable ASCII only. */
__attribute__((warn_unused_result)) int scpi_parse_error(const char *text, int *ret_code);
/* `(-29.55,-30.05)`, count readings in dBm, into thousandths; within -100 and 50. */
__attribute__((warn_unused_result)) int scpi_parse_power(const char *text, size_t count,
                                                         int32_t *ret_power_mdbm);
/* The length of the first complete answer at text[0..len), ended by '\n' or by ';' outside quotes; -1: not
 * complete. The end mark is not counted. */
ssize_t scpi_answer_length(const char *text, size_t len);
