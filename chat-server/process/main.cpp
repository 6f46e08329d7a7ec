// SPDX-License-Identifier: MIT
// chat-server: sets up what a refusal can still be explained for in one sentence, then forks and
// serves.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <signal.h>
#include <sodium.h>
#include <sysexits.h>
#include <system_error>

#include "chat-server/process/control_client.h"
#include "chat-server/process/journal.h"
#include "chat-server/process/network_process.h"
#include "chat-server/process/options.h"
#include "chat-server/process/server_secrets.h"
#include "chat-server/process/store_commands.h"
#include "chat-server/store/memory_log.h"
#include "chat-server/store/sqlite_log.h"
#include "proto/session/key_schedule.h"
#include "sys/clock.h"
#include "sys/data_folder.h"
#include "sys/descriptor.h"
#include "sys/password_file.h"
#include "sys/process_hardening.h"
#include "sys/resolve.h"
#include "sys/sandbox.h"
#include "sys/secret_memory.h"
#include "sys/service_notify.h"
#include "sys/socket_address.h"
#include "sys/system_random.h"

namespace {

using namespace chat;
using namespace chat::server;

int explain(const sys::OsError& error, std::string_view advice, int status) {
    fmt::print(stderr, "chat-server: {}. {}\n", error.sentence(), advice);
    return status;
}

// 0, or the exit status.
int set_password(const Options& options, ServerSecrets& secrets) {
    if (options.password_file.empty()) return 0;
    auto password = sys::read_password(options.password_file);
    if (!password) {
        return explain(password.error(), "Give a file whose first line is the password.",
                       EX_NOINPUT);
    }
    // Once, and never because of a datagram: it costs 64 MiB and a tenth of a second.
    secrets.password_key = password_key(password->text, secrets.identity.public_key);
    wipe(std::as_writable_bytes(std::span(password->text)));
    if (secrets.password_key) return 0;
    fmt::print(stderr, "chat-server: there is not enough memory to prepare the password.\n");
    return EX_OSERR;
}

// Whatever a datagram may one day talk this process into, it has its data folder and its sockets.
// 0, or the exit status: after an error some rights may be gone already.
int give_up_rights(const Options& options) {
    sys::FileAccess files = sys::system_files();
    files.writable.push_back(options.data);
    // The folder, because an editor replaces the file.
    if (!options.config_file.empty()) {
        const auto slash = options.config_file.rfind('/');
        files.readable.push_back(
            slash == std::string::npos ? "." : options.config_file.substr(0, slash + 1));
    }
    const auto report = sys::enter_network_sandbox(files);
    if (!report) return explain(report.error(), "Without it nothing is served.", EX_OSERR);
    journal::info("sandbox", {{"seccomp", report->seccomp ? "on" : "not in this kernel"},
                              {"landlock", report->landlock ? "on" : "not in this kernel"}});
    return 0;
}

std::expected<std::unique_ptr<Log>, std::string> open_log(const Options& options,
                                                          RandomSource& random) {
    // 0 means that there is none.
    const std::uint64_t new_log_epoch = std::max<std::uint64_t>(random.u64(), 1);
    if (options.memory) return std::make_unique<MemoryLog>(new_log_epoch);
    SqliteLogConfig config;
    config.durability = options.durability;
    config.new_log_epoch = new_log_epoch;
    config.retention = options.retention;
    return SqliteLog::open(rooms_database(options), config);
}

// A folder with a key was in use, so rooms that are not there any more are a loss.
void warn_of_lost_rooms(const Options& options, bool was_in_use) {
    if (options.memory || !was_in_use) return;
    const std::string path = rooms_database(options);
    std::error_code none;
    const bool there = std::filesystem::exists(path, none);
    if (none || (there && (std::filesystem::file_size(path, none) > 0 || none))) return;
    journal::warn(there ? "the file of the rooms is empty, though this folder was in use: a new "
                          "log begins, and what was in the old one is gone. If that is not meant, "
                          "stop the server and put a backup in its place"
                        : "the file of the rooms is missing, though this folder was in use: a new "
                          "log begins. If that is not meant, stop the server and put a backup in "
                          "its place",
                  {{"file", path}});
}

int explain_store(std::string_view sentence) {
    fmt::print(stderr, "chat-server: {}\n", sentence);
    return EX_DATAERR;
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
    const bool was_in_use = has_secrets(*folder);
    sys::SystemRandom random;
    auto secrets = options.memory ? make_secrets(random) : load_secrets(*folder, random);
    if (!secrets) {
        return explain(secrets.error(), "Choose another folder with --data, or mend this one.",
                       EX_CANTCREAT);
    }
    if (const auto set = set_password(options, *secrets); set != 0) return set;
    const std::string key_fingerprint = fingerprint(secrets->identity.public_key);
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
        fmt::print("listening on {} key {}\n", address, key_fingerprint);
        std::fflush(stdout);
        journal::info("listening", {{"address", address}, {"data", options.data}});
        sys::service_notify("READY=1");
    };
    warn_of_lost_rooms(options, was_in_use);
    auto log = open_log(options, random);
    if (!log) return explain_store(log.error());
    const Now now{sys::monotonic_now(), sys::wall_now()};
    const auto stored = (*log)->load(now.wall);
    if (!stored) return explain_store(stored.error());
    secrets->log_epoch = stored->log_epoch;
    sys::SecretMemory secret_memory;
    Server server(options.server, std::move(*secrets), random, secret_memory,
                  [](const Endpoint& endpoint) { return sys::to_string(endpoint); });
    server.restore(now, *stored);
    if (const auto left = give_up_rights(options); left != 0) return left;
    NetworkProcess network({std::move(*socket), std::move(*listener), std::move(*signals)}, server,
                           **log, reload);
    return network.run(ready);
}

}  // namespace

int main(int argc, char** argv) {
    sys::fill_standard_descriptors();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto options = parse_options(arguments);
    if (!options) return options.error();
    switch (options->action) {
        case Options::Action::serve:
            break;
        case Options::Action::announce:
        case Options::Action::control:
            return run_control_client(*options);
        case Options::Action::check:
        case Options::Action::export_room:
        case Options::Action::import_room:
        case Options::Action::reindex:
        case Options::Action::backup:
            return run_store_command(*options);
    }
    if (sodium_init() < 0) {
        std::fputs("chat-server: the cryptographic library does not start on this machine.\n",
                   stderr);
        return EX_SOFTWARE;
    }
    if (const auto hardened = sys::forbid_core_dumps(); !hardened) {
        return explain(hardened.error(), "Without it keys could end up in a file.", EX_OSERR);
    }
    return serve(*options, arguments);
}
