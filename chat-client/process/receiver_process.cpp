// SPDX-License-Identifier: MIT
#include "chat-client/process/receiver_process.h"

#include <memory>
#include <signal.h>

#include "chat-client/core/receiver.h"
#include "chat-client/core/server_event.h"
#include "proto/wire/datagram.h"
#include "sys/clock.h"
#include "sys/poll_set.h"
#include "sys/sandbox.h"
#include "sys/secret_memory.h"
#include "sys/signals.h"

namespace chat::client {
namespace {

constexpr std::size_t datagrams_per_batch = 64;

// What a protocol makes of datagrams: frames for the terminal process.
class Decoder {
  public:
    virtual ~Decoder() = default;
    virtual void on_order(std::span<const std::byte> frame) = 0;
    virtual void on_datagram(Instant now, std::span<std::byte> datagram) = 0;
    // Nobody listens at the server's address.
    virtual void on_refused() = 0;
    // At the end of a turn.
    virtual void send_frames(sys::Channel& terminal) = 0;
};

class SecureDecoder final : public Decoder {
  public:
    void on_order(std::span<const std::byte> frame) override { receiver_.on_order(frame); }
    void on_datagram(Instant now, std::span<std::byte> datagram) override {
        receiver_.on_datagram(now, datagram, frames_);
    }
    void on_refused() override { frames_.add(PortUnreachable{}); }
    void send_frames(sys::Channel& terminal) override {
        if (frames_.empty()) return;
        for (const auto& packet : frames_.take())
            terminal.send(packet);
    }

  private:
    sys::SecretMemory secrets_;
    Receiver receiver_{secrets_};
    ReceiverFrames frames_;
};

class ClassicDecoder final : public Decoder {
  public:
    void on_order(std::span<const std::byte>) override {}
    void on_datagram(Instant, std::span<std::byte> datagram) override {
        add(to_server_event(classic::decode_notice(datagram)));
    }
    void on_refused() override { add({ServerEvent::Kind::refused, {}, {}}); }
    void send_frames(sys::Channel& terminal) override {
        for (const auto& frame : full_)
            terminal.send(frame.bytes());
        full_.clear();
        if (!frame_.empty()) terminal.send(frame_.bytes());
        frame_.clear();
    }

  private:
    void add(const ServerEvent& event) {
        if (frame_.add(event)) return;
        full_.push_back(std::exchange(frame_, {}));
        frame_.add(event);
    }

    std::vector<EventFrame> full_;
    EventFrame frame_;
};

std::unique_ptr<Decoder> make_decoder(Protocol protocol) {
    if (protocol == Protocol::secure) return std::make_unique<SecureDecoder>();
    return std::make_unique<ClassicDecoder>();
}

std::size_t datagram_bytes_max(Protocol protocol) {
    if (protocol == Protocol::secure) return datagram::bytes_max;
    // Twice what the protocol allows: a server of another kind may be less careful.
    return 2 * classic::datagram_bytes_max;
}

class ReceiverProcess {
  public:
    ReceiverProcess(Protocol protocol, sys::Channel terminal, sys::UdpSocket& socket)
        : terminal_(std::move(terminal)),
          socket_(socket),
          received_(datagrams_per_batch, datagram_bytes_max(protocol)),
          decoder_(make_decoder(protocol)) {}

    int run() {
        const auto locked_in = sys::enter_receiver_sandbox(socket_.fd(), terminal_.fd());
        const std::byte state =
            locked_in && locked_in->seccomp ? receiver_is_locked_in : receiver_is_free;
        terminal_.send(std::span(&state, 1));
        while (terminal_.fd() >= 0)
            turn();
        return 0;
    }

  private:
    void turn() {
        poll_.clear();
        // The frames of a whole batch must fit behind what waits already.
        const bool has_room = !terminal_.wants_write();
        const auto from_server = poll_.add(has_room ? socket_.fd() : -1, true);
        const auto to_terminal = poll_.add(terminal_.fd(), true, terminal_.wants_write());
        if (!poll_.wait(std::nullopt, sys::monotonic_now())) return;
        if (poll_.writable(to_terminal)) terminal_.flush();
        // Orders first: the datagrams may be for a key that is among them.
        if (poll_.readable(to_terminal) && !take_orders()) return terminal_.close();
        if (poll_.readable(from_server)) receive();
    }

    // False: the terminal process is gone.
    bool take_orders() {
        for (;;) {
            std::span<const std::byte> frame;
            switch (terminal_.receive(frame)) {
                case sys::ReceiveStatus::empty:
                    return true;
                case sys::ReceiveStatus::closed:
                    return false;
                case sys::ReceiveStatus::frame:
                    decoder_->on_order(frame);
                    break;
            }
        }
    }

    void receive() {
        const auto batch = socket_.receive(received_);
        if (socket_.take_refused()) decoder_->on_refused();
        if (batch) {
            const Instant now = sys::monotonic_now();
            for (const auto& datagram : *batch) {
                if (!datagram.truncated) decoder_->on_datagram(now, datagram.bytes);
            }
        }
        decoder_->send_frames(terminal_);
    }

    sys::Channel terminal_;
    sys::UdpSocket& socket_;
    sys::PollSet poll_;
    sys::ReceiveBatch received_;
    std::unique_ptr<Decoder> decoder_;
};

}  // namespace

int run_receiver_process(Protocol protocol, sys::Channel terminal, sys::UdpSocket& socket) {
    // What is sent to the whole process group is for the terminal process to judge; this one ends
    // with it.
    for (const int signal :
         {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE}) {
        sys::ignore(signal);
    }
    return ReceiverProcess(protocol, std::move(terminal), socket).run();
}

}  // namespace chat::client
