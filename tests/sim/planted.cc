// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/planted.h"

#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "agent/images/image_cache.h"
#include "tests/sim/decorators.h"

namespace berth::sim {
namespace {

using model::InstanceRecord;
using model::InstanceState;

// --- Of the hypervisor.

// Recovery starts what runs already.
struct DoubleStart final : PassingHypervisor {
  using PassingHypervisor::PassingHypervisor;
  void List(DoneWith<std::vector<GuestState>> done) override {
    real_.List([this, done = std::move(done)](StatusOr<std::vector<GuestState>> guests) {
      if (guests.ok())
        for (const GuestState& guest : *guests)
          if (guest.power == Power::kRunning) StartAgain(guest.name);
      done(std::move(guests));
    });
  }
  void StartAgain(Id id) {
    real_.Destroy(id, [this, id](const Status&) {
      real_.StartPaused(id, [this, id](const Status&) { real_.Resume(id, [](const Status&) {}); });
    });
  }
};

struct ForgottenDestroy final : PassingHypervisor {
  using PassingHypervisor::PassingHypervisor;
  void Destroy(Id id, Done done) override {
    real_.Inspect(id, [done = std::move(done)](const StatusOr<GuestState>&) { done(OkStatus()); });
  }
};

struct ForgottenUndefine final : PassingHypervisor {
  using PassingHypervisor::PassingHypervisor;
  void Undefine(Id id, Done done) override {
    real_.Inspect(id, [done = std::move(done)](const StatusOr<GuestState>&) { done(OkStatus()); });
  }
};

struct ForgottenResume final : PassingHypervisor {
  using PassingHypervisor::PassingHypervisor;
  void Resume(Id id, Done done) override {
    real_.Inspect(id, [done = std::move(done)](const StatusOr<GuestState>&) { done(OkStatus()); });
  }
};

// Who does not answer is taken for gone.
struct UnknownIsGone final : PassingHypervisor {
  using PassingHypervisor::PassingHypervisor;
  void Inspect(Id id, DoneWith<GuestState> done) override {
    real_.Inspect(id, [done = std::move(done)](StatusOr<GuestState> guest) {
      if (!guest.ok()) return done(Status(StatusCode::kNotFound, "gone, surely"));
      done(std::move(guest));
    });
  }
};

// The last guest of a list is left out.
struct ShortList final : PassingHypervisor {
  using PassingHypervisor::PassingHypervisor;
  void List(DoneWith<std::vector<GuestState>> done) override {
    real_.List([done = std::move(done)](StatusOr<std::vector<GuestState>> guests) {
      if (guests.ok() && !guests->empty()) guests->pop_back();
      done(std::move(guests));
    });
  }
};

// --- Of storage.

struct ForgottenFiles final : PassingStorage {
  using PassingStorage::PassingStorage;
  void DeleteInstance(Id id, Done done) override { real_.DeleteSeed(id, std::move(done)); }
};

// A file is not removed, and said to be.
struct ForgottenImages final : PassingImageStore {
  using PassingImageStore::PassingImageStore;
  void Delete(Id, Done done) override {
    real_.List([done = std::move(done)](const auto&) { done(OkStatus()); });
  }
};

// --- Of what is written to the ledger. `spoil` runs after each body, in its transaction.

struct SpoiltLedger final : PassingLedger {
  using Spoil = std::function<void(LedgerTxn&)>;
  SpoiltLedger(Ledger& real, Spoil how) : PassingLedger(real), spoil(std::move(how)) {}
  void Submit(Body body, Done done) override {
    real_.Submit(
        [body = std::move(body), spoil = spoil](LedgerTxn& txn) -> Status {
          BERTH_RETURN_IF_ERROR(body(txn));
          spoil(txn);
          return OkStatus();
        },
        std::move(done));
  }
  Spoil spoil;
};

// Those that the transaction has written; put again where `change` says so.
void ChangeWritten(LedgerTxn& txn, const std::function<bool(InstanceRecord&)>& change) {
  std::set<std::string> ids;
  for (const Change& written : txn.writes().changes)
    if (written.kind == Change::Kind::kInstance && !written.erased) ids.insert(written.id);
  for (const std::string& id : ids) {
    InstanceRecord record = *txn.view().instances.Find(id);
    if (change(record)) txn.PutInstance(std::move(record));
  }
}

// Room is given back when the stop is asked for, not when it is done.
void FreeTooEarly(LedgerTxn& txn) {
  ChangeWritten(txn, [&txn](InstanceRecord& record) {
    const bool ending =
        record.state == InstanceState::kStopping || record.state == InstanceState::kShuttingDown;
    if (!ending || record.run_claim_id.empty()) return false;
    txn.EraseClaim(record.run_claim_id);
    record.run_claim_id.clear();
    return true;
  });
}

// Whenever another one comes.
void EvictUsed(LedgerTxn& txn) {
  std::string used;
  bool came = false;
  for (const Change& written : txn.writes().changes)
    came |= written.kind == Change::Kind::kImage && written.created;
  txn.view().images.ForEach([&](const std::string& id, const auto& image) {
    if (image->state == model::ImageState::kAvailable && images::UsersOf(txn.view(), id) > 0)
      used = id;
  });
  if (came && !used.empty()) images::Evict(txn, *txn.view().images.Find(used), "no reason");
}

// A stopped instance keeps what it ran on.
void KeepTooLong(LedgerTxn& txn) {
  ChangeWritten(txn, [&txn](InstanceRecord& record) {
    if (record.state != InstanceState::kStopped || !record.run_claim_id.empty()) return false;
    model::Claim claim;
    claim.id = "c-leak" + record.id.substr(2);
    claim.owner_id = record.id;
    claim.held = {.vcpus = 1, .memory_mib = 1};
    txn.PutClaim(claim);
    record.run_claim_id = claim.id;
    return true;
  });
}

// What is terminated can be stopped once more.
void Revive(LedgerTxn& txn) {
  ChangeWritten(txn, [](InstanceRecord& record) {
    if (record.state != InstanceState::kShuttingDown) return false;
    record.state = InstanceState::kRunning;
    return true;
  });
}

void CountBackwards(LedgerTxn& txn) {
  ChangeWritten(txn, [](InstanceRecord& record) {
    if (record.state != InstanceState::kStopping || record.generation < 2) return false;
    record.generation -= 2;
    record.observed_generation = 0;
    return true;
  });
}

// A record is dropped with its end, and its id with it.
void ForgetAtOnce(LedgerTxn& txn) {
  std::vector<std::string> ended;
  ChangeWritten(txn, [&](InstanceRecord& record) {
    if (record.state == InstanceState::kShuttingDown) ended.push_back(record.id);
    return false;
  });
  for (const std::string& id : ended) {
    const auto record = txn.view().instances.Find(id);
    txn.EraseClaim(record->run_claim_id);
    txn.EraseClaim(record->disk_claim_id);
    txn.EraseInstance(id);
  }
}

// --- Of answers.

// The caller is answered before the commit.
struct AnswersEarly final : PassingLedger {
  using PassingLedger::PassingLedger;
  void Submit(Body body, Done done) override {
    const auto told = std::make_shared<bool>(false);
    const auto once = std::make_shared<Done>(std::move(done));
    real_.Submit(
        [told, once, body = std::move(body)](LedgerTxn& txn) -> Status {
          Status status = body(txn);
          *told = true;
          (*once)(status);
          return status;
        },
        [told, once](Status status) {
          if (!*told) (*once)(std::move(status));
        });
  }
};

// Changes are told to nobody who watches, every seventh time.
struct SkipsAWatch final : PassingLedger {
  using PassingLedger::PassingLedger;
  void SetListener(Listener listener) override {
    real_.SetListener(
        [listener = std::move(listener), count = 0](const auto& view, const auto& changes) mutable {
          const bool skip = ++count % 7 == 0;
          listener(view, skip ? std::vector<InstanceChange>() : changes);
        });
  }
};

template <typename T>
Planted InHypervisor(std::string name) {
  node::Seams seams;
  seams.hypervisor = [](Hypervisor& real) { return std::make_unique<T>(real); };
  return {std::move(name), std::move(seams)};
}

template <typename T>
Planted InStorage(std::string name) {
  node::Seams seams;
  seams.storage = [](Storage& real) { return std::make_unique<T>(real); };
  return {std::move(name), std::move(seams)};
}

template <typename T>
Planted InImages(std::string name) {
  node::Seams seams;
  seams.image_store = [](ImageStore& real) { return std::make_unique<T>(real); };
  return {std::move(name), std::move(seams)};
}

template <typename T>
Planted InLedger(std::string name) {
  node::Seams seams;
  seams.ledger = [](Ledger& real) { return std::make_unique<T>(real); };
  return {std::move(name), std::move(seams)};
}

Planted AtStart(std::string name, std::function<void(node::World&)> what) {
  node::Seams seams;
  seams.started = std::move(what);
  return {std::move(name), std::move(seams)};
}

Planted InWrites(std::string name, SpoiltLedger::Spoil spoil) {
  node::Seams seams;
  seams.ledger = [spoil = std::move(spoil)](Ledger& real) {
    return std::make_unique<SpoiltLedger>(real, spoil);
  };
  return {std::move(name), std::move(seams)};
}

}  // namespace

std::vector<Planted> PlantedBugs() {
  return {
      InHypervisor<DoubleStart>("a guest that runs is started again"),
      InHypervisor<ForgottenDestroy>("a guest is not ended"),
      InHypervisor<ForgottenUndefine>("a guest is left defined"),
      InHypervisor<ForgottenResume>("a guest is left paused"),
      InHypervisor<UnknownIsGone>("who does not answer is taken for gone"),
      InHypervisor<ShortList>("a guest is left out of the list"),
      InStorage<ForgottenFiles>("files are left behind"),
      InImages<ForgottenImages>("files of images are left behind"),
      InWrites("an image that is in use makes room", EvictUsed),
      InWrites("room is given back too early", FreeTooEarly),
      InWrites("room is kept too long", KeepTooLong),
      InWrites("an end is taken back", Revive),
      InWrites("a generation counts backwards", CountBackwards),
      InWrites("a record is dropped with its end", ForgetAtOnce),
      AtStart("a request id is lost", [](node::World& world) { world.file.ForgetRequests(); }),
      InLedger<AnswersEarly>("a call is answered before its commit"),
      InLedger<SkipsAWatch>("a watch is not told of a change"),
  };
}

}  // namespace berth::sim
