#include "daemon/api/methods.h"
#include "daemon/api/roles.h"

#include <criterion/criterion.h>
#include <string.h>

#define OWN_UID 500

static struct roles *roles;
static char error[ROLES_ERROR_MAX];

static int read_roles(const struct roles_text *text) {
    roles_free(roles);
    roles = NULL;
    return roles_new(text, OWN_UID, &roles, error);
}

static struct rights of(const struct grpcx_peer *peer) {
    struct rights rights;
    roles_find(roles, peer, &rights);
    return rights;
}

static struct rights of_uid(uid_t uid) {
    return of(&(struct grpcx_peer){.uid = uid, .gid = uid});
}

static struct rights of_name(const char *name) {
    char *names[] = {"DNS:first.example", (char *)name};
    return of(&(struct grpcx_peer){.uid = 0, .is_tls = true, .names = names, .n_names = 2});
}

Test(api_roles, without_a_table_only_root_and_the_daemon_itself) {
    cr_assert_eq(read_roles(&(struct roles_text){0}), 0, "%s", error);
    cr_assert_eq(of_uid(0).role, ROLE_ADMIN);
    cr_assert(of_uid(0).is_host_proxy);
    cr_assert_eq(of_uid(OWN_UID).role, ROLE_ADMIN);
    cr_assert_eq(of_uid(501).role, ROLE_NONE);
    cr_assert_str_eq(of_uid(501).principal, "uid:501");
    cr_assert_eq(of_name("URI:heliostat:scheduler/a").role, ROLE_NONE, "a certificate is not uid 0");
    roles_free(roles);
    roles = NULL;
}

Test(api_roles, the_overflow_user_has_no_role_even_as_the_daemon) {
    struct roles *own;
    struct rights rights;
    cr_assert_eq(roles_new(&(struct roles_text){.admin = "group:#7"}, 65534, &own, error), 0);
    gid_t groups[] = {7};
    roles_find(own, &(struct grpcx_peer){.uid = 65534, .gid = 7, .groups = groups, .n_groups = 1}, &rights);
    cr_assert_eq(rights.role, ROLE_NONE);
    roles_free(own);
    cr_assert_eq(read_roles(&(struct roles_text){.viewer = "user:#65534"}), ROLES_REFUSED);
    cr_assert(strstr(error, "65534"), "%s", error);
}

Test(api_roles, users_groups_and_names) {
    const struct roles_text text = {.viewer = "user:#10, group:#20",
                                    .scheduler = "URI:heliostat:scheduler/a user:#11",
                                    .operator_ = "DNS:ops.example",
                                    .host = "user:#12=pod/cube-07/host-03",
                                    .host_proxy = "user:#13",
                                    .quota = "user:#11=512/4, *=64/1"};
    cr_assert_eq(read_roles(&text), 0, "%s", error);
    cr_assert_eq(of_uid(10).role, ROLE_VIEWER);
    gid_t groups[] = {1, 20};
    cr_assert_eq(of(&(struct grpcx_peer){.uid = 99, .gid = 1, .groups = groups, .n_groups = 2}).role,
                 ROLE_VIEWER);
    cr_assert_eq(of(&(struct grpcx_peer){.uid = 99, .gid = 20}).role, ROLE_VIEWER);
    cr_assert_eq(of_name("URI:heliostat:scheduler/a").role, ROLE_SCHEDULER);
    cr_assert_str_eq(of_name("URI:heliostat:scheduler/a").principal, "URI:heliostat:scheduler/a");
    cr_assert_eq(of_name("URI:heliostat:scheduler/ab").role, ROLE_NONE, "names are compared whole");
    cr_assert_eq(of_name("URI:heliostat:Scheduler/a").role, ROLE_NONE);
    cr_assert_eq(of_name("DNS:ops.example").role, ROLE_OPERATOR);
    cr_assert(of_uid(11).is_scoped);
    cr_assert_eq(of_uid(11).quota_chips, 512);
    cr_assert_eq(of_name("URI:heliostat:scheduler/a").quota_slices, 1);
    cr_assert_eq(of_name("DNS:ops.example").quota_chips, -1, "operators have none");
    cr_assert_str_eq(of_uid(12).host_pod, "pod");
    cr_assert_eq(of_uid(12).host_cube, 7);
    cr_assert_eq(of_uid(12).host, 3);
    cr_assert_eq(of_uid(12).role, ROLE_HOST);
    cr_assert(of_uid(13).is_host_proxy);
    roles_free(roles);
    roles = NULL;
}

Test(api_roles, a_certificate_can_name_a_host) {
    cr_assert_eq(read_roles(&(struct roles_text){0}), 0);
    struct rights rights = of_name("URI:heliostat:host/pod/cube-07/host-03");
    cr_assert_eq(rights.role, ROLE_HOST);
    cr_assert_str_eq(rights.host_pod, "pod");
    cr_assert_eq(rights.host_cube, 7);
    cr_assert_eq(rights.host, 3);
    static const char *const bad[] = {
        "DNS:heliostat:host/pod/cube-07/host-03", "URI:heliostat:host/cube-07/host-03",
        "URI:heliostat:host/pod/cube-07/host-16", "URI:heliostat:host/pod/cube-07"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(of_name(bad[i]).role, ROLE_NONE, "%s", bad[i]);
    roles_free(roles);
    roles = NULL;
}

Test(api_roles, refuses_what_it_cannot_read) {
    static const struct {
        struct roles_text text;
        const char *words;
    } cases[] = {
        {{.viewer = "alice"}, "roles.viewer: \"alice\""},
        {{.viewer = "user:no-such-user-here"}, "no user \"no-such-user-here\""},
        {{.admin = "group:no-such-group-here"}, "no group \"no-such-group-here\""},
        {{.operator_ = "user:#-1"}, "#-1"},
        {{.operator_ = "user:#4294967295"}, "#4294967295"},
        {{.host_proxy = "URI:x"}, "user:NAME or group:NAME"},
        {{.host = "user:#1"}, "POD/cube-07/host-03"},
        {{.host = "user:#1=pod/cube-07/host-99"}, "pod/cube-07/host-99"},
        {{.quota = "user:#1=many"}, "CHIPS/SLICES"},
        {{.quota = "user:#1=-5/2"}, "CHIPS/SLICES"},
        {{.scheduler = "*"}, "\"*\""},
        {{.scheduler = "URI:0123456789012345678901234567890123456789012345678901234567890123"}, "63"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(read_roles(&cases[i].text), ROLES_REFUSED, "case %zu is taken", i);
        cr_assert(strstr(error, cases[i].words), "\"%s\" does not say \"%s\"", error, cases[i].words);
    }
}

Test(api_roles, a_method_that_nobody_listed_is_for_admins) {
    cr_assert_eq(method_rule_of("/heliostat.v1.SliceService/Nothing").least, ROLE_ADMIN);
    cr_assert_eq(method_rule_of("/heliostat.v1.SliceService/CreateSlice").least, ROLE_SCHEDULER);
    for (const struct method_rule *rule = method_rules; rule->path; rule++)
        for (const struct method_rule *other = rule + 1; other->path; other++)
            cr_assert(strcmp(rule->path, other->path), "%s stands twice", rule->path);
}
