// SPDX-License-Identifier: MIT
// One turn of a server core, driven as NetworkProcess::drive and LogKeeper do it, for whatever
// stands in for them in a simulated world or a fuzzer. A Rim is a TransmitSink that also has
//
//   void flush()             what was borrowed leaves
//   bool blocked() const     nothing leaves at present
//   commit(const Changes&)   what Log::commit returns, or that in an optional: nothing is said yet,
//                            and the rim calls on_committed or on_commit_failed in a later turn
//   read(const ReadRequest&) the same of Log::read, with on_page and on_read_failed
//   search(const SearchRequest&)        what Log::search returns; asked again while that is nothing
//   void keep_search(SearchRequest)     if it is there, it is given what found no answer instead
//
// Replies, events and what the log trimmed are left for the caller to take.
#pragma once

#include <cassert>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat-server/core/server.h"

namespace chat::server {

using Committed = std::expected<std::vector<Seq>, std::string>;
using Read = std::expected<Page, std::string>;

inline void answer_commit(Server& server, const Now& now, const Committed& committed) {
    if (committed) {
        server.on_committed(now, *committed);
    } else {
        server.on_commit_failed(now);
    }
}

inline void answer_read(Server& server, const Now& now, const ReadRequest& request,
                        const Read& read) {
    if (read) {
        server.on_page(*read);
    } else {
        server.on_read_failed(now, request);
    }
}

// True: it was answered.
template <class Rim>
bool search(Server& server, const Now& now, Rim& rim, const SearchRequest& request) {
    constexpr bool can_keep = requires { rim.keep_search(request); };
    for (;;) {
        const auto found = rim.search(request);
        if (found && !*found) {
            if (can_keep) return false;
            continue;  // the index comes on by being asked
        }
        server.on_found(now, found ? **found : SearchAnswer{request.ticket, {}, false, true});
        return true;
    }
}

template <class Rim>
void drive(Server& server, const Now& now, Rim& rim) {
    // Red is better than for ever.
    [[maybe_unused]] int rounds = 0;
    constexpr int rounds_max = 10'000;
    bool answered = true;
    while (std::exchange(answered, false)) {
        // Once more behind each answer, for what came while the log was busy.
        while (const Changes* changes = server.take_changes(now)) {
            assert(++rounds < rounds_max);
            const std::optional<Committed> committed = rim.commit(*changes);
            if (!committed) break;
            answer_commit(server, now, *committed);
            if (!*committed) break;
        }
        bool more = true;
        do {
            more = server.poll_transmit(now, rim);
            rim.flush();
        } while (more && !rim.blocked());
        for (const ReadRequest& request : server.take_reads()) {
            const std::optional<Read> read = rim.read(request);
            if (!read) continue;
            answer_read(server, now, request, *read);
            answered = true;
        }
        for (SearchRequest& request : server.take_searches()) {
            if (search(server, now, rim, request)) {
                answered = true;
            } else if constexpr (requires { rim.keep_search(std::move(request)); }) {
                rim.keep_search(std::move(request));
            }
        }
    }
}

}  // namespace chat::server
