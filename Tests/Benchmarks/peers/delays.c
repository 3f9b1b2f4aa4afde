// A server whose delays are known to the microsecond: it spins until an answer is due, since sleeping is late by as much
// as is to be measured, and tells in the answer by the machine's monotonic clock when it had the request (`X-Got`) and
// when it gave the answer to the kernel (`X-Sent`). One connection after the other, each kept until it closes.
// Prints its port.
//
// Just before an answer it sends to itself: code and data of the kernel's that nobody used for ten milliseconds have left
// the processor's caches, and fetching them took 30 us between the look at the clock and the packet.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 1024, digits = 19 };

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

struct guest { int socket; long long got, due; };

// Two ends of a connection over the loopback device.
static int ends[2];

static int open_ends(int listener, struct sockaddr_in *address) {
    int one = 1;
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(ends[0], (struct sockaddr *)address, sizeof *address)) return 1;
    ends[1] = accept(listener, NULL, NULL);
    return setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void rehearse(void) {
    char bytes[128] = {0};
    if (send(ends[0], bytes, sizeof bytes, MSG_NOSIGNAL) < 0 || recv(ends[1], bytes, sizeof bytes, 0) < 0) exit(1);
}

int main(void) {
    static struct guest guests[most];
    int count = 0, one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 512)) return 1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    if (open_ends(listener, &address)) return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    srand(7);
    for (;;) {
        struct pollfd ready[most + 1];
        int waits = 0;
        for (int i = 0; i < count; i++) {
            ready[i] = (struct pollfd){.fd = guests[i].socket, .events = POLLIN};
            waits += guests[i].due > 0;
        }
        ready[count] = (struct pollfd){.fd = count < most ? listener : -1, .events = POLLIN};
        poll(ready, count + 1, waits ? 0 : -1);
        int known = count;
        if (ready[count].revents & POLLIN) {
            int guest = accept(listener, NULL, NULL);
            if (guest >= 0) {
                setsockopt(guest, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                guests[count++] = (struct guest){.socket = guest};
            }
        }
        for (int i = 0; i < known; i++) {
            if (ready[i].revents) {
                char request[8192];
                if (recv(guests[i].socket, request, sizeof request, 0) <= 0) {
                    close(guests[i].socket);
                    guests[i].socket = -1;
                    continue;
                }
                guests[i].got = now();
                // 1 to 20 ms.
                guests[i].due = guests[i].got + 1000000 + rand() % 19000000;
            }
            if (guests[i].due && now() >= guests[i].due) {
                char answer[256];
                guests[i].due = 0;
                int size = snprintf(answer, sizeof answer,
                    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Got: %lld\r\nX-Sent: %0*d\r\n\r\nhello\n", guests[i].got, digits, 0);
                rehearse();
                // Nothing but the digits comes between the clock and the kernel.
                char *digit = strstr(answer, "X-Sent: ") + 8 + digits;
                for (long long sent = now(), place = 0; place < digits; place++, sent /= 10) *--digit = '0' + sent % 10;
                if (send(guests[i].socket, answer, size, MSG_NOSIGNAL) < 0) { /* gone: the next poll tells */ }
            }
        }
        for (int i = 0; i < count; i++) if (guests[i].socket < 0) guests[i--] = guests[--count];
    }
}
