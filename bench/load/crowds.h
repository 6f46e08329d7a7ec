// SPDX-License-Identifier: MIT
// By the name of a protocol: how its members speak, and its server if that is part of this program.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bench/load/crowd.h"
#include "bench/load/options.h"
#include "bench/load/sockets.h"
#include "bench/load/talk.h"

namespace chat::load {

bool is_protocol(const std::string& protocol);
bool protocol_echoes(const std::string& protocol);
bool protocol_is_stream(const std::string& protocol);
// Writes its first line to the descriptor and serves until it is killed.
std::optional<std::function<void(int)>> own_server(const std::string& protocol);
std::unique_ptr<Crowd> make_crowd_of(const Options& options, Account& account, Talk& talk,
                                     Sockets& sockets, std::string fingerprint);

}  // namespace chat::load
