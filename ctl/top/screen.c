#include "ctl/top/screen.h"
#include <curses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <term.h>
#include <unistd.h>

#define ESCAPE_DELAY_MS 50

static struct {
    SCREEN *terminal;
    FILE *stderr_before, *said;
    char *said_text;
    size_t said_size;
    chtype attributes[TOP_N_STYLES];
} screen;

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int signal_number) {
    is_interrupted = 1;
}

int top_screen_check(struct ctl *ctl) {
    const char *term = getenv("TERM");
    int error = 0;
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "top: standard %s is not a terminal. Elsewhere: helioctl status, with --watch",
                        isatty(STDOUT_FILENO) ? "input" : "output");
    if (!term || !*term)
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "top: TERM is not set; it names the kind of terminal, for example TERM=xterm");
    if (setupterm(NULL, STDOUT_FILENO, &error) == ERR)
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "top: TERM is \"%s\", which is no terminal known here; for example TERM=xterm or "
                        "TERM=vt100",
                        term);
    bool can_move = cursor_address != NULL;
    del_curterm(cur_term);
    if (!can_move)
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "top: TERM is \"%s\", which cannot move its cursor; helioctl status --watch works "
                        "there",
                        term);
    return 0;
}

static void choose_attributes(bool colour) {
    static const struct {
        short pair; /* 0: none */
        short foreground;
        chtype with_colour, without;
    } table[TOP_N_STYLES] = {
        [TOP_DIM] = {0, 0, A_DIM, A_NORMAL},
        [TOP_STRONG] = {0, 0, A_BOLD, A_BOLD},
        [TOP_HEADING] = {0, 0, A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE},
        [TOP_FOCUS] = {0, 0, A_REVERSE, A_REVERSE},
        [TOP_GOOD] = {1, COLOR_GREEN, A_NORMAL, A_NORMAL},
        [TOP_WARNING] = {2, COLOR_YELLOW, A_NORMAL, A_BOLD},
        [TOP_BAD] = {3, COLOR_RED, A_BOLD, A_REVERSE},
        [TOP_SLICE] = {4, COLOR_CYAN, A_BOLD, A_BOLD},
        [TOP_SLICE + 1] = {5, COLOR_MAGENTA, A_BOLD, A_BOLD},
        [TOP_SLICE + 2] = {6, COLOR_BLUE, A_BOLD, A_BOLD},
        [TOP_SLICE + 3] = {4, COLOR_CYAN, A_NORMAL, A_BOLD},
        [TOP_SLICE + 4] = {5, COLOR_MAGENTA, A_NORMAL, A_BOLD},
        [TOP_SLICE + 5] = {1, COLOR_GREEN, A_BOLD, A_BOLD},
    };
    bool has_colour = colour && has_colors() && start_color() == OK && COLOR_PAIRS > 6;
    short background = has_colour && use_default_colors() == OK ? -1 : COLOR_BLACK;
    for (size_t i = 0; i < TOP_N_STYLES; i++) {
        screen.attributes[i] = has_colour ? table[i].with_colour : table[i].without;
        if (has_colour && table[i].pair) {
            init_pair(table[i].pair, table[i].foreground, background);
            screen.attributes[i] |= (chtype)COLOR_PAIR(table[i].pair);
        }
    }
}

/* Errors would stand in the middle of the picture, and be gone with it. */
static void keep_errors(void) {
    fflush(stderr);
    screen.said = open_memstream(&screen.said_text, &screen.said_size);
    screen.stderr_before = stderr;
    if (screen.said)
        stderr = screen.said;
}

static void tell_errors(void) {
    stderr = screen.stderr_before;
    if (!screen.said)
        return;
    fclose(screen.said);
    fputs(screen.said_text, stderr);
    free(screen.said_text);
    screen.said = NULL;
}

int top_screen_open(struct ctl *ctl) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        sigaction(signals[i], &(struct sigaction){.sa_handler = on_interrupt}, NULL);
    screen.terminal = newterm(NULL, stdout, stdin);
    if (!screen.terminal)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "top: the terminal cannot be used");
    set_term(screen.terminal);
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    leaveok(stdscr, TRUE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    choose_attributes(ctl->colour);
    keep_errors();
    return 0;
}

void top_screen_close(void) {
    endwin();
    delscreen(screen.terminal);
    tell_errors();
}

void top_screen_size(unsigned *ret_width, unsigned *ret_height) {
    int width, height;
    getmaxyx(stdscr, height, width);
    *ret_width = (unsigned)width;
    *ret_height = (unsigned)height;
}

void top_screen_show(const struct top_cells *cells) {
    for (unsigned y = 0; y < cells->height; y++)
        for (unsigned x = 0; x < cells->width; x++) {
            const struct top_cell *cell = &cells->cells[(size_t)y * cells->width + x];
            mvaddch((int)y, (int)x, (chtype)(unsigned char)cell->sign | screen.attributes[cell->style]);
        }
    refresh();
}

static bool is_terminal_gone(void) {
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&in, 1, 0) > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL));
}

enum top_key top_screen_key(void) {
    static const struct {
        int code;
        enum top_key key;
    } keys[] = {
        {'q', TOP_KEY_QUIT},
        {'Q', TOP_KEY_QUIT},
        {KEY_RESIZE, TOP_KEY_RESIZE},
        {'\t', TOP_KEY_NEXT_PANE},
        {'1', TOP_KEY_PANE_1},
        {'2', TOP_KEY_PANE_2},
        {'3', TOP_KEY_PANE_3},
        {KEY_UP, TOP_KEY_UP},
        {KEY_DOWN, TOP_KEY_DOWN},
        {KEY_PPAGE, TOP_KEY_PAGE_UP},
        {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
        {KEY_HOME, TOP_KEY_FIRST},
        {KEY_END, TOP_KEY_LAST},
        {'p', TOP_KEY_POD},
    };
    if (is_interrupted || is_terminal_gone())
        return TOP_KEY_QUIT;
    int code = getch();
    if (code == ERR)
        return TOP_KEY_NONE;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (keys[i].code == code)
            return keys[i].key;
    return TOP_KEY_OTHER;
}
