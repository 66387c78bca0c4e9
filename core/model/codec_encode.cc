// SPDX-License-Identifier: Apache-2.0
// Writing, straight into the text: a ledger under load does little else, and a document built first
// was half of its time. Times are milliseconds since 1970, enums their names (names.h), text is
// text, and bytes that are not UTF-8 (user-data may be anything) are {"hex": "…"}.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/model/codec.h"
#include "core/model/codec_fields.h"
#include "core/model/names.h"
#include "core/model/text.h"

namespace berth::model {
namespace {

using std::string;

// In the order of codec_fields.h, for the reader's sake.
struct Encoder {
  string& out;
  char before = '{';
  template <typename T>
  void operator()(const char* name, const T& member);
};

bool IsPlain(const string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E ||
           c == '"' || c == '\\';
  });
}

void Quote(string& out, std::string_view plain) {
  out += '"';
  out += plain;
  out += '"';
}

void Write(string& out, const string& v) {
  if (IsPlain(v)) return Quote(out, v);
  if (IsUtf8(v)) {
    out += nlohmann::json(v).dump();  // With its escapes.
    return;
  }
  out += R"({"hex":")";
  for (const char c : v)
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  out += R"("})";
}
void Write(string& out, bool v) { out += v ? "true" : "false"; }
void Write(string& out, int64_t v) {
  const fmt::format_int text(v);
  out.append(text.data(), text.size());
}
void Write(string& out, int32_t v) { Write(out, int64_t{v}); }
void Write(string& out, Duration v) { Write(out, int64_t{v.count()}); }
void Write(string& out, WallTime v) { Write(out, int64_t{v.time_since_epoch().count()}); }
void Write(string& out, const CpuSet& v) { Quote(out, ToCpuList(v)); }
void Write(string& out, StatusCode v) { Quote(out, CodeName(v)); }
void Write(string& out, const std::pair<int, int>& v) {
  fmt::format_to(std::back_inserter(out), "[{},{}]", v.first, v.second);
}

template <typename Enum>
requires std::is_enum_v<Enum>
void Write(string& out, Enum v) { Quote(out, Name(v)); }

template <typename T>
requires requires(Encoder& e, const T& v) { Fields(e, v); }
void Write(string& out, const T& v) {
  Encoder encoder{out};
  Fields(encoder, v);
  out += '}';  // Each type has a member.
}

// `write` each of `range`, as an array.
template <typename Range, typename WriteOne>
void WriteArray(string& out, const Range& range, WriteOne write) {
  out += '[';
  bool first = true;
  for (const auto& item : range) {
    if (!std::exchange(first, false)) out += ',';
    write(item);
  }
  out += ']';
}

void Write(string& out, const std::map<string, string>& v) {
  WriteArray(out, v, [&](const auto& pair) {
    out += '[';
    Write(out, pair.first);
    out += ',';
    Write(out, pair.second);
    out += ']';
  });
}

template <typename T>
void Write(string& out, const std::optional<T>& v) {
  if (v)
    Write(out, *v);
  else
    out += "null";
}

template <typename T>
void Write(string& out, const std::vector<T>& v) {
  WriteArray(out, v, [&](const T& item) { Write(out, item); });
}

template <typename T>
void Encoder::operator()(const char* name, const T& member) {
  out += std::exchange(before, ',');
  Quote(out, name);
  out += ':';
  Write(out, member);
}

template <typename T>
string EncodeAny(const T& value) {
  constexpr size_t kUsual = 1536;
  string out;
  out.reserve(kUsual);
  Write(out, value);
  return out;
}

}  // namespace

std::string Encode(const InstanceSpec& spec) { return EncodeAny(spec); }
std::string Encode(const InstanceRecord& record) { return EncodeAny(record); }
std::string Encode(const Operation& operation) { return EncodeAny(operation); }
std::string Encode(const Claim& claim) { return EncodeAny(claim); }
std::string Encode(const Reservation& reservation) { return EncodeAny(reservation); }
std::string Encode(const Image& image) { return EncodeAny(image); }
std::string Encode(const BatchOutcome& outcome) { return EncodeAny(outcome); }
std::string Encode(const Event& event) { return EncodeAny(event); }

}  // namespace berth::model
