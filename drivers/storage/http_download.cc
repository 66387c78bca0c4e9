// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/http_download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/storage/partial_file.h"

namespace berth {
namespace {

// A source that lets each connection break after a few bytes would keep us for ever.
constexpr int kBreaksMax = 100;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// What one answer says of itself.
struct Answer {
  int64_t status = 0;
  std::map<std::string, std::string> headers;  // Names in lower case.

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  // By RFC 9110 a weak tag does not vouch for every byte.
  std::string Validator() const {
    std::string tag = Header("etag");
    if (!tag.empty() && !tag.starts_with("W/")) return tag;
    return Header("last-modified");
  }
  // "bytes 100-199/200" or "bytes */200".
  struct Range {
    std::optional<int64_t> first;
    std::optional<int64_t> total;
  };
  Range ContentRange() const {
    const std::string header = Header("content-range");
    std::string_view text = header;
    if (!text.starts_with("bytes ")) return {};
    text.remove_prefix(6);
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return {};
    return {Number(text.substr(0, text.find('-'))), Number(text.substr(slash + 1))};
  }
};

class Download {
 public:
  Download(const HttpSource& source, const std::string& boot_id, const HttpLimits& limits,
           Transfer& transfer, PartialFile file)
      : source_(source),
        boot_id_(boot_id),
        limits_(limits),
        transfer_(transfer),
        file_(std::move(file)) {}

  Status Run();
  StatusOr<Downloaded> Finish();

 private:
  Status Connect();
  Status Once(CURL* handle);
  void Ask(CURL* handle);
  Headers RangeOf() const;
  bool MayGoOn() const;

  bool AnswerBegins();
  Status Accept();
  Status Refused() const;
  Status Judge(CURLcode code);
  Status Broken(CURLcode code) const;
  Status AfterAll();
  Status Fail(StatusCode code, std::string_view why) const;

  size_t OnHeader(std::string_view line);
  size_t OnBytes(std::string_view bytes);
  int OnProgress();
  template <typename Value>
  static void Set(CURL* handle, CURLoption option, Value value);

  const HttpSource& source_;
  const std::string& boot_id_;
  const HttpLimits& limits_;
  Transfer& transfer_;
  PartialFile file_;
  std::optional<int64_t> total_;

  // Of the answer that comes now.
  Answer answer_;
  bool accepted_ = false;
  Status fault_;  // Ours, that ended it.
  std::array<char, CURL_ERROR_SIZE> words_{};
};

template <typename Value>
void Download::Set(CURL* handle, CURLoption option, Value value) {
  // Fails where memory does, and for options that this libcurl does not have.
  BERTH_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK, "libcurl takes the option");
}

Status Download::Fail(StatusCode code, std::string_view why) const {
  ErrorDetails details{.reason = reasons::kImageSourceUnavailable,
                       .metadata = {{"url", source_.url}}};
  if (answer_.status > 0) details.metadata["status"] = std::to_string(answer_.status);
  return MakeError(code, fmt::format("{}: {}", source_.url, why), std::move(details));
}

bool Download::MayGoOn() const {
  if (file_.size() == 0 || file_.part_of().url != source_.url) return false;
  if (source_.checked) return true;
  return file_.part_of().boot_id == boot_id_ && !file_.part_of().validator.empty();
}

Headers Download::RangeOf() const {
  if (!MayGoOn()) return nullptr;
  Headers headers(
      curl_slist_append(nullptr, fmt::format("Range: bytes={}-", file_.size()).c_str()));
  const std::string& validator = file_.part_of().validator;
  if (!validator.empty())
    curl_slist_append(headers.get(), fmt::format("If-Range: {}", validator).c_str());
  return headers;
}

void Download::Ask(CURL* handle) {
  const bool encrypted = source_.url.starts_with("https:");
  Set(handle, CURLOPT_URL, source_.url.c_str());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  // What was to come encrypted does not come otherwise.
  Set(handle, CURLOPT_REDIR_PROTOCOLS_STR, encrypted ? "https" : "http,https");
  Set(handle, CURLOPT_FOLLOWLOCATION, 1L);
  Set(handle, CURLOPT_MAXREDIRS, static_cast<long>(limits_.redirects));
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  Set(handle, CURLOPT_USERAGENT, "berthd");
  Set(handle, CURLOPT_ERRORBUFFER, words_.data());
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
  Set(handle, CURLOPT_NOPROGRESS, 0L);
  Set(handle, CURLOPT_XFERINFODATA, this);
  Set(
      handle, CURLOPT_XFERINFOFUNCTION,
      +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<Download*>(self)->OnProgress();
      });
  Set(handle, CURLOPT_HEADERDATA, this);
  Set(
      handle, CURLOPT_HEADERFUNCTION, +[](char* data, size_t, size_t size, void* self) {
        return static_cast<Download*>(self)->OnHeader({data, size});
      });
  Set(handle, CURLOPT_WRITEDATA, this);
  Set(
      handle, CURLOPT_WRITEFUNCTION, +[](char* data, size_t, size_t size, void* self) {
        return static_cast<Download*>(self)->OnBytes({data, size});
      });
}

// A redirect has headers of its own: each answer begins with its status line.
size_t Download::OnHeader(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    answer_ = Answer();
    answer_.status = Number(line.substr(std::min(line.find(' ') + 1, line.size()), 3)).value_or(0);
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    answer_.headers[Lower(line.substr(0, colon))] = Trimmed(line.substr(colon + 1));
  return line.size();
}

// libcurl calls this about once a second also while nothing comes. Its own limit on slowness goes
// by an average, and is late.
int Download::OnProgress() {
  if (transfer_.cancelled()) return 1;
  if (transfer_.silence() < limits_.stall) return 0;
  fault_ = Fail(StatusCode::kUnavailable, fmt::format("nothing has come for {} ms, after {} bytes",
                                                      limits_.stall.count(), file_.size()));
  return 1;
}

size_t Download::OnBytes(std::string_view bytes) {
  if (!AnswerBegins()) return CURL_WRITEFUNC_ERROR;
  if (file_.size() + static_cast<int64_t>(bytes.size()) > limits_.bytes_max)
    fault_ = MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid,
                       fmt::format("{}: it has more than {} bytes, which is the most that is taken",
                                   source_.url, limits_.bytes_max));
  if (fault_.ok()) fault_ = file_.Append(bytes);
  if (!fault_.ok()) return CURL_WRITEFUNC_ERROR;
  transfer_.Tell(file_.size(), total_);
  return bytes.size();
}

// Looks at the answer when its first byte, or its end, is there. False: it is not taken.
bool Download::AnswerBegins() {
  if (accepted_) return true;
  fault_ = Accept();
  accepted_ = fault_.ok();
  return accepted_;
}

Status Download::Accept() {
  if (answer_.status == 206) {
    const Answer::Range range = answer_.ContentRange();
    if (range.first != file_.size()) {
      // It is of no use; the next call begins anew.
      BERTH_RETURN_IF_ERROR(file_.Begin({}));
      return Fail(StatusCode::kUnavailable, "it answered with another part than was asked for");
    }
    total_ = range.total;
    return OkStatus();
  }
  if (answer_.status != 200) return Refused();
  total_ = Number(answer_.Header("content-length"));
  return file_.Begin({source_.url, answer_.Validator(), boot_id_});
}

Status Download::Refused() const {
  const bool later = answer_.status >= 500 || answer_.status == 408 || answer_.status == 429;
  return Fail(later ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
              fmt::format("it answered with status {}", answer_.status));
}

Status Download::Broken(CURLcode code) const {
  const std::string words = words_[0] != '\0' ? words_.data() : curl_easy_strerror(code);
  switch (code) {
    case CURLE_TOO_MANY_REDIRECTS:
      return Fail(StatusCode::kFailedPrecondition,
                  fmt::format("it redirects more than {} times", limits_.redirects));
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Fail(StatusCode::kFailedPrecondition,
                  fmt::format("it redirects to what is not taken: {}", words));
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Fail(StatusCode::kFailedPrecondition, words);
    default:
      return Fail(StatusCode::kUnavailable, fmt::format("{} after {} bytes", words, file_.size()));
  }
}

Status Download::Judge(CURLcode code) {
  if (!fault_.ok()) return fault_;
  if (transfer_.cancelled())
    return MakeError(StatusCode::kCancelled, reasons::kOperationCancelled, "cancelled by request");
  if (code == CURLE_OK && answer_.status == 416 && file_.size() > 0) return AfterAll();
  if (code != CURLE_OK) return Broken(code);
  if (!AnswerBegins()) return fault_;
  if (total_ && file_.size() != *total_)
    return Fail(StatusCode::kUnavailable,
                fmt::format("it ended after {} of {} bytes", file_.size(), *total_));
  if (file_.size() == 0)
    return MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid,
                     fmt::format("{}: it is empty", source_.url));
  return OkStatus();
}

// There is nothing behind what we have: it is whole, or the source is another by now.
Status Download::AfterAll() {
  if (answer_.ContentRange().total == file_.size()) return OkStatus();
  BERTH_RETURN_IF_ERROR(file_.Begin({}));
  return Fail(StatusCode::kUnavailable, "it has changed since the download began");
}

Status Download::Once(CURL* handle) {
  answer_ = Answer();
  accepted_ = false;
  fault_ = OkStatus();
  words_[0] = '\0';
  transfer_.Tell(file_.size(), total_);
  const Headers range = RangeOf();
  Set(handle, CURLOPT_HTTPHEADER, range.get());
  return Judge(curl_easy_perform(handle));
}

Status Download::Run() {
  const Easy handle(curl_easy_init());
  if (handle == nullptr) return Status(StatusCode::kInternal, "libcurl would not start");
  Ask(handle.get());
  int64_t furthest = MayGoOn() ? file_.size() : 0;
  for (int breaks = 0;; ++breaks) {
    Status status = Once(handle.get());
    const bool moved = file_.size() > std::exchange(furthest, std::max(furthest, file_.size()));
    if (status.code() != StatusCode::kUnavailable || !moved || breaks >= kBreaksMax) return status;
  }
}

StatusOr<Downloaded> Download::Finish() {
  BERTH_ASSIGN_OR_RETURN(Digests digests, file_.Finish());
  transfer_.Tell(file_.size(), file_.size());
  return Downloaded{file_.size(), std::move(digests)};
}

}  // namespace

StatusOr<Downloaded> DownloadHttp(const HttpSource& source, const std::string& path,
                                  const std::string& boot_id, const HttpLimits& limits,
                                  Transfer& transfer) {
  BERTH_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(path));
  Download download(source, boot_id, limits, transfer, std::move(file));
  if (const Status status = download.Run(); !status.ok()) {
    if (ReasonOf(status) == reasons::kImageInvalid)
      BERTH_RETURN_IF_ERROR(PartialFile::Remove(path));
    return status;
  }
  return download.Finish();
}

}  // namespace berth
