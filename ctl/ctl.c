#include "ctl/ctl.h"
#include "ctl/client.h"
#include "ctl/error.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (64u << 20)

struct ctl_block {
    struct ctl_block *next;
    void *block;
    void (*free_block)(void *block);
};

static const struct {
    const char *name;
    enum ctl_format format;
} formats[] = {
    {"table", CTL_FORMAT_TABLE}, {"wide", CTL_FORMAT_WIDE}, {"json", CTL_FORMAT_JSON},
    {"jsonl", CTL_FORMAT_JSONL}, {"name", CTL_FORMAT_NAME},
};

static const char *socket_path(const struct ctl_arguments *arguments) {
    const char *address = ctl_arguments_text(arguments, "address");
    if (!address)
        address = getenv("HELIOSTAT_ADDRESS");
    if (address && *address && !ctl_arguments_text(arguments, "socket"))
        return address;
    const char *path = ctl_arguments_text(arguments, "socket"), *given = getenv("HELIOSTAT_SOCKET");
    if (path)
        return path;
    return given && *given ? given : "/run/heliostat/heliostatd.sock";
}

void ctl_init(struct ctl *ctl, const struct ctl_noun *const *nouns, const struct ctl_arguments *arguments) {
    const char *no_colour = getenv("NO_COLOR");
    *ctl = (struct ctl){.arguments = arguments, .nouns = nouns, .socket_path = socket_path(arguments)};
    ctl->colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
    ctl->format_text = ctl_flag_text_or(ctl, "output", "table");
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (strcmp(formats[i].name, ctl->format_text) == 0)
            ctl->format = formats[i].format;
}

void ctl_deinit(struct ctl *ctl) {
    ctl_client_free(ctl->client);
    while (ctl->blocks) {
        struct ctl_block *b = ctl->blocks;
        ctl->blocks = b->next;
        b->free_block(b->block);
        free(b);
    }
}

static void no_memory(void) {
    fputs("helioctl: out of memory\n", stderr);
    exit(CTL_EXIT_FAILED);
}

void ctl_keep(struct ctl *ctl, void *block, void (*free_block)(void *block)) {
    struct ctl_block *b = malloc(sizeof(*b));
    if (!b)
        no_memory();
    *b = (struct ctl_block){ctl->blocks, block, free_block};
    ctl->blocks = b;
}

void *ctl_alloc(struct ctl *ctl, size_t size) {
    void *block = calloc(1, size ? size : 1);
    if (!block)
        no_memory();
    ctl_keep(ctl, block, free);
    return block;
}

char *ctl_text(struct ctl *ctl, const char *format, ...) {
    va_list values;
    char *text;
    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        no_memory();
    va_end(values);
    ctl_keep(ctl, text, free);
    return text;
}

char *ctl_read_file(struct ctl *ctl, const char *path, size_t *ret_length) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    size_t length = 0, capacity = 0;
    char *text = NULL;
    if (!file) {
        ctl_fail(ctl, CTL_EXIT_USAGE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    do {
        capacity = capacity ? 2 * capacity : 65536;
        char *more = realloc(text, capacity + 1);
        if (!more)
            no_memory();
        text = more;
        length += fread(text + length, 1, capacity - length, file);
    } while (length == capacity && capacity < FILE_MAX_BYTES);
    bool failed = ferror(file), too_long = length == capacity;
    if (file != stdin)
        fclose(file);
    text[length] = 0;
    ctl_keep(ctl, text, free);
    if (failed || too_long) {
        ctl_fail(ctl, CTL_EXIT_USAGE, "%s: %s", path, failed ? "cannot be read" : "is larger than 64 MiB");
        return NULL;
    }
    *ret_length = length;
    return text;
}

bool ctl_has(const struct ctl *ctl, const char *flag) {
    return ctl_arguments_text(ctl->arguments, flag);
}

char *ctl_flag_text(const struct ctl *ctl, const char *flag) {
    return (char *)ctl_arguments_text(ctl->arguments, flag);
}

char *ctl_flag_text_or(const struct ctl *ctl, const char *flag, const char *otherwise) {
    char *text = ctl_flag_text(ctl, flag);
    return text ? text : (char *)otherwise;
}

int64_t ctl_flag_number(const struct ctl *ctl, const char *flag, int64_t otherwise) {
    const char *text = ctl_flag_text(ctl, flag);
    int64_t number = otherwise;
    if (text && !ctl_parse_number(text, &number))
        number = otherwise;
    return number;
}

int64_t ctl_flag_ms(const struct ctl *ctl, const char *flag, int64_t otherwise_ms) {
    const char *text = ctl_flag_text(ctl, flag);
    int64_t ms = otherwise_ms;
    if (text && !ctl_parse_seconds(text, &ms))
        ms = otherwise_ms;
    return ms;
}

char **ctl_flag_list(struct ctl *ctl, const char *flag, size_t *ret_n) {
    const struct ctl_arguments *a = ctl->arguments;
    size_t n = 0, most = 0;
    for (size_t i = 0; i < a->n_given; i++)
        if (strcmp(a->given[i].flag->name, flag) == 0) {
            most++;
            for (const char *c = a->given[i].text; *c; c++)
                most += *c == ',';
        }
    char **list = ctl_alloc(ctl, (most + 1) * sizeof(*list));
    for (size_t i = 0; i < a->n_given; i++) {
        if (strcmp(a->given[i].flag->name, flag) != 0)
            continue;
        char *rest = ctl_text(ctl, "%s", a->given[i].text);
        if (a->given[i].flag->value != CTL_VALUE_LIST)
            list[n++] = rest;
        else
            for (char *item = strsep(&rest, ","); item; item = strsep(&rest, ","))
                list[n++] = item;
    }
    *ret_n = n;
    return list;
}

char *ctl_positional(const struct ctl *ctl, unsigned index) {
    return index < ctl->arguments->n_positionals ? (char *)ctl->arguments->positionals[index] : NULL;
}

char *ctl_positional_or(const struct ctl *ctl, unsigned index, const char *otherwise) {
    char *text = ctl_positional(ctl, index);
    return text ? text : (char *)otherwise;
}

int ctl_fail(const struct ctl *ctl, int exit_status, const char *format, ...) {
    va_list values;
    char *text;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0)
        no_memory();
    ctl_print_error(ctl, exit_status, text, NULL);
    free(text);
    return exit_status;
}
