// SPDX-License-Identifier: MIT
#include "chat-client/terminal/frame.h"

#include "chat-client/terminal/text.h"

namespace chat::terminal {

Style name_style(std::string_view name) {
    std::uint32_t hash = 2166136261;  // FNV-1a
    for (const char c : name)
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    // Its low bits alone are too regular for names like user1, user2.
    hash ^= hash >> 15U;
    return static_cast<Style>(static_cast<std::uint32_t>(Style::name_0) + hash % name_styles);
}

int columns_of(const FrameRow& row) {
    int columns = 0;
    for (const auto& span : row)
        columns += columns_of(span.text);
    return columns;
}

std::string to_text(const Frame& frame) {
    std::string text;
    for (const auto& row : frame.rows) {
        std::string line;
        for (const auto& span : row)
            line += span.text;
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

}  // namespace chat::terminal
