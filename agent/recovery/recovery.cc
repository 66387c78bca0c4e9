// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/recovery/adoption.h"
#include "agent/recovery/cleanup.h"
#include "core/base/published.h"
#include "core/base/strand.h"

namespace berth {

using recovery::Adoption;
using recovery::Cleanup;
using recovery::Difference;
using recovery::Differences;
using recovery::Finding;

namespace {

constexpr size_t kFindingsShown = 100;

// What asks for an operator's eye; the rest Berth sees to itself.
bool NeedsAnEye(Difference difference) {
  switch (difference) {
    case Difference::kGuestPaused:
    case Difference::kGuestEdited:
    case Difference::kManagedSave:
    case Difference::kGuestWithoutRecord:
    case Difference::kFilesWithoutRecord:
    case Difference::kFilesMissing:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Everything but report() runs on the strand, so one run is under way at most.
class Recovery::Runner : public std::enable_shared_from_this<Runner> {
 public:
  Runner(Dependencies dependencies, Settings settings)
      : with_(dependencies),
        settings_(settings),
        strand_(with_.executor),
        cleanup_(
            std::make_shared<Cleanup>(with_.hypervisor, with_.storage, settings.cleanups_at_once)),
        report_(std::make_shared<const RecoveryReport>()) {}

  void ArmTimer() {
    with_.executor.PostAfter(settings_.interval, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->Request([weak](const Status&) {
          if (const auto again = weak.lock()) again->ArmTimer();
        });
    });
  }

  void Request(Done done) {
    strand_.Post([self = shared_from_this(), done = std::move(done)]() mutable {
      self->wanted_.push_back(std::move(done));
      if (!self->running_) self->Begin();
    });
  }

  // Whether files that are gone are missed.
  bool IsAtRest(const std::string& instance_id) const {
    const auto view = with_.ledger.View();
    const auto record = view->instances.Find(instance_id);
    return record != nullptr && record->state != model::InstanceState::kTerminated &&
           !recovery::HasUnfinishedOperation(*record, *view);
  }

  std::shared_ptr<const RecoveryReport> report() const { return report_.Get(); }

 private:
  void Begin() {
    running_ = true;
    serving_ = std::exchange(wanted_, {});
    began_ = with_.clock.Now();
    picture_ = {};
    picture_.before = with_.ledger.View();
    picture_.at_start = report_.Get()->runs == 0;
    with_.hypervisor.List([self = shared_from_this()](StatusOr<std::vector<GuestState>> guests) {
      self->strand_.Post([self, guests = std::move(guests)] { self->GuestsListed(guests); });
    });
  }

  void GuestsListed(const StatusOr<std::vector<GuestState>>& guests) {
    if (!guests.ok()) return CannotCompare(guests.status());
    picture_.guests = *guests;
    with_.storage.ListInstances(
        [self = shared_from_this()](StatusOr<std::vector<InstanceDirectory>> directories) {
          self->strand_.Post(
              [self, directories = std::move(directories)] { self->Compare(directories); });
        });
  }

  // With a hypervisor that is there and cannot be listed, what was begun still has to go on; with
  // one that is away every step would only use its tries up.
  void CannotCompare(const Status& why) {
    if (why.code() != StatusCode::kUnavailable)
      for (const std::string& id : recovery::UnfinishedInstances(*with_.ledger.View()))
        with_.instances.Wake(id);
    RecoveryReport report = *report_.Get();
    if (report.error != model::ErrorOf(why))
      with_.log.Warning("the node could not be compared with its ledger",
                        {{"error", std::string(why.message())}});
    ++report.failures;
    report.error = model::ErrorOf(why);
    report_.Set(std::make_shared<const RecoveryReport>(std::move(report)));
    Finish(why);
  }

  void Compare(const StatusOr<std::vector<InstanceDirectory>>& directories) {
    if (directories.ok()) picture_.directories = *directories;
    picture_.now = with_.ledger.View();
    Differences differences = recovery::Diff(picture_);
    if (settings_.only_mirror) return AdoptThem(Ours(), directories.status());
    if (differences.guests_to_adopt.empty()) return Conclude(differences, directories.status());
    AdoptThem(std::move(differences.guests_to_adopt), directories.status());
  }

  std::vector<GuestState> Ours() const {
    std::vector<GuestState> ours;
    for (const GuestState& guest : picture_.guests)
      if (recovery::IsOurs(guest, picture_.now->identity)) ours.push_back(guest);
    return ours;
  }

  void AdoptThem(std::vector<GuestState> guests, const Status& files) {
    const auto adoption = std::make_shared<Adoption>();
    with_.ledger.Submit(
        [self = shared_from_this(), guests = std::move(guests), adoption](LedgerTxn& txn) {
          *adoption = {};
          const auto adopt = self->settings_.only_mirror ? &recovery::Mirror : &recovery::Adopt;
          return adopt(txn, guests, self->with_.random, adoption.get());
        },
        [self = shared_from_this(), adoption, files](const Status& status) {
          self->strand_.Post([self, adoption, files, status] {
            self->Adopted(status.ok() ? *adoption : Adoption{}, status.ok() ? files : status);
          });
        });
  }

  // What was found is looked at once more, with those that have a record now.
  void Adopted(const Adoption& adoption, const Status& trouble) {
    for (const std::string& id : adoption.adopted)
      with_.log.Warning("a guest without a record was adopted", {{"instance", id}});
    if (adoption.refused != refused_)
      for (const Status& refused : adoption.refused)
        with_.log.Warning("a guest without a record cannot be adopted",
                          {{"error", std::string(refused.message())}});
    refused_ = adoption.refused;
    picture_.now = with_.ledger.View();
    Differences differences = recovery::Diff(picture_);
    for (const std::string& id : adoption.left_over) {
      differences.guests_to_end.push_back(id);
      differences.files_to_delete.push_back(id);
    }
    Conclude(differences, trouble);
  }

  void Conclude(const Differences& differences, const Status& trouble) {
    if (with_.foreign_guests) with_.foreign_guests(differences.foreign_guests);
    PassOn(differences);
    Publish(differences, trouble);
    Finish(OkStatus());
  }

  void PassOn(const Differences& differences) {
    if (settings_.only_mirror) return;
    for (const auto& observation : differences.observations)
      with_.instances.GuestFound(observation.instance_id, observation.guest,
                                 picture_.before->instances.Find(observation.instance_id));
    for (const std::string& id : differences.unfinished) with_.instances.Wake(id);
    std::map<std::string, Cleanup::Job> leftovers;
    for (const std::string& id : differences.guests_to_end) leftovers[id].guest = true;
    for (const std::string& id : differences.files_to_delete) leftovers[id].files = true;
    for (const auto& [id, job] : leftovers) cleanup_->Add(id, job);
  }

  void Publish(const Differences& differences, const Status& trouble) {
    const auto last = report_.Get();
    RecoveryReport report;
    report.runs = last->runs + 1;
    report.failures = last->failures;
    report.compared = with_.clock.WallNow();
    report.took = std::chrono::duration_cast<Duration>(with_.clock.Now() - began_);
    report.error = model::ErrorOf(trouble);
    report.cleanups_pending = cleanup_->pending();
    for (const Finding& finding : differences.findings) {
      ++report.counts[finding.difference];
      if (finding.difference != Difference::kForeignGuest &&
          report.findings.size() < kFindingsShown)
        report.findings.push_back(finding);
    }
    LogNews(*last, report);
    report_.Set(std::make_shared<const RecoveryReport>(std::move(report)));
  }

  // A difference is said once, not at every run.
  void LogNews(const RecoveryReport& last, const RecoveryReport& report) {
    for (const Finding& finding : report.findings) {
      if (std::find(last.findings.begin(), last.findings.end(), finding) != last.findings.end())
        continue;
      with_.log.Write(
          NeedsAnEye(finding.difference) ? LogLevel::kWarning : LogLevel::kInfo,
          "recovery found a difference",
          {{"difference", std::string(Name(finding.difference))}, {"subject", finding.subject}});
    }
  }

  void Finish(const Status& status) {
    running_ = false;
    picture_ = {};
    for (const Done& done : std::exchange(serving_, {}))
      if (done) done(status);
    if (!wanted_.empty()) Begin();
  }

  const Dependencies with_;
  const Settings settings_;
  Strand strand_;
  const std::shared_ptr<Cleanup> cleanup_;
  Published<RecoveryReport> report_;

  // Only touched on the strand.
  bool running_ = false;
  std::vector<Done> wanted_;   // For the next run,
  std::vector<Done> serving_;  // and of this one.
  SteadyTime began_{};
  recovery::Picture picture_;
  std::vector<Status> refused_;  // What the last adoption said.
};

Recovery::Recovery(Dependencies dependencies, Settings settings)
    : runner_(std::make_shared<Runner>(dependencies, settings)) {}

Recovery::~Recovery() = default;

void Recovery::Start() { runner_->ArmTimer(); }

void Recovery::Run(Done done) { runner_->Request(std::move(done)); }

void Recovery::FilesGone(const std::string& instance_id) {
  if (instance_id.empty() || runner_->IsAtRest(instance_id)) Run(nullptr);
}

std::shared_ptr<const RecoveryReport> Recovery::report() const { return runner_->report(); }

}  // namespace berth
