// SPDX-License-Identifier: Apache-2.0
#include "core/model/names.h"

#include <array>

#include "core/base/check.h"

namespace berth::model {
namespace {

using std::string_view;

// One table per enum, in the order of its values.
template <typename Enum>
struct Table;

template <>
struct Table<CpuPolicy> {
  static constexpr std::array kNames = {string_view("shared"), string_view("dedicated"),
                                        string_view("mixed")};
};
template <>
struct Table<SmtPolicy> {
  static constexpr std::array kNames = {string_view("prefer"), string_view("require"),
                                        string_view("isolate")};
};
template <>
struct Table<CoreSharing> {
  static constexpr std::array kNames = {string_view("same_tenant"), string_view("none"),
                                        string_view("any")};
};
template <>
struct Table<EmulatorPolicy> {
  static constexpr std::array kNames = {string_view("shared"), string_view("isolate")};
};
template <>
struct Table<Affinity> {
  static constexpr std::array kNames = {string_view("preferred"), string_view("required"),
                                        string_view("none")};
};
template <>
struct Table<PageSize::Kind> {
  static constexpr std::array kNames = {string_view("small"), string_view("large"),
                                        string_view("any"), string_view("exact")};
};
template <>
struct Table<Numa::Kind> {
  static constexpr std::array kNames = {string_view("auto"), string_view("equal"),
                                        string_view("explicit")};
};
template <>
struct Table<CpuModelPolicy> {
  static constexpr std::array kNames = {string_view("default"), string_view("host_passthrough"),
                                        string_view("host_model"), string_view("named")};
};
template <>
struct Table<ShutdownBehavior> {
  static constexpr std::array kNames = {string_view("stop"), string_view("terminate")};
};
template <>
struct Table<CrashBehavior> {
  static constexpr std::array kNames = {string_view("stop"), string_view("restart"),
                                        string_view("dump_and_stop")};
};
template <>
struct Table<InstanceState> {
  static constexpr std::array kNames = {string_view("PENDING"),       string_view("RUNNING"),
                                        string_view("STOPPING"),      string_view("STOPPED"),
                                        string_view("SHUTTING_DOWN"), string_view("TERMINATED")};
};
template <>
struct Table<Intent> {
  static constexpr std::array kNames = {string_view("RUNNING"), string_view("STOPPED"),
                                        string_view("TERMINATED")};
};
template <>
struct Table<ClaimOwner> {
  static constexpr std::array kNames = {string_view("instance"), string_view("reservation"),
                                        string_view("foreign_guest"), string_view("image")};
};
template <>
struct Table<ReservationState> {
  static constexpr std::array kNames = {string_view("HELD"), string_view("COMMITTED"),
                                        string_view("RELEASED"), string_view("EXPIRED")};
};
template <>
struct Table<ImageState> {
  static constexpr std::array kNames = {string_view("PENDING"), string_view("AVAILABLE"),
                                        string_view("FAILED"), string_view("EVICTED")};
};
template <>
struct Table<OperationKind> {
  static constexpr std::array kNames = {string_view("create"),     string_view("start"),
                                        string_view("stop"),       string_view("reboot"),
                                        string_view("terminate"),  string_view("resize"),
                                        string_view("pull_image"), string_view("import_image")};
};
template <>
struct Table<OperationState> {
  static constexpr std::array kNames = {string_view("running"), string_view("undoing"),
                                        string_view("succeeded"), string_view("failed"),
                                        string_view("cancelled")};
};
template <>
struct Table<StepKind> {
  static constexpr std::array kNames = {
      string_view("check_image"), string_view("create_disk"),  string_view("create_seed"),
      string_view("define"),      string_view("start_paused"), string_view("verify"),
      string_view("resume"),      string_view("ask_shutdown"), string_view("await_shutdown"),
      string_view("destroy"),     string_view("ask_reboot"),   string_view("await_reboot"),
      string_view("reset"),       string_view("dump"),         string_view("back_off"),
      string_view("undefine"),    string_view("delete_files"), string_view("download"),
      string_view("copy"),        string_view("publish")};
};
template <>
struct Table<StepState> {
  static constexpr std::array kNames = {
      string_view("pending"), string_view("running"), string_view("done"),  string_view("skipped"),
      string_view("failed"),  string_view("undoing"), string_view("undone")};
};

template <typename Enum>
string_view NameIn(Enum value) {
  const auto index = static_cast<size_t>(value);
  BERTH_CHECK(index < Table<Enum>::kNames.size(), "an enum holds none of its values");
  return Table<Enum>::kNames[index];
}

template <typename Enum>
std::optional<Enum> ValueIn(string_view name) {
  for (size_t i = 0; i < Table<Enum>::kNames.size(); ++i)
    if (Table<Enum>::kNames[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

#define BERTH_ENUM_NAMES(Enum)                           \
  string_view Name(Enum value) { return NameIn(value); } \
  template <>                                            \
  std::optional<Enum> FromName<Enum>(string_view name) { \
    return ValueIn<Enum>(name);                          \
  }
BERTH_ENUM_NAMES(CpuPolicy)
BERTH_ENUM_NAMES(SmtPolicy)
BERTH_ENUM_NAMES(CoreSharing)
BERTH_ENUM_NAMES(EmulatorPolicy)
BERTH_ENUM_NAMES(Affinity)
BERTH_ENUM_NAMES(PageSize::Kind)
BERTH_ENUM_NAMES(Numa::Kind)
BERTH_ENUM_NAMES(CpuModelPolicy)
BERTH_ENUM_NAMES(ShutdownBehavior)
BERTH_ENUM_NAMES(CrashBehavior)
BERTH_ENUM_NAMES(InstanceState)
BERTH_ENUM_NAMES(Intent)
BERTH_ENUM_NAMES(ClaimOwner)
BERTH_ENUM_NAMES(ReservationState)
BERTH_ENUM_NAMES(ImageState)
BERTH_ENUM_NAMES(OperationKind)
BERTH_ENUM_NAMES(OperationState)
BERTH_ENUM_NAMES(StepKind)
BERTH_ENUM_NAMES(StepState)
#undef BERTH_ENUM_NAMES

}  // namespace berth::model
