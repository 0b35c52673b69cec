#include "core/ledger/verify_log.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/merkle.h"

namespace cairn {
namespace {

template <typename... Parts>
absl::Status Loss(const Parts&... parts) {
  return absl::DataLossError(absl::StrCat(parts...));
}

absl::StatusOr<std::string> ReadFile(const LogReader& files,
                                     const std::string& path) {
  absl::StatusOr<std::string> bytes = files.Read(path);
  if (absl::IsNotFound(bytes.status())) {
    return Loss("the file ", path, " is missing");
  }
  return bytes;
}

std::string Entries(uint64_t first, uint64_t count) {
  return count == 1
             ? absl::StrCat("entry ", first)
             : absl::StrCat("the entries ", first, " to ", first + count - 1);
}

// Every signature but the log's own, which OpenCheckpoint has checked.
absl::Status CheckCosignatures(const LogExpectation& expected,
                               VerifiedLog* verified) {
  const Note& note = verified->checkpoint.note();
  for (const NoteSignature& signature : note.signatures) {
    if (signature.ClaimsToBeOf(expected.log)) continue;
    const auto witness = std::find_if(
        expected.witnesses.begin(), expected.witnesses.end(),
        [&](const VerifierKey& key) { return signature.ClaimsToBeOf(key); });
    if (witness == expected.witnesses.end()) {
      return Loss("the checkpoint is also signed by '", signature.key_name,
                  "', whose key was not given; give the keys of all "
                  "witnesses");
    }
    CAIRN_ASSIGN_OR_RETURN(const absl::Time time,
                           VerifyCosignature(note.text, signature, *witness));
    verified->cosigned.emplace_back(witness->name(), time);
  }
  return absl::OkStatus();
}

class Pass {
 public:
  Pass(const LogReader& files, const Checkpoint& checkpoint,
       absl::FunctionRef<absl::Status(const ParsedEntry&)> each)
      : files_(files),
        checkpoint_(checkpoint),
        each_(each),
        writer_([this](const std::string& path, std::string bytes) {
          return CompareTile(path, bytes);
        }) {}

  absl::Status Run(const std::vector<Checkpoint>& kept) {
    CAIRN_RETURN_IF_ERROR(TakeKept(kept));
    const LevelShape shape = ShapeOfLevel(0, checkpoint_.size);
    for (uint64_t i = 0; i < shape.full; ++i) {
      CAIRN_RETURN_IF_ERROR(ReadBundleOf(i, kTileWidth));
    }
    if (shape.partial > 0) {
      CAIRN_RETURN_IF_ERROR(ReadBundleOf(shape.full, shape.partial));
    }
    CAIRN_RETURN_IF_ERROR(writer_.Finish());
    return Judge();
  }

 private:
  absl::Status TakeKept(const std::vector<Checkpoint>& kept) {
    const uint64_t size = checkpoint_.size;
    for (const Checkpoint& old : kept) {
      if (old.size > size) {
        return Loss("the log has ", size,
                    " entries, but a checkpoint that was kept has ", old.size,
                    ": the last ", old.size - size, " were cut off");
      }
      const auto [other, fresh] = kept_.emplace(old.size, old.root);
      if (!fresh && other->second != old.root) {
        return Loss("two checkpoints that were kept have the same size, ",
                    old.size,
                    ", and different roots: the log has signed two "
                    "histories");
      }
    }
    return CheckKept();
  }

  // To be called at each size that the tree goes through.
  absl::Status CheckKept() {
    const auto kept = kept_.find(writer_.size());
    if (kept != kept_.end() && kept->second != writer_.Root() &&
        !rewritten_before_.has_value()) {
      rewritten_before_ = kept->first;
    }
    return absl::OkStatus();
  }

  absl::Status ReadBundleOf(uint64_t index, uint64_t width) {
    const uint64_t first = index * kTileWidth;
    CAIRN_ASSIGN_OR_RETURN(const std::string bundle,
                           ReadFile(files_, BundlePath(index, width)));
    const std::string path = TilePath(0, index, width);
    CAIRN_ASSIGN_OR_RETURN(const std::string tile, ReadTile(path, width));
    CAIRN_ASSIGN_OR_RETURN(const std::vector<absl::string_view> lines,
                           ReadBundle(bundle, first, width));
    for (uint64_t i = 0; i < width; ++i) {
      const absl::string_view kept =
          absl::string_view(tile).substr(i * kHashBytes, kHashBytes);
      const bool as_in_tile = LeafHash(lines[i]) == kept;
      if (!as_in_tile && !altered_entry_.has_value()) {
        altered_entry_ = first + i;
        altered_tile_ = path;
      }
      CAIRN_RETURN_IF_ERROR(ReadEntry(lines[i], first + i, as_in_tile));
      CAIRN_RETURN_IF_ERROR(writer_.Append(lines[i]));
      CAIRN_RETURN_IF_ERROR(CheckKept());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadTile(const std::string& path,
                                       uint64_t width) const {
    CAIRN_ASSIGN_OR_RETURN(std::string tile, ReadFile(files_, path));
    if (tile.size() != width * kHashBytes) {
      return Loss("the file ", path, " has ", tile.size(), " bytes instead of ",
                  width * kHashBytes);
    }
    return tile;
  }

  absl::Status ReadEntry(absl::string_view line, uint64_t number,
                         bool as_in_tile) {
    const absl::StatusOr<ParsedEntry> parsed = ParseEntry(line);
    if (!parsed.ok()) {
      return as_in_tile
                 ? Loss("entry ", number,
                        " was written badly: ", parsed.status().message())
                 : Loss("entry ", number,
                        " was altered: ", parsed.status().message());
    }
    if (parsed->index > number) {
      return Loss("entry ", number, " is missing: entry ", parsed->index,
                  " stands in its place");
    }
    if (parsed->index < number) {
      return Loss("entry ", number, " is out of place: entry ", parsed->index,
                  " stands there");
    }
    if (parsed->time_ms < last_ms_) {
      return Loss("entry ", number, " is older than the one before it");
    }
    last_ms_ = parsed->time_ms;
    return each_(*parsed);
  }

  // The tiles that the entries call for, one by one, against those of the log.
  absl::Status CompareTile(const std::string& path, const std::string& bytes) {
    if (absl::StartsWith(path, "tile/entries/") ||
        absl::StartsWith(path, "tile/0/")) {
      return absl::OkStatus();  // compared entry by entry
    }
    CAIRN_ASSIGN_OR_RETURN(const std::string tile,
                           ReadTile(path, bytes.size() / kHashBytes));
    if (tile == bytes || altered_upper_.has_value()) return absl::OkStatus();
    size_t at = 0;
    while (tile.compare(at, kHashBytes, bytes, at, kHashBytes) == 0) {
      at += kHashBytes;
    }
    altered_upper_ = absl::StrCat("hash ", at / kHashBytes, " of ", path);
    return absl::OkStatus();
  }

  absl::Status Judge() const {
    if (writer_.Root() == checkpoint_.root) {
      if (altered_entry_.has_value()) {
        return Loss("the file ", altered_tile_, " was altered at the hash of ",
                    "entry ", *altered_entry_, "; the entries are as signed");
      }
      if (altered_upper_.has_value()) {
        return Loss(*altered_upper_, " was altered; the entries are as signed");
      }
    } else if (altered_entry_.has_value()) {
      return Loss("entry ", *altered_entry_,
                  " was altered: it does not have the hash in ", altered_tile_);
    } else {
      return Loss(Entries(0, checkpoint_.size),
                  " are not those that the checkpoint was signed for, and ",
                  altered_upper_.has_value()
                      ? absl::StrCat(*altered_upper_, " shows where")
                      : "the tiles were made again to hide where");
    }
    if (rewritten_before_.has_value()) {
      return Loss(Entries(0, *rewritten_before_),
                  " are not those of the checkpoint of that size that was "
                  "kept: the log was written anew and signed again");
    }
    return absl::OkStatus();
  }

  const LogReader& files_;
  const Checkpoint& checkpoint_;
  absl::FunctionRef<absl::Status(const ParsedEntry&)> each_;
  TileWriter writer_;
  std::map<uint64_t, std::string> kept_;  // size -> root
  int64_t last_ms_ = 0;
  // The first of each kind. What they mean is known once the root is.
  std::optional<uint64_t> altered_entry_;
  std::string altered_tile_;
  std::optional<std::string> altered_upper_;
  std::optional<uint64_t> rewritten_before_;  // a kept size
};

}  // namespace

absl::StatusOr<VerifiedLog> VerifyLog(
    const LogReader& files, const LogExpectation& expected,
    absl::FunctionRef<absl::Status(const ParsedEntry&)> each) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                         ReadFile(files, "checkpoint"));
  CAIRN_ASSIGN_OR_RETURN(SignedCheckpoint opened,
                         OpenCheckpoint(bytes, expected.log));
  VerifiedLog verified{std::move(opened), {}};
  CAIRN_RETURN_IF_ERROR(CheckCosignatures(expected, &verified));
  std::vector<Checkpoint> kept;
  for (const std::string& note : expected.kept) {
    CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint old,
                           OpenCheckpoint(note, expected.log));
    kept.push_back(old.checkpoint());
  }
  CAIRN_RETURN_IF_ERROR(
      VerifyLogFiles(files, verified.checkpoint.checkpoint(), kept, each));
  return verified;
}

absl::Status VerifyLogFiles(
    const LogReader& files, const Checkpoint& checkpoint,
    const std::vector<Checkpoint>& kept,
    absl::FunctionRef<absl::Status(const ParsedEntry&)> each) {
  return Pass(files, checkpoint, each).Run(kept);
}

absl::StatusOr<VerifiedLog> VerifyLog(const LogReader& files,
                                      const LogExpectation& expected) {
  return VerifyLog(files, expected,
                   [](const ParsedEntry&) { return absl::OkStatus(); });
}

}  // namespace cairn
