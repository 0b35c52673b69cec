#include "core/identity/session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/identity/key_file.h"
#include "core/identity/plain_json.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

constexpr size_t kMaxFile = 64 * 1024;

absl::Status LoggedOut(absl::string_view why) {
  return absl::UnauthenticatedError(absl::StrCat(why, "; run: cairn login"));
}

absl::StatusOr<Session> Parse(const std::string& text) {
  int64_t version = 0, ends = 0;
  std::string seed, certificate;
  CAIRN_RETURN_IF_ERROR(PlainReader(text, "a session")
                            .Integer("v", &version)
                            .Text("seed", 64, &seed)
                            .Integer("ends", &ends)
                            .Text("certificate", kMaxFile, &certificate)
                            .Done());
  const std::optional<std::string> bytes = ReadBase64(certificate);
  if (version != 1 || !bytes.has_value()) {
    return absl::InvalidArgumentError("it is of another kind");
  }
  CAIRN_ASSIGN_OR_RETURN(SecretKey key,
                         SecretKey::FromSeed(absl::HexStringToBytes(seed)));
  return Session{std::move(key), *bytes, absl::FromUnixSeconds(ends)};
}

}  // namespace

absl::StatusOr<std::string> SessionPath() {
  const char* folder = std::getenv("XDG_RUNTIME_DIR");
  struct stat info {};
  if (folder == nullptr || folder[0] != '/' || stat(folder, &info) != 0 ||
      !S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        "XDG_RUNTIME_DIR names no folder to keep the session in; log in to "
        "this machine in the usual way, or name a folder of your own there");
  }
  if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        folder, ": others may write here; the session is not kept in it"));
  }
  return absl::StrCat(folder, "/cairn-session");
}

absl::Status WriteSession(const std::string& path, const Session& session) {
  const std::string text =
      PlainWriter()
          .Integer("v", 1)
          .Text("seed", Hex(session.key.seed()))
          .Integer("ends", ToUnixSeconds(session.ends))
          .Text("certificate", absl::Base64Escape(session.certificate))
          .Done();
  const std::string aside = absl::StrCat(path, ".", getpid());
  CAIRN_RETURN_IF_ERROR(WriteNewSecret(aside, text));
  if (std::rename(aside.c_str(), path.c_str()) == 0) return absl::OkStatus();
  unlink(aside.c_str());
  return absl::InternalError(absl::StrCat(path, ": cannot be written"));
}

absl::StatusOr<Session> ReadSession(const std::string& path, absl::Time now) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0)
    return LoggedOut("you are not logged in");
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0 ||
      info.st_size > static_cast<off_t>(kMaxFile)) {
    return LoggedOut(absl::StrCat(path, ": is not a session of yours"));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  auto session = Parse(text.str());
  if (!session.ok()) {
    EndSession(path);
    return LoggedOut("your session cannot be read");
  }
  if (now >= session->ends || session->ends - now > kLongestSession) {
    EndSession(path);
    return LoggedOut("your session has ended");
  }
  return session;
}

bool EndSession(const std::string& path) { return unlink(path.c_str()) == 0; }

}  // namespace cairn
