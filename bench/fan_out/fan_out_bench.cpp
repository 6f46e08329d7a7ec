// SPDX-License-Identifier: MIT
// What a room full of members costs the server's brain, in CPU time: a message to all of them with
// its acknowledgements, and a member who joins them. No socket and no disk. The same script under
// valgrind is fan_out.
#include <benchmark/benchmark.h>
#include <cstdint>
#include <memory>
#include <time.h>
#include <utility>

#include "bench/fan_out/scripted_room.h"

namespace {

using namespace chat;

constexpr std::uint64_t seed = 5;
constexpr std::size_t text_bytes = 64;
// Milliseconds between two rounds: time for everybody's acknowledgement.
constexpr int turns = 40;

// Of this thread alone, so that others on the machine do not count.
class CpuTime final : public bench::Meter {
  public:
    void on() override { began_s_ = now_s(); }
    void off() override { spent_s_ += now_s() - began_s_; }
    double take_s() { return std::exchange(spent_s_, 0.0); }

  private:
    static double now_s() {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }

    double began_s_ = 0;
    double spent_s_ = 0;
};

// So many members, so many messages in one turn. Items are deliveries. The numbers of iterations
// are given, because each attempt to find one would begin with everybody's handshakes.
void fan_out(benchmark::State& state) {
    CpuTime time;
    const auto members = static_cast<std::uint32_t>(state.range(0));
    bench::ScriptedRoom room(seed, members, time);
    room.join(members / 10);
    time.take_s();
    for (auto _ : state) {
        for (std::int64_t i = 0; i < state.range(1); ++i)
            room.say(static_cast<std::uint32_t>(i), text_bytes);
        room.turns(turns);
        state.SetIterationTime(time.take_s());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(fan_out)
    ->ArgNames({"members", "messages"})
    ->Args({100, 1})
    ->Args({1000, 1})
    ->Args({10'000, 1})
    ->Args({100, 10})
    ->Args({1000, 10})
    ->Iterations(20)
    ->UseManualTime();

// All of them at once, each told of each. Items are joins.
void join(benchmark::State& state) {
    CpuTime time;
    for (auto _ : state) {
        bench::ScriptedRoom room(seed, static_cast<std::uint32_t>(state.range(0)), time);
        time.take_s();
        room.join(100);
        state.SetIterationTime(time.take_s());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(join)->ArgName("members")->Arg(100)->Arg(1000)->Iterations(3)->UseManualTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
