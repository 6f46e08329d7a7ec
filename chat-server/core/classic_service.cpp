// SPDX-License-Identifier: MIT
#include "chat-server/core/classic_service.h"

#include <utility>
#include <variant>
#include <vector>

#include "chat-server/core/limits.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

constexpr std::string_view not_stored =
    "服务器暂时无法保存消息 (the server cannot store messages at present; this one was not sent)";
constexpr std::string_view log_in_later =
    "服务器暂时无法保存消息，请稍后登录 (the server cannot store anything at present; log in "
    "later)";

// The member at this address, if he goes by this name.
std::optional<MemberIndex> speaker(const Path& path, std::string_view name, Chat& chat) {
    const auto index = chat.roster().find(path.peer);
    if (index && chat.roster()[*index].name == name) return index;
    ++chat.counters().from_strangers;
    return std::nullopt;
}

bool may_be_warned(Instant now, MemberIndex index, Chat& chat) {
    return chat.member(index).warning.take(now, classic_warning_rate);
}

}  // namespace

bool ClassicService::may_say(Instant now, MemberIndex index, Chat& chat) const {
    if (chat.member(index).say.take(now, say_rate_)) return true;
    ++chat.counters().too_fast;
    return false;
}

std::optional<std::string_view> ClassicService::log_in(const Now& now, const Path& path,
                                                       std::string_view name, Chat& chat) {
    const Roster& roster = chat.roster();
    const auto present = roster.find(path.peer);
    if (present && roster[*present].name == name && !is_going(roster[*present])) {
        // Its OK was lost, or it makes sure that it is still known here.
        // The answer comes behind what was said before the question, as from the original.
        if (roster[*present].state != MemberState::joining) {
            hold_reply(path, classic::reply_ok, chat);
        }
        return std::nullopt;
    }
    std::string key = name_key(name);
    // Before he leaves as somebody else, or he would lose his place for nothing.
    if (const auto allowed = chat.may_join(name, key); !allowed) {
        switch (allowed.error()) {
            case JoinError::full:
                return classic::reply_room_full;
            case JoinError::cannot_store:
                if (!warning_.take(now.at, classic_warning_rate)) return std::nullopt;
                return log_in_later;
            case JoinError::name_taken:
                ++chat.counters().names_refused;
                return classic::reply_name_taken;
        }
    }
    if (present) {
        if (!is_going(roster[*present]) && !may_say(now.at, *present, chat)) {
            return classic::reply_too_fast;
        }
        vanish(now, *present, LeaveReason::other_name, chat);
        chat.forget_endpoint(*present);
    }
    chat.join_classic(now, path, name, std::move(key));
    return std::nullopt;
}

void ClassicService::handle(const Now& now, const Path& path, const classic::LogIn& request,
                            Chat& chat) {
    if (!check_name(request.name)) {
        ++chat.counters().malformed;
        reply(path, classic::reply_name_unusable, chat);
        return;
    }
    if (const auto answer = log_in(now, path, request.name, chat)) reply(path, *answer, chat);
}

void ClassicService::handle(const Now& now, const Path& path, const classic::Say& request,
                            Chat& chat) {
    const auto author = speaker(path, request.name, chat);
    if (!author) return;
    if (!may_say(now.at, *author, chat)) {
        if (may_be_warned(now.at, *author, chat)) reply(path, classic::reply_too_fast, chat);
        return;
    }
    if (!chat.can_store()) {
        if (may_be_warned(now.at, *author, chat)) reply(path, not_stored, chat);
        return;
    }
    std::string text = clean_line(request.text);
    if (text.size() > text_bytes_max) {  // grown by U+FFFD for bytes that were no UTF-8
        ++chat.counters().malformed;
        return;
    }
    if (text.empty()) return;
    chat.say(now, *author, Chat::lobby_id, frame::MsgKind::message, std::move(text));
}

void ClassicService::handle(const Now& now, const Path& path, const classic::Quit& request,
                            Chat& chat) {
    if (const auto who = speaker(path, request.name, chat)) {
        chat.leave(now, *who, LeaveReason::quit);
    }
}

bool ClassicService::serves(const Path& path) const {
    return access_ == ClassicAccess::any ||
           (access_ == ClassicAccess::loopback && path.peer.ip.is_loopback());
}

void ClassicService::on_datagram(const Now& now, const Path& path,
                                 std::span<const std::byte> datagram, Chat& chat) {
    if (!serves(path)) {
        ++chat.counters().not_served;
        return;
    }
    const auto known = chat.roster().find(path.peer);
    if (known) chat.heard_from(now.at, *known);
    const auto request = classic::decode_request(datagram);
    if (!request) {
        if (request.error() == classic::RequestError::text_too_long && known) {
            ++chat.counters().too_long;
            if (may_be_warned(now.at, *known, chat)) {
                reply(path, classic::reply_text_too_long, chat);
            }
        } else {
            ++chat.counters().malformed;
        }
        return;
    }
    std::visit([&](const auto& r) { handle(now, path, r, chat); }, *request);
}

void ClassicService::on_outcome(const Outcome& outcome, Chat& chat) {
    const Member& member = chat.roster()[outcome.member];
    if (outcome.kind == Outcome::Kind::joined && member.state != MemberState::vanished) {
        reply(member.path, classic::reply_ok, chat);
    }
}

void ClassicService::on_unreachable(const Now& now, const Endpoint& peer, Chat& chat) {
    const auto index = chat.roster().find(peer);
    if (!index) return;
    Member& member = chat.member(*index);
    ++member.unreachable_count;
    if (peer.ip.is_loopback() || member.unreachable_count >= unreachable_max) {
        vanish(now, *index, LeaveReason::unreachable, chat);
    }
}

void ClassicService::remove_silent(const Now& now, Duration limit, Chat& chat) {
    std::vector<MemberIndex> silent;
    chat.roster().for_each([&](MemberIndex i) {
        const Member& member = chat.roster()[i];
        if (member.person == 0 && now.at - member.last_heard >= limit) silent.push_back(i);
    });
    for (const MemberIndex i : silent)
        vanish(now, i, LeaveReason::silent, chat);
}

void ClassicService::vanish(const Now& now, MemberIndex index, LeaveReason reason, Chat& chat) {
    const Endpoint peer = chat.roster()[index].path.peer;
    for (std::size_t i = replies_sent_; i < replies_.size(); ++i) {
        if (replies_[i].about_log && replies_[i].path.peer == peer) replies_[i].text.clear();
    }
    std::erase_if(held_, [&](const HeldReply& held) { return held.reply.path.peer == peer; });
    chat.leave(now, index, reason);
}

void ClassicService::on_page(const Page& page, Chat& chat) {
    classic::DatagramList sentence;
    for (const auto& missed : chat.add_page(page)) {
        chat.counters().missed += missed.count;
        sentence.clear();
        classic::encode_missed(missed.count, sentence);
        reply(missed.path, {reinterpret_cast<const char*>(sentence[0].data()), sentence[0].size()},
              chat, true);
    }
}

bool ClassicService::may_reply(Chat& chat) const {
    if (replies_.size() + held_.size() - replies_sent_ < replies_max) return true;
    ++chat.counters().replies_dropped;
    return false;
}

void ClassicService::reply(const Path& path, std::string_view text, Chat& chat, bool about_log) {
    if (!may_reply(chat)) return;
    replies_.push_back({path, std::string(text), about_log});
}

void ClassicService::hold_reply(const Path& path, std::string_view text, Chat& chat) {
    if (!may_reply(chat)) return;
    held_.push_back({chat.begun(), {path, std::string(text), true}});
}

// A log that fails may do so for hours; nothing that waits for it is worth that.
void ClassicService::release_replies(const Chat& chat) {
    while (!held_.empty() && (held_.front().after <= chat.settled() || !chat.can_store())) {
        replies_.push_back(std::move(held_.front().reply));
        held_.pop_front();
    }
}

void ClassicService::remove(MemberIndex index, Chat& chat) {
    const Member& member = chat.roster()[index];
    if (member.state != MemberState::vanished) reply(member.path, classic::reply_exit, chat);
    chat.remove(index);
}

bool ClassicService::send_replies(TransmitSink& sink) {
    for (; replies_sent_ < replies_.size(); ++replies_sent_) {
        const Reply& r = replies_[replies_sent_];
        if (r.text.empty()) continue;  // whoever it was for has gone
        if (!sink.send(r.path, std::as_bytes(std::span(r.text.data(), r.text.size()))))
            return false;
    }
    return true;
}

void ClassicService::poll_transmit(Instant now, Chat& chat, TransmitSink& sink) {
    // What was borrowed in the last call has been flushed by now.
    for (; replies_sent_ > 0; --replies_sent_)
        replies_.pop_front();
    if (!send_replies(sink)) {
        // Only room in the socket helps now; a deadline that has passed would spin the loop.
        if (ready_at_) chat.lobby().mark_pending();
        ready_at_.reset();
        return;
    }
    if (chat.lobby().pending() || (ready_at_ && *ready_at_ <= now)) {
        PlanReport report;
        chat.lobby().plan(now, sink, report);
        chat.counters().deliveries += report.datagrams;
        ready_at_ = report.ready_at;
        for (const MemberIndex index : report.finished)
            remove(index, chat);
    }
    release_replies(chat);
    send_replies(sink);
}

bool ClassicService::idle(const Chat& chat) const {
    return replies_sent_ == replies_.size() && held_.empty() && !chat.lobby().pending() &&
           !ready_at_;
}

}  // namespace chat::server
