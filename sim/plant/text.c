#include "sim/plant/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void) {
    fputs("heliosim: out of memory\n", stderr);
    abort();
}

void *sim_calloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);

    if (!memory)
        out_of_memory();
    return memory;
}

char *sim_strdup(const char *string) {
    char *copy = strdup(string);

    if (!copy)
        out_of_memory();
    return copy;
}

void text_deinit(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}

void text_clear(struct text *text) {
    text->len = 0;
    if (text->data)
        text->data[0] = 0;
}

static void reserve(struct text *text, size_t more) {
    size_t capacity = text->capacity ? text->capacity : 64;

    while (capacity < text->len + more + 1)
        capacity *= 2;
    if (capacity == text->capacity)
        return;
    text->data = realloc(text->data, capacity);
    if (!text->data)
        out_of_memory();
    text->capacity = capacity;
}

void text_add_bytes(struct text *text, const void *bytes, size_t len) {
    reserve(text, len);
    if (len)
        memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = 0;
}

void text_add(struct text *text, const char *string) {
    text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...) {
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0)
        abort();
    reserve(text, (size_t)len);
    va_start(arguments, format);
    vsnprintf(text->data + text->len, (size_t)len + 1, format, arguments);
    va_end(arguments);
    text->len += (size_t)len;
}

void text_add_json(struct text *text, const void *bytes, size_t len) {
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++) {
        if (at[i] == '"' || at[i] == '\\')
            text_addf(text, "\\%c", at[i]);
        else if (at[i] < 0x20 || at[i] >= 0x7f)
            text_addf(text, "\\u%04x", at[i]);
        else
            text_add_bytes(text, at + i, 1);
    }
}
