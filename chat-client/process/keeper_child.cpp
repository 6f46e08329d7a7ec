// SPDX-License-Identifier: MIT
#include "chat-client/process/keeper_child.h"

#include <utility>

#include "chat-client/process/child_revival.h"

namespace chat::client {

KeeperChild::KeeperChild() : revival_(child_revival_rule, child_healthy_after) {}

void KeeperChild::start(Instant now) {
    revival_.started(now);
    auto keeper = Keeper::start(modes_to_restore_);
    if (!keeper) return revival_.died(now);
    modes_to_restore_ = keeper->modes_to_restore();
    keeper_.emplace(std::move(*keeper));
    if (screen_) keeper_->screen_on(screen_->modes, screen_->leave_sequence);
}

void KeeperChild::reap(Instant now) {
    if (!keeper_ || !keeper_->process().reap()) return;
    keeper_.reset();
    revival_.died(now);
}

void KeeperChild::stop() {
    if (keeper_) keeper_->stop();
}

void KeeperChild::screen_on(const termios& screen_modes, const std::string& leave_sequence) {
    screen_.emplace(screen_modes, leave_sequence);
    if (keeper_) keeper_->screen_on(screen_modes, leave_sequence);
}

void KeeperChild::screen_off() {
    screen_.reset();
    if (keeper_) keeper_->screen_off();
}

}  // namespace chat::client
