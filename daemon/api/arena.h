#pragma once
/* Memory for one reply: everything is freed together. A failed allocation is remembered, so that a builder
 * checks once, before it packs. */
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *blocks;
    bool has_failed;
};

/* Zeroed, aligned for anything; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);
/* NULL without memory. */
char *arena_copy(struct arena *arena, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);
/* An empty message. */
void *arena_message(struct arena *arena, const ProtobufCMessageDescriptor *descriptor);
void arena_deinit(struct arena *arena);
