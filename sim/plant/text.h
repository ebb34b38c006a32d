#pragma once
/* A growing byte string, always followed by a NUL. Running out of memory ends the program: the plant is
 * emulated. */
#include <stddef.h>

struct text {
    char *data; /* NULL while nothing was ever added */
    size_t len, capacity;
};

void text_deinit(struct text *text);
void text_clear(struct text *text);
void text_add_bytes(struct text *text, const void *bytes, size_t len);
void text_add(struct text *text, const char *string);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *text, const char *format, ...);
/* As the inside of a JSON string; bytes outside printable ASCII become \u00XX. */
void text_add_json(struct text *text, const void *bytes, size_t len);

/* calloc and strdup that end the program when memory runs out. */
void *sim_calloc(size_t count, size_t size);
char *sim_strdup(const char *string);
