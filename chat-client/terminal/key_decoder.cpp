// SPDX-License-Identifier: MIT
#include "chat-client/terminal/key_decoder.h"

#include "proto/wire/text.h"

namespace chat::terminal {
namespace {

constexpr unsigned char byte_interrupt = 0x03;
constexpr unsigned char byte_escape = 0x1b;
constexpr unsigned char byte_delete = 0x7f;

std::size_t bytes_promised_by(unsigned char lead) {
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    return 0;
}

}  // namespace

void KeyDecoder::on_byte(unsigned char byte) {
    if (pasting_) return on_pasted_byte(byte);
    const bool continues = (byte & 0xc0U) == 0x80U;
    if (!character_.empty() && continues) {
        character_ += static_cast<char>(byte);
        if (character_.size() < bytes_promised_by(static_cast<unsigned char>(character_[0])))
            return;
        const auto whole = std::exchange(character_, {});
        if (is_valid_utf8(whole)) emit({Key::Code::character, false, false, whole});
        return;
    }
    character_.clear();
    if (byte == byte_escape) {
        if (escape_) emit({Key::Code::escape, false, false, {}});
        escape_ = true;
    } else if (byte < 0x20 || byte == byte_delete) {
        on_control(byte);
    } else if (byte < 0x80) {
        emit({Key::Code::character, false, false, std::string(1, static_cast<char>(byte))});
    } else if (bytes_promised_by(byte) > 0) {
        character_ = static_cast<char>(byte);
    }
}

void KeyDecoder::on_control(unsigned char byte) {
    switch (byte) {
        case '\r':
            return emit({Key::Code::enter, false, false, {}});
        case '\t':
            return emit({Key::Code::tab, false, false, {}});
        case byte_delete:
            return emit({Key::Code::backspace, false, false, {}});
        default:
            break;
    }
    const bool letter = byte >= 1 && byte <= 26;
    const auto sign = static_cast<char>(letter ? byte + 'a' - 1 : byte + '@');
    emit({Key::Code::character, true, false, std::string(1, sign)});
}

// Should the mark of the end get lost, Ctrl-C is the way out; terminals take it out of what they
// paste.
void KeyDecoder::on_pasted_byte(unsigned char byte) {
    if (byte == byte_interrupt) {
        on_paste_end();
        on_control(byte);
    } else if (paste_.size() <= paste_bytes_max) {
        paste_ += static_cast<char>(byte);
    }
}

void KeyDecoder::on_function_key(Key key) {
    if (pasting_) return;
    character_.clear();
    emit(std::move(key));
}

void KeyDecoder::on_paste_begin() {
    on_pause();
    character_.clear();
    pasting_ = true;
}

void KeyDecoder::on_paste_end() {
    if (!pasting_) return;
    pasting_ = false;
    paste_.resize(prefix_within(paste_, paste_bytes_max).size());
    keys_.push_back({Key::Code::paste, false, false, std::exchange(paste_, {})});
}

void KeyDecoder::on_pause() {
    if (std::exchange(escape_, false)) keys_.push_back({Key::Code::escape, false, false, {}});
}

void KeyDecoder::emit(Key key) {
    if (key.code != Key::Code::escape && std::exchange(escape_, false)) key.alt = true;
    keys_.push_back(std::move(key));
}

}  // namespace chat::terminal
