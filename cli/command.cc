// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <CLI/CLI.hpp>

namespace berth::cli {

Command Command::Sub(const std::string& name, const std::string& about) {
  app_->require_subcommand(1);
  CLI::App* app = app_->add_subcommand(name, about);
  return {*app, selected_};
}

void Command::Example(const std::string& text) {
  app_->footer(text + "\n\nThe options of `berthctl --help` may follow as well: --socket, -o, ...");
}

void Command::Flag(const std::string& names, bool* target, const std::string& help) {
  Show(app_->add_flag(names, *target, help), "");
}

void Command::Option(const std::string& names, const std::string& value, std::string* target,
                     const std::string& help) {
  Show(app_->add_option(names, *target, help), value);
}

void Command::Option(const std::string& names, const std::string& value,
                     std::optional<std::string>* target, const std::string& help) {
  Show(app_->add_option(names, *target, help), value);
}

void Command::Option(const std::string& names, const std::string& value, int64_t* target,
                     const std::string& help) {
  Show(app_->add_option(names, *target, help), value);
}

void Command::Option(const std::string& names, const std::string& value,
                     std::optional<int64_t>* target, const std::string& help) {
  Show(app_->add_option(names, *target, help), value);
}

void Command::Options(const std::string& names, const std::string& value,
                      std::vector<std::string>* target, const std::string& help) {
  Show(app_->add_option(names, *target, help)->allow_extra_args(false), value);
}

void Command::Positionals(const std::string& name, std::vector<std::string>* target,
                          const std::string& help) {
  app_->add_option(name, *target, help)->required()->type_name("");
}

void Command::Positional(const std::string& name, std::string* target, const std::string& help) {
  app_->add_option(name, *target, help)->required()->type_name("");
}

void Command::Run(Action action) {
  app_->callback([selected = selected_, action = std::move(action)] { *selected = action; });
}

void Command::Show(CLI::Option* option, const std::string& value) const {
  if (!value.empty()) option->type_name(value);
  if (!group_.empty()) option->group(group_);
}

}  // namespace berth::cli
