#!/usr/bin/env python3
"""delay.py QUEUE MILLISECONDS: holds each packet that netfilter puts into the queue for a while, then lets it go on.

For kernels without netem. It talks NFQUEUE over a netlink socket itself: linux/netfilter/nfnetlink_queue.h has the
numbers. No package of Python is needed.
"""
import select
import socket
import sys
import time
from collections import deque
from struct import pack, unpack_from

NETLINK_NETFILTER, SOL_NETLINK, NETLINK_NO_ENOBUFS = 12, 270, 5
SUBSYSTEM_QUEUE = 3 << 8
PACKET, VERDICT, CONFIG = 0, 1, 2
ATTRIBUTE_MASK = 0x3FFF  # without the bits that say "nested" and "in network order"
ACCEPT = 1


class Queue:
    def __init__(self, number):
        self.number = number
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
        bind = pack(">BxH", 1, socket.AF_INET)
        no_payload = pack(">IB", 0, 1)
        self.tell(CONFIG, {1: bind})
        # Up to 65536 packets may wait; large ones come in one piece (GSO), as they would without the queue.
        self.tell(CONFIG, {2: no_payload, 3: pack(">I", 1 << 16), 4: pack(">I", 4), 5: pack(">I", 4)})

    def tell(self, kind, attributes):
        body = pack(">BBH", socket.AF_UNSPEC, 0, self.number)
        for name, value in attributes.items():
            body += pack("=HH", 4 + len(value), name) + value + bytes(-len(value) % 4)
        header = pack("=IHHII", 16 + len(body), SUBSYSTEM_QUEUE | kind, 1, 0, 0)
        self.socket.send(header + body)

    def arrived(self):
        """Ids of the packets of one message, as four bytes in network order."""
        data = self.socket.recv(1 << 20)
        at = 0
        while at + 16 <= len(data):
            size, kind = unpack_from("=IH", data, at)
            if kind == SUBSYSTEM_QUEUE | PACKET:
                yield from self.ids(data[at + 20 : at + size])
            at += (size + 3) & ~3

    @staticmethod
    def ids(attributes):
        at = 0
        while at + 4 <= len(attributes):
            size, name = unpack_from("=HH", attributes, at)
            if name & ATTRIBUTE_MASK == 1:
                yield attributes[at + 4 : at + 8]
            at += (size + 3) & ~3

    def release(self, packet):
        self.tell(VERDICT, {2: pack(">I", ACCEPT) + packet})


def main():
    queue, delay = Queue(int(sys.argv[1])), float(sys.argv[2]) / 1000
    waiting = deque()
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([queue.socket], [], [], pause)[0]:
            due = time.monotonic() + delay
            waiting.extend((due, packet) for packet in queue.arrived())
        while waiting and waiting[0][0] <= time.monotonic():
            queue.release(waiting.popleft()[1])


main()
