// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/sizes.h"

namespace berth::cli {
namespace {

constexpr char kTopHelp[] =
    "Asks the berthd on this host, over its local socket.\n\n"
    "First steps:\n"
    "  berthctl doctor                    is this host fit for it?\n"
    "  berthctl node get                  what it has, and what is given out\n"
    "  berthctl types                     shapes of instances\n"
    "  berthctl instance create --type t1.micro --image debian.qcow2 --wait\n\n"
    "Exit status: 0 done, 1 refused or failed, 2 bad command line, 3 no agent answers.";

// What the global options hold before they are understood.
struct GlobalTexts {
  std::string format = "table";
  std::string timeout = "30s";
  bool no_colour = false;
};

void AddGlobalOptions(CLI::App& app, GlobalOptions& options, GlobalTexts& texts) {
  app.set_version_flag("--version", "berthctl " BERTH_VERSION);
  app.add_option("--socket", options.socket, "The agent's socket")
      ->envname("BERTH_SOCKET")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("-o,--output", texts.format, "How results are written: table, wide or json")
      ->type_name("FORMAT")
      ->capture_default_str();
  app.add_option("--timeout", texts.timeout, "How long a call may take (--wait has its own)")
      ->type_name("TIME")
      ->capture_default_str();
  app.add_flag("--no-color,--no-colour", texts.no_colour, "No colour, also on a terminal");
}

void AddCommands(Command top) {
  Command instance = top.Sub("instance", "Create, list and change instances");
  AddInstanceCreate(instance);
  AddInstanceList(instance);
  AddInstanceGet(instance);
  AddInstanceStart(instance);
  AddInstanceStop(instance);
  AddInstanceReboot(instance);
  AddInstanceTerminate(instance);
  AddInstanceResize(instance);
  AddInstanceUpdate(instance);
  AddInstanceInterrupt(instance);
  AddInstanceConsoleLog(instance);
  Command node = top.Sub("node", "The node that the agent runs on");
  AddNodeGet(node);
  AddNodeLedger(node);
  AddNodeHeadroom(node);
  AddNodeExport(node);
  Command reservation = top.Sub("reservation", "Room held for an instance until a deadline");
  AddReservationCreate(reservation);
  AddReservationList(reservation);
  AddReservationGet(reservation);
  AddReservationRelease(reservation);
  Command image = top.Sub("image", "The cache of images that disks are made of");
  AddImagePull(image);
  AddImageImport(image);
  AddImageList(image);
  AddImageGet(image);
  AddImageDelete(image);
  Command ledger = top.Sub("ledger", "The agent's book of instances and claims, as a file");
  AddLedgerCheck(ledger);
  AddLedgerExport(ledger);
  AddLedgerRebuild(ledger);
  AddLedgerRestore(ledger);
  AddTypes(top);
  AddEvents(top);
  Command operation = top.Sub("operation", "Work that goes on after its call has answered");
  AddOperationList(operation);
  AddOperationGet(operation);
  AddOperationWait(operation);
  AddOperationCancel(operation);
  AddDoctor(top);
  AddPlan(top);
}

// The command that was being parsed, as far as it was understood.
const CLI::App& DeepestParsed(const CLI::App& top) {
  const CLI::App* app = &top;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().back();
  return *app;
}

std::string PathOf(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "berthctl";
  return PathOf(*app.get_parent()) + " " + app.get_name();
}

std::string CommandsBelow(const CLI::App& app) {
  std::string names;
  for (const CLI::App* sub : app.get_subcommands(nullptr))
    names += (names.empty() ? "" : ", ") + sub->get_name();
  return names;
}

// What is wrong, better than the parser says it where a command is missing or unknown.
std::string Explain(const CLI::App& at, const CLI::App& top, const CLI::ParseError& error) {
  const bool needs_command = !at.get_subcommands(nullptr).empty();
  if (!needs_command) return error.what();
  for (const std::string& word : top.remaining(true))
    if (word.rfind('-', 0) != 0)
      return fmt::format("there is no command '{}'; there are: {}", word, CommandsBelow(at));
  for (const std::string& word : top.remaining(true))
    return fmt::format("there is no option '{}' here", word);
  return fmt::format("a command is missing; there are: {}", CommandsBelow(at));
}

ExitCode Refuse(Context& context, const std::string& command, const std::string& why) {
  context.err << fmt::format("{}: {}\nsee: {} --help\n", command, why, command);
  return ExitCode::kUsage;
}

// "" if the global options are understood, else why not.
std::string TakeGlobalOptions(const GlobalTexts& texts, Context& context) {
  if (texts.format == "json") {
    context.options.format = Format::kJson;
  } else if (texts.format == "wide") {
    context.options.format = Format::kWide;
  } else if (texts.format != "table") {
    return fmt::format("-o {}: it is one of table, wide, json", texts.format);
  }
  const StatusOr<Duration> timeout = ParseDuration(texts.timeout);
  if (!timeout.ok())
    return fmt::format("--timeout {}: {}", texts.timeout, MessageOf(timeout.status()));
  if (timeout->count() == 0) return "--timeout: must be more than 0";
  context.options.timeout = *timeout;
  if (texts.no_colour) context.colour = false;
  return "";
}

}  // namespace

ExitCode RunCommandLine(const std::vector<std::string>& words, Context& context) {
  CLI::App app("berthctl: instances on this host", "berthctl");
  app.footer(kTopHelp);
  app.fallthrough();
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  GlobalTexts texts;
  Action selected;
  AddGlobalOptions(app, context.options, texts);
  AddCommands(Command(app, &selected));
  if (words.empty()) {
    context.err << app.help();
    return ExitCode::kUsage;
  }
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // As the parser takes them.
  try {
    app.parse(reversed);
  } catch (const CLI::Success& help) {
    app.exit(help, context.out, context.err);
    return ExitCode::kOk;
  } catch (const CLI::ParseError& error) {
    const CLI::App& at = DeepestParsed(app);
    return Refuse(context, PathOf(at), Explain(at, app, error));
  }
  if (const std::string why = TakeGlobalOptions(texts, context); !why.empty())
    return Refuse(context, "berthctl", why);
  return selected(context);
}

}  // namespace berth::cli
