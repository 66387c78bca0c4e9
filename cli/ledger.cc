// SPDX-License-Identifier: Apache-2.0
// `berthctl ledger`: the agent's book as a file.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "core/base/unique_fd.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kRestartMax = std::chrono::seconds(30);
constexpr Duration kLookAgain = std::chrono::milliseconds(200);

ExitCode Check(Context& context) {
  Agent agent(context);
  const auto look = agent.Call(&NodeStub::CheckLedger, v1::CheckLedgerRequest());
  if (!look.ok()) return Fail(context, "ledger check", look.status());
  const ExitCode code = look->intact() ? ExitCode::kOk : ExitCode::kFailed;
  if (context.json()) {
    context.out << ToJson(*look);
    return code;
  }
  const std::string what = fmt::format("{} ({:.1f} MiB, {} instances, revision {})", look->path(),
                                       static_cast<double>(look->file_bytes()) / (1 << 20),
                                       look->instance_count(), look->revision());
  if (look->intact())
    context.out << what << " is whole.\n";
  else
    context.out << what << " is damaged: " << look->fault() << "\n";
  return code;
}

// Made here, for its owner alone; gone unless it was kept.
class NewFile {
 public:
  static StatusOr<NewFile> Make(const std::string& path) {
    NewFile file;
    if (fs::exists(path))
      return BadUsage(fmt::format("{} is there already: remove it, or name another file", path));
    file.path_ = path;
    file.partial_ = path + ".partial";
    file.fd_ = UniqueFd(
        open(file.partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.fd_.ok())
      return BadUsage(fmt::format("{} cannot be made: {}", file.partial_, std::strerror(errno)));
    return file;
  }
  NewFile(NewFile&&) = default;
  ~NewFile() {
    if (fd_.ok()) unlink(partial_.c_str());
  }

  void Write(const std::string& bytes) {
    for (size_t at = 0; at < bytes.size() && fault_ == 0;) {
      const ssize_t put = write(fd_.get(), bytes.data() + at, bytes.size() - at);
      if (put < 0)
        fault_ = errno;
      else
        at += static_cast<size_t>(put);
    }
    size_ += static_cast<int64_t>(bytes.size());
  }
  int64_t size() const { return size_; }
  // Durable, and under its own name.
  Status Keep() {
    const bool kept =
        fault_ == 0 && fsync(fd_.get()) == 0 && std::rename(partial_.c_str(), path_.c_str()) == 0;
    if (!kept)
      return BadUsage(
          fmt::format("{} cannot be written: {}", path_, std::strerror(fault_ ? fault_ : errno)));
    fd_ = UniqueFd();
    return OkStatus();
  }

 private:
  NewFile() = default;
  std::string path_, partial_;
  UniqueFd fd_;
  int64_t size_ = 0;
  int fault_ = 0;
};

Status ExportTo(Agent& agent, NewFile& file, v1::ExportLedgerResponse* head) {
  const Status status = agent.Stream(&NodeStub::ExportLedger, v1::ExportLedgerRequest(),
                                     [&](const v1::ExportLedgerResponse& message) {
                                       if (message.total_bytes() > 0) *head = message;
                                       file.Write(message.chunk());
                                     });
  if (!status.ok()) return status;
  if (file.size() == head->total_bytes()) return file.Keep();
  return absl::DataLossError(
      fmt::format("{} bytes of {} have come; try again", file.size(), head->total_bytes()));
}

ExitCode Export(Context& context, const std::string& path) {
  auto file = NewFile::Make(path);
  if (!file.ok()) return Fail(context, "ledger export", file.status());
  Agent agent(context);
  v1::ExportLedgerResponse head;
  const Status exported = ExportTo(agent, *file, &head);
  if (!exported.ok()) return Fail(context, "ledger export", exported);
  context.err << fmt::format("{}: the ledger at revision {}, {:.1f} MiB.\n", path, head.revision(),
                             static_cast<double>(head.total_bytes()) / (1 << 20));
  return ExitCode::kOk;
}

// Until an agent answers that was started after the one before.
StatusOr<v1::Node> AwaitNewAgent(Context& context, const v1::Node& before) {
  Status last = absl::UnavailableError("the agent has not started anew");
  for (Duration waited{0}; waited < kRestartMax; waited += kLookAgain) {
    context.pause(kLookAgain);
    Agent agent(context);
    auto node = agent.Call(&NodeStub::GetNode, v1::GetNodeRequest());
    if (node.ok() && node->agent_epoch() != before.agent_epoch()) return node;
    if (node.ok() && node->ledger_id() != before.ledger_id()) return node;
    if (!node.ok()) last = node.status();
  }
  return last;
}

// `replace` asks for it; afterwards it is waited for until the next agent answers.
template <typename Replace>
ExitCode ReplaceLedger(Context& context, const char* doing, Replace replace) {
  Agent agent(context);
  const auto before = agent.Call(&NodeStub::GetNode, v1::GetNodeRequest());
  if (!before.ok()) return Fail(context, doing, before.status());
  if (const Status asked = replace(agent); !asked.ok()) return Fail(context, doing, asked);
  context.err << "The agent starts anew ...\n";
  const auto now = AwaitNewAgent(context, *before);
  if (!now.ok()) return Fail(context, doing, now.status());
  context.err << fmt::format(
      "It has ledger {} now; the one before is kept beside it, as *.replaced-*. Guests are adopted "
      "as libvirt tells of them: `berthctl instance list`.\n",
      now->ledger_id());
  return ExitCode::kOk;
}

ExitCode Rebuild(Context& context) {
  return ReplaceLedger(context, "ledger rebuild", [](Agent& agent) {
    return agent.Call(&NodeStub::RebuildLedger, v1::RebuildLedgerRequest()).status();
  });
}

ExitCode Restore(Context& context, const std::string& path) {
  return ReplaceLedger(context, "ledger restore", [&path](Agent& agent) {
    v1::RestoreLedgerRequest request;
    request.set_path(fs::absolute(path).lexically_normal().string());
    return agent.Call(&NodeStub::RestoreLedger, request).status();
  });
}

}  // namespace

void AddLedgerCheck(Command& ledger) {
  Command check = ledger.Sub("check", "Read all of the file, and say whether it is whole");
  check.Run(Check);
}

void AddLedgerExport(Command& ledger) {
  auto path = std::make_shared<std::string>();
  Command command = ledger.Sub("export", "Copy it, as it is now, to a file that is made");
  command.Positional("FILE", path.get(), "A file that is not there yet");
  command.Example("Example:\n  berthctl ledger export /var/backups/berth-$(date +%F).db");
  command.Run([path](Context& context) { return Export(context, *path); });
}

void AddLedgerRebuild(Command& ledger) {
  Command rebuild =
      ledger.Sub("rebuild", "Where it cannot be read: make a new one from the guests");
  rebuild.Example(
      "No guest is touched. Lost are request ids, operations, events, reservations, and what was\n"
      "updated since a guest's last start.");
  rebuild.Run(Rebuild);
}

void AddLedgerRestore(Command& ledger) {
  auto path = std::make_shared<std::string>();
  Command restore = ledger.Sub("restore", "Put a copy in its place, as `export` made it");
  restore.Positional("FILE", path.get(), "A file on the node");
  restore.Example(
      "No guest is touched: those that the copy does not know are adopted from what libvirt "
      "keeps.\n"
      "Example:\n  berthctl ledger restore /var/backups/berth-2026-11-27.db");
  restore.Run([path](Context& context) { return Restore(context, *path); });
}

}  // namespace berth::cli
