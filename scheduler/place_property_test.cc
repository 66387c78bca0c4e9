// SPDX-License-Identifier: Apache-2.0
// Over any sequence of guests coming and going on large hosts: nothing is held twice, the sums are
// those of the parts, a guest that came and went leaves nothing behind, and the same input gives
// the same answer. (place_oracle_test.cc says that yes and no are right.)
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "scheduler/place.h"
#include "scheduler/place_exact.h"

namespace berth::scheduler {
namespace {

using placement::Host;
using placement::HostSpec;

// Up to 8 nodes of up to 16 cores, a reserve, disjoint sets, page pools.
HostSpec AnyHost() {
  HostSpec host;
  const int nodes = *rc::gen::inRange(1, 9);
  const int cores = *rc::gen::inRange(1, 17);
  const int threads = *rc::gen::inRange(1, 3);
  CpuSet shared, dedicated;
  int cpu = 0;
  for (int n = 0; n < nodes; ++n) {
    placement::Node node{.id = n, .socket = n / 2, .memory_mib = 16384};
    for (int c = 0; c < cores; ++c) {
      node.cores.emplace_back();
      const int whose = *rc::gen::inRange(0, 8);
      for (int t = 0; t < threads; ++t) {
        if (whose == 0) host.reserved_cpus.Add(cpu);
        if (whose == 1 || whose == 2) shared.Add(cpu);
        if (whose > 2) dedicated.Add(cpu);
        node.cores.back().push_back(cpu++);
      }
    }
    node.pages.push_back({2048, *rc::gen::inRange<int64_t>(0, 2048), 0});
    for (int to = 0; to < nodes; ++to) node.distances.push_back(to == n ? 10 : 20);
    host.nodes.push_back(std::move(node));
  }
  host.shared_cpus = shared;
  host.dedicated_cpus = dedicated;
  host.cpu_overcommit = *rc::gen::element(1.0, 1.5, 4.0);
  return host;
}

Demand AnyDemand() {
  using Kind = model::PageSize::Kind;
  Demand demand;
  demand.tenant_id = *rc::gen::element<std::string>("a", "b");
  demand.shape.vcpus = *rc::gen::inRange(1, 25);
  demand.shape.memory_mib = *rc::gen::inRange<int64_t>(16, 8192);
  demand.shape.cpu_policy =
      *rc::gen::element(model::CpuPolicy::kShared, model::CpuPolicy::kDedicated);
  demand.shape.smt_policy = *rc::gen::element(model::SmtPolicy::kPrefer, model::SmtPolicy::kRequire,
                                              model::SmtPolicy::kIsolate);
  demand.shape.emulator_policy =
      *rc::gen::element(model::EmulatorPolicy::kShared, model::EmulatorPolicy::kIsolate);
  demand.shape.page_size.kind = *rc::gen::element(Kind::kSmall, Kind::kAny, Kind::kLarge);
  demand.traits = {.disks = *rc::gen::inRange(1, 4),
                   .root_disk_mib = *rc::gen::inRange<int64_t>(0, 40000)};
  return demand;
}

// Every CPU has one holder at most, and only where it may.
void NoCpuTwice(const Host& host) {
  CpuSet held;
  for (const auto& [id, claim] : host.claims())
    for (const placement::ClaimCell& cell : claim.cells) {
      RC_ASSERT(!held.Intersects(cell.dedicated_cpus));
      held |= cell.dedicated_cpus;
    }
  RC_ASSERT((held - *host.spec().dedicated_cpus).empty());
}

// The book's sums are those of the claims, and within what there is.
void SumsAreThoseOfTheParts(const Host& host) {
  for (size_t n = 0; n < host.spec().nodes.size(); ++n) {
    const placement::NodeBook& book = host.books()[n];
    int64_t vcpus = 0, small_mib = 0, large_mib = 0;
    for (const auto& [id, claim] : host.claims())
      for (const placement::ClaimCell& cell : claim.cells) {
        if (cell.node != host.spec().nodes[n].id) continue;
        vcpus += cell.shared_vcpus;
        (cell.page_size_kib == 2048 ? large_mib : small_mib) += cell.memory_mib;
      }
    RC_ASSERT(book.shared_vcpus_used == vcpus);
    RC_ASSERT(vcpus <= host.SharedLimit(book.shared_cpus));
    RC_ASSERT(book.small_used_mib == small_mib);
    RC_ASSERT(small_mib <= book.small_limit_mib);
    RC_ASSERT((book.pools[0].total - book.pools[0].free) * 2 == large_mib);
    RC_ASSERT(book.pools[0].free >= 0);
  }
}

void GuestsComeAndGo() {
  Host host(AnyHost());
  std::vector<std::string> ids;
  for (int i = 0; i < 30; ++i) {
    if (!ids.empty() && *rc::gen::inRange(0, 4) == 0) {
      const auto gone = *rc::gen::inRange<size_t>(0, ids.size());
      host.Remove(ids[gone]);
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(gone));
      continue;
    }
    const Demand demand = AnyDemand();
    const auto placed = Place({host, 1 << 20}, demand);
    const auto again = Place({host, 1 << 20}, demand);
    RC_ASSERT(placed.ok() == again.ok());
    if (!placed.ok()) {
      RC_ASSERT(placed.status() == again.status());
      continue;
    }
    RC_ASSERT(*placed == *again);
    const Host before = host;
    ids.push_back("c-" + std::to_string(i));
    host.Add(placement::ToClaim(placed->placement, RequestOf(demand), ids.back()));
    Host without = host;
    without.Remove(ids.back());
    RC_ASSERT(without == before);
    NoCpuTwice(host);
    SumsAreThoseOfTheParts(host);
  }
}

// The same claims on a host that lost CPUs and pages: nothing breaks, and what is short is given to
// nobody.
void TheHostShrinks() {
  HostSpec spec = AnyHost();
  Host host(spec);
  for (int i = 0; i < 10; ++i) {
    const Demand demand = AnyDemand();
    const auto placed = Place({host, 1 << 20}, demand);
    if (placed.ok())
      host.Add(placement::ToClaim(placed->placement, RequestOf(demand), std::to_string(i)));
  }
  for (const auto& [id, claim] : host.claims()) spec.claims.push_back(claim);
  spec.nodes.front().cores.pop_back();
  spec.nodes.front().pages.front().total /= 2;
  spec.nodes.front().memory_mib /= 2;
  Host shrunk(spec);
  for (int i = 0; i < 10; ++i) {
    const Demand demand = AnyDemand();
    const auto placed = Place({shrunk, 1 << 20}, demand);
    if (!placed.ok()) continue;
    const CpuSet charged = placed->placement.ChargedCpus();
    for (const auto& [id, claim] : shrunk.claims())
      for (const placement::ClaimCell& cell : claim.cells)
        RC_ASSERT(!charged.Intersects(cell.dedicated_cpus));
    for (const model::PlacedCell& cell : placed->placement.cells) {
      const auto n = static_cast<size_t>(shrunk.NodeIndex(cell.node));
      const placement::NodeBook& book = shrunk.books()[n];
      if (cell.page_size_kib == 2048)
        RC_ASSERT(cell.memory_mib / 2 <= book.pools[0].free);
      else
        RC_ASSERT(book.small_used_mib + cell.memory_mib <= book.small_limit_mib);
    }
    shrunk.Add(placement::ToClaim(placed->placement, RequestOf(demand), "n" + std::to_string(i)));
  }
}

// Of a guest that is not ours: any CPUs that may be dedicated, held by others or not.
placement::Claim AnyForeign(const HostSpec& host, const std::string& id) {
  placement::Claim claim{.id = id, .tenant = "", .core_sharing = {}, .cells = {}};
  for (const placement::Node& node : host.nodes) {
    placement::ClaimCell cell{.node = node.id,
                              .shared_vcpus = *rc::gen::inRange<int64_t>(0, 4),
                              .memory_mib = *rc::gen::inRange<int64_t>(0, 20000),
                              .page_size_kib = *rc::gen::element<int64_t>(4, 2048)};
    for (const auto& core : node.cores)
      for (const int cpu : core)
        if (host.dedicated_cpus->Has(cpu) && *rc::gen::inRange(0, 4) == 0)
          cell.dedicated_cpus.Add(cpu);
    claim.cells.push_back(std::move(cell));
  }
  return claim;
}

// Claims of ours and of others that overlap, in any order of coming and going, the agent started
// anew in between: the book is always that of the claims there are, and what others have is given
// to nobody.
void OthersComeAndGoToo() {
  const HostSpec spec = AnyHost();
  Host host(spec);
  std::map<std::string, placement::Claim> there;
  for (int i = 0; i < 30; ++i) {
    const std::string id = "c-" + std::to_string(i);
    const int what = *rc::gen::inRange(0, 4);
    if (what == 0 && !there.empty()) {
      const auto gone = std::next(there.begin(), *rc::gen::inRange<long>(0, std::ssize(there)));
      host.Remove(gone->first);
      there.erase(gone);
    } else if (what == 1) {
      there.emplace(id, AnyForeign(spec, id));
      host.Add(there.at(id));
    } else {
      const Demand demand = AnyDemand();
      const auto placed = Place({host, 1 << 20}, demand);
      if (!placed.ok()) continue;
      const CpuSet charged = placed->placement.ChargedCpus();
      for (const auto& [other, claim] : there)
        for (const placement::ClaimCell& cell : claim.cells)
          RC_ASSERT(!charged.Intersects(cell.dedicated_cpus));
      there.emplace(id, placement::ToClaim(placed->placement, RequestOf(demand), id));
      host.Add(there.at(id));
    }
    HostSpec anew = spec;
    for (const auto& [other, claim] : there) anew.claims.push_back(claim);
    const Host restarted(anew);
    RC_ASSERT(host.claims() == restarted.claims());
    RC_ASSERT(host.books() == restarted.books());
  }
}

TEST(PlacePropertyTest, NothingIsHeldTwiceAndNothingIsLost) {
  EXPECT_TRUE(rc::check("guests come and go", GuestsComeAndGo));
}

TEST(PlacePropertyTest, WithOthersTheBookIsThatOfTheClaims) {
  EXPECT_TRUE(rc::check("others come and go too", OthersComeAndGoToo));
}

TEST(PlacePropertyTest, AHostThatShrinksUnderItsClaimsGivesNothingTwice) {
  EXPECT_TRUE(rc::check("the host shrinks", TheHostShrinks));
}

}  // namespace
}  // namespace berth::scheduler
