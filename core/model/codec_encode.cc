// SPDX-License-Identifier: Apache-2.0
// Writing. Times are milliseconds since 1970, enums their names (names.h), text is text, and bytes
// that are not UTF-8 (user-data may be anything) are {"hex": "…"}.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/model/codec.h"
#include "core/model/codec_fields.h"
#include "core/model/names.h"
#include "core/model/text.h"

namespace berth::model {
namespace {

using Json = nlohmann::ordered_json;  // Keeps the order of codec_fields.h, for the reader's sake.

std::string ToHex(std::string_view bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes)
    fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(c));
  return hex;
}

Json ToJson(const std::string& v) { return IsUtf8(v) ? Json(v) : Json{{"hex", ToHex(v)}}; }
Json ToJson(bool v) { return v; }
Json ToJson(int32_t v) { return v; }
Json ToJson(int64_t v) { return v; }
Json ToJson(Duration v) { return v.count(); }
Json ToJson(WallTime v) { return v.time_since_epoch().count(); }
Json ToJson(const CpuSet& v) { return ToCpuList(v); }
Json ToJson(const std::pair<int, int>& v) { return Json::array({v.first, v.second}); }
Json ToJson(StatusCode v) { return std::string(CodeName(v)); }

template <typename Enum>
requires std::is_enum_v<Enum> Json ToJson(Enum v) { return std::string(Name(v)); }

Json ToJson(const std::map<std::string, std::string>& v) {
  Json pairs = Json::array();
  for (const auto& [key, value] : v) pairs.push_back(Json::array({ToJson(key), ToJson(value)}));
  return pairs;
}

struct Encoder {
  Json object = Json::object();
  template <typename T>
  void operator()(const char* name, const T& member);
};

template <typename T>
requires requires(Encoder& e, const T& v) { Fields(e, v); }
Json ToJson(const T& v) {
  Encoder encoder;
  Fields(encoder, v);
  return std::move(encoder.object);
}

template <typename T>
Json ToJson(const std::optional<T>& v) {
  return v ? ToJson(*v) : Json(nullptr);
}

template <typename T>
Json ToJson(const std::vector<T>& v) {
  Json array = Json::array();
  for (const T& item : v) array.push_back(ToJson(item));
  return array;
}

template <typename T>
void Encoder::operator()(const char* name, const T& member) {
  object.emplace(name, ToJson(member));
}

template <typename T>
std::string EncodeAny(const T& value) {
  return ToJson(value).dump();
}

}  // namespace

std::string Encode(const InstanceSpec& spec) { return EncodeAny(spec); }
std::string Encode(const InstanceRecord& record) { return EncodeAny(record); }
std::string Encode(const Operation& operation) { return EncodeAny(operation); }
std::string Encode(const Claim& claim) { return EncodeAny(claim); }
std::string Encode(const Reservation& reservation) { return EncodeAny(reservation); }
std::string Encode(const BatchOutcome& outcome) { return EncodeAny(outcome); }

}  // namespace berth::model
