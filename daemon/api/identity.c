#include "daemon/api/identity.h"

#include <stdio.h>

void identity_principal(uid_t uid, char *text, size_t text_size) {
    if (uid == 0)
        snprintf(text, text_size, "root");
    else
        snprintf(text, text_size, "uid:%lu", (unsigned long)uid);
}
