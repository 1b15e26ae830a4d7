#include "sim/experiment/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// Code points of UTF-8 text: all bytes but continuations. Enough for the letters and signs that
// tables hold.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::column(std::string title, Align align) {
  CHECK(lines_.size() == 1, "columns come before rows");
  lines_[0].push_back(std::move(title));
  aligns_.push_back(align);
}

void TextTable::row(std::vector<std::string> cells) {
  CHECK(cells.size() == aligns_.size(), "cells={} columns={}", cells.size(), aligns_.size());
  lines_.push_back(std::move(cells));
}

std::string TextTable::text(int indent) const {
  std::vector<size_t> widths(aligns_.size(), 0);
  for (const auto& line : lines_) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  std::string result;
  for (const auto& line : lines_) {
    std::string text(static_cast<size_t>(indent), ' ');
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string blanks(widths[i] - width(line[i]), ' ');
      if (i > 0) text += "  ";
      text += aligns_[i] == Align::kLeft ? line[i] + blanks : blanks + line[i];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    result += text + "\n";
  }
  return result;
}

std::string figure_text(double value) {
  if (std::isnan(value)) return "-";
  if (std::abs(value) >= 1e15) return fmt::format("{:.4g}", value);
  if (value == std::trunc(value)) return fmt::format("{:.0f}", value + 0.0);  // -0 becomes 0
  if (std::abs(value) >= 1000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string percent_text(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.0f} %", share * 100);
}

}  // namespace revenant::sim
