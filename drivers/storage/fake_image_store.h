// SPDX-License-Identifier: Apache-2.0
// ImageStore in memory, for unit tests and the simulator: no byte is moved. It keeps what it holds
// for as long as the object lives, as a disk would; a simulated crash drops the tasks on the
// executor, so a call is then either not done, or done and not answered.
//
// Thread-safe; deterministic on a SimExecutor. A call's effect and its answer are two tasks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "drivers/storage/fake_storage.h"
#include "drivers/storage/image_store.h"

namespace berth {

enum class ImageCall { kFetch, kPublish, kDelete, kList };

class FakeImageStore final : public ImageStore {
 public:
  // Of every source but those that were set.
  static constexpr int64_t kBytes = 4 << 20;

  // `executor` outlives this; this may be destroyed while calls are under way.
  explicit FakeImageStore(Executor& executor)
      : executor_(executor), world_(std::make_shared<World>()) {}

  // --- What the world around does.
  // What comes from that URL or path from now on.
  void SetSource(const std::string& source, const FetchedImage& fetched);
  // Asked for each call; empty: all goes well, at once.
  void SetWeather(std::function<StorageFault(ImageCall)> weather);
  // A file that somebody has put there, unless there is one; or taken away.
  void AddFile(const ImageFile& file);
  void RemoveFile(const std::string& image_id);

  // --- What a test asks.
  std::vector<ImageFile> Files() const;
  int CallsOf(ImageCall call) const;

  // --- ImageStore.
  void Fetch(const std::string& image_id, const model::ImageSource& source,
             std::shared_ptr<Transfer> transfer, DoneWith<FetchedImage> done) override;
  void Publish(const std::string& image_id, const model::ImageSource& source,
               DoneWith<ImageInfo> done) override;
  void Delete(const std::string& image_id, Done done) override;
  void List(DoneWith<std::vector<ImageFile>> done) override;

 private:
  struct World {
    mutable Mutex mutex;
    std::map<std::string, FetchedImage> sources GUARDED_BY(mutex);
    std::function<StorageFault(ImageCall)> weather GUARDED_BY(mutex);
    std::map<std::string, bool> files GUARDED_BY(mutex);  // By id; whether it is published.
    std::map<ImageCall, int> calls GUARDED_BY(mutex);
  };

  // Runs `effect` under the world's lock after the call's delay, then answers.
  template <typename T, typename Effect>
  void Run(ImageCall call, Effect effect, std::function<void(T)> done);

  Executor& executor_;
  const std::shared_ptr<World> world_;
};

}  // namespace berth
