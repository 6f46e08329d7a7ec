// SPDX-License-Identifier: MIT
#include "chat-server/process/log_keeper.h"

#include <algorithm>
#include <utility>

#include "chat-server/process/journal.h"

namespace chat::server {
namespace {

// Far below what anybody notices, and enough for dozens of entries when many talk at once.
constexpr Duration commit_interval = milliseconds(2);
// After new entries.
constexpr Duration slice_delay = milliseconds(100);
// Between two slices while members keep the server busy: a slice takes some milliseconds. What is
// left over waits for a quieter time, or for somebody who searches.
constexpr Duration busy_slice_interval = milliseconds(250);
// So many entries since the last slice are a busy time, though there may be moments without work.
constexpr std::size_t busy_entries = 64;
// With nothing known to do: the age of entries is looked at this often.
constexpr Duration rest_interval = seconds(60);
// After an error.
constexpr Duration error_interval = seconds(10);

}  // namespace

void LogKeeper::note(std::string& told, std::string sentence) {
    if (sentence == told) return;
    told = std::move(sentence);
    if (!told.empty()) journal::error(told);
}

void LogKeeper::store(const Now& now) {
    const Chat& chat = server_.chat();
    if (now.at < commit_at_ && chat.has_changes() && !chat.hurried()) return;
    while (const Changes* changes = server_.take_changes(now)) {
        const std::size_t grown = changes->appends.size();
        const auto seqs = log_.commit(*changes);
        if (!seqs) {
            note(commit_error_, seqs.error() + "; nothing new is taken until it works again");
            server_.on_commit_failed(now);
            return;
        }
        if (!std::exchange(commit_error_, {}).empty()) journal::info("storing works again");
        if (grown > 0) {
            grown_ += grown;
            if (!pausing_) tend_at_ = std::min(tend_at_, now.at + slice_delay);
            commit_at_ = now.at + commit_interval;
        }
        server_.on_committed(now, *seqs);
    }
}

Instant LogKeeper::next_deadline() const {
    return server_.chat().has_changes() ? std::min(tend_at_, commit_at_) : tend_at_;
}

bool LogKeeper::answer(const Now& now) {
    bool answered = false;
    for (const ReadRequest& request : server_.take_reads()) {
        const auto page = log_.read(request);
        note(other_error_, page ? std::string() : page.error());
        if (page) {
            server_.on_page(*page);
        } else {
            server_.on_read_failed(now, request);
        }
        answered = true;
    }
    return answer_searches(now) || answered;
}

bool LogKeeper::answer_searches(const Now& now) {
    for (SearchRequest& request : server_.take_searches())
        searches_.push_back(std::move(request));
    bool answered = false;
    while (!searches_.empty()) {
        auto found = log_.search(searches_.front());
        if (found && !*found) {  // the index lags: the next slice, and then again
            tend_at_ = now.at;
            break;
        }
        note(other_error_, found ? std::string() : found.error());
        // Somebody waits: no answer at all would be asked for again and again.
        server_.on_found(now, found ? std::move(**found)
                                    : SearchAnswer{searches_.front().ticket, {}, false, true});
        searches_.pop_front();
        answered = true;
    }
    return answered;
}

void LogKeeper::tend(const Now& now, bool busy) {
    if (now.at < tend_at_) return;
    busy = std::exchange(grown_, 0) >= busy_entries || busy;
    const auto more = log_.tend(now.wall);
    note(other_error_, more ? std::string() : more.error());
    pausing_ = more && *more && busy;
    if (!more) {
        tend_at_ = now.at + error_interval;
    } else if (pausing_) {
        tend_at_ = now.at + busy_slice_interval;
    } else {
        tend_at_ = *more ? now.at : now.at + rest_interval;
    }
    for (const Log::Trimmed& room : log_.take_trimmed())
        server_.on_trimmed(room.room, room.first_kept);
}

void LogKeeper::store_all(const Now& now) {
    // How far members have come is offered now and then only; this is the last occasion.
    Now later = now;
    later.at = now.at + seats_interval;
    store(later);
}

}  // namespace chat::server
