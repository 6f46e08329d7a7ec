// SPDX-License-Identifier: MIT
// The server's brain. It is told what arrived and what time it is, and asked what to send, what
// to store and when to be called again; it has no socket, clock, file or signal. The network
// process drives it, and the simulated world, and the fuzzer, each in the same way:
//
//   restore()                      once, before anything else: what the log's load() gave
//   on_...()                       anything that happened, in any order
//   take_changes()  -> log.commit() -> on_committed() or on_commit_failed()
//   take_reads()    -> log.read()   -> on_page() or on_read_failed()
//   take_searches() -> log.search() -> on_found(); not answered while the log's index lags
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
#include "proto/wire/received_datagram.h"

namespace chat::server {

struct ServerConfig {
    ClassicAccess classic = ClassicAccess::loopback;
    Duration classic_silence_max = classic_silence_default;
    std::size_t members_max = members_max_default;
    TokenRate say_rate = server::say_rate(say_per_second_default);  // of each member
};

class Server {
  public:
    // `random` and `secrets` outlive the server; every key it holds lies in `secrets`.
    // `address_text` words an address for the operator.
    Server(const ServerConfig& config, ServerSecrets secret, RandomSource& random,
           std::pmr::memory_resource& secrets, AddressText address_text);

    // What can be changed while it runs; members stay.
    void reconfigure(const ServerConfig& config);

    // A log always has something: the lobby at least.
    void restore(const Now& now, const Stored& stored);

    // The datagram is opened in place: its bytes are of no use afterwards.
    void on_datagram(const Now& now, const Path& path, std::span<std::byte> datagram,
                     bool truncated);
    // The same for each of them in order, faster: what one needs comes near while earlier ones
    // are dealt with.
    void on_datagrams(const Now& now, std::span<const ReceivedDatagram> datagrams);
    // ICMP says that nobody listens at this address.
    void on_unreachable(const Now& now, const Endpoint& peer);
    // So many datagrams were lost since the start because nobody read them in time.
    void on_unread(std::uint64_t since_start) { chat_.counters().datagrams_unread = since_start; }
    void on_control(const Now& now, const ControlRequest& request);
    // Numbers for exactly the appends of the changes taken last, once all of these are stored.
    void on_committed(const Now& now, std::span<const Seq> seqs);
    // They are not, and are offered again after storing_retry. Until it succeeds nothing new is
    // taken, and whoever sends something is told.
    void on_commit_failed(const Now& now);
    void on_page(const Page& page);
    // Whoever waits for that page asks again after storing_retry.
    void on_read_failed(const Now& now, const ReadRequest& request);
    void on_found(const Now& now, const SearchAnswer& answer);
    // The log has forgotten older entries of this room.
    void on_trimmed(RoomId room, Seq first_kept);
    void on_deadline(const Now& now);
    // Tells the members. The caller goes on driving until idle() or until it has waited enough.
    void on_shutdown(const Now& now);

    // Valid until on_committed or on_commit_failed. Nothing while the previous ones are not
    // committed, or if there is nothing to store.
    const Changes* take_changes(const Now& now) { return chat_.take_changes(now.at); }
    std::vector<ReadRequest> take_reads();
    // Each is offered once; at most searches_waiting_max wait at a time, one for each program.
    std::vector<SearchRequest> take_searches() { return secure_.take_searches(); }
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
    std::vector<RoomId> unread_;  // rooms of which a page could not be read
    Instant read_again_at_;
    bool secure_first_ = true;
};

}  // namespace chat::server
