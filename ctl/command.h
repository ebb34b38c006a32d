#pragma once
/* The command table. Parsing, --help, completion and the man page all come out of it. */
#include <stdbool.h>
#include <stddef.h>

struct ctl;

enum ctl_value {
    CTL_VALUE_NONE,     /* --flag */
    CTL_VALUE_TEXT,     /* --flag TEXT, --flag=TEXT */
    CTL_VALUE_OPTIONAL, /* --flag, --flag=TEXT */
    CTL_VALUE_LIST,     /* --flag a,b --flag c: three values */
    CTL_VALUE_NUMBER,   /* a whole number, not negative */
    CTL_VALUE_SECONDS,  /* 30, 30s, 5m, 1h */
};

/* What a value names; completion asks the daemon for the names. */
enum ctl_object {
    CTL_OBJECT_OTHER,
    CTL_OBJECT_FILE,
    CTL_OBJECT_POD,
    CTL_OBJECT_SLICE,
    CTL_OBJECT_CUBE,
    CTL_OBJECT_OCS,
    CTL_OBJECT_HOST,
    CTL_OBJECT_OPERATION,
};

struct ctl_flag {
    const char *name;
    char letter; /* 0: none */
    enum ctl_value value;
    const char *value_name;
    const char *choices; /* "a|b|c", NULL: free */
    bool required, repeatable;
    enum ctl_object object;
    const char *help;
};

struct ctl_positional {
    const char *name;
    bool optional;
    enum ctl_object object;
    const char *help;
    bool repeats; /* takes all further words too; the last one only */
};

#define CTL_POSITIONALS_MAX 3

/* Flags that several commands share; a set bit adds the set. */
enum ctl_flag_set {
    CTL_FLAGS_MUTATION = 1,    /* --dry-run --request-id --if-revision */
    CTL_FLAGS_WAIT = 2,        /* --wait --no-wait --timeout */
    CTL_FLAGS_DESTRUCTIVE = 4, /* --yes */
    CTL_FLAGS_WATCH = 8,       /* --watch */
};

struct ctl_command {
    const char *verb; /* NULL: the noun alone is the command */
    const char *help; /* one line */
    const char *detail;
    struct ctl_positional positionals[CTL_POSITIONALS_MAX];
    const struct ctl_flag *flags; /* ends with a NULL name; NULL: none */
    unsigned sets;
    const char *formats; /* further values of -o, "a|b"; NULL: none */
    int (*run)(struct ctl *ctl);
};

struct ctl_noun {
    const char *name;
    const char *help;
    const struct ctl_command *commands; /* ends with a NULL run */
};

/* -o --socket --help --version, of every command. Ends with a NULL name. */
extern const struct ctl_flag ctl_global_flags[];

/* Calls visit for every flag of a command: its own, its sets', the global ones. command NULL: the global
 * ones. */
void ctl_each_flag(const struct ctl_command *command,
                   void (*visit)(const struct ctl_flag *flag, void *userdata), void *userdata);
