// SPDX-License-Identifier: MIT
// Every limit of the server's brain, with unit and reason. The peers need not know them; what
// both ends must agree on is in proto/wire/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "chat-server/core/entry.h"
#include "proto/link/token_bucket.h"
#include "proto/wire/time.h"

namespace chat::server {

// Members at one time, unless configured: 1 KiB each at most (peer.h), so 64 MiB. The limit keeps a
// host that logs in from every port and address it has from filling the memory.
inline constexpr std::size_t members_max_default = 65'536;

// The newest entries of a room, kept in the form in which they are sent. Whoever is further
// behind is served from the log, page by page.
inline constexpr std::size_t tail_entries_max = 1024;
// The same in bytes, as sent: what a client has place for (docs/PROTOCOL.md, section 5).
inline constexpr std::size_t tail_bytes_max = 1024 * 1024;
// An entry's buffer is used again for another one up to this size.
inline constexpr std::size_t entry_buffer_kept_max = 1024;
inline constexpr std::size_t page_entries_max = 256;
inline constexpr std::size_t page_bytes_max = 256 * 1024;
// Pages held at one time, so that several who are far behind at different places do not take the
// pages from each other.
inline constexpr std::size_t pages_max = 4;

// Rooms whose pages are held at one time: the others read theirs again.
inline constexpr std::size_t paged_rooms_max = 64;
// A new room's newest part has place for so many entries, and grows with its entries.
inline constexpr std::size_t tail_entries_min = 16;

// Rooms that were ever made, conversations included; in how many with a name, and in how many
// conversations, one person may be; and how fast he makes new ones (docs/PROTOCOL.md, section 11).
// Separate, because others begin conversations with him: they cannot keep him out of rooms so.
inline constexpr std::size_t rooms_max = 65'536;
inline constexpr std::size_t rooms_per_person_max = 64;
inline constexpr std::size_t conversations_per_person_max = 64;
inline constexpr TokenRate room_rate{seconds(2), 10};

// After a commit or read that failed, the next try: soon enough that nobody waits for long once
// there is space again, seldom enough to cost nothing meanwhile.
inline constexpr Duration storing_retry = seconds(1);
// How far people have come is stored with their joins and leaves at once, else this often. What is
// lost with the process is asked for again by their programs.
inline constexpr Duration seats_interval = seconds(1);

// Messages of a room whose authors are told who has seen them, and how often; the first figures
// wait for those who acknowledge at about the same time.
inline constexpr std::size_t spoken_max = 16;
inline constexpr Duration receipts_interval = seconds(1);
inline constexpr Duration receipts_gather = milliseconds(100);
// The administrator's, for the operator's question who has seen them.
inline constexpr std::size_t announced_max = 8;

// Searches waiting for the log, one for each program, and places in one answer.
inline constexpr std::size_t searches_waiting_max = 256;

// The log in memory: the most recent entries of each room. The byte limit counts text and names.
inline constexpr std::size_t memory_log_entries_max = 32'768;
inline constexpr std::size_t memory_log_bytes_max = 16 * 1024 * 1024;

// What one member may say, unless configured: far above any person, low enough that one program
// cannot fill the room. Logging in again under another name costs a classic one a token too,
// because everybody hears it. All at once he may say what comes together in two seconds.
inline constexpr std::int64_t say_per_second_default = 500;
inline constexpr std::int64_t say_per_second_max = 1'000'000;
constexpr TokenRate say_rate(std::int64_t per_second) {
    return {microseconds(1'000'000 / per_second), 2 * per_second};
}
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

// --- the secure protocol; what both ends agree on is in docs/PROTOCOL.md, section 11 ---

// A session ends this long after the last authentic datagram, and after the shorter time nothing
// is sent to it any more: somebody who does not answer for half a minute is not there.
inline constexpr Duration session_idle_max = seconds(180);
inline constexpr Duration session_silence_max = seconds(30);
inline constexpr Duration keepalive = seconds(25);

// A key's life in time and datagrams, and how long the previous one still opens what is under way.
inline constexpr Duration key_age_max = seconds(900);
inline constexpr std::uint64_t key_datagrams_max = std::uint64_t{1} << 32;
inline constexpr Duration key_overlap = seconds(10);

// How long the end of a session is repeated to a client that did not hear it, and how many such
// ends are remembered: more than a burst of people leaving, and a few hundred kilobytes.
inline constexpr Duration closing_time = seconds(10);
inline constexpr std::size_t closing_max = 1024;

// A repeated FINI gets a new WELCOME at most this often.
inline constexpr Duration welcome_interval = milliseconds(100);

// Acknowledgements may wait: 25 ms to save datagrams, and longer with many members, so that the
// room's answers to one entry do not overrun the server; clients wait 50 to 150 % of it.
inline constexpr Duration ack_delay_min = milliseconds(25);
inline constexpr Duration ack_delay_max = seconds(1);
inline constexpr std::int64_t members_per_ack_delay_ms = 40;
inline constexpr int client_ack_delay_percent = 150;

// What a new client is assumed to have room for until it says: the entries that may wait for an
// earlier one (docs/PROTOCOL.md, section 5).
inline constexpr std::uint64_t credit_first = 1024;

// Unacknowledged entries repeated in front of new ones where much gets lost: as many as it takes
// that of 1,000 entries not more than one is lost with all its copies.
inline constexpr unsigned copies_lost_max_ppm = 1000;
inline constexpr Seq repeated_entries_max = 8;

// A member who lacks entries though nothing is under way to him (no credit, or his word that he has
// room got lost) is asked this often; RFC 8085, section 3.1.3 allows it without any feedback.
inline constexpr Duration stalled_interval = seconds(3);

// What a person searches for by hand, once a letter at most; each costs a look into an index.
inline constexpr TokenRate search_rate{milliseconds(500), 5};
// Who sends while nothing can be stored is told so this often, and who would come in is asked to
// wait so long.
inline constexpr TokenRate notice_rate{seconds(1), 1};
inline constexpr Duration unavailable_wait = seconds(1);

// Machines of one person at a time (docs/PROTOCOL.md, section 11).
inline constexpr std::size_t programs_per_member_max = 8;
// Answers of each kind that one program is owed; beyond it, it asks again.
inline constexpr std::size_t requests_max = 64;
// Ranges of older entries that one program waits for, in all its rooms: the places of one FOUND
// (docs/PROTOCOL.md, section 11).
inline constexpr std::size_t wanted_ranges_max = 64;

// Program starts whose messages are remembered, and how long; 24 h is promised to clients.
inline constexpr std::size_t epochs_max = 65'536;
inline constexpr Duration epoch_age_max = seconds(24 * 60 * 60);
// Names that have owners, and how many one key may own.
inline constexpr std::size_t names_max = 262'144;
inline constexpr std::size_t names_per_key_max = 8;

// Datagrams written before the sink has to be flushed: 300 KiB, a few of the socket's batches.
inline constexpr std::size_t datagram_buffers = 256;
// Requests for repetition waiting for the socket; beyond it the clients ask again.
inline constexpr std::size_t gaps_waiting_max = 8192;

// At the end every session is told twice, because nobody waits for an answer, and comes back
// spread over this much per member.
inline constexpr Duration stop_repeat_after = milliseconds(100);
inline constexpr std::int64_t members_per_stop_wait_ms = 2;

}  // namespace chat::server
