/* helioctl backup */
#include "heliostat/v1/store.pb-c.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int backup(struct ctl *ctl) {
    Heliostat__V1__BackupStoreRequest request = HELIOSTAT__V1__BACKUP_STORE_REQUEST__INIT;
    Heliostat__V1__BackupStoreResponse *response;
    const char *path = ctl_positional(ctl, 0);
    char folder[4096];
    if (path[0] != '/' && !getcwd(folder, sizeof(folder)))
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the current folder is not known: %s", strerror(errno));
    request.path = path[0] == '/' ? (char *)path : ctl_text(ctl, "%s/%s", folder, path);
    int exit_status = ctl_call(ctl, "StoreService/BackupStore", &request.base,
                               &heliostat__v1__backup_store_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "Written to %s. A daemon that opens it starts its pods FROZEN.", request.path);
    return 0;
}

static const struct ctl_command commands[] = {
    {NULL,
     "Write a marked copy of the daemon's database on its machine",
     NULL,
     {{"FILE", false, CTL_OBJECT_FILE, "The copy; must not exist"}},
     NULL,
     0,
     NULL,
     backup},
    {0},
};

const struct ctl_noun ctl_noun_backup = {"backup", "Copy the database while the daemon runs", commands};
