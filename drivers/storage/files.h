// SPDX-License-Identifier: Apache-2.0
// Files relative to an open directory, never through a symbolic link: what lies in an instance's
// directory may be anything, and deleting must not lead out of it.
//
// Blocking, thread-safe: free functions.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

// Makes `path` (and its parents) where missing, with the mode 0711: guests may reach files they
// know the name of, and nobody may list them. Directories that are there keep their mode.
Status MakeDirectories(const std::string& path);
// Opens a directory; a link as the last part of `path` is followed, since an operator may have
// moved the state elsewhere.
StatusOr<UniqueFd> OpenDirectory(const std::string& path);
// Opens the directory `name` in `parent`, not through a link. NOT_FOUND if there is none.
StatusOr<UniqueFd> OpenSubdirectory(const UniqueFd& parent, const std::string& name);
// As OpenSubdirectory, making it (0711) where it is missing.
StatusOr<UniqueFd> MakeSubdirectory(const UniqueFd& parent, const std::string& name);

// True if `name` in `directory` is a regular file that is not empty.
bool HasFile(const UniqueFd& directory, const std::string& name);
// Opens a new file for writing, 0600; one of that name is replaced.
StatusOr<UniqueFd> CreateFile(const UniqueFd& directory, const std::string& name);
Status WriteAll(const UniqueFd& file, std::string_view data);
// Flushes a file, or the names in a directory, to the disk.
Status Sync(const UniqueFd& file);
// Gives `from` its final name; one of that name is replaced in the same instant.
Status Rename(const UniqueFd& directory, const std::string& from, const std::string& to);
// Removes a name that is not a directory. Not there: OK.
Status RemoveFile(const UniqueFd& directory, const std::string& name);
// Removes every file of `directory` whose name ends in `suffix`.
Status RemoveFilesEndingIn(const UniqueFd& directory, std::string_view suffix);
// Removes `name` and all below it. Not there: OK. A link is removed, never followed.
Status RemoveTree(const UniqueFd& parent, const std::string& name);
// What the files of `directory` take on the disk, those of subdirectories not included.
int64_t AllocatedBytes(const UniqueFd& directory);
// Names in a directory, without "." and "..", in no order.
StatusOr<std::vector<std::string>> ListNames(const UniqueFd& directory);

}  // namespace berth
