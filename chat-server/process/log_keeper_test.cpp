// SPDX-License-Identifier: MIT
#include "chat-server/process/log_keeper.h"

#include <cstddef>
#include <memory_resource>
#include <string>

#include "chat-server/store/memory_log.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

namespace {

// One that always has more work that can wait.
class UntendedLog final : public Log {
  public:
    std::expected<Stored, std::string> load(WallTime now) override { return log_.load(now); }
    std::expected<std::vector<Seq>, std::string> commit(const Changes& changes) override {
        entries += changes.appends.size();
        return log_.commit(changes);
    }
    std::expected<Page, std::string> read(const ReadRequest& request) override {
        return log_.read(request);
    }
    std::expected<std::optional<SearchAnswer>, std::string> search(
        const SearchRequest& request) override {
        return log_.search(request);
    }
    std::expected<bool, std::string> tend(WallTime) override {
        ++slices;
        return true;
    }
    std::vector<Trimmed> take_trimmed() override { return {}; }

    std::size_t entries = 0;
    std::size_t slices = 0;

  private:
    MemoryLog log_{1};
};

ServerSecrets secrets() {
    session_test::SeededRandom random(1);
    return {KeyPair::generate(random), SecretKey(session_test::key_of(1)), 1, std::nullopt, 1};
}

struct Bench {
    Bench()
        : server({}, secrets(), random, *std::pmr::get_default_resource(),
                 [](const Endpoint&) { return std::string(); }),
          keeper(log, server) {
        server.restore(now, *log.load(now.wall));
    }
    void store_entries(std::size_t count) {
        const std::size_t before = log.entries;
        for (std::size_t i = 0; i < count; ++i) {
            server.on_control(now, {ControlRequest::Kind::announce, 1, "news"});
            now.at = now.at + milliseconds(3);
            keeper.store(now);
        }
        REQUIRE(log.entries == before + count);
    }

    Now now{Instant{seconds(1000).us}, {}};
    session_test::SeededRandom random{42};
    UntendedLog log;
    Server server;
    LogKeeper keeper;
};

}  // namespace

TEST_CASE("work that can wait does so while much is said, and else goes on at once") {
    const struct {
        std::size_t entries;  // since the last slice
        bool busy;
        Duration pause;
    } table[] = {
        {0, false, {}},
        {63, false, {}},
        {64, false, milliseconds(250)},
        {0, true, milliseconds(250)},
        {100, true, milliseconds(250)},
    };
    for (const auto& row : table) {
        CAPTURE(row.entries, row.busy);
        Bench b;
        b.keeper.tend(b.now, false);
        REQUIRE(b.log.slices == 1);
        CHECK(b.keeper.next_deadline() == b.now.at);
        b.store_entries(row.entries);
        b.keeper.tend(b.now, row.busy);
        CHECK(b.log.slices == 2);
        const Instant next = b.now.at + row.pause;
        CHECK(b.keeper.next_deadline() == next);
        // More entries do not cut a pause short, and afterwards it goes on at once.
        b.store_entries(1);
        CHECK(b.keeper.next_deadline() == next);
        b.now.at = next;
        b.keeper.tend(b.now, false);
        CHECK(b.log.slices == 3);
        CHECK(b.keeper.next_deadline() == b.now.at);
    }
}
