// SPDX-License-Identifier: MIT
#include "chat-server/process/network_process.h"

#include <array>
#include <cstdint>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "chat-server/process/admin_process.h"
#include "chat-server/process/journal.h"
#include "sys/clock.h"
#include "sys/service_notify.h"
#include "sys/socket_address.h"

namespace chat::server {
namespace {

// An operator's request must be answered within two seconds even if the admin process dies again
// and again, so the waits stay below that.
constexpr BackoffRule admin_backoff{milliseconds(50), 200, milliseconds(1600)};
// Having lived this long, it counts as well again.
constexpr Duration admin_healthy_after = seconds(10);
// How long members may take to be told of the end; the whole shutdown stays within three seconds.
constexpr Duration farewell_max = seconds(2);
// How long the admin process may take to leave by itself.
constexpr Duration admin_patience = milliseconds(500);
// After this many batches the loop looks at signals and the operator again.
constexpr int receive_batches_per_turn = 8;

Now read_clocks() {
    return {sys::monotonic_now(), sys::wall_now()};
}

// What the user closes with his terminal; nohup says that it stays.
bool has_console() {
    struct sigaction hangup{};
    ::sigaction(SIGHUP, nullptr, &hangup);
    return ::isatty(STDIN_FILENO) == 1 && hangup.sa_handler != SIG_IGN;
}

// A terminal that was closed hangs up on whoever has it open, before any shell can tell.
bool console_is_gone() {
    pollfd console{STDIN_FILENO, 0, 0};
    return ::poll(&console, 1, 0) == 1 && (console.revents & POLLHUP) != 0;
}

std::string_view reason_text(LeaveReason reason) {
    switch (reason) {
        case LeaveReason::quit:
            return "quit";
        case LeaveReason::kicked:
            return "kicked";
        case LeaveReason::unreachable:
            return "unreachable";
        case LeaveReason::silent:
            return "silent for too long";
        case LeaveReason::other_name:
            return "logged in under another name";
    }
    return "";
}

}  // namespace

NetworkProcess::NetworkProcess(Equipment equipment, Server& server, Log& log, Reload reload)
    : socket_(std::move(equipment.socket)),
      listener_(std::move(equipment.listener)),
      signals_(std::move(equipment.signals)),
      server_(server),
      keeper_(log, server),
      reload_(std::move(reload)),
      to_send_(socket_),
      admin_revival_(admin_backoff, admin_healthy_after),
      ends_with_console_(has_console()) {}

int NetworkProcess::run(const std::function<void()>& ready) {
    now_ = read_clocks();
    start_admin();
    ready();
    while (!stopped_)
        turn();
    keeper_.store_all(now_);
    sys::service_notify("STOPPING=1");
    end_admin();
    listener_.remove();
    journal::info("stopped");
    return 0;
}

void NetworkProcess::start_admin() {
    admin_revival_.started(now_.at);
    auto pair = sys::Channel::make_pair();
    if (!pair) {
        journal::error(pair.error().sentence());
        admin_revival_.died(now_.at);
        return;
    }
    auto& [ours, theirs] = *pair;
    auto child = sys::ChildProcess::fork(nullptr, [&]() -> int {
        std::vector<int> kept = listener_.descriptors();
        kept.push_back(theirs.fd());
        sys::close_descriptors_except(kept);
        return run_admin_process(std::move(theirs), listener_);
    });
    if (!child) {
        journal::error(child.error().sentence());
        admin_revival_.died(now_.at);
        return;
    }
    admin_.emplace(std::move(*child));
    to_admin_.emplace(std::move(ours));
}

std::optional<Instant> NetworkProcess::next_deadline() const {
    std::optional<Instant> next = server_.next_deadline();
    for (const auto& other :
         {admin_revival_.due(), stop_at_, std::optional(keeper_.next_deadline())}) {
        if (other) next = std::min(next.value_or(*other), *other);
    }
    return next;
}

void NetworkProcess::turn() {
    poll_.clear();
    const auto socket = poll_.add(socket_.fd(), !stop_at_, to_send_.blocked());
    const auto signal = poll_.add(signals_.fd(), true);
    const auto admin =
        poll_.add(to_admin_ ? to_admin_->fd() : -1, true, to_admin_ && to_admin_->wants_write());
    if (const auto waited = poll_.wait(next_deadline(), now_.at); !waited) {
        journal::error(waited.error().sentence());
    }
    now_ = read_clocks();

    if (poll_.readable(signal)) take_signals();
    if (poll_.readable(admin) || poll_.writable(admin)) take_control_frames();
    if (poll_.failed(socket)) take_unreachable();
    const bool busy = poll_.readable(socket) && !stop_at_ && take_datagrams();
    server_.on_deadline(now_);
    drive();
    keeper_.tend(now_, busy);

    if (admin_revival_.due(now_.at)) start_admin();
    if (stop_at_) {
        const bool all_told = server_.idle() && !to_send_.blocked();
        stopped_ = stopped_ || all_told || now_.at >= *stop_at_;
    }
}

void NetworkProcess::take_signals() {
    while (const auto signal = signals_.take()) {
        switch (*signal) {
            case SIGTERM:
            case SIGINT:
                if (stop_at_) stopped_ = true;  // asked twice: at once
                begin_shutdown();
                break;
            case SIGHUP:
                if (ends_with_console_ && console_is_gone()) {
                    journal::info("the terminal of the console is closed");
                    begin_shutdown();
                } else if (const auto config = reload_()) {
                    server_.reconfigure(*config);
                    journal::info("configuration read again");
                } else {
                    journal::error("the configuration is wrong; going on with the old one");
                }
                break;
            case SIGCHLD:
                if (!admin_) break;
                if (const auto status = admin_->reap()) {
                    journal::warn("the admin process ended and will be started again",
                                  {{"how", status->sentence()}});
                    admin_.reset();
                    to_admin_.reset();
                    admin_revival_.died(now_.at);
                }
                break;
        }
    }
}

void NetworkProcess::begin_shutdown() {
    if (stop_at_) return;
    journal::info("shutting down");
    server_.on_shutdown(now_);
    stop_at_ = now_.at + farewell_max;
}

bool NetworkProcess::take_datagrams() {
    bool any = false;
    for (int taken = 0; taken < receive_batches_per_turn; ++taken) {
        const auto batch = socket_.receive(received_);
        if (!batch) {
            journal::error(batch.error().sentence());
            return any;
        }
        any = any || !batch->empty();
        server_.on_datagrams(now_, *batch);
        if (!received_.is_full()) break;
        drive();
    }
    server_.on_unread(socket_.receive_overflows());
    return any;
}

void NetworkProcess::take_unreachable() {
    std::array<Endpoint, 256> room;
    for (const Endpoint& peer : socket_.take_unreachable(room))
        server_.on_unreachable(now_, peer);
}

void NetworkProcess::take_control_frames() {
    to_admin_->flush();
    std::span<const std::byte> frame;
    for (;;) {
        switch (to_admin_->receive(frame)) {
            case sys::ReceiveStatus::empty:
                return;
            case sys::ReceiveStatus::closed:
                // It is dead or dying: SIGCHLD follows. One that closed its end and lives on is
                // of no use.
                admin_->kill(SIGKILL);
                to_admin_.reset();
                return;
            case sys::ReceiveStatus::frame:
                if (const auto request = decode_control_request(frame)) {
                    server_.on_control(now_, *request);
                }
                break;
        }
    }
}

void NetworkProcess::drive() {
    do {
        keeper_.store(now_);
        if (to_send_.blocked()) to_send_.flush();
        bool more = false;
        // Once also while nothing can be sent, or a deadline that has passed would spin the loop.
        do {
            more = server_.poll_transmit(now_, to_send_);
            to_send_.flush();
        } while (more && !to_send_.blocked());
    } while (keeper_.answer(now_));
    for (const auto& reply : server_.take_control_replies()) {
        if (to_admin_) to_admin_->send(encode(reply));
    }
    report_events();
}

void NetworkProcess::report_events() {
    for (const auto& event : server_.take_events()) {
        const std::string peer = sys::to_string(event.peer);
        switch (event.kind) {
            case Event::Kind::joined:
                journal::info("joined",
                              {{"name", event.name}, {"room", event.room}, {"peer", peer}});
                break;
            case Event::Kind::left:
                journal::info("left", {{"name", event.name},
                                       {"room", event.room.empty() ? "all" : event.room},
                                       {"peer", peer},
                                       {"reason", reason_text(event.reason)}});
                break;
            case Event::Kind::announced:
                journal::info("announced");
                break;
            case Event::Kind::cannot_store:
            case Event::Kind::can_store_again:
                break;  // the keeper has told why
        }
    }
}

void NetworkProcess::end_admin() {
    if (!admin_) return;
    to_admin_.reset();  // end of file: it leaves by itself
    admin_->wait_until(sys::monotonic_now() + admin_patience);
    admin_.reset();  // kills and reaps one that did not
}

}  // namespace chat::server
