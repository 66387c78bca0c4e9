// SPDX-License-Identifier: Apache-2.0
// Reading what codec_encode.cc writes, and nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/model/codec.h"
#include "core/model/codec_fields.h"
#include "core/model/names.h"

namespace berth::model {
namespace {

using Json = nlohmann::ordered_json;

// Where the decoder is, and the first fault it met; after a fault the rest is read as it comes.
struct Cursor {
  Missing missing = Missing::kRefused;
  std::string path{};
  std::string fault{};

  void Fail(std::string_view what) {
    if (fault.empty()) fault = fmt::format("{}: {}", path.empty() ? "the text" : path, what);
  }
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool FromHex(const std::string& hex, std::string& bytes) {
  if (hex.size() % 2 != 0) return false;
  bytes.clear();
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexDigit(hex[i]);
    const int low = HexDigit(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return true;
}

void FromJson(const Json& json, std::string& out, Cursor& at) {
  if (json.is_string()) {
    out = json.get<std::string>();
    return;
  }
  const bool hex = json.is_object() && json.size() == 1 && json.contains("hex") &&
                   json.at("hex").is_string() && FromHex(json.at("hex").get<std::string>(), out);
  if (!hex) at.Fail("not a string");
}

void FromJson(const Json& json, bool& out, Cursor& at) {
  if (!json.is_boolean()) return at.Fail("not true or false");
  out = json.get<bool>();
}

void FromJson(const Json& json, int64_t& out, Cursor& at) {
  const bool too_large =
      json.is_number_unsigned() &&
      json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (!json.is_number_integer() || too_large) return at.Fail("not a 64-bit integer");
  out = json.get<int64_t>();
}

void FromJson(const Json& json, int32_t& out, Cursor& at) {
  int64_t wide = 0;
  FromJson(json, wide, at);
  if (wide < std::numeric_limits<int32_t>::min() || wide > std::numeric_limits<int32_t>::max())
    return at.Fail("not a 32-bit integer");
  out = static_cast<int32_t>(wide);
}

void FromJson(const Json& json, CpuSet& out, Cursor& at) {
  const auto cpus =
      json.is_string() ? ParseCpuList(json.get<std::string>()) : std::optional<CpuSet>();
  if (!cpus) return at.Fail("not a list of CPUs");
  out = *cpus;
}

void FromJson(const Json& json, std::pair<int, int>& out, Cursor& at) {
  if (!json.is_array() || json.size() != 2) return at.Fail("not a pair");
  FromJson(json.at(0), out.first, at);
  FromJson(json.at(1), out.second, at);
}

void FromJson(const Json& json, Duration& out, Cursor& at) {
  int64_t count = 0;
  FromJson(json, count, at);
  out = Duration(count);
}

void FromJson(const Json& json, WallTime& out, Cursor& at) {
  Duration since_epoch{0};
  FromJson(json, since_epoch, at);
  out = WallTime(since_epoch);
}

void FromJson(const Json& json, StatusCode& out, Cursor& at) {
  for (int code = 0; code <= static_cast<int>(StatusCode::kUnauthenticated); ++code) {
    if (!json.is_string() || json.get<std::string>() != CodeName(static_cast<StatusCode>(code)))
      continue;
    out = static_cast<StatusCode>(code);
    return;
  }
  at.Fail("not the name of a status code");
}

template <typename Enum>
requires std::is_enum_v<Enum>
void FromJson(const Json& json, Enum& out, Cursor& at) {
  const auto value =
      json.is_string() ? FromName<Enum>(json.get<std::string>()) : std::optional<Enum>();
  if (!value) return at.Fail("not one of the known names");
  out = *value;
}

void FromJson(const Json& json, std::map<std::string, std::string>& out, Cursor& at) {
  if (!json.is_array()) return at.Fail("not a list of pairs");
  for (const Json& pair : json) {
    if (!pair.is_array() || pair.size() != 2) return at.Fail("not a list of pairs");
    std::string key;
    FromJson(pair.at(0), key, at);
    FromJson(pair.at(1), out[key], at);
  }
}

// Visits the members of one object; counts them, so that one it does not know shows.
struct Decoder {
  const Json& object;
  Cursor& at;
  std::vector<std::string_view> known{};

  template <typename T>
  void operator()(const char* name, T& member);

  void RefuseUnknown() {
    for (const auto& [name, value] : object.items())
      if (std::find(known.begin(), known.end(), name) == known.end())
        at.Fail(fmt::format("unknown member \"{}\"", name));
  }
};

template <typename T>
requires requires(Decoder& d, T& v) { Fields(d, v); }
void FromJson(const Json& json, T& out, Cursor& at) {
  if (!json.is_object()) return at.Fail("not an object");
  Decoder decoder{json, at};
  Fields(decoder, out);
  decoder.RefuseUnknown();
}

template <typename T>
void FromJson(const Json& json, std::optional<T>& out, Cursor& at) {
  if (json.is_null()) {
    out.reset();
    return;
  }
  FromJson(json, out.emplace(), at);
}

template <typename T>
void FromJson(const Json& json, std::vector<T>& out, Cursor& at) {
  if (!json.is_array()) return at.Fail("not a list");
  const std::string path = at.path;
  for (const Json& item : json) {
    at.path = fmt::format("{}[{}]", path, out.size());
    FromJson(item, out.emplace_back(), at);
  }
  at.path = path;
}

template <typename T>
void Decoder::operator()(const char* name, T& member) {
  known.emplace_back(name);
  const size_t outer = at.path.size();
  at.path += fmt::format("{}{}", outer == 0 ? "" : ".", name);
  const auto it = object.find(name);
  if (it != object.end())
    FromJson(*it, member, at);
  else if (at.missing == Missing::kRefused)
    at.Fail("missing");
  at.path.resize(outer);
}

template <typename T>
StatusOr<T> DecodeAny(std::string_view what, std::string_view text,
                      Missing missing = Missing::kRefused) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Cursor at{missing};
  T value;
  if (json.is_discarded())
    at.Fail("not JSON");
  else
    FromJson(json, value, at);
  if (at.fault.empty()) return value;
  return absl::DataLossError(fmt::format("decoding {}: {}", what, at.fault));
}

}  // namespace

StatusOr<InstanceSpec> DecodeInstanceSpec(std::string_view text) {
  return DecodeAny<InstanceSpec>("instance spec", text);
}
StatusOr<InstanceRecord> DecodeInstanceRecord(std::string_view text, Missing missing) {
  return DecodeAny<InstanceRecord>("instance record", text, missing);
}
StatusOr<Operation> DecodeOperation(std::string_view text) {
  return DecodeAny<Operation>("operation", text);
}
StatusOr<Claim> DecodeClaim(std::string_view text) { return DecodeAny<Claim>("claim", text); }
StatusOr<Reservation> DecodeReservation(std::string_view text) {
  return DecodeAny<Reservation>("reservation", text);
}
StatusOr<Image> DecodeImage(std::string_view text) { return DecodeAny<Image>("image", text); }
StatusOr<BatchOutcome> DecodeBatchOutcome(std::string_view text) {
  return DecodeAny<BatchOutcome>("batch outcome", text);
}
StatusOr<Event> DecodeEvent(std::string_view text) { return DecodeAny<Event>("event", text); }

}  // namespace berth::model
