// SPDX-License-Identifier: MIT
#include "bench/load/crowds.h"

#include <utility>

#include "bench/load/dialect.h"
#include "bench/load/plain_crowd.h"
#include "bench/load/raw_server.h"
#include "bench/load/secure_crowd.h"

namespace chat::load {

bool is_protocol(const std::string& protocol) {
    return protocol == "chat" || make_dialect(protocol) != nullptr;
}

bool protocol_echoes(const std::string& protocol) {
    const auto dialect = make_dialect(protocol);
    return !dialect || dialect->echoes();
}

bool protocol_is_stream(const std::string& protocol) {
    const auto dialect = make_dialect(protocol);
    return dialect && dialect->is_stream();
}

std::optional<std::function<void(int)>> own_server(const std::string& protocol) {
    if (protocol == "raw-sendto") return serve_with_sendto;
    if (protocol == "raw-gso") return serve_with_segments;
    return std::nullopt;
}

std::unique_ptr<Crowd> make_crowd_of(const Options& options, Account& account, Talk& talk,
                                     Sockets& sockets, std::string fingerprint) {
    if (auto dialect = make_dialect(options.protocol)) {
        return std::make_unique<PlainCrowd>(options, account, talk, sockets, std::move(dialect));
    }
    return std::make_unique<SecureCrowd>(options, account, talk, sockets, std::move(fingerprint));
}

}  // namespace chat::load
