// SPDX-License-Identifier: MIT
#include "chat-client/terminal/editor.h"

#include <algorithm>
#include <utf8proc.h>
#include <utility>

#include "chat-client/terminal/text.h"
#include "proto/wire/text.h"

namespace chat::terminal {
namespace {

// Chinese has no spaces: a run of wide letters is a word of its own, ended by punctuation or by
// narrow letters.
enum class WordClass { none, narrow, wide };

WordClass word_class(const Cluster& cluster) {
    const auto code_point = decode_character(cluster.bytes).code_point;
    if (!code_point) return WordClass::none;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(*code_point))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
        case UTF8PROC_CATEGORY_PC:
            break;
        default:
            return WordClass::none;
    }
    const bool wide = utf8proc_charwidth(static_cast<utf8proc_int32_t>(*code_point)) == 2;
    return wide ? WordClass::wide : WordClass::narrow;
}

}  // namespace

bool Editor::insert(std::string_view raw) {
    return insert_typeable(typeable(raw));
}

bool Editor::insert_typeable(std::string_view text) {
    const std::size_t room = text_bytes_max - text_.size();
    std::size_t taken = 0;
    for (const auto& cluster : Clusters(text)) {
        if (taken + cluster.bytes.size() > room) break;
        taken += cluster.bytes.size();
    }
    text_.insert(cursor_, text.substr(0, taken));
    move_to(cursor_ + taken);
    return taken == text.size();
}

bool Editor::apply(EditAction action) {
    switch (action) {
        case EditAction::left:
            cursor_ = previous_boundary(cursor_);
            break;
        case EditAction::right:
            cursor_ = next_boundary(cursor_);
            break;
        case EditAction::word_left:
            cursor_ = word_start_before(cursor_);
            break;
        case EditAction::word_right:
            cursor_ = word_end_after(cursor_);
            break;
        case EditAction::home:
            cursor_ = 0;
            break;
        case EditAction::end:
            cursor_ = text_.size();
            break;
        case EditAction::delete_back:
            erase(previous_boundary(cursor_), cursor_);
            break;
        case EditAction::delete_forward:
            erase(cursor_, next_boundary(cursor_));
            break;
        case EditAction::delete_word_back:
            kill(word_start_before(cursor_), cursor_);
            break;
        case EditAction::delete_word_forward:
            kill(cursor_, word_end_after(cursor_));
            break;
        case EditAction::kill_to_start:
            kill(0, cursor_);
            break;
        case EditAction::kill_to_end:
            kill(cursor_, text_.size());
            break;
        case EditAction::clear:
            kill(0, text_.size());
            break;
        case EditAction::yank:
            return insert_typeable(killed_);
        case EditAction::transpose:
            transpose();
            break;
        case EditAction::newline:
            return insert_typeable("\n");
        case EditAction::older:
            if (entry_ > 0) recall(entry_ - 1);
            break;
        case EditAction::newer:
            if (entry_ < history_.size()) recall(entry_ + 1);
            break;
    }
    return true;
}

std::string Editor::take() {
    if (!text_.empty() && (history_.empty() || history_.back() != text_)) {
        history_.push_back(text_);
        if (history_.size() > history_max) history_.pop_front();
    }
    entry_ = history_.size();
    draft_.clear();
    cursor_ = 0;
    return std::exchange(text_, {});
}

void Editor::recall(std::size_t entry) {
    if (entry_ == history_.size()) draft_ = text_;
    entry_ = entry;
    text_ = entry == history_.size() ? draft_ : history_[entry];
    cursor_ = text_.size();
}

void Editor::erase(std::size_t begin, std::size_t end) {
    text_.erase(begin, end - begin);
    move_to(begin);
}

void Editor::kill(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    killed_ = text_.substr(begin, end - begin);
    erase(begin, end);
}

// Swaps the graphemes around the cursor and steps over them; at the end, the last two.
void Editor::transpose() {
    const std::size_t middle = cursor_ == text_.size() ? previous_boundary(cursor_) : cursor_;
    const std::size_t begin = previous_boundary(middle);
    const std::size_t end = next_boundary(middle);
    if (begin == middle || middle == end) return;
    const auto at = [this](std::size_t offset) {
        return text_.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    std::rotate(at(begin), at(middle), at(end));
    move_to(end);
}

// What an edit brings together may be one grapheme now: the cursor goes to its end.
void Editor::move_to(std::size_t offset) {
    std::size_t boundary = 0;
    for (const auto& cluster : Clusters(text_)) {
        if (boundary >= offset) break;
        boundary += cluster.bytes.size();
    }
    cursor_ = boundary;
}

// Always counted from the start: where a grapheme ends may depend on all before it (flags are
// pairs of letters).
std::size_t Editor::previous_boundary(std::size_t offset) const {
    std::size_t boundary = 0;
    for (const auto& cluster : Clusters(text_)) {
        if (boundary + cluster.bytes.size() >= offset) break;
        boundary += cluster.bytes.size();
    }
    return boundary;
}

std::size_t Editor::next_boundary(std::size_t offset) const {
    return offset + first_cluster(std::string_view(text_).substr(offset)).bytes.size();
}

std::size_t Editor::word_start_before(std::size_t offset) const {
    std::size_t start = 0;
    std::size_t boundary = 0;
    auto before = WordClass::none;
    for (const auto& cluster : Clusters(text_)) {
        if (boundary >= offset) break;
        const auto current = word_class(cluster);
        if (current != WordClass::none && current != before) start = boundary;
        before = current;
        boundary += cluster.bytes.size();
    }
    return start;
}

std::size_t Editor::word_end_after(std::size_t offset) const {
    auto before = WordClass::none;
    for (const auto& cluster : Clusters(std::string_view(text_).substr(offset))) {
        const auto current = word_class(cluster);
        if (before != WordClass::none && current != before) break;
        before = current;
        offset += cluster.bytes.size();
    }
    return offset;
}

}  // namespace chat::terminal
