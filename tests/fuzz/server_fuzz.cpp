// SPDX-License-Identifier: MIT
// A script of operations against the whole server: who sends what, how time passes, what the
// operator does, when the socket is full and when the log answers. The ledger of the simulated
// world keeps the account, so every promise is checked here too.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/seeded_random.h"
#include "tests/support/server_drive.h"

namespace chat::fuzz {
namespace {

constexpr std::size_t log_entries_max = 64;
constexpr Duration silence_max = seconds(120);
constexpr std::string_view names[] = {"a", "A", "bob", "小明", "管理员", "欢迎", "x y", ""};

class Play final : public TransmitSink {
  public:
    explicit Play(Script script)
        : script_(script),
          log_(1, log_entries_max),
          server_({server::ClassicAccess::any, silence_max},
                  {KeyPair::generate(random_), {}, 1, std::nullopt}, random_,
                  *std::pmr::new_delete_resource(),
                  [](const Endpoint& peer) { return std::to_string(peer.port); }),
          ledger_(silence_max) {
        server_.restore(now_, *log_.load(now_.wall));
    }

    void run() {
        while (!script_.empty()) {
            operation(script_.byte());
            drive();
        }
        log_becomes(LogIs::well);
        room_ = SIZE_MAX;
        drive();
        // Each second lets a member hear a burst; nobody can be further behind than the log is
        // long.
        for (int i = 0; i < 1000 && !server_.idle(); ++i) {
            now_.at = now_.at + seconds(1);
            drive();
        }
        require(server_.idle(), "the server comes to rest");
    }

    bool send(const Path& path, std::span<const std::byte> datagram) override {
        if (blocked()) return false;
        if (room_ != SIZE_MAX) --room_;
        borrowed_.emplace_back(path.peer, datagram);
        return true;
    }
    void flush() {
        for (const auto& [to, bytes] : std::exchange(borrowed_, {}))
            ledger_.on_sent(to, bytes);
    }
    bool blocked() const { return room_ == 0; }
    // The log may let us wait, or fail.
    std::optional<server::Committed> commit(const server::Changes& changes) {
        require(in_log_ == nullptr, "one batch in the log at a time");
        if (log_is_ == LogIs::full) return std::unexpected("the disk is full");
        if (log_is_ == LogIs::late) {
            in_log_ = &changes;
            return std::nullopt;
        }
        return store(changes);
    }
    server::Read read(const server::ReadRequest& request) {
        if (log_is_ == LogIs::full) return std::unexpected("the disk cannot be read");
        auto page = log_.read(request);
        ledger_.on_page(*page);
        return page;
    }
    std::expected<std::optional<server::SearchAnswer>, std::string> search(
        const server::SearchRequest&) {
        require(false, "the plain-text protocol finds nothing");
        return std::nullopt;
    }

  private:
    enum class LogIs : std::uint8_t { well, late, full };

    server::Committed store(const server::Changes& changes) {
        auto seqs = log_.commit(changes);
        ledger_.on_committed(changes.appends, *seqs, server_.chat().roster());
        return seqs;
    }
    void log_becomes(LogIs state) {
        log_is_ = state;
        if (in_log_ == nullptr) return;
        const server::Changes& changes = *std::exchange(in_log_, nullptr);
        server::answer_commit(server_, now_, store(changes));
    }

    void operation(std::uint8_t code) {
        switch (code % 12) {
            // One after the other: compilers differ in which argument they evaluate first.
            case 0: {
                const Endpoint from = peer();
                return arrives(from, std::string(as_text(script_.bytes(script_.byte()))));
            }
            case 1:
            case 2: {
                const Endpoint from = peer();
                return arrives(from, (code % 12 == 1 ? "L " : "Q ") + std::string(name()));
            }
            case 3:
            case 4: {
                const Endpoint from = peer();
                std::string text = "C " + std::string(name()) + " ";
                text += as_text(script_.bytes(script_.byte()));
                // A burst: a person behind on the log is another case for everything.
                const int times = code < 64 ? 150 : 1;
                for (int i = 0; i < times; ++i)
                    arrives(from, text);
                return;
            }
            case 5:
                now_.at = now_.at + microseconds(script_.byte() * 50);
                return;
            case 6:
                now_.at = now_.at + seconds(script_.byte());
                return;
            case 7: {
                const Endpoint gone = peer();
                ledger_.on_unreachable(gone);
                return server_.on_unreachable(now_, gone);
            }
            case 8:
                return control(server::ControlRequest::Kind::announce,
                               std::string(as_text(script_.bytes(script_.byte()))));
            case 9:
                return control(server::ControlRequest::Kind::command,
                               script_.byte() % 2 == 0
                                   ? "kick " + std::string(name())
                                   : std::string(as_text(script_.bytes(script_.byte() % 16))));
            case 10:
                return log_becomes(log_is_ != LogIs::well ? LogIs::well
                                   : code < 128           ? LogIs::late
                                                          : LogIs::full);
            default:
                room_ = script_.byte();
                if (room_ > 127) room_ = SIZE_MAX;
        }
    }

    Endpoint peer() {
        const std::uint8_t byte = script_.byte();
        const auto ip = byte % 2 == 0 ? IpAddress::v4(127, 0, 0, 1) : IpAddress::v4(10, 0, 0, 2);
        return {ip, static_cast<std::uint16_t>(1000 + byte % 6)};
    }
    std::string_view name() { return names[script_.byte() % std::size(names)]; }

    void arrives(const Endpoint& from, std::string datagram) {
        const auto bytes = std::as_writable_bytes(std::span(datagram));
        ledger_.on_request(now_.at, from, bytes);
        server_.on_datagram(now_, {from, {}}, bytes, false);
    }

    void control(server::ControlRequest::Kind kind, std::string text) {
        const server::ControlRequest request{kind, 1, std::move(text)};
        ledger_.on_control(request);
        server_.on_control(now_, request);
        const auto replies = server_.take_control_replies();
        require(!replies.empty() && replies.back().last, "the operator is answered");
    }

    void drive() {
        ledger_.on_deadline(now_.at);
        server_.on_deadline(now_);
        ledger_.note_vanished(server_.chat().roster());
        server::drive(server_, now_, *this);
        server_.take_events();
        log_.tend(now_.wall);
        for (const auto& [room, first_kept] : log_.take_trimmed())
            server_.on_trimmed(room, first_kept);
        // What waits for the log was caused in an earlier turn.
        if (in_log_ == nullptr && server_.chat().is_committed()) {
            ledger_.at_rest(now_.at, server_);
        }
        const auto& broken = ledger_.broken();
        require(!broken, broken.value_or(""));
    }

    Script script_;
    Now now_{{seconds(1000).us}, {}};
    simulation::SeededRandom random_{7};
    server::MemoryLog log_;
    server::Server server_;
    simulation::Ledger ledger_;
    LogIs log_is_ = LogIs::well;
    const server::Changes* in_log_ = nullptr;
    std::size_t room_ = SIZE_MAX;  // datagrams the socket still takes
    std::vector<std::pair<Endpoint, std::span<const std::byte>>> borrowed_;
};

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chat::fuzz::Play(chat::fuzz::Script(data, size)).run();
    return 0;
}
