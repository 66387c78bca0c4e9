// SPDX-License-Identifier: Apache-2.0
// A directory of a test's own, removed with all in it when the test ends.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace berth {

class TempDirectory {
 public:
  TempDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "berth-test-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) abort();
    path_ = path;
  }
  ~TempDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Writes a file, making its parents; returns its path.
  std::string Write(std::string_view name, std::string_view text) const {
    const std::filesystem::path file = Path(name);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::string Read(std::string_view name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  bool Has(std::string_view name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(Path(name)));
  }

 private:
  std::string path_;
};

}  // namespace berth
