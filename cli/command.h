// SPDX-License-Identifier: Apache-2.0
// The command tree, in the words that commands need. The library behind it (CLI11) is named only in
// command.cc and command_line.cc: its headers are slow to compile, and its exceptions end there.
//
// A command's file declares its options as members of a struct kept alive by the action, and the
// action runs after the whole line has been parsed:
//
//   void AddInstanceStop(Command& parent) {
//     auto args = std::make_shared<StopArgs>();
//     Command stop = parent.Sub("stop", "Stop instances");
//     stop.Positionals("ID", &args->ids, "Ids or names");
//     stop.Run([args](Context& context) { return Stop(context, *args); });
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace berth::cli {

using Action = std::function<ExitCode(Context&)>;

// One word of the command line. A light handle: copies mean the same command. The targets of
// options outlive the parsing and the action.
class Command {
 public:
  // `selected` receives the action of the command that was named.
  Command(CLI::App& app, Action* selected) : app_(&app), selected_(selected) {}

  // A command below this one; this one then needs one of them.
  Command Sub(const std::string& name, const std::string& about);
  // Shown below the options in --help.
  void Example(const std::string& text);
  // The options declared from now on stand under this title in --help.
  void Group(const std::string& title) { group_ = title; }

  // `names` as in "-f,--force".
  void Flag(const std::string& names, bool* target, const std::string& help);
  // `value` is how the value is called in --help: "SIZE".
  void Option(const std::string& names, const std::string& value, std::string* target,
              const std::string& help);
  void Option(const std::string& names, const std::string& value,
              std::optional<std::string>* target, const std::string& help);
  void Option(const std::string& names, const std::string& value, int64_t* target,
              const std::string& help);
  void Option(const std::string& names, const std::string& value, std::optional<int64_t>* target,
              const std::string& help);
  // May be given many times, one value each.
  void Options(const std::string& names, const std::string& value, std::vector<std::string>* target,
               const std::string& help);
  // One or more words after the command.
  void Positionals(const std::string& name, std::vector<std::string>* target,
                   const std::string& help);
  // Exactly one word.
  void Positional(const std::string& name, std::string* target, const std::string& help);

  void Run(Action action);

 private:
  void Show(CLI::Option* option, const std::string& value) const;

  CLI::App* app_;
  Action* selected_;
  std::string group_;
};

}  // namespace berth::cli
