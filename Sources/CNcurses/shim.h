// ncurses with wide characters, what Swift can't say about it, and the signal handlers that give the terminal back.
#pragma once
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

// MARK: Macros, globals and hidden functions

// The C library hides these two without _GNU_SOURCE, which a header of a module can't set any more.
extern int wcwidth(wchar_t character);
extern int pipe2(int ends[2], int flags);

// What newterm(3x) made: a global variable, which Swift 6 refuses.
static inline WINDOW *standard_window(void) { return stdscr; }

// A_BOLD and its kin are casts, which Swift does not import.
static inline attr_t curses_attributes(bool bold, bool dim, bool reverse, bool underline, bool italic) {
    return (bold ? A_BOLD : 0) | (dim ? A_DIM : 0) | (reverse ? A_REVERSE : 0) | (underline ? A_UNDERLINE : 0)
        | (italic ? A_ITALIC : 0);
}

// setcchar(3x) with a pair of any number: its own argument is a short, more go through `opts`.
static inline cchar_t curses_cell(unsigned base, unsigned first_mark, unsigned second_mark, attr_t attributes, int pair) {
    const wchar_t text[4] = {(wchar_t)base, (wchar_t)first_mark, (wchar_t)second_mark, 0};
    cchar_t cell;
    memset(&cell, 0, sizeof cell);
    setcchar(&cell, text, attributes, 0, &pair);
    return cell;
}

// ioctl(2) is variadic, which Swift can't call. (`columns` would be the better name; term.h has a macro of that name.)
static inline bool terminal_size(int terminal, int *width, int *height) {
    struct winsize size;
    if (ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return false;
    *width = size.ws_col;
    *height = size.ws_row;
    return true;
}

// open(2) is variadic too.
static inline int open_controlling_terminal(void) { return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY); }

// Wait status macros (waitpid(2)).
static inline bool wait_is_stopped(int status) { return WIFSTOPPED(status); }
static inline int wait_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// posix_spawnp(3) with our own environment (`environ` is a global Swift 6 refuses), no signal blocked and those that we
// catch back at their defaults.
static inline int spawn_program(pid_t *process, char *const arguments[]) {
    extern char **environ;
    posix_spawnattr_t attributes;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0) return error;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawnp(process, arguments[0], NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    return error;
}

// MARK: Rescue

// In C because a signal handler may interrupt anything, malloc and the Swift runtime included: it may use neither, and in
// Swift nothing promises that. Everything it needs is prepared here before; it calls only what signal-safety(7) lists.
//
// The state is `static`, thus one copy for each object file: only TerminalRescue.swift may use these, in functions that are
// never put into their callers.
struct terminal_rescue {
    volatile sig_atomic_t is_armed;    // the terminal is in our hands
    volatile sig_atomic_t has_guest;   // another program is: ^C and ^\ are meant for it
    volatile sig_atomic_t endings;     // how often we were asked to end
    int terminal;
    int notices;                       // a pipe's end: one byte, the signal's number, for each that the program handles
    struct termios before;
    char farewell[256];
    size_t farewell_length;
    struct sigaction earlier[NSIG];
    char stack[64 * 1024];             // for a stack overflow, when the runtime has set up none
};

// Inside a function, since Swift does not emit a `static` variable that stands outside.
static inline struct terminal_rescue *terminal_rescue_state(void) {
    static struct terminal_rescue state;
    return &state;
}

// Gives the terminal back, once. Safe in a signal handler.
static inline void terminal_rescue_restore(void) {
    if (!terminal_rescue_state()->is_armed) return;
    terminal_rescue_state()->is_armed = 0;
    int error = errno;
    // In the background, tcsetattr would stop us here.
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    ssize_t ignored = write(terminal_rescue_state()->terminal, terminal_rescue_state()->farewell, terminal_rescue_state()->farewell_length);
    (void)ignored;
    tcsetattr(terminal_rescue_state()->terminal, TCSANOW, &terminal_rescue_state()->before);
    // Mouse reports on their way would be typed into the shell.
    tcflush(terminal_rescue_state()->terminal, TCIFLUSH);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
}

static inline void terminal_rescue_notify(int number) {
    // A guest that is stopped stops us, too, by the way it is waited for.
    if (number == SIGTSTP && terminal_rescue_state()->has_guest) return;
    int error = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(terminal_rescue_state()->notices, &byte, 1);
    (void)ignored;  // a full pipe: the program has enough to read already
    errno = error;
}

// SEGV and its kin. SA_RESETHAND has put the default back before we are called.
static inline void terminal_rescue_fatal(int number, siginfo_t *info, void *context) {
    terminal_rescue_restore();
    // Swift's backtracer, if SWIFT_BACKTRACE enabled it: called with our own arguments, so that it reads the registers of
    // the crash and not those of a raise() in here; and after us, so that its report lands on the normal screen.
    struct sigaction *earlier = &terminal_rescue_state()->earlier[number];
    if (earlier->sa_flags & SA_SIGINFO) {
        if (earlier->sa_sigaction) earlier->sa_sigaction(number, info, context);
    } else if (earlier->sa_handler != SIG_DFL && earlier->sa_handler != SIG_IGN) {
        earlier->sa_handler(number);
    }
    // Blocked until we return, then fatal: the parent sees the true cause, also when kill(1) sent it.
    signal(number, SIG_DFL);
    raise(number);
}

// TERM, HUP, INT, QUIT: the program is told and leaves in order. One that is stuck is left at the second time.
static inline void terminal_rescue_ending(int number) {
    if (terminal_rescue_state()->has_guest && (number == SIGINT || number == SIGQUIT)) return;
    terminal_rescue_state()->endings += 1;
    if (terminal_rescue_state()->endings == 1) {
        terminal_rescue_notify(number);
        return;
    }
    terminal_rescue_restore();
    signal(number, SIG_DFL);
    raise(number);
}

static inline void terminal_rescue_install(int number, const struct sigaction *action) {
    sigaction(number, action, &terminal_rescue_state()->earlier[number]);
}

// Remembers how the terminal is now and installs the handlers. To be called before anything changes the terminal.
// Also before newterm(3x), which leaves SIGINT, SIGTERM, SIGTSTP and SIGWINCH alone when they are taken.
static inline bool terminal_rescue_prepare(int terminal, int notices, const char *farewell, size_t length) {
    static bool is_registered;
    if (length > sizeof terminal_rescue_state()->farewell) return false;
    if (tcgetattr(terminal, &terminal_rescue_state()->before) != 0) return false;
    terminal_rescue_state()->terminal = terminal;
    terminal_rescue_state()->notices = notices;
    terminal_rescue_state()->endings = 0;
    memcpy(terminal_rescue_state()->farewell, farewell, length);
    terminal_rescue_state()->farewell_length = length;

    stack_t stack;
    if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE)) {
        stack = (stack_t){.ss_sp = terminal_rescue_state()->stack, .ss_size = sizeof terminal_rescue_state()->stack};
        sigaltstack(&stack, NULL);
    }
    struct sigaction fatal = {.sa_sigaction = terminal_rescue_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    sigfillset(&fatal.sa_mask);
    // A Swift trap is ILL on x86-64 and TRAP on arm64.
    const int fatals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGTRAP};
    for (size_t i = 0; i < sizeof fatals / sizeof *fatals; i++) terminal_rescue_install(fatals[i], &fatal);

    struct sigaction ending = {.sa_handler = terminal_rescue_ending, .sa_flags = SA_RESTART | SA_ONSTACK};
    const int endings[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) terminal_rescue_install(endings[i], &ending);

    struct sigaction notice = {.sa_handler = terminal_rescue_notify, .sa_flags = SA_RESTART | SA_ONSTACK};
    const int noticed[] = {SIGWINCH, SIGTSTP, SIGCONT};
    for (size_t i = 0; i < sizeof noticed / sizeof *noticed; i++) terminal_rescue_install(noticed[i], &notice);

    // exit() from anywhere is a way out, too.
    if (!is_registered) is_registered = atexit(terminal_rescue_restore) == 0;
    return true;
}

// Puts the handlers that were there before back. Of a terminal that is gone, reading tells before HUP comes: that is
// expected then, and would end the program in the middle of its own ending.
static inline void terminal_rescue_dismiss(void) {
    struct termios now;
    bool is_gone = tcgetattr(terminal_rescue_state()->terminal, &now) != 0;
    const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGTRAP, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGWINCH,
                           SIGTSTP, SIGCONT};
    terminal_rescue_state()->is_armed = 0;
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        if (handled[i] == SIGHUP && is_gone) {
            signal(SIGHUP, SIG_IGN);
        } else {
            sigaction(handled[i], &terminal_rescue_state()->earlier[handled[i]], NULL);
        }
    }
}

static inline void terminal_rescue_arm(bool is_armed) { terminal_rescue_state()->is_armed = is_armed; }
static inline void terminal_rescue_set_guest(bool has_guest) { terminal_rescue_state()->has_guest = has_guest; }

// Stops the process as Ctrl-Z does and returns when it goes on. raise(3) and not kill(2): with several threads only the
// former is sure to stop us before it returns. CONT at its default is dropped: we need no notice of what we wait for.
static inline void terminal_rescue_stop(void) {
    struct sigaction fallback = {.sa_handler = SIG_DFL}, our_stop, our_continue;
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &fallback, &our_stop);
    sigaction(SIGCONT, &fallback, &our_continue);
    pthread_sigmask(SIG_UNBLOCK, &stop, &before);
    raise(SIGTSTP);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &our_stop, NULL);
    sigaction(SIGCONT, &our_continue, NULL);
}

// Waits, stopped, until the shell gives us the terminal: after `bg` it is the shell's. Taking it then would draw over the
// shell and leave it in our modes. The kernel stops others for trying (SIGTTOU), but not our thread, which has that
// blocked like all of libdispatch's. False when we are to end instead: a shell's kill continues us in the background.
static inline bool terminal_rescue_await_foreground(void) {
    struct terminal_rescue *state = terminal_rescue_state();
    // As in terminal_rescue_stop: no notice of what we wait for.
    struct sigaction fallback = {.sa_handler = SIG_DFL}, our_continue;
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    for (int tries = 0; tries < 50; tries++) {
        pid_t foreground = tcgetpgrp(state->terminal);
        // An error means that there is no such terminal any more, which reading from it will tell.
        if (foreground < 0 || foreground == getpgrp()) return true;
        // The signal that continued us may come with one that ends us, which another thread is just handling.
        usleep(20000);
        if (state->endings > 0) return false;
        sigaction(SIGCONT, &fallback, &our_continue);
        pthread_sigmask(SIG_UNBLOCK, &stop, &before);
        raise(SIGTTOU);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        sigaction(SIGCONT, &our_continue, NULL);
    }
    // Nothing stops us: the shell is gone, and nobody could bring us back.
    terminal_rescue_ending(SIGHUP);
    return false;
}
