#include "tests/world/template.h"
#include "daemon/fabric/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int put_rows(const struct fabric_pod_rows *rows, void *userdata) {
    struct world *world = userdata;
    struct fabric_actor actor = world_actor(world, "PutPods");
    struct fabric_outcome outcome;
    struct fabric_refusal refusal = {0};
    int r = fabric_put_pods(world->fabric, &actor, rows, 1, world->now_us, &outcome, &refusal);
    if (r)
        fprintf(stderr, "the pod is refused: %s\n", refusal.text);
    fabric_refusal_deinit(&refusal);
    return r;
}

/* From an empty disk to a pod that is confirmed and thawed. */
static void set_up(struct world *world) {
    if (fleet_with_rows(world->fleet, put_rows, world) != 0)
        world_fail(world, "the pod cannot be put");
    world_run(world, world->now_us + 8000000);
    const struct fabric_ocs *ocses[FLEET_OCSES];
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        ocses[ocs] = &world->fabric->pods->ocs[ocs];
    struct fabric_actor actor = world_actor(world, "ConfirmOcses");
    struct fabric_outcome outcome;
    struct fabric_refusal refusal = {0};
    if (fabric_confirm_ocses(world->fabric, &actor, ocses, FLEET_OCSES, world->now_us, &outcome, &refusal) !=
        0)
        world_fail(world, "the switches cannot be confirmed: %s", refusal.text);
    world_run(world, world->now_us + 8000000);
    if (world->fabric->pods->frozen)
        world_fail(world, "an empty pod does not thaw by itself");
    world->has_unanswered[0] = false;
}

static void read_file(const char *path, struct text *ret_bytes) {
    char buffer[65536];
    FILE *file = fopen(path, "rb");
    if (!file)
        abort();
    for (size_t n; (n = fread(buffer, 1, sizeof(buffer), file)) > 0;)
        text_add_bytes(ret_bytes, buffer, n);
    fclose(file);
}

bool template_make(struct world *world, struct fleet *fleet, unsigned variant, const char *folder,
                   struct world_counts *counts, struct text *ret_database) {
    fleet_init(fleet, variant);
    world_init(world, fleet, 1, folder, NULL, counts, WORLD_SILENT);
    if (setjmp(world->failed)) {
        fprintf(stderr, "a pod cannot be set up: %s\n", world->failure);
        return false;
    }
    set_up(world);
    world_deinit(world);
    read_file(world->path, ret_database);
    return true;
}

void template_remove(const char *folder) {
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
            perror(entry->d_name);
    if (dir)
        closedir(dir);
    rmdir(folder);
}
