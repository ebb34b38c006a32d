#pragma once
/* Addresses of switch sessions. Pure. */
#include <stdbool.h>

/* "127.0.0.1:5025" or "[fd00::7]:5025", port 1..65535. Names are not taken: looking one up could block. */
bool address_is_numeric(const char *text);
