/*
 * What a guest sends to the emulated host comes back to it
 *
 *   host-echo vsock PORT     serve connections of AF_VSOCK
 *   host-echo tap INTERFACE  send every frame back to where it came from
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static int failed(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

static int echo_stream(int fd)
{
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
        if (write(fd, buffer, n) != n) {
            return failed("write");
        }
    }
    return n < 0 ? failed("read") : EXIT_SUCCESS;
}

/* One process for each connection: a guest that was reset leaves its open */
static int serve_vsock(unsigned port)
{
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_ANY,
    };
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) < 0 ||
        listen(fd, 16) < 0) {
        return failed("vsock");
    }
    for (;;) {
        int peer = accept(fd, NULL, NULL);

        if (peer < 0) {
            return failed("accept");
        }
        switch (fork()) {
        case -1:
            return failed("fork");
        case 0:
            return echo_stream(peer);
        }
        close(peer);
    }
}

static int serve_tap(const char *interface)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = if_nametoindex(interface),
    };
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

    if (fd < 0 || !address.sll_ifindex ||
        bind(fd, (void *)&address, sizeof(address)) < 0) {
        return failed(interface);
    }
    for (;;) {
        struct sockaddr_ll from;
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (void *)&from,
                             &length);

        if (n < 0) {
            return failed("recvfrom");
        }
        if (from.sll_pkttype != PACKET_OUTGOING && write(fd, buffer, n) != n) {
            return failed("write");
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "vsock")) {
        return serve_vsock(atoi(argv[2]));
    }
    if (argc == 3 && !strcmp(argv[1], "tap")) {
        return serve_tap(argv[2]);
    }
    fprintf(stderr, "usage: %s vsock PORT | tap INTERFACE\n", argv[0]);
    return 2;
}
