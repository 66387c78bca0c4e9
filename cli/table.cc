// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/model/text.h"

namespace berth::cli {
namespace {

constexpr char kGap[] = "  ";

size_t WidthOf(const std::string& text) { return model::CharacterCount(text); }

// Appends `cell`, padded to `width` characters.
void Append(const Cell& cell, size_t width, bool right, bool colour, std::string& line) {
  const std::string padding(width - std::min(width, WidthOf(cell.text)), ' ');
  if (right) line += padding;
  line += Paint(cell.text, cell.tone, colour);
  if (!right) line += padding;
}

}  // namespace

Table::Table(std::vector<std::string> header) : header_(std::move(header)) {
  for (std::string& name : header_) {
    right_.push_back(name.front() == '>');
    if (right_.back()) name.erase(0, 1);
  }
}

void Table::Add(std::vector<Cell> row) {
  BERTH_CHECK(row.size() == header_.size(), "a table row has another number of cells");
  for (Cell& cell : row)
    if (cell.text.empty()) cell.text = "-";
  rows_.push_back(std::move(row));
}

std::string Table::Render(bool colour) const {
  std::vector<std::vector<Cell>> lines(1);
  for (const std::string& name : header_) lines[0].emplace_back(name, Tone::kHeading);
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<size_t> widths(header_.size(), 0);
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], WidthOf(line[i].text));

  std::string text;
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      if (i > 0) text += kGap;
      const bool last = i + 1 == line.size() && !right_[i];
      Append(line[i], last ? 0 : widths[i], right_[i], colour, text);
    }
    text += '\n';
  }
  return text;
}

void Fields::Add(std::string name, Cell value) {
  if (!value.text.empty()) fields_.emplace_back(std::move(name) + ":", std::move(value));
}

std::string Fields::Render(bool colour) const {
  size_t width = 0;
  for (const auto& [name, value] : fields_) width = std::max(width, WidthOf(name));
  std::string text;
  for (const auto& [name, value] : fields_) {
    Append(Cell(name), width, false, colour, text);
    text += kGap + Paint(value.text, value.tone, colour) + "\n";
  }
  return text;
}

}  // namespace berth::cli
