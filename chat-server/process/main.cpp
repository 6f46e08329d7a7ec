// SPDX-License-Identifier: MIT
// chat-server: sets up what a refusal can still be explained for in one sentence, then forks and
// serves.
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <signal.h>
#include <sodium.h>
#include <sysexits.h>

#include "chat-server/process/control_client.h"
#include "chat-server/process/journal.h"
#include "chat-server/process/network_process.h"
#include "chat-server/process/options.h"
#include "chat-server/process/server_key.h"
#include "chat-server/store/memory_log.h"
#include "sys/data_folder.h"
#include "sys/descriptor.h"
#include "sys/resolve.h"
#include "sys/service_notify.h"
#include "sys/socket_address.h"

namespace {

using namespace chat;
using namespace chat::server;

int explain(const sys::OsError& error, std::string_view advice, int status) {
    fmt::print(stderr, "chat-server: {}. {}\n", error.sentence(), advice);
    return status;
}

int serve(const Options& options, const std::vector<std::string>& arguments) {
    journal::open(options.log_level, options.log_json);
    for (const int signal : {SIGPIPE, SIGTTIN, SIGTTOU})
        sys::ignore(signal);

    const auto addresses = sys::resolve(options.host, options.port);
    if (!addresses) {
        return explain(addresses.error(), "Give an address of this machine, or 0.0.0.0 for all.",
                       EX_NOHOST);
    }
    auto folder = sys::DataFolder::open(options.data);
    if (!folder) {
        const bool in_use = folder.error().code == EWOULDBLOCK;
        return explain(folder.error(),
                       in_use ? "Choose another folder with --data, or stop the other server."
                              : "Choose a folder that can be written with --data.",
                       in_use ? EX_TEMPFAIL : EX_CANTCREAT);
    }
    const auto key = options.memory ? sys::Result<ServerKey>(ServerKey::generate())
                                    : ServerKey::load_or_generate(*folder);
    if (!key) {
        return explain(key.error(), "Choose another folder with --data, or mend this one.",
                       EX_CANTCREAT);
    }
    auto socket = sys::UdpSocket::bind(addresses->front());
    if (!socket) {
        const bool in_use = socket.error().code == EADDRINUSE;
        return explain(socket.error(),
                       in_use ? "Choose another port, or stop the program that has this one."
                              : "Give an address of this machine, or 0.0.0.0 for all, and a port "
                                "that may be used.",
                       in_use ? EX_UNAVAILABLE : EX_NOPERM);
    }
    auto listener = sys::ControlListener::open(options.data + "/control.sock", true);
    if (!listener) {
        return explain(listener.error(), "Choose another folder with --data.", EX_CANTCREAT);
    }
    auto signals = sys::SignalQueue::open({SIGTERM, SIGINT, SIGHUP, SIGCHLD});
    if (!signals) return explain(signals.error(), "", EX_OSERR);

    const std::string address = sys::to_string(socket->local());
    const auto reload = [&]() -> std::optional<ServerConfig> {
        const auto again = parse_options(arguments);
        if (!again) return std::nullopt;
        journal::set_level(again->log_level);
        return again->server;
    };
    const auto ready = [&] {
        fmt::print("listening on {} key {}\n", address, key->fingerprint());
        std::fflush(stdout);
        journal::info("listening", {{"address", address}, {"data", options.data}});
        sys::service_notify("READY=1");
    };
    MemoryLog log;
    NetworkProcess network(std::move(*socket), std::move(*listener), std::move(*signals), log,
                           options.server, reload);
    return network.run(ready);
}

}  // namespace

int main(int argc, char** argv) {
    sys::fill_standard_descriptors();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto options = parse_options(arguments);
    if (!options) return options.error();
    if (options->action != Options::Action::serve) return run_control_client(*options);
    if (sodium_init() < 0) {
        std::fputs("chat-server: the cryptographic library does not start on this machine.\n",
                   stderr);
        return EX_SOFTWARE;
    }
    return serve(*options, arguments);
}
