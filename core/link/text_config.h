#ifndef CAIRN_CORE_LINK_TEXT_CONFIG_H_
#define CAIRN_CORE_LINK_TEXT_CONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace cairn {

// The whole file. NOT_FOUND or PERMISSION_DENIED with the path; more than 16
// MiB: INVALID_ARGUMENT.
absl::StatusOr<std::string> ReadFile(const std::string& path);
// Writes aside, syncs and renames.
absl::Status WriteFile(const std::string& path, const std::string& bytes);

// Parses a textproto file. Every problem is INVALID_ARGUMENT with
// "file:line:column: what"; unknown fields are refused, and so is text that is
// not UTF-8.
absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message* message);
absl::Status ParseTextProto(const std::string& path, const std::string& text,
                            google::protobuf::Message* message);

// `path` as it is meant in a config file: relative to the folder of that file.
std::string RelativeTo(const std::string& config_path, const std::string& path);

// A file that only its owner may read, mode 0600, on the disk when it returns.
// Made under another name and linked: it is whole or not there, and the first
// of two who make one wins. INTERNAL with the path.
absl::Status MakeSecretFile(const std::string& path, const std::string& bytes);
// Refuses a file that others than its owner (and its group, for reading) may
// read.
absl::Status CheckSecretFile(const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_TEXT_CONFIG_H_
