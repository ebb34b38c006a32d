#pragma once
/* Who asks: proved by the kernel when the connection was made, never by what the client says. */
#include <stddef.h>
#include <sys/types.h>

#define OVERFLOW_UID 65534 /* stands for a user that this namespace has no number for */

/* "root" or "uid:1001". */
void identity_principal(uid_t uid, char *text, size_t text_size);
