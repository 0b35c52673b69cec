#include "tests/simulation/disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <utility>

#include "tests/simulation/simulator.h"

namespace cairn::simulation {
namespace {

constexpr size_t kSector = 512;

std::map<std::string, Disk*>& Disks() {
  static std::map<std::string, Disk*> disks;
  return disks;
}

void Apply(const File::Write& write, std::string* bytes) {
  const auto offset = static_cast<size_t>(write.offset);
  if (write.truncate) {
    bytes->resize(offset);
    return;
  }
  if (bytes->size() < offset + write.bytes.size()) {
    bytes->resize(offset + write.bytes.size());
  }
  std::copy(write.bytes.begin(), write.bytes.end(), bytes->begin() + offset);
}

sqlite3_vfs* below = nullptr;  // of files that are on no such disk

}  // namespace

Disk::Disk(std::string folder) : folder_(std::move(folder)) {
  Disks()[folder_] = this;
}

Disk::~Disk() {
  Disks().erase(folder_);
  for (const auto& [name, file] : files_) std::remove(name.c_str());
}

Disk* Disk::Of(const std::string& path) {
  const auto found = Disks().find(path.substr(0, path.find_last_of('/')));
  return found == Disks().end() ? nullptr : found->second;
}

std::shared_ptr<File> Disk::Open(const std::string& name) {
  std::shared_ptr<File>& file = files_[name];
  if (file == nullptr) {
    file = std::make_shared<File>();
    std::ofstream(name, std::ios::app);
  }
  return file;
}

bool Disk::Operate() {
  if (dead_) return false;
  ++operations_;
  if (operations_ >= dies_at_) {
    dead_ = true;
    Simulator::Current()->Say("stops within an operation of the disk");
    return false;
  }
  return operations_ < fails_at_;
}

void Disk::CutPower(File* file, uint64_t kept) {
  Simulator* simulator = Simulator::Current();
  std::string bytes = file->safe;
  // Of what was not synced any part may be there, and half of a write too.
  const int percent = static_cast<int>(simulator->Below(3)) * 50;
  for (File::Write& write : file->pending) {
    if (lies_ ? write.number > kept : !simulator->Chance(percent)) continue;
    if (!lies_ && write.bytes.size() > kSector && simulator->Chance(20)) {
      const auto sectors = static_cast<int64_t>(write.bytes.size() / kSector);
      write.bytes.resize(kSector *
                         static_cast<size_t>(1 + simulator->Below(sectors)));
    }
    Apply(write, &bytes);
  }
  file->now = std::move(bytes);
}

void Disk::Restart(bool power_cut) {
  // A disk that lied loses all that came after some moment: the same for all
  // databases, or one for each.
  Simulator* simulator = Simulator::Current();
  const bool each = simulator->Chance(50);
  std::map<std::string, uint64_t> kept;
  const auto database = [&](const std::string& name) {
    return each ? name.substr(0, name.rfind(".db")) : "";
  };
  for (const auto& [name, file] : files_) {
    uint64_t& first = kept.try_emplace(database(name), writes_).first->second;
    if (file->pending.empty()) continue;
    first = std::min(first, file->pending.front().number);
  }
  for (auto& [name, moment] : kept) {
    moment += static_cast<uint64_t>(
        simulator->Below(static_cast<int64_t>(writes_ - moment) + 1));
  }
  for (auto& [name, file] : files_) {
    auto next = std::make_shared<File>();
    if (power_cut) CutPower(file.get(), kept[database(name)]);
    next->now = std::move(file->now);
    if (power_cut) {
      next->safe = next->now;
    } else {
      next->safe = std::move(file->safe);
      next->pending = std::move(file->pending);
    }
    file = std::move(next);
  }
  dead_ = false;
  dies_at_ = fails_at_ = UINT64_MAX;
  if (power_cut) lies_ = false;
}

// A connection's handle. SQLite allocates it, for us or for who is below.
struct Handle {
  sqlite3_file base;
  Disk* disk;
  std::shared_ptr<File>* file;
  int level;
  unsigned reads, writes;  // shared-memory locks held
};

struct Disk::Vfs {
  static Handle* Of(sqlite3_file* file) {
    return reinterpret_cast<Handle*>(file);
  }

  static int Close(sqlite3_file* raw) {
    Unlock(raw, SQLITE_LOCK_NONE);
    ShmUnmap(raw, 0);
    delete Of(raw)->file;
    return SQLITE_OK;
  }

  static int Read(sqlite3_file* raw, void* to, int count, sqlite3_int64 at) {
    const Handle* handle = Of(raw);
    if (handle->disk->dead_) return SQLITE_IOERR_READ;
    const std::string& bytes = (*handle->file)->now;
    const auto offset = static_cast<size_t>(at);
    const size_t there =
        offset >= bytes.size()
            ? 0
            : std::min(bytes.size() - offset, static_cast<size_t>(count));
    std::memcpy(to, bytes.data() + std::min(offset, bytes.size()), there);
    if (there == static_cast<size_t>(count)) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + there, 0,
                static_cast<size_t>(count) - there);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int Change(Handle* handle, File::Write write) {
    write.number = ++handle->disk->writes_;
    File* file = handle->file->get();
    Apply(write, &file->now);
    file->pending.push_back(std::move(write));
    return SQLITE_OK;
  }

  static int Write(sqlite3_file* raw, const void* from, int count,
                   sqlite3_int64 at) {
    Handle* handle = Of(raw);
    if (!handle->disk->Operate()) return SQLITE_IOERR_WRITE;
    return Change(handle, {0, at,
                           std::string(static_cast<const char*>(from),
                                       static_cast<size_t>(count))});
  }

  static int Truncate(sqlite3_file* raw, sqlite3_int64 size) {
    Handle* handle = Of(raw);
    if (!handle->disk->Operate()) return SQLITE_IOERR_TRUNCATE;
    return Change(handle, {0, size, "", true});
  }

  static int Sync(sqlite3_file* raw, int) {
    Handle* handle = Of(raw);
    if (!handle->disk->Operate()) return SQLITE_IOERR_FSYNC;
    if (handle->disk->lies_ || handle->disk->skips_) return SQLITE_OK;
    File* file = handle->file->get();
    for (const File::Write& write : file->pending) Apply(write, &file->safe);
    file->pending.clear();
    return SQLITE_OK;
  }

  static int Size(sqlite3_file* raw, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>((*Of(raw)->file)->now.size());
    return SQLITE_OK;
  }

  static int Lock(sqlite3_file* raw, int level) {
    Handle* handle = Of(raw);
    File* file = handle->file->get();
    if (handle->level >= level) return SQLITE_OK;
    if (handle->level < SQLITE_LOCK_SHARED) {
      if (file->exclusive) return SQLITE_BUSY;
      ++file->locks_shared;
      handle->level = SQLITE_LOCK_SHARED;
    }
    if (level == SQLITE_LOCK_SHARED) return SQLITE_OK;
    if (handle->level < SQLITE_LOCK_RESERVED) {
      if (file->reserved) return SQLITE_BUSY;
      file->reserved = true;
      handle->level = SQLITE_LOCK_RESERVED;
    }
    if (level == SQLITE_LOCK_RESERVED) return SQLITE_OK;
    if (file->locks_shared > 1) return SQLITE_BUSY;
    file->exclusive = true;
    handle->level = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
  }

  static int Unlock(sqlite3_file* raw, int level) {
    Handle* handle = Of(raw);
    File* file = handle->file->get();
    if (handle->level <= level) return SQLITE_OK;
    if (handle->level >= SQLITE_LOCK_EXCLUSIVE) file->exclusive = false;
    if (handle->level >= SQLITE_LOCK_RESERVED) file->reserved = false;
    if (level == SQLITE_LOCK_NONE) --file->locks_shared;
    handle->level = level;
    return SQLITE_OK;
  }

  static int CheckReserved(sqlite3_file* raw, int* out) {
    *out = (*Of(raw)->file)->reserved ? 1 : 0;
    return SQLITE_OK;
  }

  static int Control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int SectorSize(sqlite3_file*) { return 4096; }
  static int Device(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int ShmMap(sqlite3_file* raw, int region, int size, int extend,
                    void volatile** to) {
    File* file = Of(raw)->file->get();
    const auto at = static_cast<size_t>(region);
    *to = nullptr;
    while (file->shared.size() <= at) {
      if (extend == 0) return SQLITE_OK;
      file->shared.push_back(
          std::make_unique<std::string>(static_cast<size_t>(size), '\0'));
    }
    *to = file->shared[at]->data();
    return SQLITE_OK;
  }

  static int ShmLock(sqlite3_file* raw, int first, int count, int flags) {
    Handle* handle = Of(raw);
    File* file = handle->file->get();
    const bool one = (flags & SQLITE_SHM_SHARED) != 0;
    for (int i = first; i < first + count; ++i) {
      const unsigned bit = 1u << i;
      if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        if ((handle->reads & bit) != 0) --file->readers[i];
        if ((handle->writes & bit) != 0) file->writer[i] = false;
        handle->reads &= ~bit;
        handle->writes &= ~bit;
        continue;
      }
      const int others = file->readers[i] - ((handle->reads & bit) != 0);
      if (file->writer[i] && (handle->writes & bit) == 0) return SQLITE_BUSY;
      if (!one && others > 0) return SQLITE_BUSY;
    }
    if ((flags & SQLITE_SHM_UNLOCK) != 0) return SQLITE_OK;
    for (int i = first; i < first + count; ++i) {
      const unsigned bit = 1u << i;
      if (one && (handle->reads & bit) == 0) {
        ++file->readers[i];
        handle->reads |= bit;
      } else if (!one) {
        file->writer[i] = true;
        handle->writes |= bit;
      }
    }
    return SQLITE_OK;
  }

  static void ShmBarrier(sqlite3_file*) {}
  static int ShmUnmap(sqlite3_file* raw, int erase) {
    ShmLock(raw, 0, 8, SQLITE_SHM_UNLOCK);
    if (erase != 0) (*Of(raw)->file)->shared.clear();
    return SQLITE_OK;
  }

  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* raw, int flags,
                  int* out) {
    Disk* disk = name == nullptr ? nullptr : Disk::Of(name);
    if (disk == nullptr) return below->xOpen(below, name, raw, flags, out);
    static const sqlite3_io_methods kMethods = {
        2,       Close,      Read,          Write,   Truncate,   Sync,   Size,
        Lock,    Unlock,     CheckReserved, Control, SectorSize, Device, ShmMap,
        ShmLock, ShmBarrier, ShmUnmap,      nullptr, nullptr};
    raw->pMethods = nullptr;
    if (disk->dead_) return SQLITE_CANTOPEN;
    if ((flags & SQLITE_OPEN_CREATE) == 0 && disk->files_.count(name) == 0) {
      return SQLITE_CANTOPEN;
    }
    Handle* handle = Of(raw);
    *handle = {{&kMethods}, disk, new std::shared_ptr<File>(disk->Open(name)),
               0,           0,    0};
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs*, const char* name, int sync) {
    Disk* disk = Disk::Of(name);
    if (disk == nullptr) return below->xDelete(below, name, sync);
    if (!disk->Operate()) return SQLITE_IOERR_DELETE;
    std::remove(name);
    return disk->files_.erase(name) == 0 ? SQLITE_IOERR_DELETE_NOENT
                                         : SQLITE_OK;
  }

  static int Access(sqlite3_vfs*, const char* name, int flags, int* out) {
    Disk* disk = Disk::Of(name);
    if (disk == nullptr) return below->xAccess(below, name, flags, out);
    *out = disk->files_.count(name) > 0 ? 1 : 0;
    return SQLITE_OK;
  }

  static int FullPath(sqlite3_vfs*, const char* name, int size, char* out) {
    if (Disk::Of(name) == nullptr) {
      return below->xFullPathname(below, name, size, out);
    }
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }

  static int Randomness(sqlite3_vfs*, int count, char* out) {
    Simulator* simulator = Simulator::Current();
    for (int i = 0; i < count; ++i) {
      out[i] = static_cast<char>(
          simulator == nullptr ? 7 : simulator->Random() & 0xff);
    }
    return count;
  }

  static int Sleep(sqlite3_vfs*, int us) {
    if (Simulator* simulator = Simulator::Current()) simulator->Sleep(us);
    return us;
  }

  static int Now(sqlite3_vfs*, double* days) {
    *days = 2461366.5;
    return SQLITE_OK;
  }
};

void Disk::Install() {
  below = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs disks{};
  disks = *below;
  disks.iVersion = 1;
  disks.szOsFile = std::max<int>(below->szOsFile, sizeof(Handle));
  disks.pNext = nullptr;
  disks.zName = "simulated";
  disks.xOpen = Vfs::Open;
  disks.xDelete = Vfs::Delete;
  disks.xAccess = Vfs::Access;
  disks.xFullPathname = Vfs::FullPath;
  disks.xRandomness = Vfs::Randomness;
  disks.xSleep = Vfs::Sleep;
  disks.xCurrentTime = Vfs::Now;
  sqlite3_vfs_register(&disks, 1);
}

}  // namespace cairn::simulation
