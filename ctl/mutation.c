#include "ctl/mutation.h"
#include "ctl/output.h"
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

Heliostat__V1__Mutation *ctl_mutation(struct ctl *ctl) {
    Heliostat__V1__Mutation *mutation = ctl_alloc(ctl, sizeof(*mutation));
    uint64_t number[2];
    heliostat__v1__mutation__init(mutation);
    mutation->request_id = ctl_flag_text(ctl, "request-id");
    if (!mutation->request_id) {
        if (getrandom(number, sizeof(number), 0) != sizeof(number))
            number[0] = number[1] = (uint64_t)getpid();
        mutation->request_id = ctl_text(ctl, "helioctl-%016llx%016llx", (unsigned long long)number[0],
                                        (unsigned long long)number[1]);
    }
    mutation->validate_only = ctl_has(ctl, "dry-run");
    mutation->if_revision = ctl_flag_number(ctl, "if-revision", 0);
    return mutation;
}

void ctl_say_preview(const struct ctl *ctl) {
    const Heliostat__V1__Preview *preview = ctl->preview;
    if (!preview)
        return;
    ctl_say(ctl, "How long: %s", preview->how_long);
    if (preview->n_consequences)
        ctl_say(ctl, "What follows:");
    for (size_t i = 0; i < preview->n_consequences; i++)
        ctl_say(ctl, "  %s", preview->consequences[i]);
    ctl_say(ctl, "What could go wrong:%s", preview->n_could_go_wrong ? "" : " nothing that is known now");
    for (size_t i = 0; i < preview->n_could_go_wrong; i++)
        ctl_say(ctl, "  %s", preview->could_go_wrong[i]);
}

static bool has_terminal(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ctl_would_ask(const struct ctl *ctl) {
    return has_terminal() && !ctl_has(ctl, "yes") && !ctl_has(ctl, "dry-run");
}

int ctl_ask(struct ctl *ctl, const char *format, ...) {
    char answer[16] = "";
    va_list values;
    if (ctl_has(ctl, "yes") || ctl_has(ctl, "dry-run"))
        return 0;
    va_start(values, format);
    if (has_terminal()) {
        vfprintf(stderr, format, values);
        fputs("\nGo on? [y/N] ", stderr);
        if (!fgets(answer, sizeof(answer), stdin))
            answer[0] = 0;
    } else {
        char *text;
        if (vasprintf(&text, format, values) < 0)
            text = NULL;
        ctl_fail(ctl, CTL_EXIT_USAGE, "%s: there is no terminal to ask; add --yes",
                 text ? text : "this is not undone");
        free(text);
    }
    va_end(values);
    if (!has_terminal())
        return CTL_EXIT_USAGE;
    if (strncasecmp(answer, "y\n", 2) == 0 || strncasecmp(answer, "yes\n", 4) == 0)
        return 0;
    return ctl_fail(ctl, CTL_EXIT_FAILED, "nothing was changed");
}
