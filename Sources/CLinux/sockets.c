#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// /proc/net/tcp costs milliseconds, because the kernel walks through all of its connection table for it. The netlink
// query for sockets that listen costs microseconds (sock_diag(7)), which a start of milliseconds can afford to repeat.

enum { state_listen = 10 };

int f2s_listeners_open(void) {
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    // The kernel answers at once or never; a caller must not hang on a kernel that never does.
    struct timeval patience = {.tv_sec = 1};
    if (netlink >= 0) setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return netlink;
}

static bool ask(int netlink, uint8_t family) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {
            .nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
        .body = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1u << state_listen},
    };
    return send(netlink, &request, sizeof request, 0) == (ssize_t)sizeof request;
}

static struct f2s_listener listener_of(const struct nlmsghdr *message) {
    const struct inet_diag_msg *found = NLMSG_DATA(message);
    struct f2s_listener listener = {
        .port = ntohs(found->id.idiag_sport), .family = found->idiag_family, .inode = found->idiag_inode};
    memcpy(listener.address, found->id.idiag_src, sizeof listener.address);
    const char *attribute = (const char *)(found + 1);
    const char *end = (const char *)message + message->nlmsg_len;
    while (attribute + sizeof(struct nlattr) <= end) {
        const struct nlattr *head = (const struct nlattr *)attribute;
        if (head->nla_len < sizeof *head || attribute + head->nla_len > end) break;
        if (head->nla_type == INET_DIAG_SKV6ONLY && head->nla_len > NLA_HDRLEN) {
            listener.is_v6_only = attribute[NLA_HDRLEN] != 0;
        }
        attribute += NLA_ALIGN(head->nla_len);
    }
    return listener;
}

ssize_t f2s_listeners(int netlink, struct f2s_listener *listeners, size_t capacity) {
    static const uint8_t families[] = {AF_INET, AF_INET6};
    size_t count = 0;
    for (size_t index = 0; index < 2; index++) {
        if (!ask(netlink, families[index])) return -1;
        for (bool is_done = false; !is_done;) {
            _Alignas(struct nlmsghdr) char answer[32768];
            ssize_t length = recv(netlink, answer, sizeof answer, 0);
            if (length < 0 && errno == EINTR) continue;
            if (length <= 0) return -1;
            unsigned remaining = (unsigned)length;
            struct nlmsghdr *message = (struct nlmsghdr *)answer;
            for (; NLMSG_OK(message, remaining); message = NLMSG_NEXT(message, remaining)) {
                if (message->nlmsg_type == NLMSG_DONE) {
                    is_done = true;
                    break;
                }
                if (message->nlmsg_type == NLMSG_ERROR) {
                    int error = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
                    // A kernel without IPv6 knows no such sockets, which is an answer too.
                    if (families[index] == AF_INET6) {
                        is_done = true;
                        break;
                    }
                    errno = error;
                    return -1;
                }
                if (count < capacity) listeners[count++] = listener_of(message);
            }
        }
    }
    return (ssize_t)count;
}

bool f2s_port_is_free(uint16_t port) {
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
    bool is_free = bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    return is_free;
}

int f2s_connect_begin(const char *ip, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, ip, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, ip, &v6.sin6_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int connection = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection < 0) return -1;
    int result = is_v4 ? connect(connection, (struct sockaddr *)&v4, sizeof v4)
                       : connect(connection, (struct sockaddr *)&v6, sizeof v6);
    if (result == 0 || errno == EINPROGRESS) return connection;
    int error = errno;
    close(connection);
    errno = error;
    return -1;
}
