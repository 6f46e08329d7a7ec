// SPDX-License-Identifier: MIT
#include "chat-client/process/receiver_process.h"

#include <signal.h>

#include "chat-client/core/server_event.h"
#include "sys/clock.h"
#include "sys/poll_set.h"
#include "sys/signals.h"

namespace chat::client {
namespace {

// Twice what the protocol allows: a server of another kind may be less careful.
constexpr std::size_t datagram_bytes_max = 2 * classic::datagram_bytes_max;
constexpr std::size_t datagrams_per_batch = 64;

class Receiver {
  public:
    Receiver(sys::Channel terminal, sys::UdpSocket& socket)
        : terminal_(std::move(terminal)), socket_(socket) {}

    int run() {
        while (terminal_.fd() >= 0)
            turn();
        return 0;
    }

  private:
    void turn() {
        poll_.clear();
        // A frame of a whole batch must fit behind what waits already.
        const bool has_room = !terminal_.wants_write();
        const auto from_server = poll_.add(has_room ? socket_.fd() : -1, true);
        const auto to_terminal = poll_.add(terminal_.fd(), true, terminal_.wants_write());
        if (!poll_.wait(std::nullopt, sys::monotonic_now())) return;
        if (poll_.writable(to_terminal)) terminal_.flush();
        if (poll_.readable(to_terminal)) {
            std::span<const std::byte> frame;
            if (terminal_.receive(frame) == sys::ReceiveStatus::closed) return terminal_.close();
        }
        if (poll_.readable(from_server)) receive();
    }

    void receive() {
        const auto batch = socket_.receive(received_);
        if (socket_.take_refused()) add({ServerEvent::Kind::refused, {}, {}});
        if (batch) {
            for (const auto& datagram : *batch) {
                if (datagram.truncated) continue;
                add(to_server_event(classic::decode_notice(datagram.bytes)));
            }
        }
        flush();
    }

    void add(const ServerEvent& event) {
        if (frame_.add(event)) return;
        flush();
        frame_.add(event);
    }

    void flush() {
        if (!frame_.empty()) terminal_.send(frame_.bytes());
        frame_.clear();
    }

    sys::Channel terminal_;
    sys::UdpSocket& socket_;
    sys::PollSet poll_;
    sys::ReceiveBatch received_{datagrams_per_batch, datagram_bytes_max};
    EventFrame frame_;
};

}  // namespace

int run_receiver_process(sys::Channel terminal, sys::UdpSocket& socket) {
    // What is sent to the whole process group is for the terminal process to judge; this one ends
    // with it.
    for (const int signal :
         {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE}) {
        sys::ignore(signal);
    }
    return Receiver(std::move(terminal), socket).run();
}

}  // namespace chat::client
