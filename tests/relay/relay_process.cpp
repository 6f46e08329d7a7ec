// SPDX-License-Identifier: MIT
#include "tests/relay/relay_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>
#include <utility>
#include <variant>

namespace chat::relay {
namespace {

// Enough to empty every socket's buffer; a flood must not hold commands up for ever.
constexpr int rounds_max = 1000;

void print_line(std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

RelayProcess::RelayProcess(Traffic& traffic, sys::SignalQueue signals, Instant start,
                           const std::vector<Step>& script)
    : traffic_(traffic), signals_(std::move(signals)) {
    for (const Step& step : script)
        schedule_.add(start, step);
}

int RelayProcess::run(const std::string& banner) {
    run_due(sys::monotonic_now());
    print_line(banner);
    while (turn()) {
    }
    take_in_all();
    print_line(traffic_.stats());
    return EX_OK;
}

bool RelayProcess::turn() {
    poll_.clear();
    const std::size_t signals = poll_.add(signals_.fd(), true);
    const std::size_t input = poll_.add(input_open_ ? STDIN_FILENO : -1, true);
    traffic_.watch(poll_);
    const auto deadline = earlier(schedule_.next(), traffic_.next_delivery());
    if (auto done = poll_.wait(deadline, sys::monotonic_now()); !done) {
        fmt::print(stderr, "udp-relay: {}\n", done.error().sentence());
        return false;
    }
    const Instant now = sys::monotonic_now();
    traffic_.receive(poll_, now);
    const bool has_input = poll_.readable(input);
    const bool has_signal = poll_.readable(signals);
    run_due(now);
    traffic_.deliver_due(now);
    if (has_input) read_input();
    return !(has_signal && signals_.take());
}

void RelayProcess::take_in_all() {
    for (int round = 0; round < rounds_max; ++round) {
        poll_.clear();
        traffic_.watch(poll_);
        const Instant now = sys::monotonic_now();
        if (!poll_.wait(now, now) || !traffic_.receive(poll_, now)) break;
    }
    traffic_.deliver_due(sys::monotonic_now());
}

void RelayProcess::read_input() {
    std::array<char, 65536> room;
    const ssize_t size = read(STDIN_FILENO, room.data(), room.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
    input_open_ = size > 0;
    if (size > 0) input_.append(room.data(), static_cast<std::size_t>(size));

    std::size_t begin = 0;
    for (std::size_t end; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        if (!std::exchange(skipping_line_, false)) {
            on_line(std::string_view(input_).substr(begin, end - begin));
        }
    }
    input_.erase(0, begin);
    if (input_.size() > line_bytes_max) {
        if (!skipping_line_) print_line("error: the line is too long");
        skipping_line_ = true;
        input_.clear();
    }
}

void RelayProcess::on_line(std::string_view line) {
    auto step = parse_line(line);
    if (!step) return print_line("error: " + step.error());
    if (!*step) return;
    take_in_all();
    if ((*step)->at > Duration{} || (*step)->every) {
        schedule_.add(sys::monotonic_now(), std::move(**step));
        return print_line("ok");
    }
    const Command& command = (*step)->command;
    const auto problem = perform(command);
    if (problem) return print_line("error: " + *problem);
    if (!std::holds_alternative<PrintStats>(command)) print_line("ok");
}

void RelayProcess::run_due(Instant now) {
    while (const auto command = schedule_.take_due(now)) {
        if (const auto problem = perform(*command)) {
            fmt::print(stderr, "udp-relay: {}\n", *problem);
        }
    }
}

std::optional<std::string> RelayProcess::perform(const Command& command) {
    if (const auto* conditions = std::get_if<SetConditions>(&command)) {
        traffic_.set_conditions(*conditions);
    } else if (const auto* rebind = std::get_if<Rebind>(&command)) {
        return traffic_.rebind(*rebind);
    } else if (const auto* inject = std::get_if<Inject>(&command)) {
        return traffic_.inject(*inject);
    } else {
        print_line(traffic_.stats());
    }
    return std::nullopt;
}

}  // namespace chat::relay
