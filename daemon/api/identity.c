#include "daemon/api/identity.h"

#include <stdio.h>

#define OVERFLOW_UID 65534 /* stands for a user that this namespace has no number for */

void identity_principal(uid_t uid, char *text, size_t text_size) {
    if (uid == 0)
        snprintf(text, text_size, "root");
    else
        snprintf(text, text_size, "uid:%lu", (unsigned long)uid);
}

bool identity_is_admin(uid_t uid, uid_t own_uid) {
    return uid == 0 || (uid == own_uid && uid != OVERFLOW_UID);
}
