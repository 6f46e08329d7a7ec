// SPDX-License-Identifier: MIT
#include "bench/load/secure_crowd.h"

#include <algorithm>
#include <utility>

namespace chat::load {
namespace {

// Not for anybody's secrets: the same people in every run.
class SeededBytes final : public RandomSource {
  public:
    explicit SeededBytes(std::uint64_t seed) : random_(seed) {}
    void fill(std::span<std::byte> bytes) override {
        for (std::byte& b : bytes)
            b = static_cast<std::byte>(random_());
    }

  private:
    std::mt19937_64 random_;
};

// Who leaves comes back after so long.
constexpr Duration away = seconds(1);

Instant next_millisecond(Instant at) {
    return {(at.us / 1000 + 1) * 1000};
}

}  // namespace

SecureCrowd::SecureCrowd(const Options& options, Account& account, Talk& talk, Sockets& sockets,
                         std::string fingerprint)
    : all_{options,
           account,
           talk,
           sockets,
           logs_,
           secrets_,
           std::mt19937_64(options.seed + 2),
           std::move(fingerprint)},
      is_touched_(options.members + options.idle + options.slow),
      goings_(options.churn, options.seed + 3),
      moves_(options.roam, options.seed + 4) {
    const std::size_t count = is_touched_.size();
    for (std::size_t i = 0; i < options.slow; ++i) {
        simulation::Conditions conditions;
        conditions.delay = {};
        conditions.rate_kbit_s = options.slow_kbit_s;
        slow_links_.emplace_back(options.seed + 5 + i).set_conditions(conditions);
    }
    SeededBytes seeded(options.seed);
    for (std::size_t i = 0; i < count; ++i)
        identities_.push_back(KeyPair::generate(seeded));
    std::size_t limit = socket_limit();
    if (options.sockets > 0) limit = std::min(limit, options.sockets);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i < limit) {
            sockets.add_datagram();
            at_socket_.emplace_back();
        }
        const auto socket = static_cast<std::uint32_t>(i % at_socket_.size());
        at_socket_[socket].push_back(i);
        members_.emplace_back(all_, i, socket, identities_[i]);
    }
}

void SecureCrowd::touch(std::uint32_t member) {
    if (is_touched_[member]) return;
    is_touched_[member] = true;
    touched_.push_back(member);
}

void SecureCrowd::begin(const Now& now, std::uint32_t member) {
    members_[member].begin(now);
    touch(member);
}

void SecureCrowd::say(std::uint32_t member, std::string_view text) {
    members_[member].say(text);
    touch(member);
}

void SecureCrowd::set_unrest(const Now& now, bool on) {
    links_are_slow_ = on;
    if (on) {
        goings_.begin(now.at);
        moves_.begin(now.at);
    } else {
        goings_.end();
        moves_.end();
    }
}

void SecureCrowd::disturb(const Now& now) {
    while (goings_.takes(now.at)) {
        const std::uint32_t member = goings_.below(all_.options.members);
        if (all_.talk.is_sender(member) || !members_[member].online()) continue;
        members_[member].go_away(now, away);
        touch(member);
    }
    while (moves_.takes(now.at)) {
        const std::uint32_t member = moves_.below(all_.options.members);
        const std::uint32_t socket = members_[member].socket();
        if (at_socket_[socket].size() > 1) continue;
        all_.sockets.move_datagram(socket);
        members_[member].on_moved();
        touch(member);
    }
}

void SecureCrowd::hear(const Now& now, std::uint32_t member, std::span<std::byte> datagram) {
    const std::size_t first_slow = members_.size() - slow_links_.size();
    if (links_are_slow_ && member >= first_slow) {
        for (auto& copy : slow_links_[member - first_slow].carry(now.at, datagram))
            late_.emplace(copy.at, Late{member, std::move(copy.bytes)});
        return;
    }
    members_[member].on_datagram(now, datagram);
    touch(member);
}

void SecureCrowd::hear_late(const Now& now) {
    while (!late_.empty() && late_.begin()->first <= now.at) {
        Late late = std::move(late_.extract(late_.begin()).mapped());
        members_[late.member].on_datagram(now, late.bytes);
        touch(late.member);
    }
}

std::optional<Instant> SecureCrowd::next_deadline() const {
    const auto next = deadlines_.next();
    if (late_.empty()) return next;
    const Instant late = late_.begin()->first;
    return next ? std::min(*next, late) : late;
}

void SecureCrowd::on_ready(const Now& now, std::uint32_t socket) {
    const auto& here = at_socket_[socket];
    all_.sockets.receive(socket, [&](Instant at, std::span<std::byte> datagram) {
        const Now then{at, now.wall};
        if (here.size() == 1) return hear(then, here.front(), datagram);
        for (const std::uint32_t member : here) {
            if (members_[member].is_his(datagram)) hear(then, member, datagram);
        }
    });
}

void SecureCrowd::on_turn(const Now& now) {
    hear_late(now);
    disturb(now);
    while (const auto member = deadlines_.pop_due(now.at))
        touch(*member);
    for (const std::uint32_t index : touched_) {
        SecureMember& member = members_[index];
        is_touched_[index] = false;
        member.on_deadline(now);
        member.flush(now);
        if (const auto at = member.next_deadline()) {
            deadlines_.arm(index, next_millisecond(std::max(*at, now.at)));
        }
    }
    touched_.clear();
}

bool SecureCrowd::settled() const {
    return all_.joined == members_.size() &&
           std::ranges::all_of(members_, [](const auto& member) { return member.is_told(); });
}

void SecureCrowd::check() {
    logs_.check(all_.talk, all_.account);
    std::size_t behind = 0;
    for (const auto& member : members_)
        behind += member.is_told() ? 0U : 1U;
    if (behind > 0) {
        all_.account.problem(std::to_string(behind) + " members do not have everything");
    }
}

void SecureCrowd::leave(const Now& now) {
    for (auto& member : members_)
        member.leave(now);
}

}  // namespace chat::load
