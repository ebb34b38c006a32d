#pragma once
/* Who asks: proved by the kernel when the connection was made, never by what the client says. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PRINCIPAL_MAX 32

/* "root" or "uid:1001". */
void identity_principal(uid_t uid, char *text, size_t text_size);
/* Without a table of roles root and the daemon's own user are admin, and nobody else gets in. */
bool identity_is_admin(uid_t uid, uid_t own_uid);
