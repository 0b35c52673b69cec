#include "agent/identity_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/command_line.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "core/link/x509.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

v1::Credentials FilesIn(const std::string& folder) {
  v1::Credentials files;
  files.set_certificate(absl::StrCat(folder, "/certificate.pem"));
  files.set_key(absl::StrCat(folder, "/key.pem"));
  files.set_authority(absl::StrCat(folder, "/authority.pem"));
  return files;
}

}  // namespace

v1::Credentials IdentityFolder::Current() const {
  return FilesIn(absl::StrCat(folder_, "/current"));
}

absl::StatusOr<std::string> IdentityFolder::PendingKey() const {
  CAIRN_RETURN_IF_ERROR(MakeDir(folder_));
  const std::string path = absl::StrCat(folder_, "/pending.key");
  if (access(path.c_str(), F_OK) != 0) {
    CAIRN_ASSIGN_OR_RETURN(const std::string key, MakeKey());
    CAIRN_RETURN_IF_ERROR(MakeSecretFile(path, key));
  }
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(path));
  return ReadFile(path);
}

absl::Status IdentityFolder::Write(const std::string& path,
                                   const std::string& key,
                                   const std::string& certificate,
                                   const std::string& authority) const {
  CAIRN_RETURN_IF_ERROR(MakeDir(path));
  const v1::Credentials files = FilesIn(path);
  CAIRN_RETURN_IF_ERROR(MakeSecretFile(files.key(), key));
  CAIRN_RETURN_IF_ERROR(MakeSecretFile(files.certificate(), certificate));
  CAIRN_RETURN_IF_ERROR(MakeSecretFile(files.authority(), authority));
  return SyncFile(absl::StrCat(folder_, "/."));
}

absl::Status IdentityFolder::Point(const std::string& name) const {
  const std::string aside = absl::StrCat(folder_, "/current.new");
  unlink(aside.c_str());
  if (symlink(name.c_str(), aside.c_str()) != 0) {
    return absl::InternalError(
        absl::StrCat(aside, ": cannot be made: ", std::strerror(errno)));
  }
  return ReplaceFile(aside, absl::StrCat(folder_, "/current"));
}

void IdentityFolder::RemoveOthers(const std::string& name) const {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder_, none)) {
    const std::string other = entry.path().filename().string();
    if (other != name && other != "current") {
      fs::remove_all(entry.path(), none);
    }
  }
}

absl::Status IdentityFolder::Put(const std::string& key,
                                 const std::string& certificate,
                                 const std::string& authority,
                                 const PeerIdentity& expected) const {
  std::string root = authority;
  if (root.empty()) {
    CAIRN_ASSIGN_OR_RETURN(root, ReadFile(Current().authority()));
  }
  const std::string name =
      absl::StrCat(absl::ToUnixSeconds(absl::Now()), "-", Hex(RandomBytes(4)));
  const std::string path = absl::StrCat(folder_, "/", name);
  absl::Status good = Write(path, key, certificate, root);
  if (good.ok()) {
    const auto identity = CheckCredentials(FilesIn(path));
    good = identity.status();
    if (good.ok() && !(*identity == expected)) {
      good = absl::InvalidArgumentError(absl::StrCat(
          "the certificate that came is of ", identity->partnership, "/",
          identity->role, "/", identity->id, ", not of this agency"));
    }
  }
  if (good.ok()) good = Point(name);
  if (!good.ok()) {
    std::error_code none;
    fs::remove_all(path, none);
    return good;
  }
  RemoveOthers(name);
  return absl::OkStatus();
}

}  // namespace cairn
