#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void log_line(enum log_level level, const char *format, ...) {
    static const char *const names[] = {"error", "warning", "info"};
    char text[1200], date[40] = "";
    struct timespec now;
    struct tm parts;
    va_list list;
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &parts))
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    int at = snprintf(text, sizeof(text), "%s.%03dZ %s ", date, (int)(now.tv_nsec / 1000000), names[level]);
    va_start(list, format);
    vsnprintf(text + at, sizeof(text) - (size_t)at - 1, format, list);
    va_end(list);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    size_t length = strlen(text);
    text[length++] = '\n';
    /* One write, so that lines of several processes do not mix. A log that cannot be written is no reason to
     * stop. */
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
}
