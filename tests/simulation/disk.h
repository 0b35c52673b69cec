#ifndef CAIRN_TESTS_SIMULATION_DISK_H_
#define CAIRN_TESTS_SIMULATION_DISK_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cairn::simulation {

// A file: as the programs see it, and what of it is on the disk for sure.
struct File {
  struct Write {
    uint64_t number;  // among all writes of the disk
    int64_t offset;
    std::string bytes;
    bool truncate = false;
  };
  std::string now;
  std::string safe;
  std::vector<Write> pending;  // from `safe` to `now`

  // What SQLite's connections to it share.
  std::vector<std::unique_ptr<std::string>> shared;
  std::array<int, 8> readers{};
  std::array<bool, 8> writer{};
  int locks_shared = 0;
  bool reserved = false, exclusive = false;
};

// The disk of one machine, below SQLite: every database under its folder is
// here and nowhere else. What was written is safe from a kill at once, and from
// a power cut once it was synced; of what was not, any part may be there.
class Disk {
 public:
  // `folder` is a real one, in which names are left so that programs see which
  // files there are.
  explicit Disk(std::string folder);
  ~Disk();

  // Puts the disks below SQLite, once for the program.
  static void Install();
  // The disk that a path lies on, or null.
  static Disk* Of(const std::string& path);

  // Faults. Counted in writes and syncs from now.
  void DieIn(uint64_t operations) { dies_at_ = operations_ + operations; }
  void FailIn(uint64_t operations) { fails_at_ = operations_ + operations; }
  void Lie() { lies_ = true; }        // from now on nothing becomes safe
  void SkipSync() { skips_ = true; }  // planted: and nobody may know
  bool lied() const { return lies_; }

  // The power is gone: nothing is written or read any more.
  void Die() { dead_ = true; }
  bool dead() const { return dead_; }
  bool failing() const { return operations_ >= fails_at_; }
  // What is there when the program starts again after a kill, or the machine
  // after a power cut. No connection may be used any more. True if something
  // that was reported as safe is not there.
  void Restart(bool power_cut);

  struct Vfs;  // SQLite's side

 private:
  friend struct Vfs;
  std::shared_ptr<File> Open(const std::string& name);
  // False if the disk fails or the machine dies at this operation.
  bool Operate();
  void CutPower(File* file, uint64_t kept);

  const std::string folder_;
  std::map<std::string, std::shared_ptr<File>> files_;
  uint64_t operations_ = 0;
  uint64_t dies_at_ = UINT64_MAX;
  uint64_t fails_at_ = UINT64_MAX;
  uint64_t writes_ = 0;
  bool lies_ = false, skips_ = false, dead_ = false;
};

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_DISK_H_
