// SPDX-License-Identifier: MIT
#include "chat-client/core/receipts.h"

#include <span>

namespace chat::client {

void Receipts::on_seen(const frame::Seen& seen) {
    for (const auto& message : std::span(seen.messages).first(seen.count)) {
        const auto known = figures_.find(message.seq);
        if (known == figures_.end()) {
            figures_[message.seq] = {message.seen, message.of, false};
            if (figures_.size() > messages_max) figures_.erase(figures_.begin());
            continue;
        }
        Figure& figure = known->second;
        if (figure.seen == message.seen && figure.of == message.of) continue;
        figure = {message.seen, message.of, false};
    }
}

void Receipts::tell(const std::string& room, std::uint64_t end, std::vector<Event>& events) {
    for (auto& [seq, figure] : figures_) {
        if (seq >= end) break;
        if (figure.told) continue;
        figure.told = true;
        events.push_back(Receipt{room, seq, figure.seen, figure.of});
    }
}

}  // namespace chat::client
