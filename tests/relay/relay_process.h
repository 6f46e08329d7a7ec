// SPDX-License-Identifier: MIT
// The loop of udp-relay: waits for datagrams, times, lines and signals, and hands them on. A live
// command takes effect after every datagram that was sent before its line was written, and is
// answered by one line on standard output: "ok", "error: ...", or the statistics asked for. End
// of input is not the end; SIGTERM and SIGINT are, with the statistics as the last line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/clock.h"
#include "sys/poll_set.h"
#include "sys/signals.h"
#include "tests/relay/schedule.h"
#include "tests/relay/traffic.h"

namespace chat::relay {

class RelayProcess {
  public:
    // `traffic` is borrowed.
    RelayProcess(Traffic& traffic, sys::SignalQueue signals, Instant start,
                 const std::vector<Step>& script);

    // Prints `banner` once what the script says about second 0 holds. Returns the exit status.
    int run(const std::string& banner);

  private:
    // False when it is time to end.
    bool turn();
    void take_in_all();
    void read_input();
    void on_line(std::string_view line);
    void run_due(Instant now);
    std::optional<std::string> perform(const Command& command);

    Traffic& traffic_;
    sys::SignalQueue signals_;
    Schedule schedule_;
    sys::PollSet poll_;
    bool input_open_ = true;
    bool skipping_line_ = false;  // it is too long, and was said to be
    std::string input_;
};

}  // namespace chat::relay
