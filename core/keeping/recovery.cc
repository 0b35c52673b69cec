#include "core/keeping/recovery.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/identity/plain_json.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/proof.h"
#include "core/link/text_config.h"
#include "core/store/node_log.h"
#include "core/store/sqlite_checkpoint_store.h"

namespace cairn {
namespace {

constexpr size_t kLongestText = 512;
constexpr size_t kNeeded = 2;  // persons
constexpr const char* kReasons[] = {"restored_backup", "lost_disk",
                                    "two_machines", "other"};

std::string SeenPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/seen-of-log.note");
}

absl::Status NotOne(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(
      path,
      ": is no statement about a ledger; `log recover --out` writes one, and "
      "`log sign` signs it"));
}

std::string NodeName(const LogOwner& owner) {
  return owner.agency.empty() ? "coordinator" : owner.agency;
}

struct SignedFile {
  Dsse envelope;
  std::vector<std::string> certificates;
};

absl::StatusOr<SignedFile> ReadSigned(const std::string& path,
                                      const std::string& file) {
  const std::vector<std::string> lines = absl::StrSplit(file, '\n');
  auto envelope = ParseDsse(lines[0]);
  if (!envelope.ok() || envelope->payload_type != kRecoveryType ||
      !lines.back().empty() ||
      lines.size() != envelope->signatures.size() + 2) {
    return NotOne(path);
  }
  return SignedFile{*std::move(envelope), {lines.begin() + 1, lines.end() - 1}};
}

// Whether the ledger does not go on from what was seen: of this log a larger
// tree or another one, or another log of this node, which a witness showed.
bool IsWanting(const Ledger& ledger, const std::string& origin,
               const Checkpoint& seen) {
  const TreeHead now = ledger.Head();
  if (seen.origin != origin || seen.size > now.size) return true;
  if (seen.size == 0) return false;
  const auto proof = ledger.ProveConsistency(seen.size, now.size);
  return !proof.ok() ||
         !VerifyConsistency(seen.size, seen.root, now.size, now.root, *proof)
              .ok();
}

// What was seen of the log that it does not have: a witness's note, or the
// log's own last checkpoint, kept beside it.
absl::StatusOr<Checkpoint> SeenOf(const KeptNode& node, const Ledger& ledger,
                                  const NodeSecrets& secrets) {
  const std::string& origin = secrets.log.verifier().name();
  const auto note = ReadFile(SeenPath(node.state_dir));
  if (note.ok()) {
    CAIRN_ASSIGN_OR_RETURN(const Checkpoint seen, PeekCheckpoint(*note));
    if (IsWanting(ledger, origin, seen)) return seen;
  }
  CAIRN_ASSIGN_OR_RETURN(
      const auto checkpoints,
      SqliteCheckpointStore::Open(CheckpointPath(node.state_dir)));
  CAIRN_ASSIGN_OR_RETURN(const std::optional<std::string> last,
                         checkpoints->Last(origin));
  if (last.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(const SignedCheckpoint own,
                           OpenCheckpoint(*last, secrets.log.verifier()));
    if (IsWanting(ledger, origin, own.checkpoint())) return own.checkpoint();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "nobody has found ", origin,
      " wanting, so there is nothing to recover; where a node answers that it "
      "cannot vouch for its ledger, let it run until it says so, then stop "
      "it"));
}

// The log as it is, with a checkpoint that its own key has not signed.
class GivenUpLog : public LogReader {
 public:
  GivenUpLog(const NodeLog& log, std::string checkpoint)
      : log_(log), checkpoint_(std::move(checkpoint)) {}
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    if (path == "checkpoint") return checkpoint_;
    return log_.files().Read(path);
  }

 private:
  const NodeLog& log_;
  const std::string checkpoint_;
};

}  // namespace

absl::Status KeepSeen(const std::string& state_dir, const std::string& note) {
  return WriteFile(SeenPath(state_dir), note);
}

absl::Status CheckReason(const std::string& reason) {
  if (std::find(std::begin(kReasons), std::end(kReasons), reason) !=
      std::end(kReasons)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--reason '", reason.substr(0, 40), "': use one of ",
                   absl::StrJoin(kReasons, ", ")));
}

std::string RecoveryStatement::Text() const {
  return PlainWriter()
      .Integer("v", 1)
      .Text("partnership", partnership)
      .Text("node", node)
      .Text("log", log.origin)
      .Integer("size", static_cast<int64_t>(log.size))
      .Text("root", absl::Base64Escape(log.root))
      .Text("seen", seen.origin)
      .Integer("seen_size", static_cast<int64_t>(seen.size))
      .Text("seen_root", absl::Base64Escape(seen.root))
      .Text("next", next)
      .Text("reason", reason)
      .Integer("at", absl::ToUnixSeconds(at))
      .Done();
}

absl::StatusOr<RecoveryStatement> ParseRecovery(absl::string_view text) {
  RecoveryStatement read;
  int64_t version = 0, size = 0, seen_size = 0, at = 0;
  std::string root, seen_root;
  CAIRN_RETURN_IF_ERROR(
      PlainReader(text, "a statement about a ledger")
          .Integer("v", &version)
          .Text("partnership", kLongestText, &read.partnership)
          .Text("node", kLongestText, &read.node)
          .Text("log", kLongestText, &read.log.origin)
          .Integer("size", &size)
          .Text("root", kLongestText, &root)
          .Text("seen", kLongestText, &read.seen.origin)
          .Integer("seen_size", &seen_size)
          .Text("seen_root", kLongestText, &seen_root)
          .Text("next", kLongestText, &read.next)
          .Text("reason", kLongestText, &read.reason)
          .Integer("at", &at)
          .Done());
  if (version != 1 || !absl::Base64Unescape(root, &read.log.root) ||
      !absl::Base64Unescape(seen_root, &read.seen.root)) {
    return absl::InvalidArgumentError(
        "this is a statement about a ledger of a form that this program does "
        "not know");
  }
  read.log.size = static_cast<uint64_t>(size);
  read.seen.size = static_cast<uint64_t>(seen_size);
  read.at = absl::FromUnixSeconds(at);
  return read;
}

absl::StatusOr<std::string> AddRecoverySignature(
    const std::string& path, const std::string& file, const SecretKey& key,
    const std::string& certificate) {
  const std::string text = file.substr(0, file.find('\n'));
  if (ParseRecovery(text).ok()) {
    return absl::StrCat(WriteDsse(Sign(key, kRecoveryType, text)), "\n",
                        certificate, "\n");
  }
  CAIRN_ASSIGN_OR_RETURN(SignedFile read, ReadSigned(path, file));
  CAIRN_RETURN_IF_ERROR(AddSignature(key, &read.envelope));
  read.certificates.push_back(certificate);
  return absl::StrCat(WriteDsse(read.envelope), "\n",
                      absl::StrJoin(read.certificates, "\n"), "\n");
}

absl::StatusOr<SignedRecovery> CheckRecovery(const std::string& path,
                                             const std::string& file,
                                             const PeopleTrust& trust,
                                             absl::Time now) {
  const auto denied = [&](absl::string_view why) {
    return absl::PermissionDeniedError(absl::StrCat(path, ": ", why));
  };
  CAIRN_ASSIGN_OR_RETURN(const SignedFile read, ReadSigned(path, file));
  SignedRecovery recovery;
  CAIRN_ASSIGN_OR_RETURN(recovery.statement,
                         ParseRecovery(read.envelope.payload));
  std::vector<Person> persons;
  for (const std::string& certificate : read.certificates) {
    Verdict<Person> verdict = VerifyPerson(certificate, trust, now);
    if (const auto* doubt = std::get_if<Distrusted>(&verdict)) {
      return denied(doubt->sentence);
    }
    Person& person = std::get<Person>(verdict);
    if (!May(person.roles, Call::kRecoverLedger)) {
      return denied(
          absl::StrCat(person.id, " is neither an operator nor a steward"));
    }
    if (!IsSignedBy(read.envelope, person.public_key)) {
      return denied(absl::StrCat("it is not signed by ", person.id,
                                 ", or was altered since"));
    }
    for (const Person& other : persons) {
      if (other.id == person.id || other.public_key == person.public_key) {
        return denied("one person has signed it twice");
      }
    }
    recovery.signers.push_back(person.id);
    persons.push_back(std::move(person));
  }
  if (persons.size() < kNeeded) {
    return denied(
        "one person has signed it, and a ledger is given up by two; let "
        "another operator or steward sign it with `log sign`");
  }
  return recovery;
}

absl::StatusOr<RecoveryStatement> PrepareRecovery(const KeptNode& node,
                                                  const Ledger& ledger,
                                                  const std::string& reason,
                                                  absl::Time now) {
  CAIRN_RETURN_IF_ERROR(CheckReason(reason));
  CAIRN_ASSIGN_OR_RETURN(NodeSecrets secrets,
                         ReadNodeSecrets(node.state_dir, node.owner));
  const std::string origin = secrets.log.verifier().name();
  RecoveryStatement statement;
  CAIRN_ASSIGN_OR_RETURN(statement.seen, SeenOf(node, ledger, secrets));
  const std::string& latest = IsLaterEdition(statement.seen.origin, origin)
                                  ? statement.seen.origin
                                  : origin;
  CAIRN_ASSIGN_OR_RETURN(const std::string next,
                         NextRestart(node.owner, latest));
  CAIRN_RETURN_IF_ERROR(MakeNextLogKey(node.state_dir, node.owner, next));
  CAIRN_ASSIGN_OR_RETURN(secrets, ReadNodeSecrets(node.state_dir, node.owner));
  const TreeHead head = ledger.Head();
  statement.partnership = node.catalogue->partnership;
  statement.node = NodeName(node.owner);
  statement.log = {origin, head.size, head.root};
  statement.next = secrets.next->verifier().Text();
  statement.reason = reason;
  statement.at = now;
  return statement;
}

absl::Status Recover(const KeptNode& node, const LedgerParts& parts,
                     const SignedRecovery& recovery, const std::string& file,
                     absl::Time now, const AtStep& at_step) {
  const RecoveryStatement& given = recovery.statement;
  CAIRN_ASSIGN_OR_RETURN(
      RecoveryStatement expected,
      PrepareRecovery(node, *parts.ledger, given.reason, given.at));
  if (expected.Text() != given.Text()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the statement that was signed is not about the ledger as it is now (",
        given.log.origin, ", ", given.log.size, " entries; now ",
        expected.log.origin, ", ", expected.log.size,
        "); write and sign it anew"));
  }
  CAIRN_ASSIGN_OR_RETURN(const NodeSecrets secrets,
                         ReadNodeSecrets(node.state_dir, node.owner));
  CAIRN_RETURN_IF_ERROR(CheckPartnersKnow(node, secrets.next->verifier()));
  CAIRN_ASSIGN_OR_RETURN(
      const auto log,
      NodeLog::Open(node.database, CheckpointPath(node.state_dir),
                    given.log.origin));
  // Whoever sees this folder sees by the signature that it was given up: the
  // log's own key signs nothing of it.
  const VerifierKey& next = secrets.next->verifier();
  Note note{given.log.Text(), {}};
  note.Put({next.name(), next.id(), secrets.next->Sign(note.text)});
  const GivenUpLog files(*log, note.Text());
  NewLog begun{{next, given.log, given.reason, given.seen},
               {{"actors", absl::StrJoin(recovery.signers, ",")},
                {"statement", Sha256Hex(file)}},
               {{"recovery.dsse", file}},
               nullptr};
  CAIRN_RETURN_IF_ERROR(BeginNextLog(node, parts, files, begun, now, at_step));
  std::remove(SeenPath(node.state_dir).c_str());
  return absl::OkStatus();
}

}  // namespace cairn
