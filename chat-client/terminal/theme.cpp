// SPDX-License-Identifier: MIT
#include "chat-client/terminal/theme.h"

namespace chat::terminal {
namespace {

enum Colour : short { red = 1, green, yellow, blue, magenta, cyan };

}  // namespace

Look look_of(Style style) {
    switch (style) {
        case Style::normal:
            return {};
        case Style::dim:
            return {.dim = true};
        case Style::bold:
            return {.bold = true};
        case Style::accent:
            return {.colour_of_8 = cyan, .colour_of_256 = 37};
        case Style::announcement:
            return {.bold = true,
                    .reverse_without_colour = true,
                    .colour_of_8 = yellow,
                    .colour_of_256 = 178};
        case Style::error:
            return {.bold = true, .colour_of_8 = red, .colour_of_256 = 167};
        case Style::own:
            return {.bold = true};
        case Style::bar:
            return {.reverse = true};
        case Style::bar_alert:
            return {.bold = true, .reverse = true, .colour_of_8 = red, .colour_of_256 = 167};
        case Style::name_0:
            return {.colour_of_8 = red, .colour_of_256 = 131};
        case Style::name_1:
            return {.colour_of_8 = green, .colour_of_256 = 71};
        case Style::name_2:
            return {.colour_of_8 = yellow, .colour_of_256 = 136};
        case Style::name_3:
            return {.colour_of_8 = blue, .colour_of_256 = 68};
        case Style::name_4:
            return {.colour_of_8 = magenta, .colour_of_256 = 133};
        case Style::name_5:
            return {.colour_of_8 = cyan, .colour_of_256 = 37};
    }
    return {};
}

}  // namespace chat::terminal
