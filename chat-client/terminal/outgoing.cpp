// SPDX-License-Identifier: MIT
#include "chat-client/terminal/outgoing.h"

#include <algorithm>
#include <utility>

#include "proto/wire/text.h"

namespace chat::terminal {

void Outgoing::add(std::string id, std::string time, std::string_view text) {
    std::string clean = clean_text(text);
    if (clean.empty()) return;
    items_.push_back({std::move(id), std::move(time), std::move(clean), 0});
}

void Outgoing::on_accepted(std::string_view id, std::uint64_t seq, std::uint64_t shown_below) {
    const auto item = std::ranges::find(items_, id, &Item::id);
    if (item == items_.end()) return;
    if (seq < shown_below) {
        items_.erase(item);
    } else {
        item->seq = seq;
    }
}

void Outgoing::on_shown(std::uint64_t seq, std::string_view text) {
    auto item = std::ranges::find(items_, seq, &Item::seq);
    if (item == items_.end()) {
        item = std::ranges::find_if(items_,
                                    [&](const Item& i) { return i.seq == 0 && i.text == text; });
    }
    if (item != items_.end()) items_.erase(item);
}

void Outgoing::drop(std::string_view id) {
    std::erase_if(items_, [&](const Item& item) { return item.id == id; });
}

}  // namespace chat::terminal
