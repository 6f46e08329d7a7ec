// SPDX-License-Identifier: MIT
// What chat-load was asked to do. Its --help is the manual of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chat::load {

enum class Until : std::uint8_t {
    everybody,  // a message is under way until all have it
    one,        // until its sender has it (or, where nobody hears himself, his neighbour)
};

struct Options {
    std::string protocol = "chat";
    std::uint16_t port = 0;   // 0: the server's first line says it
    std::string fingerprint;  // of the server's key; empty: that line's, or any
    std::string server;       // the command that starts it
    int server_pid = 0;       // of one that runs already
    int server_core = 1;
    int own_core = 0;
    bool pin = true;

    std::size_t members = 100;
    std::size_t rooms = 1;
    std::size_t idle = 0;
    std::size_t idle_rooms = 0;  // 0: one for each 50
    std::size_t slow = 0;        // in the first room, behind a link of slow_kbit_s
    unsigned slow_kbit_s = 1;
    std::size_t at_once = 1000;  // joins under way
    std::size_t sockets = 0;     // 0: one for each member, as far as the limit allows
    std::size_t senders = 10;    // in each room
    std::size_t window = 0;      // 0: at a rate
    double rate = 50;            // messages a second in each room
    bool evenly = false;
    Until until = Until::everybody;
    std::size_t text_bytes = 64;
    double seconds = 10;
    double warm_up = 2;
    double drain = 20;
    double join_limit = 120;
    bool join_only = false;
    bool lists = false;  // each member asks for the names of all
    bool restart = false;
    bool by_kill = false;
    unsigned loss_permille = 0;
    double churn = 0;  // goings a second, while there is talk
    double roam = 0;   // changes of address a second
    std::uint64_t seed = 1;

    bool json = false;
    std::vector<std::string> on_measure;  // commands run when measuring begins
};

// Nothing: say no more and leave with this status.
std::optional<Options> read_options(int argc, char** argv, int& status);

}  // namespace chat::load
