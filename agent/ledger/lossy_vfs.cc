// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/lossy_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/mutex.h"

namespace berth {
namespace {

constexpr size_t kSector = 512;

// A write, or with `truncate` a new length, that is not synced yet.
struct Pending {
  bool truncate = false;
  size_t offset = 0;  // The new length for truncate.
  std::string bytes;
};

struct File {
  std::string live;              // What a reader sees,
  std::string durable;           // what a loss of power is sure to leave,
  std::vector<Pending> pending;  // and how one became the other.
};

void Apply(const Pending& change, size_t length, std::string& bytes) {
  if (change.truncate) return bytes.resize(std::min(bytes.size(), change.offset));
  bytes.resize(std::max(bytes.size(), change.offset + length));
  std::memcpy(bytes.data() + change.offset, change.bytes.data(), length);
}

// What is left of `change` when power is lost before it is synced.
void ApplySome(const Pending& change, Random& random, std::string& bytes) {
  switch (random.Next() % 3) {
    case 0:
      return;
    case 1:
      return Apply(change, change.bytes.size(), bytes);
    default:
      break;
  }
  const size_t sectors = change.bytes.size() / kSector;
  Apply(change, sectors == 0 ? 0 : random.Next() % sectors * kSector, bytes);
}

}  // namespace

struct LossyVfs::Disk {
  mutable Mutex mutex;
  std::map<std::string, std::shared_ptr<File>> files GUARDED_BY(mutex);
  int64_t life GUARDED_BY(mutex) = 0;  // Files opened in an earlier one are dead.
  bool off GUARDED_BY(mutex) = false;  // Since the last life ended and until a database is opened.
  int64_t room GUARDED_BY(mutex) = INT64_MAX;
  bool fail_syncs GUARDED_BY(mutex) = false;
  int64_t syncs GUARDED_BY(mutex) = 0;
  int64_t temporary GUARDED_BY(mutex) = 0;

  int64_t UsedBytes() const REQUIRES(mutex) {
    int64_t used = 0;
    for (const auto& [name, file] : files) used += static_cast<int64_t>(file->live.size());
    return used;
  }
};

namespace {

// What SQLite holds of an open file; `base` comes first, as it asks.
struct OpenFile {
  sqlite3_file base;
  LossyVfs::Disk* disk;
  std::shared_ptr<File> file;
  int64_t life;
};

OpenFile& Of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
LossyVfs::Disk& Of(sqlite3_vfs* vfs) { return *static_cast<LossyVfs::Disk*>(vfs->pAppData); }
sqlite3_vfs* Default() { return sqlite3_vfs_find("unix"); }

int Close(sqlite3_file* base) {
  Of(base).file.~shared_ptr();
  return SQLITE_OK;
}

int Read(sqlite3_file* base, void* out, int amount, sqlite3_int64 offset) {
  OpenFile& open = Of(base);
  MutexLock lock(open.disk->mutex);
  if (open.life != open.disk->life) return SQLITE_IOERR_READ;
  const std::string& bytes = open.file->live;
  const auto wanted = static_cast<size_t>(amount);
  const size_t begin = std::min(static_cast<size_t>(offset), bytes.size());
  const size_t got = std::min(wanted, bytes.size() - begin);
  std::memcpy(out, bytes.data() + begin, got);
  if (got == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + got, 0, wanted - got);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* base, const void* in, int amount, sqlite3_int64 offset) {
  OpenFile& open = Of(base);
  MutexLock lock(open.disk->mutex);
  if (open.life != open.disk->life) return SQLITE_IOERR_WRITE;
  std::string& bytes = open.file->live;
  const auto size = static_cast<size_t>(amount);
  const auto end = static_cast<size_t>(offset) + size;
  const auto grown = end > bytes.size() ? static_cast<int64_t>(end - bytes.size()) : 0;
  if (grown > 0 && open.disk->UsedBytes() + grown > open.disk->room) return SQLITE_FULL;
  Pending change{.offset = static_cast<size_t>(offset),
                 .bytes = std::string(static_cast<const char*>(in), size)};
  Apply(change, size, bytes);
  open.file->pending.push_back(std::move(change));
  return SQLITE_OK;
}

int Truncate(sqlite3_file* base, sqlite3_int64 size) {
  OpenFile& open = Of(base);
  MutexLock lock(open.disk->mutex);
  if (open.life != open.disk->life) return SQLITE_IOERR_TRUNCATE;
  Pending change{.truncate = true, .offset = static_cast<size_t>(size)};
  Apply(change, 0, open.file->live);
  open.file->pending.push_back(std::move(change));
  return SQLITE_OK;
}

int Sync(sqlite3_file* base, int) {
  OpenFile& open = Of(base);
  MutexLock lock(open.disk->mutex);
  if (open.life != open.disk->life) return SQLITE_IOERR_FSYNC;
  ++open.disk->syncs;
  // As Linux does: after a sync that failed, what it was to write is taken for clean, and a later
  // sync that succeeds does not write it either.
  const std::vector<Pending> pending = std::exchange(open.file->pending, {});
  if (open.disk->fail_syncs) return SQLITE_IOERR_FSYNC;
  for (const Pending& change : pending) Apply(change, change.bytes.size(), open.file->durable);
  return SQLITE_OK;
}

int FileSize(sqlite3_file* base, sqlite3_int64* size) {
  OpenFile& open = Of(base);
  MutexLock lock(open.disk->mutex);
  *size = static_cast<sqlite3_int64>(open.file->live.size());
  return open.life == open.disk->life ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

// One process, one connection: nobody to lock out.
int Lock(sqlite3_file*, int) { return SQLITE_OK; }
int CheckReservedLock(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}
int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return kSector; }
// As SQLite takes it of the system's files: a torn write harms no byte beside it.
int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// Version 1 has no shared memory: WAL works in exclusive mode alone, which is what the ledger uses.
const sqlite3_io_methods kMethods = {1,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Lock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  LossyVfs::Disk& disk = Of(vfs);
  MutexLock lock(disk.mutex);
  const std::string key = name == nullptr ? fmt::format("temporary {}", ++disk.temporary) : name;
  auto& file = disk.files[key];
  base->pMethods = nullptr;
  if (file == nullptr && (flags & SQLITE_OPEN_CREATE) == 0) {
    disk.files.erase(key);
    return SQLITE_CANTOPEN;
  }
  if (file == nullptr) file = std::make_shared<File>();
  OpenFile& open = Of(base);
  open.disk = &disk;
  new (&open.file) std::shared_ptr<File>(file);
  open.life = disk.life;
  base->pMethods = &kMethods;
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) disk.off = false;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int) {
  LossyVfs::Disk& disk = Of(vfs);
  MutexLock lock(disk.mutex);
  if (disk.off) return SQLITE_IOERR_DELETE;  // The dead, tidying up after themselves.
  return disk.files.erase(name) == 1 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int Access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  LossyVfs::Disk& disk = Of(vfs);
  MutexLock lock(disk.mutex);
  *result = disk.files.contains(name) ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int size, char* out) {
  return Default()->xRandomness(Default(), size, out);
}
int Sleep(sqlite3_vfs*, int micros) { return Default()->xSleep(Default(), micros); }
int CurrentTime(sqlite3_vfs*, double* time) { return Default()->xCurrentTime(Default(), time); }
int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

struct LossyVfs::Registration {
  Registration(const std::string& name, Disk& disk) {
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(OpenFile);
    vfs.mxPathname = 512;
    vfs.zName = name.c_str();
    vfs.pAppData = &disk;
    vfs.xOpen = Open;
    vfs.xDelete = Delete;
    vfs.xAccess = Access;
    vfs.xFullPathname = FullPathname;
    vfs.xRandomness = Randomness;
    vfs.xSleep = Sleep;
    vfs.xCurrentTime = CurrentTime;
    vfs.xGetLastError = GetLastError;
    BERTH_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "SQLite takes no more VFS");
  }
  ~Registration() { sqlite3_vfs_unregister(&vfs); }
  sqlite3_vfs vfs{};
};

LossyVfs::LossyVfs(std::string name)
    : name_(std::move(name)),
      disk_(std::make_unique<Disk>()),
      registration_(std::make_unique<Registration>(name_, *disk_)) {}
LossyVfs::~LossyVfs() = default;

void LossyVfs::LosePower(Random& random) {
  MutexLock lock(disk_->mutex);
  ++disk_->life;
  disk_->off = true;
  for (auto& [name, file] : disk_->files) {
    // A new File: what the dead still hold must not change what survived.
    auto survivor = std::make_shared<File>();
    survivor->durable = file->durable;
    for (const Pending& change : file->pending) ApplySome(change, random, survivor->durable);
    survivor->live = survivor->durable;
    file = std::move(survivor);
  }
}

void LossyVfs::KillProcess() {
  MutexLock lock(disk_->mutex);
  ++disk_->life;
  disk_->off = true;
}

void LossyVfs::SetRoom(int64_t bytes) {
  MutexLock lock(disk_->mutex);
  disk_->room = bytes;
}

void LossyVfs::FailSyncs(bool fail) {
  MutexLock lock(disk_->mutex);
  disk_->fail_syncs = fail;
}

int64_t LossyVfs::sync_count() const {
  MutexLock lock(disk_->mutex);
  return disk_->syncs;
}

int64_t LossyVfs::used_bytes() const {
  MutexLock lock(disk_->mutex);
  return disk_->UsedBytes();
}

int64_t LossyVfs::file_bytes(const std::string& file) const {
  MutexLock lock(disk_->mutex);
  const auto it = disk_->files.find(file);
  return it == disk_->files.end() ? 0 : static_cast<int64_t>(it->second->live.size());
}

}  // namespace berth
