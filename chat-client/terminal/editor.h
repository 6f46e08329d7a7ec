// SPDX-License-Identifier: MIT
// The line being typed: UTF-8 edited by grapheme, a kill buffer, and the lines entered before.
// One message may hold newlines (from a paste or Alt-Enter); it is still one line to edit. Keys
// are keys.h's business and painting the view's; an action that has nothing to do does nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "proto/wire/limits.h"

namespace chat::terminal {

enum class EditAction : std::uint8_t {
    left,
    right,
    word_left,
    word_right,
    home,
    end,
    delete_back,
    delete_forward,
    delete_word_back,
    delete_word_forward,
    kill_to_start,
    kill_to_end,
    clear,
    yank,
    transpose,
    newline,
    older,
    newer,
};

class Editor {
  public:
    static constexpr std::size_t text_bytes_max = chat::text_bytes_max;
    static constexpr std::size_t history_max = 500;

    // At the cursor, after typeable(). False if not all of it fitted; what did, up to a whole
    // grapheme, is in.
    bool insert(std::string_view raw);
    // False only if the text would have grown beyond its limit.
    bool apply(EditAction action);

    // The text, which leaves the editor empty and joins the history.
    std::string take();

    const std::string& text() const { return text_; }
    // In bytes, always between two graphemes of text().
    std::size_t cursor() const { return cursor_; }
    bool empty() const { return text_.empty(); }

  private:
    bool insert_typeable(std::string_view text);
    void erase(std::size_t begin, std::size_t end);
    void kill(std::size_t begin, std::size_t end);
    void transpose();
    void recall(std::size_t entry);
    void move_to(std::size_t offset);
    std::size_t previous_boundary(std::size_t offset) const;
    std::size_t next_boundary(std::size_t offset) const;
    std::size_t word_start_before(std::size_t offset) const;
    std::size_t word_end_after(std::size_t offset) const;

    std::string text_;
    std::size_t cursor_ = 0;
    std::string killed_;
    std::deque<std::string> history_;  // oldest first
    std::size_t entry_ = 0;            // shown now; history_.size() means the draft
    std::string draft_;                // kept while an older line is shown
};

}  // namespace chat::terminal
