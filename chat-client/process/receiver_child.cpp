// SPDX-License-Identifier: MIT
#include "chat-client/process/receiver_child.h"

#include <signal.h>
#include <sysexits.h>
#include <utility>

#include "chat-client/process/child_revival.h"
#include "chat-client/process/receiver_process.h"
#include "proto/session/keys.h"

namespace chat::client {

ReceiverChild::ReceiverChild(Protocol protocol)
    : protocol_(protocol), revival_(child_revival_rule, child_healthy_after) {}

sys::Result<void> ReceiverChild::start(Instant now, sys::UdpSocket& socket) {
    stop();
    revival_.started(now);
    auto pair = sys::Channel::make_pair(receiver_queue_bytes_max);
    if (!pair) {
        revival_.died(now);
        return std::unexpected(pair.error());
    }
    auto& [ours, theirs] = *pair;
    auto child = sys::ChildProcess::fork(nullptr, [&]() -> int {
        const int kept[] = {theirs.fd(), socket.fd()};
        sys::close_descriptors_except(kept);
        if (!sys::redirect_to_null({0, 1, 2})) return EX_OSERR;
        return run_receiver_process(protocol_, std::move(theirs), socket);
    });
    if (!child) {
        revival_.died(now);
        return std::unexpected(child.error());
    }
    child_.emplace(std::move(*child));
    channel_.emplace(std::move(ours));
    heard_first_frame_ = false;
    return {};
}

void ReceiverChild::postpone(Instant now) {
    stop();
    revival_.started(now);
    revival_.died(now);
}

void ReceiverChild::stop() {
    channel_.reset();
    child_.reset();
    for (auto& order : orders_)
        wipe(order);
    orders_.clear();
}

void ReceiverChild::order(std::vector<std::vector<std::byte>> orders) {
    for (auto& order : orders) {
        if (channel_) {
            orders_.push_back(std::move(order));
        } else {
            wipe(order);
        }
    }
    flush();
}

void ReceiverChild::flush() {
    if (!channel_) return;
    channel_->flush();
    while (!orders_.empty() && !channel_->wants_write() && channel_->send(orders_.front())) {
        wipe(orders_.front());
        orders_.pop_front();
    }
}

sys::ReceiveStatus ReceiverChild::receive(std::span<const std::byte>& packet) {
    for (;;) {
        packet = {};
        if (!channel_) return sys::ReceiveStatus::empty;
        const auto status = channel_->receive(packet);
        if (status == sys::ReceiveStatus::closed) {
            channel_.reset();
            if (child_) child_->kill(SIGKILL);
        }
        if (status != sys::ReceiveStatus::frame || heard_first_frame_) return status;
        note_first_frame(packet);
    }
}

void ReceiverChild::note_first_frame(std::span<const std::byte> frame) {
    heard_first_frame_ = true;
    if (frame.size() != 1 || frame[0] != receiver_is_locked_in) was_free_ = true;
}

std::optional<sys::ExitStatus> ReceiverChild::reap(Instant now) {
    if (!child_) return std::nullopt;
    const auto status = child_->reap();
    if (!status) return std::nullopt;
    child_.reset();
    revival_.died(now);
    return status;
}

}  // namespace chat::client
