// SPDX-License-Identifier: MIT
#include "tests/simulation/ledger.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "proto/wire/classic.h"
#include "proto/wire/datagram.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::simulation {
namespace {

using server::Append;
using server::ControlRequest;
using server::Entry;
using server::EntryKind;
using server::MemberIndex;
using server::MemberState;
using server::Seq;

// Written out, so that a change of the server's words is noticed here too.
constexpr std::string_view ok = "OK";
constexpr std::string_view exit_word = "EXIT";
constexpr std::array<std::string_view, 8> short_answers{
    ok,
    "该用户已存在",
    "用户名无效",
    "聊天室已满",
    "发言太快，请稍候",
    "消息太长",
    "服务器暂时无法保存消息 (the server cannot store messages at present; this one was not sent)",
    "服务器暂时无法保存消息，请稍后登录 (the server cannot store anything at present; log in "
    "later)"};
constexpr std::string_view missed_head = "\n（有 ";

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// All of it, or for what is said: the part in front of the text.
std::string sentence(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::join:
            return "\n欢迎 " + entry.name + " 进入聊天室";
        case EntryKind::leave:
            return "\n" + entry.name + " 离开了聊天室";
        case EntryKind::message:
            return "\n" + entry.name + " 说: ";
        case EntryKind::announcement:
        case EntryKind::pinned:
            return "\n管理员 说: ";
        case EntryKind::topic:
            break;
    }
    return {};
}

std::optional<MemberState> state_of(const server::Roster& roster, server::MemberId id) {
    std::optional<MemberState> state;
    roster.for_each([&](MemberIndex i) {
        if (roster[i].id == id) state = roster[i].state;
    });
    return state;
}

}  // namespace

void Ledger::promise(bool kept, std::string_view what, std::string_view who,
                     std::string_view detail) {
    if (kept || broken_) return;
    broken_.emplace(what);
    for (const auto more : {who, detail}) {
        if (!more.empty()) broken_->append(": ").append(more);
    }
}

Ledger::Membership* Ledger::at(const Endpoint& address) {
    const auto found = std::ranges::find(members_, address, &Membership::at);
    return found == members_.end() ? nullptr : &*found;
}

const Ledger::Membership* Ledger::living(const Endpoint& address) const {
    const auto found = std::ranges::find_if(
        members_, [&](const Membership& m) { return m.at == address && !m.until; });
    return found == members_.end() ? nullptr : &*found;
}

Ledger::Membership* Ledger::by_id(server::MemberId id) {
    const auto found = std::ranges::find(members_, id, &Membership::id);
    return found == members_.end() ? nullptr : &*found;
}

void Ledger::end(const Membership& member) {
    just_ended_.insert(member.at);
    const auto id = member.id;
    std::erase_if(members_, [id](const Membership& m) { return m.id == id; });
}

void Ledger::skip_unheard(Membership& member) const {
    const auto is_heard = [&member](const Entry& due) {
        const bool says_nothing = due.kind == EntryKind::pinned && due.text.empty();
        return due.author != member.id && !says_nothing;
    };
    while (member.next < head() && !is_heard(entry(member.next))) {
        ++member.next;
        member.offset = 0;
    }
}

bool Ledger::is_own_from_page(const Membership& member, std::string_view text) const {
    if (member.next >= std::min(paged_end_, head())) return false;
    const Entry& due = entry(member.next);
    return due.author == member.id && text.starts_with(sentence(due));
}

void Ledger::on_request(Instant now, const Endpoint& from, std::span<const std::byte> datagram) {
    ++requests_[from];
    // What looks like the secure protocol says nothing about a plain-text member.
    if (!datagram::is_secure(datagram)) last_heard_[from] = now;
    const auto request = classic::decode_request(datagram);
    if (!request) return;
    if (const auto* log_in = std::get_if<classic::LogIn>(&*request)) {
        log_ins_.emplace(from, log_in->name);
        // Who is no member yet may have become one, and again another, in this very turn.
        const auto* member = living(from);
        if (member == nullptr || member->name != log_in->name) may_leave_.insert(from);
    } else if (const auto* say = std::get_if<classic::Say>(&*request)) {
        ++spoken_[{from, std::string(say->name), clean_line(say->text)}];
    } else if (const auto* quit = std::get_if<classic::Quit>(&*request)) {
        const auto* member = living(from);
        if (member == nullptr || member->name == quit->name) may_leave_.insert(from);
    }
}

void Ledger::on_control(const ControlRequest& request) {
    if (request.kind == ControlRequest::Kind::announce) {
        ++announced_[clean_line(request.text)];
        return;
    }
    std::istringstream words(clean_line(request.text));
    std::string command;
    std::string argument;
    words >> command >> std::ws;
    std::getline(words, argument);
    argument.erase(argument.find_last_not_of(' ') + 1);
    if (command == "kick") may_be_kicked_.insert(name_key(argument));
    if (command == "pin" || command == "unpin") ++announced_[argument];
}

void Ledger::on_deadline(Instant now) {
    for (const auto& [peer, heard] : last_heard_) {
        if (now - heard >= silence_max_) may_leave_.insert(peer);
    }
}

void Ledger::on_committed(std::span<const Append> appends, std::span<const Seq> seqs,
                          const server::Roster& roster) {
    for (std::size_t i = 0; i < appends.size(); ++i) {
        const Entry& stored = appends[i].entry;
        promise(appends[i].room == server::Chat::lobby_id, "there is the lobby and nothing else");
        promise(seqs[i] == head(), "the log's numbers ascend without a hole");
        entries_.push_back(stored);
        switch (stored.kind) {
            case EntryKind::message:
                spoke(stored);
                break;
            case EntryKind::join:
                entered(stored, seqs[i], roster);
                break;
            case EntryKind::leave:
                left(stored, seqs[i], roster);
                break;
            case EntryKind::topic:
                promise(false, "the plain-text protocol sets no topic", stored.text);
                break;
            case EntryKind::announcement:
            case EntryKind::pinned:
                promise(stored.author == 0 && announced_[stored.text] > 0,
                        "only the operator speaks as the administrator", {}, stored.text);
                --announced_[stored.text];
                break;
        }
    }
}

void Ledger::spoke(const Entry& stored) {
    const auto* author = by_id(stored.author);
    promise(author != nullptr && !author->until, "only members speak", stored.name, stored.text);
    if (author == nullptr) return;
    promise(author->name == stored.name, "members speak in their own name", stored.name);
    auto& count = spoken_[{author->at, stored.name, stored.text}];
    promise(count > 0, "only the address that logged in speaks for a name", stored.name,
            stored.text);
    if (count > 0) --count;
}

void Ledger::entered(const Entry& stored, Seq seq, const server::Roster& roster) {
    Membership member;
    member.id = stored.author;
    member.name = stored.name;
    member.key = name_key(stored.name);
    member.heard = member.next = seq + 1;
    roster.for_each([&](MemberIndex i) {
        if (roster[i].id == stored.author) member.at = roster[i].path.peer;
    });
    promise(log_ins_.contains({member.at, member.name}), "a member has logged in", member.name);
    promise(check_name(member.name).has_value(), "a member's name is usable", member.name);
    promise(!is_reserved_name(member.name), "nobody has a reserved name", member.name);
    for (const auto& other : members_) {
        // Of one who has left, at most EXIT is still waiting for the socket.
        if (other.until && !state_of(roster, other.id)) continue;
        promise(other.key != member.key, "a name has one holder", member.name);
        promise(other.at != member.at, "an address is one member", member.name);
    }
    members_.push_back(std::move(member));
}

void Ledger::left(const Entry& stored, Seq seq, const server::Roster& roster) {
    auto* member = by_id(stored.author);
    promise(member != nullptr && !member->until, "a member leaves once", stored.name);
    if (member == nullptr) return;
    promise(may_leave_.contains(member->at) || may_be_kicked_.contains(member->key),
            "a member leaves only for a reason", stored.name);
    member->until = seq;
    if (state_of(roster, member->id) == MemberState::vanished) end(*member);
}

void Ledger::note_vanished(const server::Roster& roster) {
    std::vector<Membership> vanished;
    for (const auto& member : members_) {
        if (member.until && state_of(roster, member.id) == MemberState::vanished) {
            vanished.push_back(member);
        }
    }
    for (const auto& member : vanished)
        end(member);
}

void Ledger::on_page(const server::Page& page) {
    const Seq first_kept = page.first_kept;
    if (!page.entries.empty()) paged_end_ = std::max(paged_end_, page.entries.back().seq + 1);
    for (auto& member : members_) {
        if (member.heard >= first_kept) continue;
        member.heard = first_kept;
        ++member.missed_notices_allowed;
        skip_unheard(member);
        if (member.next >= first_kept) continue;
        member.missed_notice_owed = true;
        member.next = first_kept;
        member.offset = 0;
    }
}

void Ledger::on_sent(const Endpoint& to, std::span<const std::byte> datagram) {
    const auto text = as_text(datagram);
    promise(datagram.size() <= classic::datagram_bytes_max, "a datagram has at most 1024 bytes");
    if (text == exit_word) {
        on_exit(to);
    } else if (std::ranges::find(short_answers, text) != short_answers.end()) {
        on_answer(to, text);
    } else if (text.starts_with(missed_head)) {
        on_missed(to);
    } else {
        on_entry(to, text);
    }
}

void Ledger::on_answer(const Endpoint& to, std::string_view text) {
    promise(++answers_[to] <= requests_[to], "a datagram gets at most one answer", {}, text);
    if (text != ok) return;
    auto* member = at(to);
    promise(member != nullptr || just_ended_.contains(to), "OK goes to members only");
    if (member != nullptr) member->told_ok = true;
}

void Ledger::on_missed(const Endpoint& to) {
    auto* member = at(to);
    promise(member != nullptr && member->missed_notices_allowed > 0, "nothing was missed here");
    if (member == nullptr) return;
    --member->missed_notices_allowed;
    member->missed_notice_owed = false;
}

void Ledger::on_exit(const Endpoint& to) {
    auto* member = at(to);
    promise(member != nullptr && member->until.has_value(), "EXIT goes to who is leaving");
    if (member == nullptr || !member->until) return;
    skip_unheard(*member);
    promise(member->next > *member->until, "EXIT comes after all he was to hear", member->name);
    end(*member);
}

void Ledger::on_entry(const Endpoint& to, std::string_view text) {
    auto* member = at(to);
    promise(member != nullptr, "only members hear the room", {}, text);
    if (member == nullptr) return;
    promise(member->told_ok, "OK comes before everything else", member->name, text);
    if (!is_own_from_page(*member, text)) skip_unheard(*member);
    const Seq end = member->until ? *member->until + 1 : head();
    promise(member->next < end, "a member hears entries once, and none of his own", member->name,
            text);
    if (member->next >= end) return;

    const Entry& due = entry(member->next);
    const std::string opening = sentence(due);
    bool complete = text == opening;
    if (due.kind != EntryKind::join && due.kind != EntryKind::leave) {
        const auto part = text.substr(std::min(opening.size(), text.size()));
        const bool fits = text.starts_with(opening) && !part.empty() && is_valid_utf8(part) &&
                          std::string_view(due.text).substr(member->offset).starts_with(part);
        promise(fits, "a member hears the next entry, cut at a character", member->name, text);
        member->offset += part.size();
        complete = member->offset >= due.text.size();
    } else {
        promise(complete, "a member hears the next entry", member->name, text);
    }
    if (!complete) return;
    member->heard = ++member->next;
    member->offset = 0;
}

void Ledger::at_rest(Instant now, const server::Server& server) {
    const auto deadline = server.next_deadline();
    promise(!deadline || *deadline > now, "the server sleeps until something is to be done");
    promise(server.chat().roster().size() <= server::members_max_default, "the roster has a limit");
    if (server.idle()) all_served(server);
    // Whatever was caused has been stored in the same turn.
    log_ins_.clear();
    spoken_.clear();
    may_leave_.clear();
    may_be_kicked_.clear();
    announced_.clear();
}

void Ledger::all_served(const server::Server& server) {
    promise(server.chat().lobby().head() == head(), "the server knows the whole log");
    promise(server.chat().roster().size() == members_.size(), "nobody is forgotten in the roster");
    for (auto& member : members_) {
        skip_unheard(member);
        promise(!member.until, "who leaves is told EXIT", member.name);
        promise(member.told_ok, "who is in is told OK", member.name);
        promise(member.next == head(), "a member hears everything", member.name);
        promise(!member.missed_notice_owed, "there is no silent hole", member.name);
    }
    just_ended_.clear();
}

}  // namespace chat::simulation
