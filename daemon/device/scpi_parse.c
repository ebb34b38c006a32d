#include "daemon/device/scpi_parse.h"

#include <errno.h>
#include <string.h>

static bool is_printable(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

int scpi_parse_identity(const char *text, struct scpi_identity *ret_identity) {
    struct scpi_identity identity = {0};
    char *const words[] = {identity.vendor, identity.product, identity.serial, identity.version};
    for (size_t i = 0; i < 4; i++) {
        size_t len = strcspn(text, ",");
        if (len == 0 || len >= SCPI_WORD_MAX || (text[len] == ',') != (i < 3) || !is_printable(text, len))
            return -EBADMSG;
        memcpy(words[i], text, len);
        text += len + (i < 3);
    }
    *ret_identity = identity;
    return 0;
}

static const char *read_number(const char *text, unsigned *ret_number) {
    unsigned number = 0;
    int digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9'; digits++) {
        if (digits == 5)
            return NULL;
        number = number * 10 + (unsigned)(text[digits] - '0');
    }
    if (digits == 0)
        return NULL;
    *ret_number = number;
    return text + digits;
}

int scpi_parse_size(const char *text, unsigned *ret_a, unsigned *ret_b) {
    unsigned a, b;
    const char *rest = read_number(text, &a);
    if (!rest || *rest != ',')
        return -EBADMSG;
    rest = read_number(rest + 1, &b);
    if (!rest || *rest || a == 0 || b == 0)
        return -EBADMSG;
    *ret_a = a;
    *ret_b = b;
    return 0;
}

/* Reads "(@1,2,3)" into list[0..max); returns what follows, NULL when it is not such a list. */
static const char *read_list(const char *text, uint16_t *list, unsigned max, unsigned *ret_count) {
    if (text[0] != '(' || text[1] != '@')
        return NULL;
    text += 2;
    unsigned count = 0;
    while (*text != ')') {
        if (count && *text++ != ',')
            return NULL;
        unsigned number;
        text = read_number(text, &number);
        if (!text || count == max || number > UINT16_MAX)
            return NULL;
        list[count++] = (uint16_t)number;
    }
    *ret_count = count;
    return text + 1;
}

int scpi_parse_map(const char *text, unsigned ports_a, unsigned ports_b, uint16_t *ret_b_of_a) {
    enum { LIST_MAX = 1024 };
    uint16_t ingress[LIST_MAX], egress[LIST_MAX], b_of_a[LIST_MAX + 1] = {0};
    bool b_used[LIST_MAX + 1] = {false};
    unsigned n_ingress, n_egress;
    if (ports_a > LIST_MAX || ports_b > LIST_MAX)
        return -EBADMSG;
    const char *rest = read_list(text, ingress, LIST_MAX, &n_ingress);
    if (!rest || *rest != ',')
        return -EBADMSG;
    rest = read_list(rest + 1, egress, LIST_MAX, &n_egress);
    if (!rest || *rest || n_ingress != n_egress)
        return -EBADMSG;
    for (unsigned i = 0; i < n_ingress; i++) {
        unsigned a = ingress[i];
        if (a < 1 || a > ports_a || egress[i] <= ports_a || egress[i] > ports_a + ports_b)
            return -EBADMSG;
        unsigned b = egress[i] - ports_a;
        if (b_of_a[a] || b_used[b])
            return -EBADMSG;
        b_of_a[a] = (uint16_t)b;
        b_used[b] = true;
    }
    memcpy(ret_b_of_a, b_of_a, sizeof(*b_of_a) * (ports_a + 1));
    return 0;
}

int scpi_parse_error(const char *text, int *ret_code) {
    size_t len = strlen(text);
    bool negative = text[0] == '-';
    unsigned code;
    const char *rest = read_number(text + (negative || text[0] == '+'), &code);
    if (!rest || code > 32767 || rest[0] != ',' || rest[1] != '"' || rest + 1 == text + len - 1 ||
        text[len - 1] != '"' || !is_printable(text, len))
        return -EBADMSG;
    *ret_code = negative ? -(int)code : (int)code;
    return 0;
}

/* "-29.55" into thousandths, at most three decimals; returns what follows, NULL when it is no such number. */
static const char *read_thousandths(const char *text, int32_t *ret_value) {
    bool negative = *text == '-';
    unsigned whole;
    text = read_number(text + (negative || *text == '+'), &whole);
    if (!text || whole > 1000)
        return NULL;
    int32_t value = (int32_t)whole * 1000;
    if (*text == '.') {
        int32_t weight = 100;
        for (text++; *text >= '0' && *text <= '9'; text++, weight /= 10) {
            if (weight == 0)
                return NULL;
            value += (*text - '0') * weight;
        }
        if (weight == 100)
            return NULL;
    }
    *ret_value = negative ? -value : value;
    return text;
}

int scpi_parse_power(const char *text, size_t count, int32_t *ret_power_mdbm) {
    if (*text++ != '(')
        return -EBADMSG;
    for (size_t i = 0; i < count; i++) {
        if (i && *text++ != ',')
            return -EBADMSG;
        text = read_thousandths(text, &ret_power_mdbm[i]);
        if (!text || ret_power_mdbm[i] < -100000 || ret_power_mdbm[i] > 50000)
            return -EBADMSG;
    }
    return strcmp(text, ")") ? -EBADMSG : 0;
}

ssize_t scpi_answer_length(const char *text, size_t len) {
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            return (ssize_t)i;
        if (text[i] == '"')
            quoted = !quoted;
        if (text[i] == ';' && !quoted)
            return (ssize_t)i;
    }
    return -1;
}
