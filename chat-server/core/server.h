// SPDX-License-Identifier: MIT
// The server's brain. It is told what arrived and what time it is, and asked what to send, what
// to store and when to be called again; it has no socket, clock, file or signal. The network
// process drives it, and the simulated world, and the fuzzer, each in the same way:
//
//   restore...()                   once, before anything else, if the log outlived the last run
//   on_...()                       anything that happened, in any order
//   take_appends(), take_bindings() -> both stored -> on_committed()
//   take_reads()   -> log -> on_page()
//   poll_transmit()                then flush the sink, because it borrows; again if it said so
//   take_control_replies(), take_events()
//
// All output is drained before sleeping until next_deadline().
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "chat-server/core/chat.h"
#include "chat-server/core/classic_service.h"
#include "chat-server/core/control_frame.h"
#include "chat-server/core/limits.h"
#include "chat-server/core/operator_commands.h"
#include "chat-server/core/secure_service.h"
#include "proto/session/random_source.h"

namespace chat::server {

struct ServerConfig {
    ClassicAccess classic = ClassicAccess::loopback;
    Duration classic_silence_max = classic_silence_default;
};

class Server {
  public:
    // `random` and `secrets` outlive the server; every key it holds lies in `secrets`.
    // `address_text` words an address for the operator.
    Server(const ServerConfig& config, ServerSecrets secret, RandomSource& random,
           std::pmr::memory_resource& secrets, AddressText address_text);

    // What can be changed while it runs; members stay.
    void reconfigure(const ServerConfig& config);

    // What an earlier run stored: the bindings of names, where the log begins and ends (the number
    // that the next entry will have), and its entries of the last 24 hours, ascending.
    void restore_name(const NameBinding& binding);
    void restore_log(RoomId room, Seq first_kept, Seq head);
    void restore_entry(const Now& now, RoomId room, const StoredEntry& stored);

    // The datagram is opened in place: its bytes are of no use afterwards.
    void on_datagram(const Now& now, const Path& path, std::span<std::byte> datagram,
                     bool truncated);
    // ICMP says that nobody listens at this address.
    void on_unreachable(const Now& now, const Endpoint& peer);
    void on_control(const Now& now, const ControlRequest& request);
    // Numbers for exactly the appends taken last, once they and the bindings are stored.
    void on_committed(const Now& now, std::span<const Seq> seqs);
    void on_page(const Page& page);
    void on_deadline(const Now& now);
    // Tells the members. The caller goes on driving until idle() or until it has waited enough.
    void on_shutdown(const Now& now);

    // Valid until on_committed. Empty while the previous ones are not committed.
    std::span<const Append> take_appends() { return chat_.take_appends(); }
    // To be stored no later than the appends, or before them.
    std::vector<NameBinding> take_bindings() { return chat_.names().take_bindings(); }
    std::vector<ReadRequest> take_reads();
    // True: there is more to send now than there are buffers; flush and call again.
    bool poll_transmit(const Now& now, TransmitSink& sink);
    std::vector<ControlReply> take_control_replies() { return std::exchange(replies_, {}); }
    std::vector<Event> take_events() { return chat_.take_events(); }
    std::optional<Instant> next_deadline() const;

    bool idle() const;
    const Chat& chat() const { return chat_; }
    const SecureService& secure() const { return secure_; }

  private:
    ServerConfig config_;
    AddressText address_text_;
    Chat chat_;
    ClassicService classic_;
    SecureService secure_;
    std::vector<ControlReply> replies_;
    Instant next_sweep_{INT64_MIN};
    bool secure_first_ = true;
};

}  // namespace chat::server
