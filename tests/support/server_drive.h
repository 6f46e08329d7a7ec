// SPDX-License-Identifier: MIT
// One turn of a server core, driven as NetworkProcess::drive does it, for whatever stands in for
// that process in a simulated world or a fuzzer. A Rim is a TransmitSink that also has
//
//   std::vector<Seq> store(std::span<const Append>, std::vector<NameBinding>)
//                            the numbers of what was taken; empty: there is none, or not yet
//   void flush()             what was borrowed leaves
//   bool blocked() const     nothing leaves at present
//   Page read(const ReadRequest&)
//
// Replies and events are left for the caller to take.
#pragma once

#include <utility>
#include <vector>

#include "chat-server/core/server.h"

namespace chat::server {

template <class Rim>
void drive(Server& server, const Now& now, Rim& rim) {
    std::vector<ReadRequest> reads;
    do {
        // What came while a slow log was busy waits behind it.
        for (;;) {
            const auto appends = server.take_appends();
            const auto seqs = rim.store(appends, server.take_bindings());
            if (seqs.empty()) break;
            server.on_committed(now, seqs);
        }
        bool more = true;
        do {
            more = server.poll_transmit(now, rim);
            rim.flush();
        } while (more && !rim.blocked());
        reads = server.take_reads();
        for (const auto& read : reads)
            server.on_page(rim.read(read));
    } while (!reads.empty());
}

}  // namespace chat::server
