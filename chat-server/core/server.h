// SPDX-License-Identifier: MIT
// The server's brain. It is told what arrived and what time it is, and asked what to send, what
// to store and when to be called again; it has no socket, clock, file or signal. The network
// process drives it, and the simulated world, and the fuzzer, each in the same way:
//
//   on_...()                       anything that happened, in any order
//   take_appends() -> log -> on_committed()
//   take_reads()   -> log -> on_page()
//   poll_transmit()                then flush the sink, because it borrows
//   take_control_replies(), take_events()
//
// All output is drained before sleeping until next_deadline().
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "chat-server/core/chat.h"
#include "chat-server/core/classic_service.h"
#include "chat-server/core/control_frame.h"
#include "chat-server/core/limits.h"
#include "chat-server/core/operator_commands.h"

namespace chat::server {

struct ServerConfig {
    ClassicAccess classic = ClassicAccess::loopback;
    Duration classic_silence_max = classic_silence_default;
};

class Server {
  public:
    // `hash_seed` comes from a good source of randomness; `address_text` words an address for the
    // operator.
    Server(const ServerConfig& config, std::uint64_t hash_seed, AddressText address_text);

    // What can be changed while it runs; members stay.
    void reconfigure(const ServerConfig& config);

    void on_datagram(const Now& now, const Path& path, std::span<const std::byte> datagram,
                     bool truncated);
    // ICMP says that nobody listens at this address.
    void on_unreachable(const Now& now, const Endpoint& peer);
    void on_control(const Now& now, const ControlRequest& request);
    // Numbers for exactly the appends taken last.
    void on_committed(std::span<const Seq> seqs) { chat_.on_committed(seqs); }
    void on_page(const Page& page) { chat_.on_page(page); }
    void on_deadline(const Now& now);
    // Tells the members. The caller goes on driving until idle() or until it has waited enough.
    void on_shutdown(const Now& now);

    // Valid until on_committed. Empty while the previous ones are not committed.
    std::span<const Append> take_appends() { return chat_.take_appends(); }
    std::vector<ReadRequest> take_reads() { return chat_.take_reads(); }
    void poll_transmit(Instant now, TransmitSink& sink) { chat_.poll_transmit(now, sink); }
    std::vector<ControlReply> take_control_replies() { return std::exchange(replies_, {}); }
    std::vector<Event> take_events() { return chat_.take_events(); }
    std::optional<Instant> next_deadline() const;

    bool idle() const { return chat_.idle(); }
    const Chat& chat() const { return chat_; }

  private:
    ServerConfig config_;
    AddressText address_text_;
    Chat chat_;
    ClassicService classic_;
    std::vector<ControlReply> replies_;
    Instant next_sweep_{INT64_MIN};
};

}  // namespace chat::server
