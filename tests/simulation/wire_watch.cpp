// SPDX-License-Identifier: MIT
#include "tests/simulation/wire_watch.h"

#include "proto/wire/reader.h"

namespace chat::simulation {
namespace {

constexpr std::size_t datagram_bytes_max = 1200;
constexpr std::size_t challenge_bytes = 48;
constexpr std::byte data_type{0xfc};

}  // namespace

void WireWatch::promise(bool kept, std::string_view what) {
    if (!kept && !broken_) broken_.emplace(what);
}

void WireWatch::check_counter(bool to_server, std::span<const std::byte> datagram) {
    Reader reader(datagram.subspan(4));
    const std::uint32_t sid = reader.u32();
    const std::uint64_t counter = reader.u64();
    const std::pair key(to_server, sid);
    const auto next = next_counter_.find(key);
    // A sid is drawn at random, so one may come back with another key; that key begins at 0.
    promise(next == next_counter_.end() || counter >= next->second || counter == 0,
            "no counter is used twice under one key");
    next_counter_[key] = counter + 1;
}

void WireWatch::on_sent(const Endpoint& from, const Endpoint& to,
                        std::span<const std::byte> datagram) {
    promise(datagram.size() <= datagram_bytes_max, "a datagram has at most 1200 bytes");
    if (datagram.size() >= challenge_bytes && datagram[0] == data_type) {
        check_counter(to == server_, datagram);
    }
    if (from == server_) {
        Account& account = accounts_[to];
        ++account.datagrams_out;
        account.bytes_out += datagram.size();
        if (account.is_victim && datagram.size() == challenge_bytes && datagram[0] == data_type) {
            ++challenges_;
        }
        if (!account.has_received) {
            promise(account.datagrams_out <= account.datagrams_in &&
                        account.bytes_out <= account.bytes_in,
                    "an unproven address gets no more than came from it");
        }
    }
    ++seen_;
    Datagram copy{from, to, {datagram.begin(), datagram.end()}};
    if (recorded_.size() < recorded_max) {
        recorded_.push_back(std::move(copy));
    } else if (const auto place = dice_.below(static_cast<std::size_t>(seen_));
               place < recorded_max) {
        recorded_[place] = std::move(copy);
    }
}

void WireWatch::on_delivered(const Datagram& datagram) {
    if (datagram.to == server_) {
        Account& account = accounts_[datagram.from];
        ++account.datagrams_in;
        account.bytes_in += datagram.bytes.size();
    } else if (datagram.from == server_) {
        Account& account = accounts_[datagram.to];
        if (!account.is_victim) account.has_received = true;
    }
}

const Datagram* WireWatch::recorded(Dice& dice) const {
    if (recorded_.empty()) return nullptr;
    return &recorded_[dice.below(recorded_.size())];
}

}  // namespace chat::simulation
