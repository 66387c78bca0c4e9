// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/draw.h"

#include <fmt/format.h>

#include <map>
#include <vector>

namespace berth::cli {
namespace {

using placement::Claim;
using placement::Host;
using placement::Node;
using placement::NodeBook;

constexpr size_t kColumns = 96;
constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr char kOutOfLetters = '+';

class Picture {
 public:
  explicit Picture(const Host& host) : host_(host) {
    for (const auto& [id, claim] : host.claims()) Note(claim);
  }

  std::string Draw() const {
    std::string text;
    for (size_t i = 0; i < host_.spec().nodes.size(); ++i) text += DrawNode(i);
    return text + Legend();
  }

 private:
  void Note(const Claim& claim) {
    const char letter =
        letters_.size() < kLetters.size() ? kLetters[letters_.size()] : kOutOfLetters;
    letters_.emplace_back(letter, &claim);
    for (const auto& cell : claim.cells)
      for (const int cpu : cell.dedicated_cpus.ToVector()) holder_[cpu] = letter;
  }

  char ThreadOf(int cpu, bool free) const {
    const auto held = holder_.find(cpu);
    if (held != holder_.end()) return held->second;
    if (host_.spec().reserved_cpus.Has(cpu)) return '#';
    return free ? '.' : '~';
  }

  std::string DrawCore(size_t index, size_t core) const {
    std::string text = "[";
    const auto& cpus = host_.spec().nodes[index].cores[core];
    for (size_t t = 0; t < cpus.size(); ++t)
      text += ThreadOf(cpus[t], (host_.books()[index].cores[core].free >> t & 1) != 0);
    return text + "]";
  }

  std::string DrawCache(size_t index, int cache) const {
    const std::string margin(11, ' ');
    std::string text;
    std::string line = fmt::format("  cache {:<2} ", cache);
    const NodeBook& book = host_.books()[index];
    for (size_t c = 0; c < book.cores.size(); ++c) {
      if (book.cores[c].llc != cache) continue;
      const std::string core = DrawCore(index, c);
      if (line.size() + core.size() > kColumns) {
        text += line + "\n";
        line = margin;
      }
      line += core;
    }
    return text + line + "\n";
  }

  std::string DrawNode(size_t index) const {
    const Node& node = host_.spec().nodes[index];
    const NodeBook& book = host_.books()[index];
    std::string text = fmt::format("node {} (socket {})  small pages {} of {} MiB used", node.id,
                                   node.socket, book.small_used_mib, book.small_mib);
    for (const auto& pool : book.pools)
      if (pool.total > 0 || pool.free < 0)
        text += fmt::format(", {} KiB pages {} of {}", pool.size_kib, pool.total - pool.free,
                            pool.total);
    text += fmt::format(", shared vCPUs {} on {} CPUs\n", book.shared_vcpus_used, book.shared_cpus);
    for (size_t cache = 0; cache < node.llcs.size(); ++cache)
      text += DrawCache(index, static_cast<int>(cache));
    for (size_t d = 0; d < host_.spec().devices.size(); ++d) {
      const auto& device = host_.spec().devices[d];
      if (device.node == node.id)
        text += fmt::format("  {} {} {}  {}\n", device.kind, device.model, device.address,
                            host_.devices_held()[d] ? "held" : "free");
    }
    return text;
  }

  std::string Legend() const {
    std::string text = ". free   ~ shared only   # the host's own\n";
    for (const auto& [letter, claim] : letters_) {
      text += fmt::format("{} {}", letter, claim->id);
      if (!claim->tenant.empty()) text += fmt::format(" of {}", claim->tenant);
      for (const auto& cell : claim->cells) {
        text += fmt::format("; node {}: {} MiB", cell.node, cell.memory_mib);
        if (cell.shared_vcpus > 0) text += fmt::format(", {} shared vCPUs", cell.shared_vcpus);
      }
      text += '\n';
    }
    return text;
  }

  const Host& host_;
  std::map<int, char> holder_;  // By CPU.
  std::vector<std::pair<char, const Claim*>> letters_;
};

}  // namespace

std::string DrawHost(const Host& host) { return Picture(host).Draw(); }

}  // namespace berth::cli
