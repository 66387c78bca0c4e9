// SPDX-License-Identifier: Apache-2.0
#include "core/base/cpu_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace berth {
namespace {

// Takes a number off the front of `text`; nullopt if there is none that may be a CPU's id.
std::optional<int> TakeCpu(std::string_view* text) {
  int cpu = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), cpu);
  if (error != std::errc() || cpu < 0 || cpu >= kCpuIdsMax || text->front() == '-')
    return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return cpu;
}

bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

void CpuSet::Add(int cpu) {
  const auto word = static_cast<size_t>(cpu) / 64;
  if (word >= words_.size()) words_.resize(word + 1);
  words_[word] |= uint64_t{1} << (cpu % 64);
}

void CpuSet::Remove(int cpu) {
  const auto word = static_cast<size_t>(cpu) / 64;
  if (word >= words_.size()) return;
  words_[word] &= ~(uint64_t{1} << (cpu % 64));
  Trim();
}

int CpuSet::Count() const {
  int count = 0;
  for (const uint64_t word : words_) count += std::popcount(word);
  return count;
}

bool CpuSet::Intersects(const CpuSet& other) const {
  const size_t common = std::min(words_.size(), other.words_.size());
  for (size_t i = 0; i < common; ++i)
    if ((words_[i] & other.words_[i]) != 0) return true;
  return false;
}

std::vector<int> CpuSet::ToVector() const {
  std::vector<int> cpus;
  for (size_t i = 0; i < words_.size(); ++i)
    for (uint64_t word = words_[i]; word != 0; word &= word - 1)
      cpus.push_back(static_cast<int>(i) * 64 + std::countr_zero(word));
  return cpus;
}

CpuSet& CpuSet::operator|=(const CpuSet& other) {
  if (other.words_.size() > words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

CpuSet& CpuSet::operator&=(const CpuSet& other) {
  if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  Trim();
  return *this;
}

CpuSet& CpuSet::operator-=(const CpuSet& other) {
  const size_t common = std::min(words_.size(), other.words_.size());
  for (size_t i = 0; i < common; ++i) words_[i] &= ~other.words_[i];
  Trim();
  return *this;
}

void CpuSet::Trim() {
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
}

std::optional<CpuSet> ParseCpuList(std::string_view text) {
  CpuSet cpus;
  if (text.empty()) return cpus;
  do {
    const std::optional<int> first = text.empty() ? std::nullopt : TakeCpu(&text);
    if (!first) return std::nullopt;
    std::optional<int> last = first;
    if (TakeChar(&text, '-')) last = text.empty() ? std::nullopt : TakeCpu(&text);
    if (!last || *last < *first) return std::nullopt;
    for (int cpu = *first; cpu <= *last; ++cpu) {
      if (cpus.Has(cpu)) return std::nullopt;
      cpus.Add(cpu);
    }
  } while (TakeChar(&text, ','));
  return text.empty() ? std::optional(cpus) : std::nullopt;
}

std::string ToCpuList(const CpuSet& cpus) {
  const std::vector<int> ids = cpus.ToVector();
  std::string text;
  for (size_t i = 0; i < ids.size();) {
    size_t end = i + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += fmt::format("{}", ids[i]);
    if (end > i + 1) text += fmt::format("-{}", ids[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace berth
