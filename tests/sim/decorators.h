// SPDX-License-Identifier: Apache-2.0
// What an agent stands on, passed through unchanged: a planted bug overrides the one call that it
// spoils.
#pragma once

#include <utility>

#include "agent/ledger/ledger.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/image_store.h"
#include "drivers/storage/storage.h"

namespace berth::sim {

class PassingHypervisor : public Hypervisor {
 public:
  explicit PassingHypervisor(Hypervisor& real) : real_(real) {}
  using Id = const std::string&;

  void Define(const GuestSpec& spec, Done done) override { real_.Define(spec, std::move(done)); }
  void StartPaused(Id id, Done done) override { real_.StartPaused(id, std::move(done)); }
  void Resume(Id id, Done done) override { real_.Resume(id, std::move(done)); }
  void AskShutdown(Id id, Done done) override { real_.AskShutdown(id, std::move(done)); }
  void AskReboot(Id id, Done done) override { real_.AskReboot(id, std::move(done)); }
  void Reset(Id id, Done done) override { real_.Reset(id, std::move(done)); }
  void InjectNmi(Id id, Done done) override { real_.InjectNmi(id, std::move(done)); }
  void Dump(Id id, const std::string& path, Done done) override {
    real_.Dump(id, path, std::move(done));
  }
  void Destroy(Id id, Done done) override { real_.Destroy(id, std::move(done)); }
  void Undefine(Id id, Done done) override { real_.Undefine(id, std::move(done)); }
  void Inspect(Id id, DoneWith<GuestState> done) override { real_.Inspect(id, std::move(done)); }
  void List(DoneWith<std::vector<GuestState>> done) override { real_.List(std::move(done)); }
  void Subscribe(std::function<void(const GuestEvent&)> sink,
                 std::function<void()> connected) override {
    real_.Subscribe(std::move(sink), std::move(connected));
  }
  HypervisorHealth Health() const override { return real_.Health(); }

 protected:
  Hypervisor& real_;
};

class PassingStorage : public Storage {
 public:
  explicit PassingStorage(Storage& real) : real_(real) {}
  using Id = const std::string&;

  std::string ImagePath(const std::string& name) const override { return real_.ImagePath(name); }
  InstancePaths PathsOf(Id id) const override { return real_.PathsOf(id); }
  void CheckBoot(const model::InstanceSpec& spec, DoneWith<ImageInfo> done) override {
    real_.CheckBoot(spec, std::move(done));
  }
  void CreateRootDisk(Id id, const model::InstanceSpec& spec, Done done) override {
    real_.CreateRootDisk(id, spec, std::move(done));
  }
  void CreateSeed(Id id, const model::InstanceSpec& spec, Done done) override {
    real_.CreateSeed(id, spec, std::move(done));
  }
  void DeleteSeed(Id id, Done done) override { real_.DeleteSeed(id, std::move(done)); }
  void DeleteRootDisk(Id id, Done done) override { real_.DeleteRootDisk(id, std::move(done)); }
  void DeleteInstance(Id id, Done done) override { real_.DeleteInstance(id, std::move(done)); }
  void ReadConsole(Id id, int64_t max_bytes, DoneWith<std::string> done) override {
    real_.ReadConsole(id, max_bytes, std::move(done));
  }
  void ListInstances(DoneWith<std::vector<InstanceDirectory>> done) override {
    real_.ListInstances(std::move(done));
  }
  void Subscribe(std::function<void(Id)> gone) override { real_.Subscribe(std::move(gone)); }
  StatusOr<FileSystemSpace> Space() const override { return real_.Space(); }

 protected:
  Storage& real_;
};

class PassingImageStore : public ImageStore {
 public:
  explicit PassingImageStore(ImageStore& real) : real_(real) {}
  using Id = const std::string&;

  void Fetch(Id id, const model::ImageSource& source, std::shared_ptr<Transfer> transfer,
             DoneWith<FetchedImage> done) override {
    real_.Fetch(id, source, std::move(transfer), std::move(done));
  }
  void Publish(Id id, const model::ImageSource& source, DoneWith<ImageInfo> done) override {
    real_.Publish(id, source, std::move(done));
  }
  void Delete(Id id, Done done) override { real_.Delete(id, std::move(done)); }
  void List(DoneWith<std::vector<ImageFile>> done) override { real_.List(std::move(done)); }

 protected:
  ImageStore& real_;
};

class PassingLedger : public Ledger {
 public:
  explicit PassingLedger(Ledger& real) : real_(real) {}

  void Submit(Body body, Done done) override { real_.Submit(std::move(body), std::move(done)); }
  void Check(Done done) override { real_.Check(std::move(done)); }
  void CopyTo(const std::string& path, std::function<void(StatusOr<int64_t>)> done) override {
    real_.CopyTo(path, std::move(done));
  }
  std::shared_ptr<const model::NodeView> View() const override { return real_.View(); }
  void SetListener(Listener listener) override { real_.SetListener(std::move(listener)); }

 protected:
  Ledger& real_;
};

}  // namespace berth::sim
