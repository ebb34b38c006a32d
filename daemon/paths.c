#include "daemon/paths.h"
#include "daemon/fabric/fabric.h"
#include "daemon/loop/loop.h"
#include "daemon/net/net.h"

#include <errno.h>
#include <stdlib.h>

struct paths {
    struct net_watch *watch;
    void (*changed)(void *userdata);
    void *userdata;
    bool is_old;
};

static void on_readable(void *userdata) {
    struct paths *paths = userdata;
    if (!net_watch_dispatch(paths->watch))
        return;
    paths->is_old = true;
    paths->changed(paths->userdata);
}

int paths_new(struct loop *loop, void (*changed)(void *userdata), void *userdata, struct paths **ret_paths) {
    struct paths *paths = calloc(1, sizeof(*paths));
    if (!paths)
        return -ENOMEM;
    *paths = (struct paths){.changed = changed, .userdata = userdata, .is_old = true};
    int r = net_watch_new(&paths->watch);
    if (r == 0)
        r = loop_on_readable(loop, net_watch_fd(paths->watch), on_readable, paths);
    if (r < 0) {
        paths_free(paths);
        return r;
    }
    *ret_paths = paths;
    return 0;
}

void paths_free(struct paths *paths) {
    if (!paths)
        return;
    net_watch_free(paths->watch);
    free(paths);
}

void paths_mark(struct paths *paths) {
    if (paths)
        paths->is_old = true;
}

void paths_tell(struct paths *paths, struct fabric *fabric, int64_t now_us) {
    if (!paths || !paths->is_old)
        return;
    paths->is_old = false;
    for (const struct fabric_pod *pod = fabric_pods(fabric); pod; pod = pod->next)
        for (unsigned i = 0; i < pod->n_ocses; i++) {
            const struct net_path *path =
                pod->ocs[i].address[0] ? net_watch_path(paths->watch, pod->ocs[i].address) : NULL;
            if (!path)
                continue;
            const struct fabric_path told = {
                .is_up = path->is_up, .losses = path->losses, .returns = path->returns, .text = path->text};
            fabric_set_path(fabric, &pod->ocs[i], &told, now_us);
        }
}
