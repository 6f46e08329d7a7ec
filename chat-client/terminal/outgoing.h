// SPDX-License-Identifier: MIT
// What was said into one room and has not come back as an entry of it. It stands below the
// conversation, so that a message is seen at once, in a place that promises nothing about its
// order, and never twice: it leaves when its entry is shown. An acceptance and the entry come in
// either order, and an original server accepts nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace chat::terminal {

class Outgoing {
  public:
    struct Item {
        std::string id;
        std::string time;       // when it was said, as it is shown
        std::string text;       // as the server will have it
        std::uint64_t seq = 0;  // 0: not accepted yet
    };

    // Texts of which nothing would be sent are left out.
    void add(std::string id, std::string time, std::string_view text);
    // `shown_below`: entries with lower numbers have been shown.
    void on_accepted(std::string_view id, std::uint64_t seq, std::uint64_t shown_below);
    // An own message of the room is shown. Another program of ours may have said the same words;
    // then ours is out of sight until it comes.
    void on_shown(std::uint64_t seq, std::string_view text);
    // It will not be accepted.
    void drop(std::string_view id);

    const std::deque<Item>& items() const { return items_; }

  private:
    std::deque<Item> items_;
};

}  // namespace chat::terminal
