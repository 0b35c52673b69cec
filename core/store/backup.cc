#include "core/store/backup.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/command_line.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

constexpr char kSums[] = "SHA256SUMS";
constexpr char kAside[] = ".restoring";

// The lock, what SQLite keeps beside a database while it is open (its copy has
// it inside), what is being written, what must not be put back
// (witness_memory.h), and an enrolled agent's keys, which live for days and are
// not to lie about for years.
bool IsLeftOut(const std::string& path) {
  return path == "lock" || path == "witness.db" ||
         absl::StartsWith(path, "identity/") || absl::EndsWith(path, "-wal") ||
         absl::EndsWith(path, "-shm") || absl::EndsWith(path, "-journal") ||
         absl::EndsWith(path, ".new") || absl::StartsWith(path, kAside);
}

// A database that a program has open. Those deeper down, extracts, are written
// once and replaced whole; they are copied as the bytes they are.
bool IsLive(const std::string& path) {
  return absl::EndsWith(path, ".db") && !absl::StrContains(path, '/');
}

// Relative paths of the regular files in the order in which they are copied. A
// checkpoint may be older than the ledger it is of, and a ledger than the
// extracts whose figures it tells of, never the reverse.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error);
       !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    std::error_code gone;
    if (!at->is_regular_file(gone)) continue;
    files.push_back(fs::relative(at->path(), folder, gone).string());
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat(folder, ": ", error.message()));
  }
  const auto rank = [](const std::string& path) {
    const auto depth = std::count(path.begin(), path.end(), '/');
    return path == "checkpoint.db" ? -1 : depth;
  };
  std::sort(files.begin(), files.end(),
            [&](const std::string& a, const std::string& b) {
              return std::make_pair(rank(a), a) < std::make_pair(rank(b), b);
            });
  return files;
}

absl::StatusOr<std::string> SumOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256Stream sum;
  std::vector<char> piece(1 << 20);
  while (file.good()) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    sum.Add({piece.data(), static_cast<size_t>(file.gcount())});
  }
  if (!file.eof()) {
    return absl::InternalError(absl::StrCat(path, ": cannot be read"));
  }
  return Hex(sum.Finish());
}

absl::Status CopyFile(const std::string& from, const std::string& to) {
  CAIRN_RETURN_IF_ERROR(MakeDir(to.substr(0, to.find_last_of('/'))));
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) {
    return absl::InternalError(
        absl::StrCat(to, ": cannot be copied: ", error.message()));
  }
  return SyncFile(to);
}

absl::Status CopyDatabase(const std::string& from, const std::string& to) {
  CAIRN_RETURN_IF_ERROR(MakeDir(to.substr(0, to.find_last_of('/'))));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                         Database::Open(from, Database::Mode::kReadOnly));
  return database->CopyTo(to);
}

absl::Status WriteSums(const std::string& folder,
                       const std::vector<std::string>& files) {
  std::string sums;
  for (const std::string& file : files) {
    CAIRN_ASSIGN_OR_RETURN(const std::string sum,
                           SumOf(absl::StrCat(folder, "/", file)));
    absl::StrAppend(&sums, sum, "  ", file, "\n");
  }
  const std::string path = absl::StrCat(folder, "/", kSums);
  std::ofstream out(path, std::ios::binary);
  out << sums;
  out.close();
  if (!out) return absl::InternalError(absl::StrCat(path, ": not written"));
  return SyncFile(path);
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot rename ", from, " to ", to,
                                          ": ", std::strerror(errno)));
}

// What SHA256SUMS says, by file.
absl::StatusOr<std::map<std::string, std::string>> ReadSums(
    const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kSums);
  std::ifstream in(path);
  if (!in) {
    return absl::NotFoundError(
        absl::StrCat(path, ": cannot be read; is this a whole backup?"));
  }
  std::map<std::string, std::string> sums;
  std::string line;
  while (std::getline(in, line)) {
    if (line.size() < 67 || line.substr(64, 2) != "  ") {
      return absl::DataLossError(
          absl::StrCat(path, ": is not as `backup` wrote it"));
    }
    sums[line.substr(66)] = line.substr(0, 64);
  }
  return sums;
}

// Only a lock, what a witness remembers, which stays where it is, or the
// remains of a restore that was broken off.
absl::Status CheckNoState(const std::string& state_dir) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(state_dir, none)) {
    const std::string name = entry.path().filename().string();
    if (name == "lock" || name == kAside ||
        absl::StartsWith(name, "witness.db")) {
      continue;
    }
    return absl::AlreadyExistsError(
        absl::StrCat(state_dir, ": has state in it (", name,
                     "); move the folder away first, nothing is written over"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<uint64_t> BackUp(const std::string& state_dir,
                                const std::string& folder) {
  if (fs::exists(folder)) {
    return absl::AlreadyExistsError(
        absl::StrCat(folder, ": is there already; name a new folder"));
  }
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> found,
                         FilesOf(state_dir));
  const std::string aside = absl::StrCat(folder, ".new");
  std::error_code error;
  fs::remove_all(aside, error);
  CAIRN_RETURN_IF_ERROR(MakeDir(aside));
  std::vector<std::string> files;
  for (const std::string& file : found) {
    if (IsLeftOut(file)) continue;
    const std::string from = absl::StrCat(state_dir, "/", file);
    const std::string to = absl::StrCat(aside, "/", file);
    CAIRN_RETURN_IF_ERROR(IsLive(file) ? CopyDatabase(from, to)
                                       : CopyFile(from, to));
    files.push_back(file);
  }
  if (files.empty()) {
    return absl::NotFoundError(
        absl::StrCat(state_dir, ": has no state to back up"));
  }
  CAIRN_RETURN_IF_ERROR(WriteSums(aside, files));
  CAIRN_RETURN_IF_ERROR(Rename(aside, folder));
  CAIRN_RETURN_IF_ERROR(SyncFile(absl::StrCat(folder, "/", kSums)));
  return files.size();
}

absl::Status CheckBackup(const std::string& folder) {
  CAIRN_ASSIGN_OR_RETURN(auto sums, ReadSums(folder));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(folder));
  for (const std::string& file : files) {
    if (file == kSums) continue;
    const std::string path = absl::StrCat(folder, "/", file);
    const auto listed = sums.find(file);
    if (listed == sums.end()) {
      return absl::DataLossError(
          absl::StrCat(path, ": is not a file of this backup"));
    }
    CAIRN_ASSIGN_OR_RETURN(const std::string sum, SumOf(path));
    if (sum != listed->second) {
      return absl::DataLossError(
          absl::StrCat(path, ": is not as it was backed up"));
    }
    sums.erase(listed);
  }
  if (sums.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(folder, "/", sums.begin()->first, ": is missing"));
}

absl::Status Restore(
    const std::string& folder, const std::string& state_dir, bool only_verify,
    absl::FunctionRef<absl::Status(const std::string&)> works) {
  if (!only_verify) CAIRN_RETURN_IF_ERROR(CheckNoState(state_dir));
  CAIRN_RETURN_IF_ERROR(CheckBackup(folder));
  CAIRN_ASSIGN_OR_RETURN(const auto sums, ReadSums(folder));
  const std::string aside = absl::StrCat(state_dir, "/", kAside);
  std::error_code ignored;
  fs::remove_all(aside, ignored);
  CAIRN_RETURN_IF_ERROR(MakeDir(aside));
  absl::Status done = absl::OkStatus();
  for (const auto& [file, sum] : sums) {
    if (done.ok()) {
      done = CopyFile(absl::StrCat(folder, "/", file),
                      absl::StrCat(aside, "/", file));
    }
  }
  if (done.ok()) done = works(aside);
  if (done.ok() && !only_verify) {
    // What the check left beside a database goes with it.
    for (const auto& entry : fs::directory_iterator(aside, ignored)) {
      const std::string name = entry.path().filename().string();
      if (!done.ok() || name == "lock") continue;
      done = Rename(entry.path().string(), absl::StrCat(state_dir, "/", name));
    }
    if (done.ok()) done = SyncFile(absl::StrCat(state_dir, "/."));
  }
  fs::remove_all(aside, ignored);
  return done;
}

}  // namespace cairn
