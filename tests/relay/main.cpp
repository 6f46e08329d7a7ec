// SPDX-License-Identifier: MIT
// udp-relay: stands between clients and a server as a bad network would. For tests and for trying
// things by hand; script.h has its language, recording.h its files, traffic.h what it does.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <signal.h>
#include <sysexits.h>

#include "sys/descriptor.h"
#include "sys/resolve.h"
#include "sys/socket_address.h"
#include "tests/relay/relay_process.h"

namespace {

using namespace chat;
using namespace chat::relay;

constexpr int wrong_call = 2;

struct Options {
    std::string listen;
    std::string to;
    std::uint64_t seed = 1;
    std::string script;
    std::string record;
};

int explain(const std::string& sentence, int status) {
    fmt::print(stderr, "udp-relay: {}.\n", sentence);
    return status;
}

// HOST:PORT, with brackets round an IPv6 address.
sys::Result<Endpoint> to_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
    const bool good = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos &&
                      std::stoul(port) <= 65535;
    if (!good) return sys::os_error(EINVAL, "use " + text, "it is not HOST:PORT");
    const auto found = sys::resolve(host, static_cast<std::uint16_t>(std::stoul(port)));
    if (!found) return std::unexpected(found.error());
    return found->front();
}

Parsed<std::vector<Step>> read_script(const std::string& path) {
    if (path.empty()) return {};
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::unexpected(fmt::format("cannot read {}", path));
    const std::string text(std::istreambuf_iterator<char>(file), {});
    auto steps = parse_script(text);
    if (!steps) return std::unexpected(fmt::format("{}: {}", path, steps.error()));
    return steps;
}

int relay_until_told(const Options& options) {
    const auto script = read_script(options.script);
    if (!script) return explain(script.error(), wrong_call);
    const auto server = to_endpoint(options.to);
    if (!server) return explain(server.error().sentence(), wrong_call);
    const auto local = to_endpoint(options.listen);
    if (!local) return explain(local.error().sentence(), wrong_call);

    auto listener = sys::UdpSocket::bind(*local);
    if (!listener) return explain(listener.error().sentence(), EX_UNAVAILABLE);
    std::optional<Recording> recording;
    if (!options.record.empty()) {
        auto created = Recording::create(options.record);
        if (!created) return explain(created.error().sentence(), EX_CANTCREAT);
        recording = std::move(*created);
    }
    auto signals = sys::SignalQueue::open({SIGTERM, SIGINT});
    if (!signals) return explain(signals.error().sentence(), EX_OSERR);

    const std::string banner = "relaying on " + sys::to_string(listener->local());
    const Instant start = sys::monotonic_now();
    Traffic traffic(std::move(*listener), *server, options.seed, start, std::move(recording));
    return RelayProcess(traffic, std::move(*signals), start, *script).run(banner);
}

}  // namespace

int main(int argc, char** argv) {
    sys::fill_standard_descriptors();
    Options options;
    CLI::App app("A bad network between UDP clients and a server.", "udp-relay");
    app.add_option("--listen", options.listen, "where clients come")
        ->type_name("HOST:PORT")
        ->required();
    app.add_option("--to", options.to, "the server")->type_name("HOST:PORT")->required();
    app.add_option("--seed", options.seed, "of everything random; 1 unless given");
    app.add_option("--script", options.script, "what to do when")->type_name("FILE");
    app.add_option("--record", options.record, "keep what comes, as it comes")->type_name("FILE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? EX_OK : wrong_call;
    }
    return relay_until_told(options);
}
