// The main thread of a Swift program that waits for its tasks waits in sigsuspend, in which valgrind 3.19 crashes. To be
// preloaded: it waits in poll instead.
#include <poll.h>
#include <signal.h>

int sigsuspend(const sigset_t *mask) {
    (void)mask;
    for (;;) poll(0, 0, -1);
}
