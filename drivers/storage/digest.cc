// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "core/base/check.h"

namespace berth {
namespace {

// libcrypto fails here only where memory or the algorithm is missing.
void Must(int done) { BERTH_CHECK(done == 1, "libcrypto hashes"); }

struct Freed {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, Freed>;

Context NewContext() {
  Context context(EVP_MD_CTX_new());
  BERTH_CHECK(context != nullptr, "libcrypto hashes");
  return context;
}

std::string FinishHex(const Context& context) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  Must(EVP_DigestFinal_ex(context.get(), digest.data(), &size));
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

struct Hasher::Contexts {
  Context sha256 = NewContext();
  Context sha512 = NewContext();
};

Hasher::Hasher() : contexts_(std::make_unique<Contexts>()) { Reset(); }
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::Update(std::string_view bytes) {
  Must(EVP_DigestUpdate(contexts_->sha256.get(), bytes.data(), bytes.size()));
  Must(EVP_DigestUpdate(contexts_->sha512.get(), bytes.data(), bytes.size()));
}

Digests Hasher::Finish() { return {FinishHex(contexts_->sha256), FinishHex(contexts_->sha512)}; }

void Hasher::Reset() {
  Must(EVP_DigestInit_ex(contexts_->sha256.get(), EVP_sha256(), nullptr));
  Must(EVP_DigestInit_ex(contexts_->sha512.get(), EVP_sha512(), nullptr));
}

}  // namespace berth
