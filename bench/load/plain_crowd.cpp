// SPDX-License-Identifier: MIT
#include "bench/load/plain_crowd.h"

#include <algorithm>
#include <utility>

#include "sys/clock.h"

namespace chat::load {

class PlainCrowd::MemberEars final : public Ears {
  public:
    MemberEars(PlainCrowd& crowd, Instant at, std::uint32_t member)
        : crowd_(crowd), at_(at), member_(member) {}

    void joined() override {
        if (!std::exchange(crowd_.members_[member_].joined, true)) ++crowd_.joined_;
    }
    void message(std::string_view text) override { crowd_.heard(at_, member_, text); }
    void told(std::size_t members) override { crowd_.account_.traffic.told += members; }
    void answer(std::string_view bytes) override { crowd_.send(member_, bytes); }
    void problem(std::string_view what) override { crowd_.account_.problem(std::string(what)); }

  private:
    PlainCrowd& crowd_;
    Instant at_;
    std::uint32_t member_;
};

PlainCrowd::PlainCrowd(const Options& options, Account& account, Talk& talk, Sockets& sockets,
                       std::unique_ptr<Dialect> dialect)
    : options_(options),
      account_(account),
      talk_(talk),
      sockets_(sockets),
      dialect_(std::move(dialect)),
      members_(options.members),
      senders_each_(talk.senders() / options.rooms),
      next_(options.members * senders_each_) {
    for (std::size_t room = 0; dialect_->announces() && room < options.rooms; ++room)
        told_in_all_ += talk.members_in(room) * talk.members_in(room);
}

void PlainCrowd::begin(const Now&, std::uint32_t member) {
    members_[member].socket =
        dialect_->is_stream() ? sockets_.add_stream() : sockets_.add_datagram();
    of_socket_.resize(members_[member].socket + 1);
    of_socket_[members_[member].socket] = member;
    send(member, dialect_->greeting({member, static_cast<std::uint32_t>(talk_.room_of(member))}));
}

bool PlainCrowd::settled() const {
    return joined_ == members_.size() && account_.traffic.told >= told_in_all_;
}

void PlainCrowd::send(std::uint32_t member, std::string_view bytes) {
    Member& one = members_[member];
    if (!dialect_->is_stream()) return sockets_.send(one.socket, std::as_bytes(std::span(bytes)));
    one.out += bytes;
    if (!std::exchange(one.waits, true)) waiting_.push_back(member);
}

void PlainCrowd::say(std::uint32_t member, std::string_view text) {
    std::string bytes;
    dialect_->say({member, static_cast<std::uint32_t>(talk_.room_of(member))}, text, bytes);
    send(member, bytes);
}

void PlainCrowd::heard(Instant at, std::uint32_t member, std::string_view text) {
    const auto stamp = read_stamp(text);
    if (!stamp || stamp->sender >= talk_.senders() ||
        talk_.room_of_sender(stamp->sender) != talk_.room_of(member)) {
        return account_.problem("a message that nobody has sent there");
    }
    std::uint32_t& next = next_[member * senders_each_ + stamp->sender % senders_each_];
    if (stamp->number < next || (dialect_->is_stream() && stamp->number != next)) {
        account_.problem("member " + std::to_string(member) + " got number " +
                         std::to_string(stamp->number) + " of sender " +
                         std::to_string(stamp->sender) + " where " + std::to_string(next) +
                         " belongs");
        return;
    }
    next = stamp->number + 1;
    talk_.delivered(at, member, *stamp);
}

void PlainCrowd::hear(Instant at, std::uint32_t member, std::string_view bytes) {
    Member& one = members_[member];
    MemberEars ears(*this, at, member);
    const Who who{member, static_cast<std::uint32_t>(talk_.room_of(member))};
    if (one.in.empty()) {
        bytes.remove_prefix(dialect_->read(who, bytes, ears));
        one.in = bytes;
        return;
    }
    one.in += bytes;
    one.in.erase(0, dialect_->read(who, one.in, ears));
}

void PlainCrowd::read_stream(std::uint32_t member) {
    for (;;) {
        const auto bytes = sockets_.read(members_[member].socket);
        if (!bytes) return account_.problem("the server ended a connection");
        if (bytes->empty()) return;
        hear(sys::monotonic_now(), member,
             {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    }
}

void PlainCrowd::on_ready(const Now&, std::uint32_t socket) {
    const std::uint32_t member = of_socket_[socket];
    if (dialect_->is_stream()) {
        // There may be room to write again, too.
        if (!members_[member].out.empty() && !std::exchange(members_[member].waits, true)) {
            waiting_.push_back(member);
        }
        return read_stream(member);
    }
    sockets_.receive(socket, [&](Instant at, std::span<std::byte> datagram) {
        const std::string_view text(reinterpret_cast<const char*>(datagram.data()),
                                    datagram.size());
        const std::uint64_t before = account_.traffic.deliveries;
        hear(at, member, text);
        if (account_.traffic.deliveries != before) ++account_.traffic.entry_datagrams_in;
    });
}

void PlainCrowd::on_turn(const Now&) {
    for (const std::uint32_t member : waiting_) {
        Member& one = members_[member];
        one.waits = false;
        one.out.erase(0, sockets_.write(one.socket, one.out));
    }
    waiting_.clear();
}

}  // namespace chat::load
