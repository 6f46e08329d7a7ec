// SPDX-License-Identifier: MIT
#include "bench/load/run.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "bench/load/crowds.h"
#include "bench/load/process_figures.h"
#include "sys/clock.h"

namespace chat::load {
namespace {

constexpr Duration turn_max = milliseconds(50);

Now read_clocks() {
    return {sys::monotonic_now(), sys::wall_now()};
}

Duration of_seconds(double seconds) {
    return microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

double in_seconds(Duration d) {
    return static_cast<double>(d.us) / 1e6;
}

}  // namespace

Run::Run(const Options& options)
    : options_(options),
      sockets_(options, account_),
      server_(start_server()),
      port_(options.port != 0 ? options.port : server_.port()) {
    if (options.pin) pin_to_core(options.own_core);
}

ServerProcess Run::start_server() {
    socket_limit();  // the server inherits it
    const int core = options_.pin ? options_.server_core : -1;
    if (auto own = own_server(options_.protocol)) return ServerProcess::fork(*own, core);
    if (options_.server_pid > 0) return ServerProcess::attach(options_.server_pid);
    return ServerProcess::start(options_.server, core,
                                options_.protocol == "chat" || options_.protocol == "classic");
}

void Run::make_crowd() {
    sockets_.set_port(port_);
    if (protocol_is_stream(options_.protocol)) wait_for_listener(port_);
    std::string print = options_.fingerprint;
    if (print.empty()) print = server_.fingerprint();
    talk_ = std::make_unique<Talk>(options_, protocol_echoes(options_.protocol), account_);
    crowd_ = make_crowd_of(options_, account_, *talk_, sockets_, std::move(print));
}

void Run::turn(Instant until) {
    Instant next = std::min(until, now_.at + turn_max);
    for (const auto& at : {crowd_->next_deadline(), talk_->next_due()}) {
        if (at) next = std::min(next, *at);
    }
    const auto ready = sockets_.wait(next - sys::monotonic_now());
    now_ = read_clocks();
    for (const auto& event : ready)
        crowd_->on_ready(now_, event.data.u32);
    now_ = read_clocks();
    talk_->talk(now_.at,
                [this](std::uint32_t member, std::string_view text) { crowd_->say(member, text); });
    crowd_->on_turn(now_);
}

bool Run::turns(Duration at_most, const std::function<bool()>& done) {
    now_ = read_clocks();
    const Instant until = now_.at + at_most;
    while (!done()) {
        if (now_.at >= until) return false;
        turn(until);
    }
    return true;
}

void Run::join(Result& result) {
    const double cpu = server_.cpu_s();
    now_ = read_clocks();
    const Instant began = now_.at;
    std::uint32_t begun = 0;
    const auto all_in = [&] {
        while (begun < crowd_->size() && begun - crowd_->joined() < options_.at_once)
            crowd_->begin(now_, begun++);
        return crowd_->joined() == crowd_->size() || account_.problem_count > 0;
    };
    const bool in = turns(of_seconds(options_.join_limit), all_in);
    result.join_s = in_seconds(now_.at - began);
    const bool told =
        in && turns(of_seconds(options_.join_limit), [this] { return crowd_->settled(); });
    result.told_s = in_seconds(now_.at - began);
    result.join_cpu_s = server_.cpu_s() - cpu;
    if (told && account_.problem_count == 0) return;
    account_.problem("only " + std::to_string(crowd_->joined()) + " of " +
                     std::to_string(crowd_->size()) + " joined in time" +
                     (in ? ", and not all were told of all" : ""));
}

void Run::restart(Result& result) {
    options_.by_kill ? server_.kill() : server_.stop();
    std::string command = options_.server;
    const std::string any = " 0 ";
    if (const auto at = command.find(any); at != std::string::npos) {
        command.replace(at, any.size(), " " + std::to_string(port_) + " ");
    }
    server_ = ServerProcess::start(command, options_.pin ? options_.server_core : -1, true);
    now_ = read_clocks();
    const Instant began = now_.at;
    const std::size_t sessions = 2 * crowd_->size();
    const bool back = turns(of_seconds(options_.join_limit), [this, sessions] {
        return crowd_->sessions() >= sessions && crowd_->settled();
    });
    result.restart_s = in_seconds(now_.at - began);
    if (!back) account_.problem("not all came back after the server's restart");
}

void Run::run_commands() const {
    for (const auto& command : options_.on_measure) {
        const std::string line = "PID=" + std::to_string(server_.pid()) +
                                 "; SECONDS_MEASURED=" + std::to_string(options_.seconds) + "; (" +
                                 command + ") &";
        if (std::system(line.c_str()) != 0) std::fprintf(stderr, "chat-load: %s\n", line.c_str());
    }
}

void Run::talk(Result& result) {
    const auto never = [] { return false; };
    now_ = read_clocks();
    sockets_.begin_loss();
    talk_->start(now_.at);
    crowd_->set_unrest(now_, true);
    turns(of_seconds(options_.warm_up), never);
    run_commands();

    const SocketDrops drops = socket_drops(port_);
    account_.latencies.clear();
    const Traffic before = account_.traffic;
    const double cpu = server_.cpu_s();
    const double own = own_cpu_s();
    now_ = read_clocks();
    const Instant began = now_.at;
    turns(of_seconds(options_.seconds), never);
    result.server_cpu_s = server_.cpu_s() - cpu;
    result.own_cpu_s = own_cpu_s() - own;
    result.measured_s = in_seconds(read_clocks().at - began);
    result.traffic = account_.traffic - before;
    result.p50_us = account_.latencies.us_at(500'000);
    result.p99_us = account_.latencies.us_at(990'000);
    result.p999_us = account_.latencies.us_at(999'000);
    result.longest_us = account_.latencies.us_at(1'000'000);

    talk_->stop();
    crowd_->set_unrest(now_, false);
    turns(of_seconds(options_.drain),
          [this] { return talk_->missing() == 0 && crowd_->settled(); });
    result.lost = talk_->missing();
    const SocketDrops after = socket_drops(port_);
    result.drops = {after.server - drops.server, after.members - drops.members};
    if (result.lost > 0) account_.problem(std::to_string(result.lost) + " deliveries never came");
    crowd_->check();
}

Result Run::run() {
    Result result;
    now_ = read_clocks();
    result.rss_before_kib = server_.rss_kib();
    make_crowd();
    // Only ours asks again while it joins.
    if (options_.protocol == "chat") sockets_.begin_loss();
    join(result);
    if (account_.problem_count == 0 && options_.restart) restart(result);
    if (account_.problem_count == 0 && !options_.join_only) talk(result);
    result.rss_after_kib = server_.rss_kib();
    result.rss_peak_kib = server_.rss_peak_kib();
    result.all = account_.traffic;
    result.problems = account_.problem_count;
    now_ = read_clocks();
    crowd_->leave(now_);
    return result;
}

}  // namespace chat::load
