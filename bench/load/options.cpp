// SPDX-License-Identifier: MIT
#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/load/crowds.h"
#include "bench/load/stamp.h"

namespace chat::load {
namespace {

constexpr const char* about =
    "chat-load: thousands of members in one process, and what they cost their server.\n"
    "It joins them all, lets some talk, checks that every member gets every message exactly once\n"
    "and in order, and prints what that took. Exit status 1: something was lost, doubled or out "
    "of\n"
    "order. Only to loopback: everybody has an address of 127/8 of his own.";

}  // namespace

std::optional<Options> read_options(int argc, char** argv, int& status) {
    Options o;
    CLI::App app(about);
    app.add_option("--protocol", o.protocol,
                   "chat, classic, irc, redis, nats, mqtt, raw-sendto, raw-gso")
        ->capture_default_str();
    app.add_option("--server", o.server,
                   "command that starts the server; it runs on the server's core");
    app.add_option("--server-pid", o.server_pid, "measure this process instead");
    app.add_option("--port", o.port, "the server's port; not needed with --server for chat");
    app.add_option("--fingerprint", o.fingerprint, "of the server's key, to be checked");
    app.add_option("--server-core", o.server_core, "where it runs")->capture_default_str();
    app.add_option("--own-core", o.own_core, "where this program runs")->capture_default_str();
    app.add_flag("!--no-pin", o.pin, "run both wherever the kernel likes");

    app.add_option("--members", o.members, "who hear everything in their room")
        ->capture_default_str()
        ->check(CLI::Range(1, 200'000));
    app.add_option("--rooms", o.rooms, "they are in")->capture_default_str();
    app.add_option("--idle", o.idle, "further members in other rooms, where nothing is said");
    app.add_option("--idle-rooms", o.idle_rooms, "of these; default: one for each 50");
    app.add_option("--slow", o.slow,
                   "further members in the first room who get little of what is sent to them; "
                   "what they get is not counted");
    app.add_option("--slow-kbit", o.slow_kbit_s, "a second that they can be sent")
        ->capture_default_str();
    app.add_option("--at-once", o.at_once, "joins under way at one time")->capture_default_str();
    app.add_option("--sockets", o.sockets, "default: one for each member, as far as allowed");
    app.add_option("--senders", o.senders, "in each room")->capture_default_str();
    app.add_option("--window", o.window,
                   "as fast as it goes: so many messages of each sender under way");
    app.add_option("--rate", o.rate, "else so many messages a second in each room, at random times")
        ->capture_default_str();
    app.add_flag("--evenly", o.evenly, "at even distances");
    app.add_flag_callback(
        "--until-own", [&o] { o.until = Until::one; },
        "a message is under way until its sender has it himself; else until all have it");
    app.add_option("--text-bytes", o.text_bytes, "of a message")
        ->capture_default_str()
        ->check(CLI::Range(static_cast<int>(stamp_bytes), 1024));
    app.add_option("--seconds", o.seconds, "to measure")->capture_default_str();
    app.add_option("--warm-up", o.warm_up, "seconds of talk before that")->capture_default_str();
    app.add_option("--drain", o.drain, "seconds to wait for what is missing at the end")
        ->capture_default_str();
    app.add_option("--join-limit", o.join_limit, "seconds until all must be in")
        ->capture_default_str();
    app.add_flag("--join-only", o.join_only,
                 "join at once, each with a list of all names, and end when all know of all");
    app.add_flag("--lists", o.lists, "ask for these lists otherwise too");
    app.add_flag("--restart", o.restart,
                 "then stop the server, start it again, and wait until all are back");
    app.add_flag("--by-kill", o.by_kill,
                 "stop it without a farewell: whoever is silent notices with his next keepalive");
    app.add_option("--loss", o.loss_permille, "datagrams of 1000 dropped in each direction")
        ->check(CLI::Range(0, 900));
    app.add_option("--churn", o.churn,
                   "so many times a second, while there is talk, one who listens leaves for a "
                   "second; he still gets everything");
    app.add_option("--roam", o.roam, "so many times a second somebody's address changes");
    app.add_option("--seed", o.seed, "of identities and of loss")->capture_default_str();
    app.add_flag("--json", o.json, "print one JSON object");
    app.add_option("--on-measure", o.on_measure,
                   "shell command started when measuring begins, PID and SECONDS in its "
                   "environment");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        status = app.exit(error) == 0 ? 0 : 2;
        return std::nullopt;
    }
    if (!is_protocol(o.protocol)) {
        std::fprintf(stderr, "chat-load: there is no protocol %s\n", o.protocol.c_str());
        status = 2;
        return std::nullopt;
    }
    if (o.join_only && o.protocol == "chat") o.lists = true;
    return o;
}

}  // namespace chat::load
