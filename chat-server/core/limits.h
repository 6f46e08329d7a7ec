// SPDX-License-Identifier: MIT
// Every limit of the server's brain, with unit and reason. The peers need not know them; what
// both ends must agree on is in proto/wire/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/link/token_bucket.h"
#include "proto/wire/time.h"

namespace chat::server {

// Members at one time. A classic member costs under 300 bytes; the limit keeps a host that logs
// in from every port it has from filling the map.
inline constexpr std::size_t members_max = 4096;

// The newest entries of a room, kept in the form in which they are sent. Whoever is further
// behind is served from the log, page by page.
inline constexpr std::size_t tail_entries_max = 1024;
inline constexpr std::size_t page_entries_max = 256;
inline constexpr std::size_t page_bytes_max = 256 * 1024;

// The log in memory: the most recent entries of each room. The byte limit counts text and names.
inline constexpr std::size_t memory_log_entries_max = 32'768;
inline constexpr std::size_t memory_log_bytes_max = 16 * 1024 * 1024;

// What one classic member may say: far above any person, low enough that one program cannot fill
// the room. Logging in again under another name costs a token too, because everybody hears it.
inline constexpr TokenRate classic_say_rate{milliseconds(2), 1000};
// He is told so at most this often.
inline constexpr TokenRate classic_warning_rate{seconds(1), 1};

// How fast one classic member is sent to. Nothing repairs what his socket buffer drops, so a
// burst must fit into it: 128 short datagrams take some 100 KiB of the 208 KiB that Linux gives
// by default.
inline constexpr TokenRate classic_pace{microseconds(250), 128};

// ICMP "port unreachable" this often in a row, with not one datagram from him in between, means
// that a classic member is gone. From loopback one is proof, because only this host can send it.
inline constexpr unsigned unreachable_max = 3;

// A listening classic member sends nothing, so silence says little: a day, unless configured.
inline constexpr Duration classic_silence_default = seconds(24 * 60 * 60);
inline constexpr Duration silence_sweep_interval = seconds(10);

// Short answers waiting for the socket. One datagram in causes at most one, so this is reached
// only while nothing can be sent at all; then they are dropped like any datagram.
inline constexpr std::size_t replies_max = 4096;

}  // namespace chat::server
