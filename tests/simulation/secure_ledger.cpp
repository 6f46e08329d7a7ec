// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_ledger.h"

#include <utility>

namespace chat::simulation {

using client::ErrorCode;
using server::EntryKind;
using server::Seq;

void SecureLedger::new_log() {
    logs_.emplace_back();
    texts_.emplace_back();
}

void SecureLedger::on_committed(std::span<const server::Append> appends,
                                std::span<const Seq> seqs) {
    for (std::size_t i = 0; i < appends.size(); ++i) {
        const server::Entry& entry = appends[i].entry;
        if (!broken_ && seqs[i] != head()) broken_ = "the log's numbers ascend without a hole";
        logs_.back().push_back(entry);
        if (entry.kind != EntryKind::message) continue;
        if (++texts_.back()[entry.text] > 1 && !broken_) {
            broken_ = "a message is in the log once: " + entry.text.substr(0, 40);
        }
        const auto& origin = entry.origin;
        if (!origin.verified) continue;
        if (!origins_.emplace(log(), origin.key.bytes, origin.client_epoch, origin.msg_id).second &&
            !broken_) {
            broken_ = "a message number is used once: " + entry.text.substr(0, 40);
        }
    }
}

std::size_t SecureLedger::entries() const {
    std::size_t sum = 0;
    for (const Log& log : logs_)
        sum += log.size();
    return sum;
}

unsigned SecureLedger::times_in_log(std::size_t log, std::string_view text) const {
    const auto found = texts_[log].find(text);
    return found == texts_[log].end() ? 0 : found->second;
}

const server::Entry* SecureLedger::entry(std::size_t log, Seq seq) const {
    if (log >= logs_.size() || seq == 0 || seq > logs_[log].size()) return nullptr;
    return &logs_[log][seq - 1];
}

void Reading::promise(bool kept, std::string_view what, std::string_view detail) {
    if (kept || broken_) return;
    broken_ = std::string(what);
    if (!detail.empty()) *broken_ += ": " + std::string(detail.substr(0, 60));
}

// Which log it was that a server had when it welcomed us, only what it says next shows: whoever was
// stopped hears of one that is lost by now.
std::size_t Reading::log_with(Seq seq, EntryKind kind, WallTime time) const {
    for (std::size_t log = ledger_.log();; --log) {
        const server::Entry* entry = ledger_.entry(log, seq);
        if (log == 0 || (entry != nullptr && entry->kind == kind && entry->time == time)) {
            return log;
        }
    }
}

void Reading::number(Seq seq, EntryKind kind, WallTime time, std::string_view name,
                     std::string_view text) {
    ++shown_;
    if (std::exchange(renumbered_, false)) next_ = seq;
    if (std::exchange(log_unknown_, false)) log_ = log_with(seq, kind, time);
    promise(next_ != 0, "nothing is shown before the welcome", text);
    promise(seq == next_, "every number is shown once, ascending, without a hole",
            std::to_string(seq) + " instead of " + std::to_string(next_) + " " + std::string(text));
    next_ = seq + 1;
    const server::Entry* entry = ledger_.entry(log_, seq);
    promise(entry != nullptr, "only what is in the log is shown", text);
    if (entry == nullptr) return;
    promise(entry->kind == kind && entry->text == text &&
                (kind == EntryKind::announcement || entry->name == name),
            "an entry is shown as it stands in the log", text);
}

void Reading::on_accepted(const client::Accepted& accepted) {
    const auto said = said_.find(accepted.id);
    promise(said != said_.end(), "only what was said is accepted", accepted.id);
    if (said == said_.end()) return;
    promise(accepted_.insert(accepted.id).second, "a message is accepted once", accepted.id);
    bool found = false;
    // The acknowledgement may be of a log that is lost by now.
    for (std::size_t log = 0; log <= ledger_.log(); ++log) {
        const auto* entry = ledger_.entry(log, accepted.seq);
        found = found || (entry != nullptr && entry->text == said->second);
    }
    promise(found, "what is accepted is in the log under its number", said->second);
}

void Reading::on_event(const client::Event& event) {
    if (const auto* welcome = std::get_if<client::Welcome>(&event)) {
        promise(next_ == 0, "welcome comes once");
        next_ = welcome->next;
        log_unknown_ = true;
    } else if (const auto* message = std::get_if<client::Message>(&event)) {
        number(message->seq, EntryKind::message, message->time, message->from, message->text);
    } else if (const auto* joined = std::get_if<client::Joined>(&event)) {
        number(joined->seq, EntryKind::join, joined->time, joined->name, {});
    } else if (const auto* left = std::get_if<client::Left>(&event)) {
        number(left->seq, EntryKind::leave, left->time, left->name, {});
    } else if (const auto* announced = std::get_if<client::Announcement>(&event)) {
        number(announced->seq, EntryKind::announcement, announced->time, {}, announced->text);
    } else if (const auto* gap = std::get_if<client::Gap>(&event)) {
        if (std::exchange(renumbered_, false)) next_ = gap->from;
        promise(gap->from == next_ && gap->to >= gap->from, "a gap begins where the user is",
                std::to_string(gap->from));
        next_ = gap->to + 1;
    } else if (const auto* accepted = std::get_if<client::Accepted>(&event)) {
        on_accepted(*accepted);
    } else if (const auto* error = std::get_if<client::Error>(&event)) {
        if (error->code == ErrorCode::history_restarted) renumbered_ = log_unknown_ = true;
        if (error->code == ErrorCode::uncertain || error->code == ErrorCode::bad_input) {
            ++given_up_;
        }
    }
}

}  // namespace chat::simulation
