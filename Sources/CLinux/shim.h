// What Swift's Glibc and Dispatch modules leave out, and macros as inline functions under their own names.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// Hidden behind _GNU_SOURCE, which this header can't define: Swift's Glibc module is built without it, and the two would
// then disagree about the layout of fd_set.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);

// What libdispatch has for loops on the main thread, such as CoreFoundation's, and declares for those alone: an eventfd that
// counts wake-ups of the main queue, and running what is in it.
extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *);

// prctl(2) is variadic, and Swift calls no variadic functions.
static inline int set_thread_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }
static inline int set_timer_slack(unsigned long nanoseconds) { return prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0); }

// TCP_INFO as the kernel fills it in (linux/tcp.h, whose other names clash with netinet/tcp.h's shorter edition).
struct kernel_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options, window_scales, flags;
    uint32_t rto, ato, snd_mss, rcv_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
    uint32_t rcv_rtt, rcv_space, total_retrans;
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
    uint32_t delivered, delivered_ce;
    uint64_t bytes_sent, bytes_retrans;
};

// ioctl(2) is variadic as well. Bytes that have arrived and not been read; -1 for no socket.
static inline int unread_bytes(int number) { int count = -1; return ioctl(number, FIONREAD, &count) < 0 ? -1 : count; }

// Asks for the moment at which received bytes reached this machine (SO_TIMESTAMPING, by the kernel's own clock).
static inline int stamp_arrivals(int number) {
    const int wanted = 1 << 3 | 1 << 4; // SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE
    return setsockopt(number, SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof wanted);
}

// recv(2), and when the last of the bytes arrived, on CLOCK_REALTIME; tv_sec is 0 where the kernel does not say. Here,
// since the macros that walk control messages are nothing Swift can call.
static inline ssize_t receive_stamped(int number, void *buffer, size_t count, struct timespec *arrival) {
    union { struct cmsghdr header; char bytes[CMSG_SPACE(3 * sizeof(struct timespec))]; } control;
    struct iovec part = { buffer, count };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    ssize_t result = recvmsg(number, &message, 0);
    arrival->tv_sec = 0;
    if (result <= 0) return result;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item))
        if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SO_TIMESTAMPING
            && item->cmsg_len >= CMSG_LEN(sizeof *arrival))
            __builtin_memcpy(arrival, CMSG_DATA(item), sizeof *arrival);
    return result;
}
