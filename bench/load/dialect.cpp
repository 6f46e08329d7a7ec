// SPDX-License-Identifier: MIT
#include "bench/load/dialect.h"

namespace chat::load {

std::unique_ptr<Dialect> make_dialect(const std::string& protocol) {
    if (protocol == "classic") return make_classic();
    if (protocol == "irc") return make_irc();
    if (protocol == "redis") return make_redis();
    if (protocol == "nats") return make_nats();
    if (protocol == "mqtt") return make_mqtt();
    if (protocol.starts_with("raw-")) return make_raw();
    return nullptr;
}

}  // namespace chat::load
