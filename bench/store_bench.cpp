// SPDX-License-Identifier: MIT
// What a commit costs: so many messages of 64 bytes by ten authors in one room, kept in memory and
// in a database in the present folder's file system. CPU time per commit; items are messages.
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "chat-server/store/memory_log.h"
#include "chat-server/store/sqlite_log.h"

namespace {

using namespace chat;
using namespace chat::server;

constexpr std::size_t authors = 10;

// Ten people who own their names, and what they say.
class Talk {
  public:
    Changes introduction() {
        Changes changes;
        for (std::size_t i = 0; i < authors; ++i) {
            NewPerson person{static_cast<PersonId>(i + 1), name(i), {}};
            person.key.bytes[0] = static_cast<std::byte>(i + 1);
            changes.people.push_back(person);
        }
        return changes;
    }
    void fill(Changes& changes, std::size_t messages) {
        changes.appends.clear();
        for (std::size_t i = 0; i < messages; ++i) {
            const std::size_t author = ++said_ % authors;
            Append append;
            append.room = 1;
            append.entry.kind = EntryKind::message;
            append.entry.time = {1'760'000'000'000 + static_cast<std::int64_t>(said_)};
            append.entry.name = name(author);
            append.entry.text = "message number " + std::to_string(said_);
            append.entry.text.resize(64, '.');
            append.entry.origin.person = static_cast<PersonId>(author + 1);
            append.entry.origin.key.bytes[0] = static_cast<std::byte>(author + 1);
            append.entry.origin.client_epoch = 1;
            append.entry.origin.msg_id = said_;
            append.entry.origin.verified = true;
            changes.appends.push_back(std::move(append));
        }
    }

  private:
    static std::string name(std::size_t i) { return "member" + std::to_string(i); }

    std::uint64_t said_ = 0;
};

void commits(benchmark::State& state, Log& log) {
    Talk talk;
    bool well = log.load({}).has_value() && log.commit(talk.introduction()).has_value();
    Changes changes;
    const auto messages = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        state.PauseTiming();
        talk.fill(changes, messages);
        state.ResumeTiming();
        well = well && log.commit(changes).has_value();
    }
    if (!well) state.SkipWithError("the log failed");
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void commit_in_memory(benchmark::State& state) {
    MemoryLog log(1);
    commits(state, log);
}
BENCHMARK(commit_in_memory)->Arg(1)->Arg(10)->Arg(100);

void commit_on_disk(benchmark::State& state) {
    std::string folder = "store_bench.XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no folder");
    {
        SqliteLogConfig config;
        config.new_log_epoch = 1;
        const auto log = SqliteLog::open(folder + "/rooms.db", config);
        if (log)
            commits(state, **log);
        else
            state.SkipWithError(log.error().c_str());
    }
    std::filesystem::remove_all(folder);
}
BENCHMARK(commit_on_disk)->Arg(1)->Arg(10)->Arg(100);

}  // namespace
