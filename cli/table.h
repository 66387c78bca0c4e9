// SPDX-License-Identifier: Apache-2.0
// Text in columns.
#pragma once

#include <string>
#include <vector>

#include "cli/style.h"

namespace berth::cli {

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT(google-explicit-constructor)
  Cell(const char* words) : text(words) {}             // NOLINT(google-explicit-constructor)
  Cell(std::string words, Tone how) : text(std::move(words)), tone(how) {}
};

// A header and rows, every column as wide as its widest cell. A header that begins with '>' is
// shown without it, and its column is aligned to the right. Empty cells show as "-", so that a row
// always has as many words as columns; the last column is never padded.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  // As many cells as the header.
  void Add(std::vector<Cell> row);
  // Each line ends with a newline.
  std::string Render(bool colour) const;

 private:
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<Cell>> rows_;
};

// Lines of "Name:  value", the values in one column. Empty values are left out.
class Fields {
 public:
  void Add(std::string name, Cell value);
  std::string Render(bool colour) const;

 private:
  std::vector<std::pair<std::string, Cell>> fields_;
};

}  // namespace berth::cli
