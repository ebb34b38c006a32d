#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Shortest forms only, no surrogates, up to U+10FFFF (RFC 3629). */
bool proto_json_is_utf8(const char *text, size_t len);
