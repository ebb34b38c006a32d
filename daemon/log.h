#pragma once
/* One line for each thing, to standard error: time, level, text. Any thread. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);
