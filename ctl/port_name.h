#pragma once
/* Port names as people write them. */
#include <stdbool.h>
#include <stdint.h>

/* "A17" with side 'A' -> 17; case does not matter. False for anything else. */
bool ctl_parse_port(const char *text, char side, uint32_t *ret_port);
