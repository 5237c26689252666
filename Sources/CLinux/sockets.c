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

// A read of /proc/net/tcp costs milliseconds, because the kernel walks through its whole connection table. The netlink
// query for sockets that listen costs microseconds (sock_diag(7)), so a start of milliseconds can afford to repeat it.

enum { state_listen = 10 };

int f2s_listeners_open(void) {
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    // The kernel responds at once or never. A caller must not hang on a kernel that never does.
    struct timeval timeout = {.tv_sec = 1};
    if (netlink >= 0) setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    return netlink;
}

/// The filter that the kernel runs for each socket. It accepts a port that is not below the first and not above the
/// last one. The kernel jumps by `yes` or `no` bytes; a jump one instruction beyond the end rejects (inet_diag.c).
struct port_filter {
    struct nlattr head;
    struct inet_diag_bc_op at_least, first, at_most, last;
};

static bool ask(int netlink, uint8_t family, uint16_t first, uint16_t last) {
    enum { step = sizeof(struct inet_diag_bc_op) };
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
        struct port_filter filter;
    } request = {
        .header = {
            .nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
        .body = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1u << state_listen},
        .filter = {
            .head = {.nla_len = sizeof request.filter, .nla_type = INET_DIAG_REQ_BYTECODE},
            .at_least = {.code = INET_DIAG_BC_S_GE, .yes = 2 * step, .no = 5 * step},
            .first = {.no = first},
            .at_most = {.code = INET_DIAG_BC_S_LE, .yes = 2 * step, .no = 3 * step},
            .last = {.no = last},
        },
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

/// Visits the sockets of one response. Returns 1 if it was the last one, 0 if others follow, -1 with errno.
static int take_answer(
    const char *answer, unsigned length, uint8_t family, f2s_listener_visitor visit, void *context
) {
    const struct nlmsghdr *message = (const struct nlmsghdr *)answer;
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
        if (message->nlmsg_type == NLMSG_DONE) return 1;
        if (message->nlmsg_type == NLMSG_ERROR) {
            // A kernel without IPv6 reports an error for IPv6 sockets, which means that there are none.
            if (family == AF_INET6) return 1;
            errno = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
            return -1;
        }
        struct f2s_listener listener = listener_of(message);
        visit(context, &listener);
    }
    return 0;
}

int f2s_listeners(int netlink, uint16_t first, uint16_t last, f2s_listener_visitor visit, void *context) {
    static const uint8_t families[] = {AF_INET, AF_INET6};
    for (size_t index = 0; index < 2; index++) {
        if (!ask(netlink, families[index], first, last)) return -1;
        for (int state = 0; state == 0;) {
            _Alignas(struct nlmsghdr) char answer[32768];
            ssize_t length = recv(netlink, answer, sizeof answer, 0);
            if (length < 0 && errno == EINTR) continue;
            if (length <= 0) return -1;
            state = take_answer(answer, (unsigned)length, families[index], visit, context);
            if (state < 0) return -1;
        }
    }
    return 0;
}

int f2s_port_probe(uint16_t port) {
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return errno;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
    int error = bind(probe, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(probe);
    return error;
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
