// SPDX-License-Identifier: MIT
#include "chat-client/core/missed.h"

#include <utility>

namespace chat::client {

void MissedMarker::on_welcome(const Welcome& welcome) {
    if (std::exchange(welcomed_, true)) return;
    own_name_ = welcome.name;
    head_ = welcome.head;
}

bool MissedMarker::before(const Event& entry) {
    if (done_) return false;
    return std::visit(
        [this](const auto& e) {
            if constexpr (requires {
                              e.seq;
                              e.history;
                          }) {
                if (e.history) {
                    older_shown_ = true;
                    return false;
                }
                if constexpr (requires { e.name; } && !requires { e.text; }) {
                    if (e.name == own_name_) return false;
                }
                done_ = true;
                return older_shown_ && e.seq < head_;
            } else {
                return false;
            }
        },
        entry);
}

}  // namespace chat::client
