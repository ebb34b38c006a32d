#include "ctl/whatif/lines.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

int whatif_lines_open(struct whatif_lines *lines, struct ctl *ctl, const char *path) {
    lines->ctl = ctl;
    lines->path = path;
    lines->number = 0;
    lines->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    return lines->file ? 0 : ctl_fail(ctl, CTL_EXIT_FAILED, "%s: %s", path, strerror(errno));
}

int whatif_lines_next(struct whatif_lines *lines) {
    size_t length = 0;
    int c;
    lines->number++;
    while ((c = getc_unlocked(lines->file)) != EOF && c != '\n') {
        if (c == 0 || length == WHATIF_LINE_MAX) {
            whatif_lines_fail(lines, c ? "a line of more than %d bytes" : "a NUL byte: this is no text",
                              WHATIF_LINE_MAX);
            return -1;
        }
        lines->line[length++] = (char)c;
    }
    if (c == EOF && ferror(lines->file)) {
        whatif_lines_fail(lines, "cannot be read: %s", strerror(errno));
        return -1;
    }
    while (length && (lines->line[length - 1] == '\r' || lines->line[length - 1] == ' '))
        length--;
    lines->line[length] = 0;
    return c == EOF && length == 0 ? 0 : 1;
}

void whatif_lines_close(struct whatif_lines *lines) {
    if (lines->file && lines->file != stdin)
        fclose(lines->file);
    lines->file = NULL;
}

int whatif_lines_fail(const struct whatif_lines *lines, const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    return ctl_fail(lines->ctl, CTL_EXIT_USAGE, "%s:%llu: %s", lines->path, (unsigned long long)lines->number,
                    text);
}
